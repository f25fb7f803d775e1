"""The figures of docs/alignment.md, drawn from the demo's talking face.

The trajectory is a cheap one, for which no network is needed: grey levels of mouth and chin, averaged over blocks of
8 × 8 pixels; the cost is their squared Euclidean distance. The faults are put in on purpose: the truth is known.

    python examples/alignment_figures.py [FOLDER]
"""

import io
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from PIL import Image

import jaxeval
from jaxeval.alignment import lag
from jaxeval.alignment.distances import squared_euclidean
from jaxeval.demo.clips import FPS, talking_face
from jaxeval.perturb.picture import late, rubato
from jaxeval.report.figures import ALIGNED, FRAMEWISE, GREY, INK

FOLDER = Path(__file__).parents[1] / "docs" / "figures"
MOUTH = slice(124, 188), slice(104, 168)  # rows and columns of the clip
MISSTEP = 4e-3  # median cost between neighbouring frames of the clip
GAMMA = MISSTEP / 10  # as jaxeval-v1 chooses it
MS = 1000 / FPS
WIDTH, DPI = 7.2, 125  # inches, dots per inch
STYLE = {
    "font.size": 9,
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
}
DASHES = (0, (4, 3))
COST_MAP = LinearSegmentedColormap.from_list("cost", ["#ffffff", FRAMEWISE, "#5c2800"])
ALIGNMENT_MAP = LinearSegmentedColormap.from_list("alignment", ["#ffffff", ALIGNED, "#003359"])


def trajectory(frames: np.ndarray) -> jax.Array:
    """Grey levels of mouth and chin in [0, 1], over blocks of 8 × 8 pixels: [T, H, W, 3] uint8 to [T, 64]."""
    gray = frames[:, *MOUTH].mean(axis=-1) / 255
    blocks = gray.reshape(len(gray), 8, 8, 8, 8).mean(axis=(2, 4))
    return jnp.asarray(blocks.reshape(len(gray), -1), jnp.float32)


def half_as_far(frames: np.ndarray) -> np.ndarray:
    """A fault of the picture: every frame halfway between itself and the clip's mean, so that nothing moves enough."""
    return np.rint((frames + frames.mean(axis=0)) / 2).astype(np.uint8)


def why_align(frames: np.ndarray) -> Figure:
    """A clip that is 80 ms late, frame by frame and aligned, beside one whose mouth moves half as far."""
    generated = late(frames, 0.08, fps=FPS).frames
    figure = Figure(figsize=(WIDTH, 4.1))
    _strips(figure.add_axes((0.012, 0.555, 0.976, 0.435)), frames, generated, range(3, 13))
    score, cost = _scored(generated, frames)
    over_time = figure.add_axes((0.085, 0.11, 0.5, 0.345))
    seconds = np.arange(len(cost)) / FPS
    expected = (score.alignment * cost).sum(axis=1) / score.alignment.sum(axis=1)
    for values, color, name in ((np.diagonal(cost), FRAMEWISE, "frame-wise"), (expected, ALIGNED, "aligned")):
        over_time.fill_between(seconds, values, color=color, alpha=0.14, linewidth=0)
        over_time.plot(seconds, values, color=color, label=name)
    over_time.set(
        xlim=(0, seconds[-1]), ylim=(0, 1.25 * float(np.diagonal(cost).max())), xlabel="time in the generated clip (s)"
    )
    over_time.set_title("cost of each frame, 80 ms late")
    over_time.legend(loc="upper right", ncols=2, borderpad=0, handlelength=1.4)
    faults = {"80 ms late": score, "mouth moves\nhalf as far": _scored(half_as_far(frames), frames)[0]}
    _bars(figure.add_axes((0.745, 0.11, 0.18, 0.345)), faults)
    return figure


def _scored(generated: np.ndarray, reference: np.ndarray) -> tuple[jaxeval.AlignedScore, np.ndarray]:
    """The scores of a pair, and its cost matrix."""
    x, y = trajectory(generated), trajectory(reference)
    return jaxeval.aligned(squared_euclidean, gamma=GAMMA)(x, y), np.asarray(squared_euclidean(x, y))


