"""`jaxeval.score`: the command's numbers from Python, for whatever pairs are given, and nothing left behind."""

import gc
import json
import re
import tempfile
import warnings
from importlib.util import find_spec

import numpy as np
import polars
import pytest

import jaxeval
from jaxeval.cli.main import main
from jaxeval.errors import JaxevalError
from jaxeval.media.write import write_video
from jaxeval.results.document import Document, encoded
from jaxeval.scoring.scorer import Scorer

from .cli.command import face_frames
from .scoring.runs import no_networks, read, trajectories

TIMES = ("started", "written")


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """Three pairs of trajectories, for which no network is loaded."""
    no_networks(monkeypatch)
    return trajectories(tmp_path, "generated", 0.1)


def command(out, *words):
    """What `jaxeval score` writes."""
    with pytest.raises(SystemExit) as stopped:
        main(["score", *map(str, words), "--out", str(out), "--noise-floor", "0"])
    assert stopped.value.code in (0, 1)
    return untimed(read(out))


def untimed(document):
    """A document's plain values, without when it was made."""
    plain = json.loads(encoded(document)) if isinstance(document, Document) else document
    told = {name: value for name, value in plain["provenance"].items() if name not in TIMES}
    return plain | {"provenance": told}


def unnamed(document):
    """The same without what the clips and the run are called."""
    kept = {name: value for name, value in untimed(document).items() if name not in ("provenance", "details")}
    return kept | {"clips": [clip | {"id": ""} for clip in kept["clips"]]}


def two_files(pairs):
    return (pairs[0].generated, str(pairs[0].reference)), {}


def two_folders(pairs):
    return (str(pairs[0].generated.parent), pairs[0].reference.parent), {}


@pytest.mark.parametrize("given", [two_files, two_folders])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ()),
        ({"gamma": 0.5, "values": {"fps": 31.5}}, ("--gamma", 0.5, "--value", "fps=31.5")),
        ({"scores": ["motion_div"]}, ("--scores", "motion_div")),
        ({"protocol": "arxiv-2606.01031", "region": "frame"}, ("--protocol", "arxiv-2606.01031", "--region", "frame")),
    ],
    ids=["as it is", "gamma and a value", "one score", "protocol and region"],
)
def test_it_is_what_the_command_writes(pairs, tmp_path, given, options, words):
    paths, _ = given(pairs)
    results = jaxeval.score(*paths, **options)
    assert untimed(results.document) == command(tmp_path / "out", *paths, *words)
    assert [clip.status for clip in results.clips] == ["ok"] * len(results.clips)


@pytest.mark.parametrize(
    "given",
    [
        lambda pairs: ([pair.generated for pair in pairs], [pair.reference for pair in pairs]),
        lambda pairs: (tuple(str(pair.generated) for pair in pairs), tuple(str(pair.reference) for pair in pairs)),
        lambda pairs: ([(pair.generated, str(pair.reference)) for pair in pairs],),
        lambda pairs: (pairs,),
        lambda pairs: ([pairs[0], *((pair.generated, pair.reference) for pair in pairs[1:])],),
    ],
    ids=["two sequences", "of words", "of pairs", "of Pair", "of both kinds"],
)
def test_sequences_are_what_the_command_writes_of_the_folders(pairs, tmp_path, given):
    results = jaxeval.score(*given(pairs))
    written = command(tmp_path / "out", *two_folders(pairs)[0])
    for part in ("clips", "summary", "details", "signatures", "floor"):
        assert untimed(results.document)[part] == written[part]


def test_a_pair_may_be_called_anything(pairs):
    named = [jaxeval.Pair(f"{number} of 3", pair.generated, pair.reference) for number, pair in enumerate(pairs, 1)]
    results = jaxeval.score(named)
    assert [clip.id for clip in results.clips] == ["1 of 3", "2 of 3", "3 of 3"]
    assert unnamed(results.document) == unnamed(jaxeval.score(pairs).document)


def test_persons_are_resampled(pairs):
    together = jaxeval.score(pairs, identities=dict.fromkeys(("clip0", "clip1", "clip2"), "Ann"))
    assert together.summary["motion"]["ci95"] is None
    assert jaxeval.score(pairs).summary["motion"]["ci95"] is not None


def test_results_write_the_commands_files(pairs, tmp_path):
    paths = two_folders(pairs)[0]
    command(tmp_path / "by command", *paths, "--per-frame")
    results = jaxeval.score(*paths)
    assert results.write(tmp_path / "by hand", per_frame=True) == []
    by_command, by_hand = (
        {path.name: path for path in (tmp_path / name).iterdir() if path.is_file() and not path.name.startswith(".")}
        for name in ("by command", "by hand")
    )
    assert {"scores.json", "scores.csv", "report.html", "scores_per_frame.parquet"} <= by_hand.keys()
    assert untimed(read(tmp_path / "by hand")) == untimed(read(tmp_path / "by command"))
    for name in ("scores.csv", "scores_per_frame.parquet"):
        assert by_hand[name].read_bytes() == by_command[name].read_bytes()
    assert "Alignment of clip0" in by_hand["report.html"].read_text("utf-8")


