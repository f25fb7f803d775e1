"""What the command's tests share: the astronaut's head as video, and the command run in this process."""

import csv
import json
import math

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.cli.main import main


def face_frames(count, size=160, phase=0.0):
    """The astronaut's head, swaying: the crop moves by a few pixels along a slow curve."""
    photo = Image.fromarray(skimage.data.astronaut())
    frames = []
    for k in range(count):
        left = 120 + 12 * math.sin(phase + 0.5 * k)
        top = 20 + 8 * math.cos(phase + 0.35 * k)
        frames.append(
            np.asarray(photo.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + 220, top + 220)))
        )
    return np.stack(frames)


def run(capsys, *arguments):
    """Exit code, standard output, standard error of `jaxeval arguments`; none may hold a traceback."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return stopped.value.code, out, err


def score(capsys, out, generated, reference, *more):
    """Exit code, and the rows of scores.json, checked against scores.csv."""
    floor = () if "--noise-floor" in more else ("--noise-floor", 0)
    code, text, _ = run(capsys, "score", generated, reference, "--out", out, *floor, *more)
    document = json.loads((out / "scores.json").read_text())
    rows = list(csv.DictReader((out / "scores.csv").open()))
    assert [row["id"] for row in rows] == [clip["id"] for clip in document["clips"]]
    for row, clip in zip(rows, document["clips"], strict=True):
        assert not clip["scores"].keys() & clip["missing"].keys()
        assert all(math.isfinite(value) for value in clip["scores"].values())
        assert all(float(row[name]) == value for name, value in clip["scores"].items())
        assert all(row[name] == "" for name in clip["missing"])
    page = (out / "report.html").read_text()
    assert all(clip["id"] in page for clip in document["clips"])
    assert code == int(any(clip["status"] == "failed" for clip in document["clips"]))
    return document, text


def only(document):
    (clip,) = document["clips"]
    return clip