def _strips(axes: Axes, reference: np.ndarray, generated: np.ndarray, shown: range) -> None:
    """The mouths of both clips, and which of them either comparison holds against each other."""
    delay, left, step, upper = int(0.08 * FPS), 1.35, 1.06, 1.65
    for row, clip, name in ((upper, reference, "reference"), (0, generated, "generated,\n80 ms late")):
        axes.text(0, row + 0.5, name, va="center")
        for k, t in enumerate(shown):
            x = left + k * step
            axes.imshow(clip[t][MOUTH], extent=(x, x + 1, row, row + 1))
    for k, t in enumerate(shown):
        x = left + k * step + 0.5
        axes.text(x, -0.09, f"{t / FPS:.2f} s", ha="center", va="top", color=GREY)
        axes.plot([x, x], [1.05, upper - 0.05], color=FRAMEWISE, linewidth=1.2, linestyle=DASHES)
        if k >= delay:
            axes.plot([x, x - delay * step], [1.05, upper - 0.05], color=ALIGNED)
    axes.set(xlim=(0, left + step * len(shown)), ylim=(-0.4, upper + 1))
    axes.axis("off")


def _bars(axes: Axes, faults: dict[str, jaxeval.AlignedScore]) -> None:
    for k, score in enumerate(faults.values()):
        for offset, value, color in ((-0.19, score.framewise, FRAMEWISE), (0.19, score.divergence, ALIGNED)):
            axes.barh(k + offset, float(value), height=0.34, color=color)
            axes.text(float(value), k + offset, f" {value:.4f}", va="center")
    axes.set_yticks(range(len(faults)), list(faults))
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(1.6, -0.6), xticks=[])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title("whole clip: frame-wise, divergence", x=-0.6)


def cost_and_alignment(frames: np.ndarray) -> Figure:
    """The cost matrix of a clip that is 120 ms late, and its expected alignment at three temperatures."""
    reference = frames[3:35]
    cost = squared_euclidean(trajectory(late(reference, 0.12, fps=FPS).frames), trajectory(reference))
    height, side, left, step = 3.1, 0.213, 0.062, 0.2405
    figure = Figure(figsize=(WIDTH, height))
    axes = [figure.add_axes((left + step * k, 0.38, side, side * WIDTH / height)) for k in range(4)]
    cost_norm, alignment_norm = PowerNorm(0.5, 0, float(cost.max())), PowerNorm(0.5, 0, 1)
    _matrix(axes[0], cost, COST_MAP, cost_norm)
    axes[0].plot(*jaxeval.dtw_path(cost).T, color=INK, linewidth=1)
    axes[0].set(title="cost D, exact path", ylabel="reference frame s")
    for panel, missteps in zip(axes[1:], (0.1, 1, 10), strict=True):
        gamma = missteps * MISSTEP
        _matrix(panel, jaxeval.soft_dtw_alignment(cost, gamma=gamma), ALIGNMENT_MAP, alignment_norm)
        panel.set_title(f"E, γ = {gamma:g}")
        panel.set_yticklabels([])
    for panel in axes:
        panel.set_xlabel("generated frame t")
    _scale(figure, (left, 0.115, side, 0.03), ScalarMappable(cost_norm, COST_MAP), "cost (grey level²)", [0, 0.1, 0.4])
    where = (left + step, 0.115, 2 * step + side - 0.008, 0.03)
    _scale(figure, where, ScalarMappable(alignment_norm, ALIGNMENT_MAP), "probability of a cell", [0, 0.1, 0.5, 1])
    return figure


def _matrix(axes: Axes, matrix: jax.Array, colors: LinearSegmentedColormap, norm: PowerNorm) -> None:
    axes.imshow(np.asarray(matrix).T, origin="lower", cmap=colors, norm=norm)
    end = len(matrix) - 1
    axes.plot([0, end], [0, end], color=GREY, linewidth=1, linestyle=DASHES)
    axes.set(xticks=[0, 10, 20, 30], yticks=[0, 10, 20, 30])


def _scale(figure: Figure, where: tuple, colors: ScalarMappable, label: str, ticks: list[float]) -> None:
    bar = figure.colorbar(colors, cax=figure.add_axes(where), orientation="horizontal", ticks=ticks)
    bar.outline.set_visible(False)
    bar.ax.set_xticklabels([f"{tick:g}" for tick in ticks])
    bar.ax.set_title(label, fontsize=9, pad=3)