@pytest.fixture
def scored(monkeypatch):
    """Ids of the pairs that were computed."""
    found, score = [], Scorer.score
    monkeypatch.setattr(Scorer, "score", lambda self, pair, *more: found.append(pair.id) or score(self, pair, *more))
    return found


def test_with_a_folder_it_resumes(pairs, tmp_path, scored):
    first = jaxeval.score(pairs[:2], out=tmp_path / "out")
    assert (first.earlier, scored) == (0, ["clip0", "clip1"])
    second = jaxeval.score(pairs, out=str(tmp_path / "out"))
    assert (second.earlier, scored) == (2, ["clip0", "clip1", "clip2"])
    assert second.document.clips == jaxeval.score(pairs).document.clips
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clips"], "files are written when asked for"


def test_the_command_takes_up_what_python_scored(pairs, tmp_path, scored, capsys):
    results = jaxeval.score(*two_folders(pairs)[0], out=tmp_path / "out")
    assert untimed(results.document) == command(tmp_path / "out", *two_folders(pairs)[0])
    assert len(scored) == 3
    assert "3 of 3 clips were already scored by an earlier run" in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def left(tmp_path, monkeypatch):
    """What stands where temporary files go, and in the working folder."""
    folders = [tmp_path / name for name in ("temporary", "working")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folders[0]))
    monkeypatch.chdir(folders[1])

    def names():
        gc.collect()
        return [path.name for folder in folders for path in folder.iterdir()]

    return names


def test_without_a_folder_nothing_is_left_behind(pairs, left):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = jaxeval.score(pairs)
        assert len(left()) == 1
        clip = results.clips[1]
        del results
        assert clip.curves["motion"].shape == (20,), "a clip's results are of use without the others"
        del clip
        assert left() == []


@pytest.mark.parametrize("more", [{"scores": ["psrn"]}, {"out": None, "values": {"motion": 1.0}}], ids=str)
def test_a_call_that_fails_leaves_nothing_behind(pairs, left, more):
    given = [("no.mp4", "such.mp4")] if "scores" in more else pairs
    with pytest.raises(jaxeval.JaxevalError) as refused:
        jaxeval.score(given, **more)
    del refused
    assert left() == []


ERRORS = [
    (
        lambda a: (a[0].generated, a[0].reference.parent),
        {},
        "expected only files or only folders, found both: GENERATED",
    ),
    (lambda a: (a[0].generated, [a[0].reference]), {}, "two files, two folders or two sequences, found only one path"),
    (lambda a: ([a[0].generated], a[0].reference), {}, "two files, two folders or two sequences, found only one path"),
    (
        lambda a: ([a[0].generated, 3],),
        {},
        "expected pairs of a generated file and its reference, found something else at position 2",
    ),
    (lambda a: (a[0].generated, None), {"face": 0}, "face: expected left, right, largest or a number from 1 on"),
    (lambda a: ([(a[0].generated, 3)],), {}, "expected pairs of a generated file and its reference, found something"),
    (lambda a: ([a[0].generated, a[1].generated], [a[0].reference]), {}, "found something else at position 2"),
    (lambda a: ([],), {}, "expected pairs of a generated file and its reference, found none"),
    (lambda a: ([], []), {}, "expected pairs of a generated file and its reference, found none"),
    (lambda a: ([a[0], a[0]],), {}, "expected a different id for each pair, found clip0 twice"),
    (lambda a: (a,), {"audio": "sound.wav"}, "audio: expected None with a sequence of pairs, found a path. Give each"),
    (
        lambda a: (a[0].generated, "gone.mp4"),
        {},
        "gone.mp4: expected REFERENCE to be a file or a folder, found neither",
    ),
    (
        lambda a: (a,),
        {"protocol": "jaxeval-v2"},
        "protocol: expected a known name, found 'jaxeval-v2'. Did you mean jax",
    ),
    (lambda a: (a,), {"region": "mouth"}, "region: expected 'face' or 'frame', found 'mouth'"),
    (lambda a: (a,), {"scores": ()}, "scores: expected at least one name, found none. Pass None for all scores"),
    (lambda a: (a,), {"scores": ("motion_dvi",)}, "found 'motion_dvi'. Did you mean motion_div?"),
    (lambda a: (a,), {"gamma": float("nan")}, "gamma: expected a number from 0 to 1e+30, found nan. Try 0.01."),
    (lambda a: (a,), {"gamma": -1}, "gamma: expected a number from 0 to 1e+30, found -1. Try 0.01."),
    (lambda a: (a,), {"noise_floor": -1}, "noise_floor: expected at least 0, found -1. 0 disables it."),
    (lambda a: (a,), {"min_features": 1}, "min_features: expected at least 2, found 1. One feature has no covariance."),
    (lambda a: (a,), {"values": {"psnr": 30.0}}, "value psnr: expected fps or a new name, found psnr, which"),
    (
        lambda a: (a,),
        {"values": {"a b": 1.0}},
        "value a b: expected a name of lowercase letters, digits and _, found 'a b'",
    ),
    (lambda a: (a,), {"values": {"fps": "fast"}}, "value fps: expected a number, found 'fast'"),
    (lambda a: (a,), {"identities": {"me": "anna"}}, "identities: expected ids of scored clips, found 1 others, such"),
    (lambda a: (a,), {"protocol": None}, "protocol: expected a known name, found None"),
    (lambda a: (a,), {"scorers": [3]}, "scorers: expected jaxeval.CustomScore objects, found int"),
    (lambda a: (a,), {"scores": "iqa"}, "scores: iqa has no scorer. Register one, or leave it out"),
    (
        lambda a: ([("a.mp4", "b.mp4")],),
        {"scores": ("csim", "lpisp_div")},
        "scores: expected the name of a score, found 'lpisp_div'. Did you mean lpips_div?",
    ),
]


