"""Tables of real_clips.py: order of noise and blur, methods against their sources, and the timing of the mouth."""

import tempfile
from pathlib import Path

import numpy as np
from real_clips_footage import Facts, Footage, flags, heading, line, number

from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import blurred, noisy
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.flags import TIME_FLAGS
from jaxeval.results.record import ClipRecord
from jaxeval.results.selection import select
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer

CHANGED = ("real2_syncnet_example.avi", "real3.mp4", "real4.mp4", "grid_swiz3n.mpg")
FRAMES = 75
CHANGES = {"noise": (4.0, 16.0), "blur": (0.7, 1.5)}
"""Standard deviations: of 255, and in pixels; the weaker one first."""
ORDERED = {"lpips": 1, "lpips_div": 1, "psnr": -1, "ssim": -1}
"""Scores of which the stronger change must be the worse, and whether high is bad."""

SET2 = "set2_source_vfr.mp4"
OF_SET2 = ("set2_wav2lip.mp4", "set2_videoretalking.mp4", "set2_sadtalker.mp4")
WAV2LIP, REAL1 = "real1_wav2lip.mp4", "real1.avi"
PUBLISHED_MS = -80
"""SyncNet's published offset of real1_wav2lip.mp4, −2 frames."""
ORDER_SCORES = ("lip_sync", "lip_sync_confidence", "lip_sync_offset_ms", "niqe", "cpbd", "csim", "lpips", "lpips_div")
STILL_MS = 4
"""The picture of a clip whose frame k belongs to frame k: a tenth of a frame."""


def noise(footage: Footage, facts: Facts) -> None:
    """The first 3 s of some clips, changed and stored without loss."""
    heading("clip", "change", *(f"`{name}`" for name in ORDERED))
    scorer = Scorer(JAXEVAL_V1, selection=select(JAXEVAL_V1, list(ORDERED)))
    with tempfile.TemporaryDirectory() as folder:
        for name in footage.there(CHANGED):
            frames = np.concatenate(list(Video(footage.path(name), JAXEVAL_V1.fps).chunks(FRAMES)))[:FRAMES]
            reference = _stored(Path(folder) / f"{name}.mp4", frames)
            for change, strengths in CHANGES.items():
                found = []
                for strength in strengths:
                    changed = (noisy if change == "noise" else blurred)(frames, strength).frames
                    generated = _stored(Path(folder) / f"{name} {change} {strength}.mp4", changed)
                    found.append(scorer.score(Pair(name, generated, reference)))
                    line(name, f"{change}, σ = {strength:g}", *(number(found[-1], score, ".4g") for score in ORDERED))
                right = [score for score, sign in ORDERED.items() if _in_order(found, score, sign)]
                wrong = ", ".join(sorted(set(ORDERED) - set(right)))
                what = f"{name}: {change}, σ = {strengths[0]:g} better than {strengths[1]:g} by {', '.join(ORDERED)}"
                facts.check(what, "all", f"not by {wrong}" if wrong else "all", not wrong)


def _stored(path: Path, frames: np.ndarray) -> Path:
    write_video(path, frames, JAXEVAL_V1.fps, crf=0)
    return path


def _in_order(records: list[ClipRecord], score: str, sign: int) -> bool:
    values = [sign * record.scores.get(score, np.nan) for record in records]
    return values[0] < values[1]


def methods(footage: Footage, facts: Facts) -> None:
    """Methods' outputs and their sources, the latter against themselves."""
    heading("clip, against", *(f"`{name}`" for name in ORDER_SCORES), "flags")
    pairs = [(WAV2LIP, REAL1), (REAL1, REAL1), *((name, SET2) for name in (*OF_SET2, SET2))]
    for pair in _there(footage, pairs):
        record = footage.record(*pair)
        line(", ".join(pair), *(number(record, name, ".4g") for name in ORDER_SCORES), flags(record))
    if {WAV2LIP, REAL1} <= set(footage.there((WAV2LIP, REAL1))):
        made, real = (footage.record(name, REAL1).scores["lip_sync_confidence"] for name in (WAV2LIP, REAL1))
        what = f"{WAV2LIP}, confidence above {REAL1}'s, as SyncNet's 7.159 is above 5.387"
        facts.check(what, "more", f"{made:.1f} and {real:.1f}", made > real)
    if SET2 in footage and OF_SET2[0] in footage:
        path = footage.path(SET2)
        record = footage.scorer.score(Pair(SET2, path, path, footage.path(OF_SET2[0])))
        confidence = record.scores["lip_sync_confidence"]
        what = f"{SET2} with the sound of its methods, not its own: no offset is told"
        facts.check(what, "confidence below 3", f"{confidence:.1f}", confidence < 3)


def timing(footage: Footage, facts: Facts) -> None:
    """The lags of picture and mouth, and how far each of both clips is off its sound."""
    lags = ("picture: `lag_ms`", "support", "mouth: `lag_ms_expr`", "support")
    heading("clip, against", *lags, "offset, ms", "of the reference", "their difference", "flags of timing")
    against_source = [(WAV2LIP, REAL1), *((name, SET2) for name in OF_SET2)]
    among = [(x, y) for k, x in enumerate(OF_SET2) for y in OF_SET2[k + 1 :]]
    for pair in _there(footage, against_source + among):
        record = footage.record(*pair)
        offsets = [record.scores.get(name) for name in ("lip_sync_offset_ms", "lip_sync_offset_ms_reference")]
        apart = None if None in offsets else offsets[0] - offsets[1]
        told = (_lag(record, "", "lpips"), _lag(record, "_expr", "expr"))
        cells = [_whole(value) for value in (*offsets, apart)]
        line(", ".join(pair), *(cell for lag in told for cell in lag), *cells, "; ".join(_on_time(record)) or "–")
        if pair == (WAV2LIP, REAL1):
            facts.near(f"{WAV2LIP}: the picture's lag", 0, record.scores.get("lag_ms"), STILL_MS)
            facts.near(f"{WAV2LIP}: offset, SyncNet's", PUBLISHED_MS, offsets[0])
            facts.near(f"{WAV2LIP}: the mouth's lag", PUBLISHED_MS, record.scores.get("lag_ms_expr"))
            facts.near(f"{WAV2LIP}: offset less that of {REAL1}", PUBLISHED_MS, apart)
            found = flags(record)
            facts.check(f"{WAV2LIP}: flagged", "lags disagree", found, "lags disagree" in found)


def _lag(record: ClipRecord, suffix: str, metric: str) -> tuple[str, str]:
    lag, spread = (
        number(record, f"{name}{suffix}", form) for name, form in (("lag_ms", "+.0f"), ("lag_std_ms", ".0f"))
    )
    return f"{lag} ± {spread}", f"{record.support.get(metric, float('nan')):.2f}"


def _on_time(record: ClipRecord) -> list[str]:
    """Its flags that are about timing, in full."""
    return [flag for flag in record.flags if flag.partition(":")[0] in TIME_FLAGS]


def _whole(value: float | None) -> str:
    return "missing" if value is None else f"{value:+.0f}"


def _there(footage: Footage, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[0] in footage and pair[1] in footage]
