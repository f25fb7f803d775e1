"""Trajectories from files: the numbers are the library's own, and bad files are told in one line."""

import io
import json
import re
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval.cli.main import main
from jaxeval.errors import JaxevalError
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.aligned_scores import aligned_names
from jaxeval.scoring.trajectory_files import trajectory_scores


def walk(seed, count, size=3):
    return np.cumsum(np.random.default_rng(seed).normal(size=(count, size)), axis=0) * 0.1


def score(tmp_path, capsys, generated, reference, *options):
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(generated), str(reference), "--out", str(tmp_path / "out"), *options])
    document = json.loads((tmp_path / "out" / "scores.json").read_text())
    return stopped.value.code, document, capsys.readouterr()


def test_scores_are_those_of_the_aligned_metric(tmp_path, capsys):
    y = walk(0, 60)
    x = np.concatenate([y[:1].repeat(4, 0), y])[:57]
    np.savez(tmp_path / "x.npz", hubert=x, loudness=x[:, 0], fps=50.0)
    np.savez(tmp_path / "y.npz", hubert=y, loudness=y[:, 0], fps=50.0)
    code, document, _ = score(tmp_path, capsys, tmp_path / "x.npz", tmp_path / "y.npz", "--gamma", "0.005")
    (clip,) = document["clips"]
    assert (code, clip["status"], clip["frames"], clip["missing"]) == (0, "ok", [57, 60], {})
    metric = jaxeval.aligned(jaxeval.distances.squared_euclidean, gamma=0.005, band=50.0)
    for name, a, b in (("hubert", x, y), ("loudness", x[:, :1], y[:, :1])):
        expected = metric(jnp.asarray(a, jnp.float32), jnp.asarray(b, jnp.float32))
        values = {name: expected.framewise, f"{name}_seq": expected.seq, f"{name}_div": expected.divergence}
        values |= {f"lag_ms_{name}": 20 * expected.lag, f"lag_std_ms_{name}": 20 * expected.lag_std}
        for key, value in values.items():
            assert clip["scores"][key] == pytest.approx(float(value), rel=1e-4, abs=1e-5)
    assert clip["scores"]["lag_ms_hubert"] == pytest.approx(80, abs=12)
    signature = document["signatures"]["hubert_div"]["long"]
    assert "encoder=given" in signature
    assert "gamma=0.005" in signature
    assert "fps=50 " in signature