@pytest.mark.parametrize(("given", "options", "text"), ERRORS, ids=[text[:50] for _, _, text in ERRORS])
def test_errors_are_one_line_that_says_what_to_do(pairs, given, options, text):
    with pytest.raises(jaxeval.JaxevalError, match=re.escape(text)) as refused:
        jaxeval.score(*given(pairs), **options)
    assert "\n" not in str(refused.value)
    assert str(refused.value).count("Did you mean") <= 1
    assert str(refused.value).endswith((".", "?"))


def test_a_missing_file_is_a_failed_clip_beside_the_others(pairs, tmp_path):
    results = jaxeval.score(
        [pairs[0], (pairs[1].generated, tmp_path / "gone.npz"), (tmp_path / "lost.npz", "gone.npz")]
    )
    assert [clip.status for clip in results.clips] == ["ok", "failed", "failed"]
    assert results.clips[1].reason.startswith(
        f"clip1: expected two clips, found no reference clip at {tmp_path}/gone.npz;"
    )
    assert "lost.npz" in results.clips[2].reason
    assert (results.clips[1].scores, results.clips[1].alignment, results.clips[1].curves) == ({}, None, {})
    assert (results.summary["motion"]["n"], results.summary["motion"]["of"]) == (1, 3)
    assert results.clips[0].scores == jaxeval.score(pairs).clips[0].scores


@pytest.mark.parametrize("progress", [True, False])
def test_progress_is_told_on_stderr_alone(pairs, tmp_path, capsys, progress):
    jaxeval.score([*pairs[:2], (tmp_path / "lost.npz", pairs[2].reference)], progress=progress)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert [line.split("  ")[:2] for line in lines] == (
        [["1 of 3", "clip0"], ["2 of 3", "clip1"], ["3 of 3", "lost"]] if progress else []
    )
    if progress:
        assert "failed: " in lines[2]


def check_curves(clip, fps=25.0):
    """Shapes are as documented, and scores are the curves' means."""
    t, s = clip.frames
    for name, values in clip.curves.items():
        assert values.shape in ((min(t, s),), (t,))
        if name in clip.scores:
            assert clip.scores[name] == np.mean(values[np.isfinite(values)], dtype=np.float64)
    for name, found in clip.alignments.items():
        assert found.alignment.shape == (t, s)
        assert (found.framewise.shape, found.aligned.shape, found.lag.shape) == ((min(t, s),), (t,), (t,))
        assert 0 <= found.alignment.min() <= found.alignment.max() <= 1 + 1e-6
        assert found.lag.mean() * 1000 / fps == pytest.approx(clip.scores[f"lag_ms_{name}"], abs=1e-2)
        assert found.lag.std() * 1000 / fps == pytest.approx(clip.scores[f"lag_std_ms_{name}"], abs=1e-2)


@pytest.mark.parametrize(("t", "s"), [(40, 40), (40, 52), (52, 40), (1, 1)])
def test_curves_of_trajectories(tmp_path, monkeypatch, t, s):
    no_networks(monkeypatch)
    walk = np.random.default_rng(0).standard_normal((60, 3)).cumsum(axis=0)
    x, y = walk[2:][:t], walk[:s]
    np.savez(tmp_path / "x.npz", motion=x, fps=50.0)
    np.savez(tmp_path / "y.npz", motion=y, fps=50.0)
    (clip,) = jaxeval.score(tmp_path / "x.npz", tmp_path / "y.npz").clips
    assert (clip.frames, [*clip.curves], [*clip.alignments]) == ((t, s), ["motion"], ["motion"])
    both = min(t, s)
    np.testing.assert_allclose(clip.curves["motion"], np.square(x[:both] - y[:both]).sum(axis=1), rtol=1e-5)
    if t > 1:
        check_curves(clip, 50.0)
    assert clip.alignment is None, "the protocol's timing metric isn't there"


