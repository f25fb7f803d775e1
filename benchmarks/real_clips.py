"""What jaxeval says of real talking faces, beside what is known of them.

    python benchmarks/real_clips.py FOLDER [TABLE ...]

FOLDER holds clips that aren't distributed; those that are there are scored. The tables, all of them unless some are
named:

    clips     each clip against itself: `lip_sync`, its confidence and offset, and the largest self-score, 0
    reading   what the files hold, and whether it is read right
    shifts    windows of 5 s whose sound is shifted: is the offset found?
    wrong     each mouth with wrong sounds: how well is its own told from them, also by the Soft-DTW form?
    noise     noise and blur: is the stronger one the worse?
    methods   methods' outputs against their sources
    timing    the lags of picture and mouth

Below each are the facts that are known, what was found, and whether it is right. Exit code 1 if one isn't.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from real_clips_footage import Facts, Footage, flags, heading, line, number
from real_clips_methods import methods, noise, timing
from real_clips_reading import reading
from real_clips_sound import GRID, shifts, wrong_sounds

CLIPS = (
    "real1.avi",
    "real1_wav2lip.mp4",
    "real1_sound_late_200ms.mov",
    "real1_sound_early_200ms.mov",
    "real2_syncnet_example.avi",
    "real3.mp4",
    "real4.mp4",
    "real5_hevc_portrait.mp4",
    "real6_quiet.avi",
    *GRID,
    "set2_source_vfr.mp4",
    "set2_wav2lip.mp4",
    "set2_videoretalking.mp4",
    "set2_sadtalker.mp4",
    "statue_anitalker.mp4",
    "two_faces.mp4",
)
OFFSETS_MS = {"real2_syncnet_example.avi": 120, "real1_wav2lip.mp4": -80} | dict.fromkeys(GRID, 0)
"""SyncNet's published offsets; a studio's recordings are in sync. Positive: the picture is late."""

REAL1, LATE, EARLY = "real1.avi", "real1_sound_late_200ms.mov", "real1_sound_early_200ms.mov"
APART_MS = {(LATE, REAL1): -120, (EARLY, REAL1): 280, (EARLY, LATE): 400}
"""By how much the first clip's offset exceeds the second's; in LATE and EARLY the sound also leads by 80 ms."""

SEVERAL = "two_faces.mp4"


def clips(footage: Footage, facts: Facts) -> None:
    """Each clip against itself."""
    heading("clip", "frames", "`lip_sync`", "confidence", "offset, ms", "largest self-score", "flags")
    offsets: dict[str, float | None] = {}
    for name in footage.there(CLIPS):
        record = footage.record(name, name)
        offsets[name] = record.scores.get("lip_sync_offset_ms")
        told = [number(record, score, form) for score, form in (("lip_sync", ".3f"), ("lip_sync_confidence", ".1f"))]
        scores = {n: v for n, v in record.scores.items() if n.endswith("_div") and "lip_sync" not in n}
        largest = max(map(abs, scores.values()))
        shown = ", ".join(flag for flag in flags(record).split(", ") if flag != "copy")
        line(name, record.frames[0], *told, number(record, "lip_sync_offset_ms", "+.0f"), f"{largest:g}", shown)
        facts.check(f"{name}: scores against itself", "0", f"{largest:g}", largest == 0)
        if name in OFFSETS_MS:
            facts.near(f"{name}: offset", OFFSETS_MS[name], offsets[name])
        if name == SEVERAL:
            facts.check(f"{name}: flagged", "several faces", flags(record), "several faces" in flags(record))
    for (x, y), apart in APART_MS.items():
        if x in offsets and y in offsets:
            both = offsets[x], offsets[y]
            facts.near(f"{x}: offset less that of {y}", apart, None if None in both else both[0] - both[1])


TABLES: dict[str, Callable[[Footage, Facts], None]] = {
    "clips": clips,
    "reading": partial(reading, names=CLIPS),
    "shifts": shifts,
    "wrong": wrong_sounds,
    "noise": noise,
    "methods": methods,
    "timing": timing,
}


def main() -> None:
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(TABLES):
        sys.exit(f"real_clips: python benchmarks/real_clips.py FOLDER [{' | '.join(TABLES)}]")
    footage, facts, failed = Footage(Path(sys.argv[1])), Facts(), 0
    absent = [name for name in CLIPS if name not in footage]
    print(f"not there: {', '.join(absent) or 'none'}")
    for name in sys.argv[2:] or TABLES:
        TABLES[name](footage, facts)
        failed += facts.print()
    print(f"\n{failed} facts failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
