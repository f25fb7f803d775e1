"""What jaxeval says of real talking faces, beside what is known of them.

    python benchmarks/real_clips.py FOLDER

FOLDER holds clips that aren't distributed: those of `KNOWN` that are there are scored, each against itself, and some of
them against the recordings that they were made from. Printed are three tables. The first has every clip's `lip_sync`
with its confidence and offset, the offset that is known, and its largest self-score, which must be 0. In the second
each clip's voice is shifted by ±40 to ±400 ms: how many of its windows of 5 s whose confidence is at least 3 have their
offset within 40 ms of where it must be. The third holds methods' outputs against their sources.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.media.video import Video
from jaxeval.metrics.lip_sync import SURE, LipSync, lip_sync
from jaxeval.metrics.lip_variates import lip_variates, voice_variates
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.ingest import find_face, reference_window, trajectories
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer
from jaxeval.scoring.sound import SAMPLE_RATE, from_first_picture

KNOWN: dict[str, str] = {
    "real1.avi": "",
    "real1_wav2lip.mp4": "−80 (SyncNet's published offset, absolute)",
    "real1_sound_late_200ms.mov": "400 less than the next",
    "real1_sound_early_200ms.mov": "400 more than the one before",
    "real2_syncnet_example.avi": "+120 (SyncNet's published offset)",
    "real3.mp4": "",
    "real4.mp4": "",
    "real5_hevc_portrait.mp4": "",
    "real6_quiet.avi": "",
    "grid_bbaf2n.mpg": "in sync (studio)",
    "grid_lbbc2a.mpg": "in sync (studio)",
    "grid_lrwp9a.mpg": "in sync (studio)",
    "grid_swiz3n.mpg": "in sync (studio)",
    "set2_source_vfr.mp4": "",
    "set2_wav2lip.mp4": "",
    "set2_videoretalking.mp4": "",
    "set2_sadtalker.mp4": "",
    "statue_anitalker.mp4": "no human face",
    "two_faces.mp4": "",
}
"""A clip and what is known of its offset in ms, positive: the picture is late."""

SHIFTED = ("real1.avi", "real2_syncnet_example.avi", "real3.mp4", "real4.mp4", "real6_quiet.avi", "grid")
SHIFTS_MS = (-400, -200, -120, -80, -40, 40, 80, 120, 200, 400)
WINDOW = 125  # frames
STEP = 25
TOLERATED_MS = 40

PAIRS = (
    ("real1_wav2lip.mp4", "real1.avi"),
    ("set2_wav2lip.mp4", "set2_source_vfr.mp4"),
    ("set2_videoretalking.mp4", "set2_source_vfr.mp4"),
    ("set2_sadtalker.mp4", "set2_source_vfr.mp4"),
)
SHOWN = ("lpips", "lpips_div", "csim", "niqe", "lag_ms", "lag_ms_expr", "lag_std_ms_expr", "lip_sync")

FRAME_MS = 1000 / JAXEVAL_V1.fps


@dataclass(frozen=True)
class Speaker:
    """A clip's mesh `[T, 468, 3]`, and its samples at 16 kHz from the first picture on."""

    landmarks: np.ndarray
    samples: np.ndarray


def speaker(networks: Networks, path: Path) -> Speaker:
    video = Video(path, JAXEVAL_V1.fps)
    face = find_face(networks, video, JAXEVAL_V1)
    window = reference_window(video, face, JAXEVAL_V1)
    mesh = trajectories(networks, video, face, window, (video.width, video.height), 32).face
    assert mesh is not None
    sound = from_first_picture(path, "own", video.info.start_s, video.info)
    assert sound.samples is not None
    return Speaker(mesh.landmarks, sound.samples)


@jax.jit
def _synchrony(landmarks: jax.Array, samples: jax.Array) -> LipSync:
    projection = lip_projection()
    voice = voice_variates(samples, projection, count=len(landmarks))
    lips = lip_variates(landmarks, projection)
    return lip_sync(lips, voice.values, projection.weights, mask=voice.mask)


