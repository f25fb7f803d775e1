"""`jaxeval weights`: what is there, and that damage is told."""

import shutil

from jaxeval.checkpoints.manifest import weights_folder

from .command import run


def test_damaged_weights_stop_the_command(capsys, files, tmp_path, monkeypatch):
    shutil.copytree(weights_folder(), tmp_path / "weights")
    for path in (tmp_path / "weights" / "face_mesh").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-7])
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path / "weights"))
    code, _, err = run(capsys, "score", files / "one.mp4", files / "one.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert err.count("\n") == 1
    assert "face_mesh" in err
    assert run(capsys, "weights", "verify")[0] == 1


def test_weights_commands(capsys):
    code, text, _ = run(capsys, "weights", "list")
    assert code == 0
    code, text, _ = run(capsys, "weights", "verify")
    assert code == 0
    for name in ("lpips_alex", "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"):
        assert f"{name}: verified" in text