def value_and_divergence(frames: np.ndarray) -> Figure:
    """Soft-DTW and its divergence, of a clip against itself and 80 ms late, over γ and over the clips' length."""
    itself, delayed = trajectory(frames), trajectory(late(frames, 0.08, fps=FPS).frames)
    gammas, lengths = jnp.geomspace(1e-4, 0.05, 40), jnp.arange(15, len(frames) + 1)

    def over_gamma(x):
        return jax.vmap(lambda gamma: jaxeval.aligned(squared_euclidean, gamma=gamma)(x, itself))(gammas)

    def over_length(x):
        metric = jaxeval.aligned(squared_euclidean, gamma=0.01)
        return jax.vmap(lambda n: metric(x, itself, lengths=(n, n)))(lengths)

    def over_length_of_nothing(n):
        return jaxeval.soft_dtw(jnp.zeros((len(frames), len(frames))), gamma=1.0, lengths=(n, n)) / n

    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col")
    entropy = jax.vmap(over_length_of_nothing)(lengths)
    columns = ((gammas, gammas * entropy[-1], over_gamma), (lengths / FPS, 0.01 * entropy, over_length))
    for (above, below), (across, bias, scores) in zip(axes.T, columns, strict=True):
        # The wider line below: the narrower one hides it nowhere.
        for x, color, name, width in ((itself, INK, "the clip itself", 2.8), (delayed, ALIGNED, "80 ms late", 1.3)):
            score = scores(x)
            above.plot(across, score.seq, color=color, label=name, linewidth=width)
            below.plot(across, score.divergence, color=color, linewidth=width)
        above.plot(across, bias, color=GREY, linewidth=1, linestyle=DASHES, label="all costs 0")
    for panel in axes.flat:
        panel.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    axes[0, 0].set(xscale="log", ylabel="Soft-DTW per frame", title="over γ, clips of 3 s")
    axes[0, 1].set(title="over the clips' length, γ = 0.01")
    axes[1, 0].set(xlabel="γ (grey level²)", ylabel="divergence per frame")
    axes[1, 1].set(xlabel="length of both clips (s)")
    axes[0, 0].legend(loc="lower left")
    return figure


def timing(frames: np.ndarray) -> Figure:
    """The measured lag of two clips beside the true one."""
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    clips = {
        "80 ms late": late(frames, 0.08, fps=FPS),
        "wandering tempo": rubato(frames, 0.25, phase=np.pi / 2, fps=FPS),
    }
    axes = figure.subplots(1, 2, sharey=True)
    seconds = np.arange(len(frames)) / FPS
    for panel, (name, clip) in zip(axes, clips.items(), strict=True):
        score, _ = _scored(clip.frames, frames)
        curve, spread = MS * lag(score.alignment).curve, MS * _spread(score.alignment)
        panel.axhline(0, color=GREY, linewidth=0.8, zorder=0)
        panel.fill_between(seconds, curve - spread, curve + spread, color=ALIGNED, alpha=0.2, linewidth=0)
        panel.plot(seconds, curve, color=ALIGNED, label="lag(t)")
        panel.step(seconds, MS * clip.lag, where="mid", color=INK, linewidth=1, linestyle=DASHES, label="true delay")
        panel.set(xlim=(0, 3), xlabel="time in the generated clip (s)", yticks=range(-120, 121, 40))
        panel.set_title(f"{name}: lag {MS * score.lag:z.0f} ± {MS * score.lag_std:.0f} ms")
    axes[0].set_ylabel("lag (ms)")
    axes[0].legend(loc="lower left")
    return figure


def _spread(alignment: jax.Array) -> jax.Array:
    """Standard deviation of the reference frame s under each row of E, in frames."""
    weights, s = alignment / alignment.sum(axis=1, keepdims=True), jnp.arange(alignment.shape[1])
    mean = weights @ s
    return jnp.sqrt((weights * (s - mean[:, None]) ** 2).sum(axis=1))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    frames, _ = talking_face()
    with matplotlib.rc_context(STYLE):
        for draw in (why_align, cost_and_alignment, value_and_divergence, timing):
            path = folder / f"{draw.__name__}.png"
            buffer = io.BytesIO()
            draw(frames).savefig(buffer, dpi=DPI)
            # A palette makes the files small.
            Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
            print(path)


if __name__ == "__main__":
    main()
