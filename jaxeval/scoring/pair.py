"""One generated clip against its reference: every score of the protocol, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import Lag, distances, lag
from jaxeval.alignment.arguments import Lengths
from jaxeval.metrics.aligned import AlignedScore, aligned_from_costs
from jaxeval.metrics.identity import csim, id_distance
from jaxeval.metrics.image import l1, psnr, ssim
from jaxeval.metrics.motion import expression_trajectory, fit_mesh, pose_frame, pose_trajectory
from jaxeval.scoring.costs import Costs, trajectory_costs
from jaxeval.scoring.lpips_costs import BLOCK, FeatureBlocks, lpips_costs
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.record import Curves
from jaxeval.scoring.trajectories import FaceTrajectories

# Cost matrices are padded to a multiple of this, so that clips of like length share one compiled alignment.
_PAD = 64

IMAGE = ("psnr", "ssim", "l1")
FACE = ("csim", "id_distance", "pose", "expr")
ALIGNED_FACE = ("csim", "pose", "expr")


@dataclass(frozen=True)
class Scored:
    """What a pair's metrics gave.

    Attributes:
        scores: name to finite number.
        missing: name to reason.
        curves: aligned metric to its curves.
    """

    scores: dict[str, float]
    missing: dict[str, str]
    curves: dict[str, Curves]

    def __or__(self, other: "Scored") -> "Scored":
        return Scored(self.scores | other.scores, self.missing | other.missing, self.curves | other.curves)


def aligned_names(metric: str) -> tuple[str, ...]:
    """The scores that one aligned metric gives."""
    return f"{metric}_seq", f"{metric}_div", f"lag_ms_{metric}", f"lag_std_ms_{metric}"


def missing(names: tuple[str, ...], reason: str) -> Scored:
    """No numbers, for one reason."""
    return Scored({}, dict.fromkeys(names, reason), {})


def face_names() -> tuple[str, ...]:
    """Every score that needs a face."""
    return FACE + tuple(name for metric in ALIGNED_FACE for name in aligned_names(metric))


def image_scores(x: np.ndarray, y: np.ndarray) -> Scored:
    """PSNR, SSIM and L1 over the common frames.

    Args:
        x: `[T, H, W, 3]` uint8 crops of the generated clip.
        y: `[S, H, W, 3]` uint8 crops of the reference.

    Returns:
        Means over the first min(T, S) frames; psnr is missing if any two frames are identical.
    """
    common = min(len(x), len(y))
    parts = []
    for start in range(0, common, BLOCK):
        rows = np.arange(start, start + BLOCK).clip(max=common - 1)
        parts.append(jax.device_get(_image(_unit(x[rows]), _unit(y[rows]))))
    values = {name: np.concatenate([part[name] for part in parts])[:common] for name in IMAGE}
    same = int(np.isinf(values["psnr"]).sum())
    means = {name: _mean(value) for name, value in values.items() if not (name == "psnr" and same)}
    return Scored(means, {"psnr": f"identical frames: {same} of {common}"} if same else {}, {})


@jax.jit
def _image(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    return {"psnr": psnr(x, y), "ssim": ssim(x, y), "l1": l1(x, y)}


def _unit(frames: np.ndarray) -> np.ndarray:
    """[0, 255] to [0, 1], apart from the compiled step: fused with a difference, it would round x and y differently."""
    return frames.astype(np.float32) / np.float32(255)


def perceptual_scores(
    blocks: FeatureBlocks,
    protocol: Protocol,
    x: tuple[str, np.ndarray],
    y: tuple[str, np.ndarray],
    progress: Callable[[float], None],
) -> Scored:
    """ST-LPIPS, frame-wise and aligned; x and y are a clip's unique name and its crops."""
    costs = lpips_costs(blocks, x, y, progress)
    frame_by_frame = Scored({"st_lpips": _mean(costs.framewise)}, {}, {})
    return frame_by_frame | align("st_lpips", costs, protocol)