def test_folders_are_paired_and_a_name_that_one_lacks_is_missing(tmp_path, capsys):
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        for clip in ("one", "two"):
            arrays = {"hubert": walk(0, 20)} | ({"extra": walk(1, 20)} if side == "b" else {})
            np.savez(tmp_path / side / f"{clip}.npz", **arrays)
    code, document, _ = score(tmp_path, capsys, tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert [clip["id"] for clip in document["clips"]] == ["one", "two"]
    assert document["clips"][0]["missing"]["extra"] == "no trajectory extra in one.npz"
    assert document["clips"][0]["scores"]["hubert_div"] == 0


def broken(array):
    array = array.copy()
    array[7, 1] = np.nan
    return array


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": broken(walk(0, 20))}, "expected finite numbers, found others in 1 of 20 rows of a, the first in row 7"),
        ({"a": walk(0, 20, 2)}, "expected a of 3 columns as in y.npz, found 2"),
        ({"a": walk(0, 20)[None]}, r"expected a to be [T, D] numbers, found float64 (1, 20, 3)"),
        ({"a": np.zeros((0, 3))}, r"expected a to be [T, D] numbers, found float64 (0, 3)"),
        ({"a": np.array(["x", "y"])}, "expected a to be [T, D] numbers"),
        ({"a": np.array([{}, {}])}, "expected an .npz file of arrays"),
        ({"psnr": walk(0, 20)}, "found psnr, which is reserved for scores"),
        ({"a": walk(0, 20), "fps": 0}, "expected fps to be a number from 0.001 to 1e+06, found 0"),
        ({"a": walk(0, 20), "fps": 30.0}, "expected 25 frames per second as in y.npz, found 30"),
        ({"fps": 25.0}, "expected at least one trajectory, found none"),
    ],
)
def test_bad_files_are_rows_with_a_reason(tmp_path, capsys, arrays, reason):
    np.savez(tmp_path / "x.npz", **arrays)
    np.savez(tmp_path / "y.npz", a=walk(0, 20))
    code, document, printed = score(tmp_path, capsys, tmp_path / "x.npz", tmp_path / "y.npz")
    (clip,) = document["clips"]
    assert (code, clip["status"]) == (1, "failed")
    assert reason in clip["reason"]
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": walk(0, 20), "fps": np.inf}, "expected fps to be a number from 0.001 to 1e+06, found inf (float64)"),
        ({"a": walk(0, 20), "fps": np.nan}, "expected fps to be a number from 0.001 to 1e+06, found nan"),
        ({"a": walk(0, 20), "fps": 1e300}, "expected fps to be a number from 0.001 to 1e+06, found 1e+300"),
        ({"a": walk(0, 20), "fps": 1e-300}, "number from 0.001 to 1e+06, found 1e-300 (float64)"),
        ({"a": walk(0, 20), "fps": "25"}, "expected fps to be a number from 0.001 to 1e+06, found 25 (<U2)"),
        ({"a": walk(0, 20), "fps": 25 + 2j}, "expected fps to be a number from 0.001 to 1e+06, found (25+2j)"),
        ({"a": walk(0, 20), "fps": [25.0]}, "expected fps to be a number from 0.001 to 1e+06, found [25.]"),
        ({"a": np.float64(3)}, "expected a to be [T, D] numbers, found float64 ()"),
        ({"a": walk(0, 20).astype("m8[s]")}, "expected a to be [T, D] numbers, found timedelta64[s] (20, 3)"),
        (
            {"a": walk(0, 20) * 1e300},
            "expected numbers in float32's range, up to 3.4e38, found larger ones in 20 of 20",
        ),
    ],
)
def test_odd_numbers_and_rates_are_refused(tmp_path, arrays, reason):
    np.savez(tmp_path / "x.npz", **arrays)
    np.savez(tmp_path / "y.npz", a=walk(0, 20))
    with pytest.raises(JaxevalError, match=re.escape(reason)) as refused:
        trajectory_scores(tmp_path / "x.npz", tmp_path / "y.npz", JAXEVAL_V1, 0.01)
    assert "\n" not in str(refused.value)