@pytest.mark.parametrize("scores", [("motion_div",), ("motion",), ("lag_ms_motion", "motion_seq")], ids=str)
def test_of_trajectories_too_some_scores_may_be_chosen(pairs, scores):
    whole, chosen = jaxeval.score(pairs), jaxeval.score(pairs, scores=scores)
    for mine, theirs in zip(chosen.clips, whole.clips, strict=True):
        assert mine.scores == {name: theirs.scores[name] for name in theirs.scores if name in scores}
    assert chosen.summary == {name: entry for name, entry in whole.summary.items() if name in scores}
    assert [*chosen.document.signatures] == [name for name in whole.document.signatures if name in scores]
    assert all(chosen.document.signatures[name] == whole.document.signatures[name] for name in scores)


def test_what_trajectories_do_not_give_is_missing(pairs):
    chosen = jaxeval.score(pairs, scores=("psnr", "motion"))
    lacking = {"psnr": "needs video frames; this pair has only trajectories"}
    assert [clip.missing for clip in chosen.clips] == [lacking] * 3
    assert (chosen.summary["psnr"]["n"], chosen.summary["motion"]["n"]) == (0, 3)


def test_tables(pairs, tmp_path):
    results = jaxeval.score([*pairs, (tmp_path / "lost.npz", pairs[2].reference)])
    table = results.to_polars()
    assert table["id"].to_list() == ["clip0", "clip1", "clip2", "lost"]
    assert table["status"].to_list() == ["ok", "ok", "ok", "failed"]
    assert table["motion"].to_list() == [*(clip.scores["motion"] for clip in results.clips[:3]), None]
    if find_spec("pandas"):
        assert results.to_pandas()["motion"].isna().tolist() == [False, False, False, True]
    else:
        with pytest.raises(JaxevalError, match="pip install pandas"):
            results.to_pandas()
    frames = results.per_frame()
    assert frames.columns == ["clip", "score", "frame", "value"]
    means = frames.group_by("clip", maintain_order=True).agg(polars.col("value").mean())
    assert means["value"].to_list() == pytest.approx(table["motion"].to_list()[:3])
    assert frames.height == 3 * 20
    assert "clip1" in repr(results)
    assert "clip1" in results._repr_html_()
    assert "clip1" in repr(results.clips[1])


def test_plots(pairs):
    results = jaxeval.score(pairs)
    for metric in (None, "motion"):
        assert results.plot("clip1", metric).axes
    with pytest.raises(jaxeval.JaxevalError, match=r"found 'clip7'\. Did you mean clip"):
        results.plot("clip7")
    with pytest.raises(
        jaxeval.JaxevalError, match="expected an aligned metric of the clip, found 'csim'; clip1 has motion"
    ):
        results.plot("clip1", "csim")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two clips of a face, of 10 and 12 frames, whose first five are identical to the last bit."""
    folder = tmp_path_factory.mktemp("videos")
    y, x = face_frames(12), face_frames(10, phase=-0.4)
    x[:5] = y[:5]
    for name, frames in (("x", x), ("y", y)):
        write_video(folder / f"{name}.mp4", frames, 25, crf=0)
    return folder / "x.mp4", folder / "y.mp4"


@pytest.mark.slow
def test_videos(videos, tmp_path):
    results = jaxeval.score(*videos)
    assert untimed(results.document) == command(tmp_path / "out", *videos)
    (clip,) = results.clips
    check_curves(clip)
    t, s = clip.frames
    assert (t, s) == (10, 12)
    np.testing.assert_array_equal(np.isinf(clip.curves["psnr"]), np.arange(t) < 5)
    assert any(flag == "identical frames: 5 of 10 frames excluded from psnr" for flag in clip.flags)
    assert {"psnr", "ssim", "l1", "cpbd", "niqe", "lpips", "csim", "pose", "expr", "lmd"} <= clip.curves.keys()
    assert {"lpips", "csim", "pose", "expr"} == clip.alignments.keys()
    np.testing.assert_array_equal(clip.alignment, clip.alignments["lpips"].alignment)
    np.testing.assert_array_equal(clip.curves["lpips"], clip.alignments["lpips"].framewise)
    np.testing.assert_array_equal(clip.curves["lpips"][:5], 0)
    frames = results.per_frame().filter(polars.col("score") == "psnr")["value"].to_numpy()
    np.testing.assert_array_equal(frames, clip.curves["psnr"])
