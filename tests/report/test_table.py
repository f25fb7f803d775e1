import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from jaxeval.protocol import ARXIV_2606_01031, JAXEVAL_V1
from jaxeval.report.table import print_table
from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import catalogue_of, document_of
from jaxeval.results.formatting import format_value
from jaxeval.results.record import ClipRecord

from .synthetic_clips import clip, document, failed, without

LATE, BLURRED = clip("late"), clip("blurred", shift=0, noise=0.6)
SCORES = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
ALIGNED = catalogue_of(document([LATE])).aligned


def printed(records, width, **more):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    print_table(document(records, **more), console)
    return console.file.getvalue()


def unwrapped(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [60, 80, 100, 160, 240])
def test_every_width_fits_and_no_divergence_stands_without_its_lag(width):
    lines = printed([LATE, BLURRED, failed()], width).splitlines()
    assert max(map(len, lines)) <= width
    heads = lines[1].replace("mouth lag", "mouth")
    assert heads.count("_div") == heads.count("lag") >= 1
    # From left to right each divergence is followed by a lag.
    assert re.findall(r"_div|lag", heads) == ["_div", "lag"] * heads.count("_div")


@pytest.mark.parametrize(
    ("width", "needed"), [(80, {"lpips"}), (100, {"lpips", "expr"}), (240, {m.name for m in ALIGNED})]
)
def test_the_story_is_in_the_row(width, needed):
    text = printed([LATE, BLURRED], width)
    row = next(line for line in text.splitlines() if line.strip().startswith("late"))
    left_out = unwrapped(text).partition("Not shown at this width: ")[2].partition(".")[0].split(", ")
    shown = {m.name for m in ALIGNED}.difference(left_out)
    assert shown >= needed
    for m in shown:
        lag = f"{LATE.scores[f'lag_ms_{m}']:+.0f} ± {LATE.scores[f'lag_std_ms_{m}']:.0f}"
        numbers = [format_value(SCORES[name], LATE.scores[name]) for name in (m, f"{m}_div")]
        assert re.search(r"\s+".join(map(re.escape, (*numbers, lag))), row), row


def test_the_summary_says_how_many_of_how_many():
    records = [LATE, BLURRED, without(clip("third"), "psnr", reason="identical frames"), failed()]
    lines = {line.split("  ")[0].strip(): line for line in printed(records, 100).splitlines()}
    counts = re.findall(r"\d+ of \d+", lines["n of N"])
    assert counts[0] == "2 of 4"
    assert set(counts[1:]) == {"3 of 4"}
    entry = document(records).summary["lpips"]
    for line, value in (("mean", entry.mean), ("95 % from", entry.ci95[0]), ("95 % to", entry.ci95[1])):
        assert f"{value:.4f}".replace("-", "−") in lines[line]


def test_failed_and_missing_give_their_reasons():
    reason = "no face was found in 0 of 75 frames of faceless.mp4; try --region frame"
    same = without(LATE, "psnr", "ssim", reason="identical frames: 75 of 75")
    text = unwrapped(printed([same, BLURRED, clip("third"), failed(reason=reason)], 240))
    assert f"faceless failed: {reason}" in text
    assert "¹ psnr, ssim: identical frames: 75 of 75" in text
    assert text.count("–¹") == 2


def test_a_long_reason_is_folded_and_never_cut():
    reason = f"{'/deep' * 40}/clip.mp4: expected a video"
    assert reason.replace(" ", "") in re.sub(r"\s", "", printed([failed(reason=reason)], 80))


def test_one_clip_has_no_interval():
    assert "95 %: an interval needs at least two clips" in printed([LATE], 100)


def test_many_reasons_are_counted_not_listed():
    records = [without(clip(f"clip{i}", t=4, s=4), "psnr", reason=f"identical frames: {i} of 75") for i in range(12)]
    records += [LATE, BLURRED]
    text = printed(records, 100)
    assert "⁹ psnr: identical frames: 8 of 75" in text
    assert "… and 3 more reasons in scores.json" in text


def test_nothing_but_failures():
    text = printed([failed("one", "broken"), failed("two", "broken too")], 80)
    assert "failed: broken too" in text
    assert "n of N" not in text


@pytest.mark.parametrize("name", ["[red]x[/red]", "a" * 60, "ütf-8 名前", "a&b<c>"])
def test_odd_ids_are_printed_as_they_are(name):
    text = printed([clip(name, t=4, s=4)], 100)
    # A long id is folded within its column, never cut.
    column = "".join(line[:26].strip() for line in text.splitlines()[4:] if not line.startswith(" mean"))
    assert column.startswith(name)


@given(st.sampled_from(list(SCORES.values())), st.floats(-1e4, 1e4))
def test_a_formatted_value_reads_back_within_its_last_digit(score, value):
    text = format_value(score, value)
    number = float(text.replace("−", "-"))
    digits = 0.051 * abs(value) if "e" in text else 0.5 * 10.0**-score.decimals
    assert abs(number - value) <= digits * (1 + 1e-9) + 1e-12
    assert not re.fullmatch(r"[−+]0(\.0*)?", text)
    assert score.unit.startswith("ms") or "+" not in text.replace("e+", "")