def saved(save, *arrays, **named):
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def archive(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        if name:
            made.writestr(name, content)
    return file.getvalue()


WHOLE = saved(np.savez_compressed, a=walk(0, 500))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "expected an .npz file of arrays, found an empty file"),
        (b"no archive", "expected an .npz file of arrays, found no archive"),
        (b"PK\x03\x04 cut short", "expected an .npz file of arrays, found: BadZipFile"),
        (saved(np.save, walk(0, 20)), "expected an .npz file of arrays, found a single array, as numpy.save writes it"),
        (saved(np.save, np.array([{}]), allow_pickle=True), "found a single array, as numpy.save writes it"),
        (saved(np.savez, a=np.array([{}, {}])), "found: ValueError: Object arrays cannot be loaded"),
        (WHOLE[: len(WHOLE) // 2], "expected an .npz file of arrays, found: BadZipFile"),
        (WHOLE[:300] + bytes(60) + WHOLE[360:], "expected an .npz file of arrays, found: "),
        (archive("", b""), "expected at least one trajectory, found none"),
        (archive("readme.txt", b"hello"), "expected a trajectory's name of letters, digits and _, found 'readme.txt'"),
        (archive("a", b"hello"), "expected a to be [T, D] numbers, found a file that is no array"),
        (archive("fps", b"25"), "expected fps to be a number from 0.001 to 1e+06, found b'25'"),
        (archive("a.npy", b"\x93NUMPY"), "expected an .npz file of arrays, found: "),
    ],
    ids=range(13),
)
def test_wrong_and_damaged_files(tmp_path, content, found):
    (tmp_path / "x.npz").write_bytes(content)
    np.savez(tmp_path / "y.npz", a=walk(0, 20))
    for pair in (("x.npz", "y.npz"), ("y.npz", "x.npz")):
        with pytest.raises(JaxevalError, match=re.escape(found)) as refused:
            trajectory_scores(*(tmp_path / name for name in pair), JAXEVAL_V1, 0.01)
        assert str(refused.value).startswith(f"{tmp_path}/x.npz: expected ")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("scale", "count", "there", "reason"),
    [
        (1.0, 1, {"a"}, "no alignment within the band of 25 frames: 1 frame against 50"),
        (1e15, 50, {"a"}, "no alignment: costs of "),
        (1e20, 50, set(), "exceed float32's range"),
    ],
)
def test_one_odd_clip_is_a_row_and_the_others_are_scored(tmp_path, capsys, recwarn, scale, count, there, reason):
    for side in "xy":
        (tmp_path / side).mkdir()
    for name, factor, length in (("good", 1.0, 50), ("odd", scale, count)):
        np.savez(tmp_path / "x" / f"{name}.npz", a=walk(0, 50)[:length] * factor)
        np.savez(tmp_path / "y" / f"{name}.npz", a=walk(1, 50) * factor)
    code, document, _ = score(tmp_path, capsys, tmp_path / "x", tmp_path / "y", "--noise-floor", "0")
    good, odd = document["clips"]
    assert (code, good["status"], len(good["scores"]), good["missing"]) == (0, "ok", 5, {})
    assert set(odd["scores"]) == there
    assert set(odd["missing"]) == {"a", *aligned_names("a")} - there
    assert all(reason in told for told in odd["missing"].values())
    assert document["summary"]["a_div"]["n"] == 1
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]
    assert (tmp_path / "out" / "report.html").exists()


def test_a_video_against_trajectories(tmp_path, capsys):
    np.savez(tmp_path / "x.npz", a=walk(0, 20))
    (tmp_path / "y.mp4").touch()
    code, document, _ = score(tmp_path, capsys, tmp_path / "x.npz", tmp_path / "y.mp4")
    assert code == 1
    assert "expected trajectories (.npz) as in x.npz, found a video" in document["clips"][0]["reason"]


@pytest.mark.parametrize(
    ("lines", "code", "told"),
    [
        ("clip,person\none,ann\ntwo,ann\n", 0, ""),
        ("one,ann\ntwo,bob\n", 0, ""),
        ("one,ann\nthree,bob\n", 2, "found 1 others, such as three"),
        ("one,ann\none,bob\n", 2, "line 2: expected `clip,person`, each clip once, found 'one,bob'"),
        ("one\n", 2, "line 1: expected `clip,person`, each clip once, found 'one'"),
    ],
)
def test_persons_make_the_interval_and_wrong_names_are_told(tmp_path, capsys, lines, code, told):
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        for seed, clip in enumerate(("one", "two")):
            np.savez(tmp_path / side / f"{clip}.npz", hubert=walk(10 * seed + len(side) + ord(side), 20))
    (tmp_path / "who.csv").write_text(lines)
    arguments = [str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stopped:
        main(["score", *arguments, "--identities", str(tmp_path / "who.csv")])
    assert stopped.value.code == code
    error = capsys.readouterr().err
    if code:
        assert told in error
        assert error.count("\n") == 1
    else:
        ci95 = json.loads((tmp_path / "out" / "scores.json").read_text())["summary"]["hubert"]["ci95"]
        assert (ci95 is None) == ("bob" not in lines)