def face_scores(mesh: Any, protocol: Protocol, x: FaceTrajectories, y: FaceTrajectories, stretch: np.ndarray) -> Scored:
    """Identity, pose and expression, frame-wise and aligned.

    Args:
        mesh: the landmarks' encoder, for its canonical face.
        protocol: γ and band.
        x: the generated clip's face.
        y: the reference's.
        stretch: `[3]` factors that bring the generated clip's pixels to the reference's size.

    Returns:
        All scores of `face_names`.
    """
    common = min(len(x.identity), len(y.identity))
    same_time = jnp.asarray(x.identity[:common]), jnp.asarray(y.identity[:common])
    costs = face_costs(mesh, x, y, stretch)
    means = {"csim": _mean(csim(*same_time)), "id_distance": _mean(id_distance(*same_time))}
    means |= {metric: _mean(costs[metric].framewise) for metric in ("pose", "expr")}
    scored = Scored(means, {}, {})
    for metric, cost in costs.items():
        scored |= align(metric, cost, protocol)
    return scored


def face_costs(mesh: Any, x: FaceTrajectories, y: FaceTrajectories, stretch: np.ndarray) -> dict[str, Costs]:
    """The costs of csim, pose and expr; arguments as for `face_scores`."""
    (pose_x, expr_x), (pose_y, expr_y) = _motion(mesh, x.landmarks * stretch, y.landmarks)
    return {
        "csim": trajectory_costs(distances.cosine, x.identity, y.identity),
        "pose": trajectory_costs(distances.squared_euclidean, pose_x, pose_y),
        "expr": trajectory_costs(distances.squared_euclidean, expr_x, expr_y),
    }


def align(metric: str, costs: Costs, protocol: Protocol) -> Scored:
    """Soft-DTW's part of one metric: `_seq`, `_div`, lag and its spread, and the curves.

    Args:
        metric: its name.
        costs: of the pair.
        protocol: its γ for this metric, band and fps.

    Returns:
        The four scores; lags are missing if a clip has one frame only.
    """
    t, s = costs.xy.shape
    padded = (_padded(costs.xy), _padded(costs.xx), _padded(costs.yy))
    band = None if protocol.band is None else protocol.band * protocol.fps / 1000
    gamma = jnp.float32(protocol.gamma[metric])
    result, timing = jax.device_get(_align(*padded, (jnp.int32(t), jnp.int32(s)), gamma, band))
    alignment = result.alignment[:t, :s]
    expected = (alignment * costs.xy).sum(axis=1) / alignment.sum(axis=1)
    scores = {f"{metric}_seq": float(result.seq), f"{metric}_div": float(result.divergence)}
    scored = Scored(scores, {}, {metric: Curves(costs.framewise, expected, timing.curve[:t], alignment)})
    lags = (f"lag_ms_{metric}", f"lag_std_ms_{metric}")
    if min(t, s) < 2:
        return scored | missing(lags, "one frame only: it has no timing")
    milliseconds = 1000 / protocol.fps
    values = (float(result.lag) * milliseconds, float(result.lag_std) * milliseconds)
    return scored | Scored(dict(zip(lags, values, strict=True)), {}, {})


@partial(jax.jit, static_argnames="band")
def _align(
    xy: jax.Array, xx: jax.Array, yy: jax.Array, lengths: Lengths, gamma: jax.Array, band: float | None
) -> tuple[AlignedScore, Lag]:
    score = aligned_from_costs(xy, xx, yy, gamma=gamma, lengths=lengths, band=band)
    return score, lag(score.alignment, lengths=lengths)


def _padded(costs: np.ndarray) -> np.ndarray:
    return np.pad(costs, [(0, -length % _PAD) for length in costs.shape])


def _motion(mesh: Any, x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pose and expression of both clips, pose in the reference's unit; landmarks in pixels of the reference."""
    canonical, weights = mesh.canonical[...], mesh.procrustes_weights[...]
    landmarks = [jnp.asarray(points, jnp.float32) for points in (x, y)]
    fits = [fit_mesh(points, canonical, weights) for points in landmarks]
    unit = pose_frame(fits[1], canonical)
    return [
        (np.asarray(pose_trajectory(fit, unit)), np.asarray(expression_trajectory(points, canonical, fit)))
        for points, fit in zip(landmarks, fits, strict=True)
    ]


def _mean(values: Any) -> float:
    return float(np.mean(np.asarray(values), dtype=np.float64))