def windows(of: Speaker, shift_ms: float) -> Iterator[LipSync]:
    """Each window of 5 s, or the whole of a shorter clip, with its sound that many ms later."""
    count = min(WINDOW, len(of.landmarks))
    shift = round(shift_ms * SAMPLE_RATE / 1000)
    sound = np.concatenate([np.zeros(max(shift, 0), np.float32), of.samples[max(-shift, 0) :]])
    per_frame = SAMPLE_RATE // int(JAXEVAL_V1.fps)
    for start in range(0, len(of.landmarks) - count + 1, STEP):
        part = sound[start * per_frame :][: (count + 1) * per_frame]
        part = np.pad(part, (0, (count + 1) * per_frame - len(part)))
        yield _synchrony(jnp.asarray(of.landmarks[start : start + count]), jnp.asarray(part))


def shifts(of: Speaker) -> tuple[int, int, int]:
    """How many windows' offsets are right, how many are sure, and how many there are."""
    own = list(windows(of, 0))
    right = sure = total = 0
    for shift in SHIFTS_MS:
        for before, found in zip(own, windows(of, shift), strict=True):
            total += 1
            if found.confidence >= SURE and before.confidence >= SURE:
                sure += 1
                moved = float(found.offset - before.offset) * FRAME_MS
                right += abs(moved + shift) <= TOLERATED_MS
    return right, sure, total


def self_score(record: ClipRecord) -> float:
    """The largest score that must be 0 for a clip against itself."""
    return max(abs(value) for name, value in record.scores.items() if name.endswith("_div") and "lip_sync" not in name)


def _number(record: ClipRecord, name: str, form: str) -> str:
    return format(record.scores[name], form) if name in record.scores else "missing"


def main() -> None:
    folder = Path(sys.argv[1])
    scorer = Scorer(JAXEVAL_V1)
    scorer.load()
    there = [name for name in KNOWN if (folder / name).is_file()]
    print("| clip | frames | `lip_sync` | confidence | offset, ms | known | largest self-score | flags |")
    print("|---|---|---|---|---|---|---|---|")
    for name in there:
        record = scorer.score(Pair(name, folder / name, folder / name))
        if record.status != "ok":
            print(f"| {name} | failed: {record.reason} |", flush=True)
            continue
        told = [_number(record, score, form) for score, form in (("lip_sync", ".3f"), ("lip_sync_confidence", ".1f"))]
        offset = _number(record, "lip_sync_offset_ms", "+.0f")
        flags = ", ".join(dict.fromkeys(flag.partition(":")[0] for flag in record.flags if not flag.startswith("copy")))
        cells = (name, record.frames[0], *told, offset, KNOWN[name], f"{self_score(record):g}", flags)
        print(f"| {' | '.join(map(str, cells))} |", flush=True)

    print("\n| sound shifted by ±40 to ±400 ms | right | sure windows | all windows |\n|---|---|---|---|")
    counts = np.zeros(3, int)
    for name in (name for name in there if name.startswith(SHIFTED)):
        found = shifts(speaker(scorer.networks, folder / name))
        counts += found
        print(f"| {name} | {' | '.join(map(str, found))} |", flush=True)
    print(f"| all | {' | '.join(map(str, counts))} |")

    print(f"\n| method, source | {' | '.join(f'`{name}`' for name in SHOWN)} | flags |\n|{'---|' * (len(SHOWN) + 2)}")
    for generated, reference in PAIRS:
        if {generated, reference} <= set(there):
            record = scorer.score(Pair(generated, folder / generated, folder / reference))
            flags = ", ".join(dict.fromkeys(flag.partition(":")[0] for flag in record.flags))
            cells = [_number(record, name, ".4g") for name in SHOWN] if record.status == "ok" else [record.reason or ""]
            print(f"| {generated}, {reference} | {' | '.join(cells)} | {flags} |", flush=True)


if __name__ == "__main__":
    main()