@pytest.mark.parametrize("protocol", [JAXEVAL_V1, ARXIV_2606_01031], ids=lambda protocol: protocol.name)
def test_every_score_of_a_protocol_is_known_with_its_better_end_and_unit(protocol):
    higher = {"psnr": "dB", "ssim": "", "ms_ssim": "", "cpbd": "", "csim": "", "smooth": ""}
    lower = {"l1": "", "niqe": "", "lmd": "px", "m_lmd": "px", "jerk": "", "id_distance": ""}
    timing = dict.fromkeys(("lag_ms", "lag_std_ms"), "ms") | {"lag_drift": "ms/s"}
    lower |= dict.fromkeys([f"lag_beyond_{ms}ms" for ms in (40, 80, 160)], "")
    lower |= {"pose": "", "expr": "", protocol.perceptual: "", f"fd_{protocol.encoders['identity']}": ""}
    for m in (protocol.perceptual, "csim", "pose", "expr", protocol.lips):
        lower |= {f"{m}_seq": "", f"{m}_div": ""}
        timing |= {f"lag_ms_{m}": "ms", f"lag_std_ms_{m}": "ms"}
    if protocol.lips == "sync":
        higher, lower, timing = higher | {"sync_c": ""}, lower | {"sync_d": ""}, timing | {"sync_offset_ms": "ms"}
        lower |= {"fid": "", "fvd": ""}
    else:
        higher |= {"lip_sync": "", "lip_sync_confidence": ""}
        timing |= {"lip_sync_offset_ms": "ms", "lip_sync_offset_ms_reference": "ms"}
    known = catalogue(protocol.encoders, protocol.timing)
    for names, better in ((higher, "↑"), (lower, "↓"), (timing, "")):
        assert {(known[name].better, known[name].unit) for name in names} == {(better, unit) for unit in names.values()}
    encoder = {"jaxeval-v1": "(dlib)", "arxiv-2606.01031": "(arcface_r50)"}[protocol.name]
    assert all(encoder in known[name].label for name in ("csim", "csim_seq", "csim_div", "id_distance"))


def test_unknown_scores_are_kept_with_their_own_name():
    clips = [{"id": "a", "scores": {"novel": 1.0, "psnr": 2.0}}]
    known = catalogue_of(document_of({"clips": clips, "summary": {"other_one": {}}}))
    assert [score.label for score in known.values()] == ["psnr", "other_one", "novel"]


FLAG = "timing: 92 % of the frames are more than 160 ms late or early by lpips; quote a _div only with its lag"


def test_a_div_of_a_flagged_clip_is_marked_and_explained():
    text = printed([replace(LATE, flags=(FLAG, "resized: 1x1")), BLURRED], 240)
    rows = {
        name: next(line for line in text.splitlines() if line.startswith(f" {name} ")) for name in ("late", "blurred")
    }
    assert rows["late"].count("!") == len(ALIGNED)
    assert f"!{format_value(SCORES['pose_div'], LATE.scores['pose_div'])}" in rows["late"]
    assert "!" not in rows["blurred"]
    assert f"! late: {FLAG}" in unwrapped(text)
    assert "* resized: late" in unwrapped(text)
    assert max(map(len, text.splitlines())) <= 240


@pytest.mark.parametrize("width", [60, 80, 160])
def test_every_flagged_clip_is_marked(width):
    records = [replace(clip(name), flags=flags) for name, flags in (("a", ("hdr: x",)), ("b", ()), ("c", ("bars: y",)))]
    lines = printed([*records, replace(failed(), flags=("hdr: x",))], width).splitlines()
    marked = {line.split()[0] for line in lines[1:8] if " * " in line[:14]}
    assert marked == {"a", "c", "faceless"}
    text = unwrapped("".join(lines))
    assert "* hdr: a, faceless" in text
    assert "* bars: c" in text


def test_a_flag_of_all_clips_is_said_once():
    text = printed([replace(clip(name), flags=("streams: x",)) for name in "abc"], 100)
    assert "* streams: all 3 clips" in text


@pytest.mark.parametrize(("width", "beside"), [(60, True), (240, False)])
def test_the_mouths_lag_stands_beside_the_pictures(width, beside):
    text = printed([LATE], width)
    assert ("mouth lag" in text) == beside  # where there is room it stands in the block of expr
    value = f"{LATE.scores['lag_ms_expr']:+.0f} ± {LATE.scores['lag_std_ms_expr']:.0f}"
    row = next(line for line in text.splitlines() if line.startswith(" late "))
    assert value in row


def test_a_lag_without_support_is_doubted():
    support = {"a": {"lpips": -0.3, "expr": 0.9}, "b": {"lpips": 0.9, "expr": 0.3}}
    lines = printed([clip("a"), clip("b"), clip("c")], 80, support=support).splitlines()
    rows = [line.rstrip() for line in lines if line.strip()[:2] in ("a ", "b ", "c ")]
    lags = [re.findall(r"± \d+\??", row) for row in rows]
    assert [[lag.endswith("?") for lag in found] for found in lags] == [[True, False], [False, True], [False, False]]


def test_many_flagged_clips_are_counted_not_listed():
    records = [replace(clip(f"clip{i}", t=4, s=4), flags=(FLAG,)) for i in range(12)]
    text = printed(records, 100)
    assert text.count("! clip") == 9
    assert "… and 3 more such lines in scores.json" in text


def test_trajectories_that_came_in_files_are_printed_as_blocks():
    scores = {"gaze_of_mine": 0.5, "gaze_of_mine_seq": 0.1, "gaze_of_mine_div": 0.25, "lag_ms_gaze_of_mine": 80.0}
    lagless = {"gaze_of_mine": 0.5, "gaze_of_mine_div": 0.5}
    reasons = {"lag_ms_gaze_of_mine": "one frame only, so no timing"}
    records = [
        ClipRecord("a", "ok", scores=lagless, missing=reasons, trajectories=("gaze_of_mine",)),
        ClipRecord("b", "ok", scores=scores),
    ]
    text = printed(records, 80)
    assert re.search(r"gaze_of_mine +_div +lag", text.splitlines()[1])
    assert re.search(r"b +0\.5000 +0\.2500 +\+80", text)
    assert "one frame only, so no timing" in text
