"""The test suite stands on its declared dependencies alone: no test module imports an optional package at its top."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OPTIONAL = (
    *("torch", "torchvision", "torchmetrics", "torch_fidelity", "tflite", "onnx", "onnxruntime", "dlib"),
    *("pytorch_msssim", "cpbd", "python_speech_features", "mediapipe", "cv2", "statsmodels", "ray"),
    *("s3fs", "gcsfs", "aiohttp"),
)
COLLECT = f"""
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Absent())

import pytest

sys.exit(pytest.main(["--collect-only", "-q", "-n", "0", "-m", "", "-p", "no:cacheprovider", "tests"]))
"""


@pytest.mark.slow
def test_every_test_module_can_be_imported_without_optional_packages():
    done = subprocess.run([sys.executable, "-c", COLLECT], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "tests/metrics/test_smoothness.py" in done.stdout


def test_packages_of_the_convert_extra_are_optional():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    names = {requirement.split(">")[0].split("=")[0] for requirement in extras["convert"]}
    assert names <= set(OPTIONAL)
    assert not names & {requirement.split(">")[0].split("=")[0] for requirement in extras["test"]}


def test_slow_tests_exist():
    for line in (ROOT / "tests" / "slow.txt").read_text("utf-8").splitlines():
        path, _, name = line.partition("[")[0].partition("::")
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), line
