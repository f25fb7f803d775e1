"""`jaxeval doctor`: every check says what it found, and a fault is told and counted."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxeval.checkpoints.manifest import weights_folder
from jaxeval.cli import doctor_checks
from jaxeval.cli.main import main

SHIPPED = ["lpips_alex", "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"]


@pytest.fixture(scope="module")
def healthy():
    return {check.what: check for check in doctor_checks.checks()}


def test_a_healthy_machine(healthy):
    assert [what for what, check in healthy.items() if check.ok is False] == []
    assert {"jax", "arithmetic", "devices", "decoder"} < healthy.keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_encoders_that_come_with_jaxeval_have_a_golden_number(healthy, name):
    assert healthy[f"output of {name}"].ok
    assert healthy[f"weights of {name}"].found == "verified"


def test_the_golden_numbers_are_the_reference_datas():
    stored = np.load(doctor_checks.GOLDEN)
    expected = runpy.run_path(str(Path(__file__).parents[1] / "golden" / "make_doctor.py"))["doctor"]()
    assert set(stored.files) == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(stored[name], array)


def run(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["doctor"])
    out = capsys.readouterr().out
    assert "Traceback" not in out
    return stopped.value.code, out


def test_another_number_than_the_originals_is_told(monkeypatch, capsys):
    monkeypatch.setitem(doctor_checks.SHIFTED, "st_lpips_alex", 0.0043)
    code, out = run(capsys)
    assert code == 1
    assert "WRONG  output of st_lpips_alex: 0.004179, expected 0.004300" in out


def test_damaged_weights_are_told_and_the_rest_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path))
    shutil.copytree(weights_folder() / "dlib_resnet", tmp_path / "dlib_resnet")
    shutil.rmtree(tmp_path / "dlib_resnet" / "d")
    code, out = run(capsys)
    assert code == 1
    assert f"WRONG  weights of dlib_resnet: {tmp_path}/dlib_resnet: can't read" in out
    assert "WRONG  output of dlib_resnet: JaxevalError: " in out
    assert "ok  output of face_mesh" in out


def with_platform(platform, *words):
    environment = os.environ | {"JAX_PLATFORMS": platform}
    command = [sys.executable, "-m", "jaxeval.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


CANNOT = "JAX can't start the platform {0} that JAX_PLATFORMS asks for: "


def test_a_platform_that_is_not_there_is_jaxs_fault_alone():
    done = with_platform("cuda", "doctor")
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if "WRONG" in line]
    assert len(wrong) == 1
    assert wrong[0].startswith("WRONG  jax: " + CANNOT.format("cuda"))
    assert "; unset it or install jax[cuda13]. The other checks run on the CPU." in wrong[0]
    assert "ok  weights of dlib_resnet: verified" in done.stdout
    assert "ok  output of dlib_resnet" in done.stdout


@pytest.mark.parametrize("words", [("weights", "verify"), ("score", "a", "b"), ("demo",)], ids=" ".join)
@pytest.mark.parametrize("platform", ["cuda", "no_such_platform"])
def test_a_command_that_computes_says_so_in_one_line(words, platform, tmp_path):
    done = with_platform(platform, *words, *(("--out", str(tmp_path)) if words == ("demo",) else ()))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if "cpu_aot_loader" not in line]
    assert line.startswith("jaxeval: " + CANNOT.format(platform))
    assert "unset it or " in line


def test_a_command_that_computes_nothing_runs():
    assert with_platform("cuda", "weights", "list").returncode == 0
