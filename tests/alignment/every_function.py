"""Every public function with arrays that it takes: what must hold of all is tested on this table, of new ones too."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jaxeval
from jaxeval import alignment, metrics
from jaxeval.alignment import distances
from jaxeval.alignment.distances import squared_euclidean
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.metrics import blink_rate as blink
from jaxeval.metrics import canny, frechet, motion, perceptual, registration, smoothness
from jaxeval.metrics import temporal_faults as faults
from jaxeval.metrics.aligned import aligned_from_costs
from jaxeval.metrics.lag_support import lag_support
from jaxeval.metrics.voice_spectrum import voice_spectrum

EXEMPT = {
    "checked": "takes a function",
    "load_encoder": "takes a name",
    "empty_moments": "takes numbers",
    "suggest_gamma": "on the host, in float64",
    "legacy_windows": "takes numbers",
    "frechet_distance_exact": "on the host, in float64",
    "as_floats": "a piece of others",
    "chunked_map": "takes a function",
    "mean_of_neighbors": "what smooth is given",
    "lpips": "needs an encoder; in test_encoders_on_meshes and test_perceptual",
    "lpips_features": "likewise",
    "weighted_taps": "likewise",
    "lpips_center": "likewise",
    "lpips_matrix": "likewise",
    "perceptual_steps": "likewise; in test_tlpips",
    **dict.fromkeys(("score", "read_video", "read_audio", "face_chips", "plot_alignment"), "of files or for a reader"),
    **dict.fromkeys(("scenes", "spread", "without_foreign"), "a piece of the fault detectors"),
}
"""Public functions that the table leaves out, and why."""


class Case(NamedTuple):
    """A call.

    Attributes:
        function: of arrays alone.
        arrays: float32, of four or eight rows where they have rows.
        has_gradient: whether it is differentiable.
        infinite: whether +inf is a documented result.
    """

    function: Callable
    arrays: tuple[np.ndarray, ...]
    has_gradient: bool = True
    infinite: bool = False


RNG = np.random.default_rng(0)


def uniform(*shape):
    return RNG.uniform(0.1, 0.9, shape).astype(np.float32)


def walk(rows, columns):
    return np.cumsum(RNG.standard_normal((rows, columns)), axis=0).astype(np.float32)


def curve(rows):
    return np.sin(0.7 * np.arange(rows) + RNG.uniform(0, 6)).astype(np.float32)


FRAMES = uniform(4, 16, 16, 3), uniform(4, 16, 16, 3)
WALKS = walk(8, 3), walk(8, 3)
COST = np.square(WALKS[0][:, None] - WALKS[1][None]).sum(axis=2)
OWN = tuple(np.square(x[:, None] - x[None]).sum(axis=2) for x in WALKS)
LONG = walk(48, 3), walk(48, 3)
LONG_COSTS = tuple(np.square(LONG[a][:, None] - LONG[b][None]).sum(axis=2) for a, b in ((0, 0), (1, 1), (0, 1)))
MESHES = 100 * uniform(4, 468, 3), 100 * uniform(4, 468, 3)
CANONICAL, WEIGHTS = 10 * uniform(468, 3), uniform(468)
FEATURES = walk(16, 3), walk(16, 3)


def fitted(mesh):
    return motion.fit_mesh(mesh, CANONICAL, WEIGHTS)


def posed(mesh, other):
    return motion.pose_trajectory(fitted(mesh), motion.pose_frame(fitted(other), CANONICAL))


def distance_of_sets(x, y):
    return jaxeval.frechet_distance(jaxeval.updated(jaxeval.moments(x[:8]), x[8:]), jaxeval.moments(y))


def in_one(m):
    """Moments with the digits that their arrays have no room for, which are rounding."""
    return m.n, m.mean + m.mean_low, m.scatter + m.scatter_low


def union(x, y):
    return in_one(jaxeval.merged(jaxeval.moments(x), jaxeval.moments(y)))


SHARES = np.array([0.7, 0.3], np.float32)

CASES = {
    "psnr": Case(jaxeval.psnr, FRAMES, infinite=True),
    "l1": Case(jaxeval.l1, FRAMES),
    "ssim": Case(jaxeval.ssim, FRAMES),
    "ms_ssim": Case(jaxeval.ms_ssim, (uniform(4, 162, 161, 3), uniform(4, 162, 161, 3))),
    "cpbd": Case(jaxeval.cpbd, (uniform(4, 64, 64, 3),), has_gradient=False),
    "canny": Case(canny.canny, (uniform(64, 64),), has_gradient=False),
    "niqe": Case(lambda x: jaxeval.niqe(x, niqe_model()), (uniform(4, 96, 192, 3),)),
    "smooth": Case(jaxeval.smooth, FRAMES[:1]),
    "registration": Case(registration.registration, FRAMES),
    "misregistered": Case(
        lambda x, y: registration.misregistered(registration.registration(x, y), 16, 16), FRAMES, has_gradient=False
    ),
    "csim": Case(jaxeval.csim, WALKS),
    "id_distance": Case(jaxeval.id_distance, WALKS),
    "id_stability": Case(jaxeval.id_stability, WALKS[:1]),
    "lmd": Case(jaxeval.lmd, MESHES),
    "m_lmd": Case(jaxeval.m_lmd, MESHES),
    "umeyama": Case(lambda x: motion.umeyama(CANONICAL, x, WEIGHTS), MESHES[:1]),
    "fit_mesh": Case(fitted, MESHES[:1]),
    "euler_angles": Case(lambda x: motion.euler_angles(fitted(x).rotation), MESHES[:1]),
    "pose_frame": Case(lambda x: motion.pose_frame(fitted(x), CANONICAL), MESHES[:1]),
    "pose_trajectory": Case(posed, MESHES),
    "expression_trajectory": Case(lambda x: motion.expression_trajectory(x, CANONICAL, fitted(x)), MESHES[:1]),
    "jerk": Case(partial(jaxeval.jerk, fps=25.0), WALKS[:1]),
    "log_dimensionless_jerk": Case(smoothness.log_dimensionless_jerk, WALKS[:1], infinite=True),
    "spectral_arc_length": Case(partial(jaxeval.spectral_arc_length, fps=25.0), WALKS[:1]),
    "head_motion": Case(jaxeval.head_motion, WALKS),
    "mouth_shape": Case(jaxeval.mouth_shape, MESHES[:1]),
    "lip_variates": Case(lambda x: jaxeval.lip_variates(x, lip_projection()), MESHES[:1]),
    "eye_openness": Case(jaxeval.eye_openness, (FRAMES[0], 16 * uniform(4, 468, 3))),
    "eye_pictures": Case(lambda x, y: blink.eye_pictures(x, y), (FRAMES[0], 16 * uniform(4, 468, 3))),
    "openness_of": Case(blink.openness_of, (uniform(8, 2, 24),)),
    "blink_rate": Case(partial(jaxeval.blink_rate, fps=25.0), (uniform(56, 2),), has_gradient=False),
    "tlpips": Case(jaxeval.tlpips, (uniform(8), uniform(8))),
    "voice_spectrum": Case(lambda x: voice_spectrum(x, count=8).values, (walk(3200, 1)[:, 0],)),
    "voice_variates": Case(
        lambda x: jaxeval.voice_variates(x, lip_projection(), count=8).values, (walk(3200, 1)[:, 0],)
    ),
    "mfcc": Case(jaxeval.mfcc, (1000 * walk(3200, 1)[:, 0],)),
    "standardized_variates": Case(lambda x: jaxeval.standardized_variates(x, SHARES), (walk(32, 2),)),
    "lip_sync": Case(lambda x, y: jaxeval.lip_sync(x, y, SHARES, max_offset=5), (walk(32, 2), walk(32, 2))),
    "sync_scores": Case(partial(jaxeval.sync_scores, max_offset=5), (walk(32, 4), walk(32, 4))),
    "frozen": Case(faults.frozen, LONG_COSTS[:2]),
    "looped": Case(faults.looped, LONG_COSTS[:2]),
    "static": Case(faults.static, LONG_COSTS[:2]),
    "reversed_in_time": Case(faults.reversed_in_time, LONG_COSTS[2:]),
    "copy": Case(partial(faults.copy, noise=0.1), (uniform(32),)),
    "lag_support": Case(lag_support, (LONG_COSTS[2], curve(48))),
    "timing": Case(partial(jaxeval.timing, fps=25.0), (curve(32),)),
    "kid": Case(jaxeval.kid, FEATURES),
    "kid_subsets": Case(partial(jaxeval.kid_subsets, key=jax.random.key(0), subsets=2, size=8), FEATURES),
    "moments": Case(lambda x: in_one(jaxeval.moments(x)), FEATURES[:1]),
    "merged": Case(union, FEATURES),
    "updated": Case(lambda x, y: in_one(jaxeval.updated(jaxeval.moments(x), y)), FEATURES),
    "covariance": Case(lambda x: frechet.covariance(jaxeval.moments(x)), FEATURES[:1]),
    "frechet_distance": Case(distance_of_sets, FEATURES),
    "feature_costs": Case(lambda x, y: perceptual.feature_costs(x, y, jnp.mean(x, 0)), FEATURES),
    "squared_euclidean": Case(squared_euclidean, WALKS),
    "euclidean": Case(distances.euclidean, WALKS),
    "cosine": Case(distances.cosine, WALKS),
    "aligned": Case(lambda x, y: jaxeval.aligned(squared_euclidean)(x, y, (7, 6)), WALKS),
    "aligned, band": Case(jaxeval.aligned(distances.cosine, band=3), WALKS),
    "aligned, a distance of one's own": Case(jaxeval.aligned(lambda x, y: jnp.abs(x[:, None] - y[None]).sum(2)), WALKS),
    "aligned_from_costs": Case(aligned_from_costs, (COST, *OWN)),
    "soft_dtw": Case(jaxeval.soft_dtw, (COST,)),
    "soft_dtw, lengths": Case(partial(jaxeval.soft_dtw, lengths=(7, 6), gamma=1.0), (COST,)),
    "soft_dtw, band": Case(partial(jaxeval.soft_dtw, band=3), (COST,)),
    "soft_dtw_alignment": Case(jaxeval.soft_dtw_alignment, (COST,)),
    "soft_dtw_value_and_alignment": Case(alignment.soft_dtw_value_and_alignment, (COST,)),
    "soft_dtw_divergence": Case(jaxeval.soft_dtw_divergence, WALKS),
    "divergence_from_costs": Case(alignment.divergence_from_costs, (COST, *OWN)),
    "pairwise_costs": Case(partial(alignment.pairwise_costs, squared_euclidean), WALKS),
    "sharp_soft_dtw": Case(jaxeval.sharp_soft_dtw, (COST,)),
    "mean_cost": Case(jaxeval.mean_cost, (COST,)),
    "normalized_soft_dtw": Case(jaxeval.normalized_soft_dtw, (COST,)),
    "dtw": Case(jaxeval.dtw, (COST,)),
    "dtw_path": Case(partial(jaxeval.dtw_path, size=15), (COST,), has_gradient=False),
    "lag": Case(jaxeval.lag, (uniform(8, 8),)),
    "expected_path": Case(jaxeval.expected_path, (uniform(8, 8),)),
    "Suite": Case(
        lambda x, y: jaxeval.Suite({"l1": jaxeval.l1, "own": lambda x, y: jnp.square(x - y).mean((1, 2, 3))})(x, y),
        FRAMES,
    ),
}
FRAMEWISE = {"psnr", "l1", "ssim", "ms_ssim", "cpbd", "niqe", "smooth", "Suite"}
"""Those that take frames in [0, 1]."""


def public_functions() -> set[str]:
    """Names of all that is to be in the table: in `jaxeval`, and in the modules of its alignment and its metrics."""
    names = {name for house in (jaxeval, alignment) for name in house.__all__ if is_function(getattr(house, name))}
    for found in pkgutil.iter_modules(metrics.__path__):
        module = importlib.import_module(f"{metrics.__name__}.{found.name}")
        names |= {name for name, value in vars(module).items() if is_function(value) and defined_in(module, value)}
    return {name for name in names | {"squared_euclidean", "euclidean", "cosine"} if not name.startswith("_")}


def is_function(value) -> bool:
    return inspect.isfunction(value)


def defined_in(module, value) -> bool:
    return value.__module__ == module.__name__


def numbers(result) -> list:
    """A result's floating-point arrays."""
    return [leaf for leaf in jax.tree.leaves(result) if jnp.issubdtype(leaf.dtype, jnp.floating)]


def with_slopes(function, *arrays) -> tuple[list, tuple]:
    """All numbers that a function gives, and the gradients of their sum with weights that depend on them.

    With equal weights a function whose results add up to a constant would have a gradient of rounding errors.
    """
    found, back = jax.vjp(lambda *arrays: numbers(function(*arrays)), *arrays)
    return found, back([_weights(x) for x in found])


def _weights(x):
    finite = jnp.where(jnp.isfinite(x), x, 0)
    return 1 + finite / (1 + jnp.abs(finite))
