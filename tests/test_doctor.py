"""`jaxeval doctor`: every check says what it found, and a fault is told and counted."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from jaxeval import doctor
from jaxeval.checkpoints.manifest import weights_folder
from jaxeval.cli import main

SHIPPED = ["st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"]


@pytest.fixture(scope="module")
def healthy():
    return {check.what: check for check in doctor.checks()}


def test_a_healthy_machine(healthy):
    assert [what for what, check in healthy.items() if check.ok is False] == []
    assert {"jax", "arithmetic", "devices", "decoder"} < healthy.keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_encoders_that_come_with_jaxeval_have_a_golden_number(healthy, name):
    assert healthy[f"golden number of {name}"].ok
    assert healthy[f"weights of {name}"].found == "verified"


def test_the_golden_numbers_are_the_reference_datas():
    stored = np.load(doctor.GOLDEN)
    expected = runpy.run_path(str(Path(__file__).parent / "golden" / "make_doctor.py"))["doctor"]()
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
    monkeypatch.setitem(doctor.SHIFTED, "st_lpips_alex", 0.0043)
    code, out = run(capsys)
    assert code == 1
    assert "WRONG  golden number of st_lpips_alex: 0.004179, expected 0.004300" in out


def test_damaged_weights_are_told_and_the_rest_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path))
    shutil.copytree(weights_folder() / "dlib_resnet", tmp_path / "dlib_resnet")
    shutil.rmtree(tmp_path / "dlib_resnet" / "d")
    code, out = run(capsys)
    assert code == 1
    assert f"WRONG  weights of dlib_resnet: {tmp_path}/dlib_resnet: can't read" in out
    assert "WRONG  golden number of dlib_resnet: JaxevalError: " in out
    assert "ok  golden number of face_mesh" in out
