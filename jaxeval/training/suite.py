"""Several metrics on one pair, or a batch of pairs, with each network run once over each clip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import BYTES, edge, widened
from jaxeval.metrics.perceptual import lpips_features
from jaxeval.scoring.step import FRAMES, OnEncoder, Rows, step


class LpipsFeatures(NamedTuple):
    """An LPIPS network as an encoder of trajectories: its weighted features, whose squared distances are LPIPS.

    Attributes:
        network: such as `load_encoder("lpips_alex")`.

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> features = LpipsFeatures(jaxeval.load_encoder("lpips_alex"))
        >>> features(jnp.zeros((2, 64, 64, 3))).shape[0]
        2
    """

    network: Any

    @edge(frames=BYTES)
    def __call__(self, frames: jax.Array) -> jax.Array:
        """`[T, H, W, 3]` to `[T, D]`, see `jaxeval.metrics.perceptual.lpips_features`."""
        return lpips_features(self.network, frames)

    def of_pair(self, x: jax.Array, y: jax.Array, lengths: Lengths | None = None) -> tuple[jax.Array, jax.Array]:
        """Both clips' features less the mean of the reference's valid ones, so that their small distances keep digits.

        Args:
            x: `[T, H, W, 3]` generated frames.
            y: `[S, H, W, 3]` reference frames.
            lengths: (t, s), numbers of valid leading frames; None for (T, S).

        Returns:
            `[T, D]` and `[S, D]`.
        """
        a, b = self(x), self(y)
        _, s = checked_lengths(lengths, (a.shape[0], b.shape[0]))
        valid = jnp.arange(b.shape[0], dtype=s.dtype) < s
        center = jnp.sum(jnp.where(valid[:, None], b, 0), axis=0) / s.astype(b.dtype)
        return a - center[None], b - center[None]


@jax.tree_util.register_pytree_node_class
@dataclass(frozen=True, eq=False)
class Suite:
    """Metrics of generated clips against references, for a training loop: pure, differentiable, encoder passes shared.

    A suite is a pytree whose leaves are the encoders' weights: pass it to a compiled function as an argument, so that
    they don't become constants of the program. Make it once, outside the loop: functions are compared by identity (the
    metrics of `jaxeval.aligned` by their settings), so a suite with new functions is compiled again. One call scores
    one pair; for a batch, `jax.vmap` it over x, y and lengths.

    An encoder's trajectory is its output for the clip's frames. From the output of `LpipsFeatures(network)` its mean
    over the reference is subtracted, so that `jaxeval.metrics.perceptual.feature_costs` is LPIPS of all pairs. It takes
    1.9 MB a frame at 224×224 for `lpips_alex`: for clips longer than a few seconds use `jaxeval.lpips_matrix` or the
    command.

    Args:
        metrics: a score's name to its metric: a function of frames, or `OnEncoder(encoder's name, function)`.
        encoders: name to encoder, such as `load_encoder("dlib_resnet")`; any function of frames `[T, H, W, 3]` to a
            pytree of `[T, ...]` that is itself a pytree.

    Raises:
        ValueError: a metric names an unknown encoder, or an encoder is called "frames" or isn't a function.

    Example:
        >>> import jax, jax.numpy as jnp, jaxeval
        >>> suite = jaxeval.Suite({
        ...     "ssim": jaxeval.ssim,
        ...     "csim": jaxeval.OnEncoder("identity", jaxeval.csim),
        ...     "csim_aligned": jaxeval.OnEncoder("identity", jaxeval.aligned(jaxeval.distances.cosine, gamma=6e-4)),
        ... }, encoders={"identity": jaxeval.load_encoder("dlib_resnet")})
        >>> x = jax.random.uniform(jax.random.key(0), (2, 3, 150, 150, 3))
        >>> scores = jax.jit(jax.vmap(Suite.__call__, in_axes=(None, 0, 0)))(suite, x, x)
        >>> scores["ssim"].shape, scores["csim_aligned"].divergence.tolist()
        ((2,), [0.0, 0.0])
    """

    metrics: Mapping[str, OnEncoder | Callable[..., Any]]
    encoders: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if FRAMES in self.encoders:
            raise ValueError(f"Expected encoder names other than {FRAMES!r}, which stands for the clips themselves.")
        for name, encoder in self.encoders.items():
            if not callable(encoder):
                raise ValueError(
                    f"Expected encoder {name!r} to be a function of frames, such as jaxeval.load_encoder gives, got "
                    f"{type(encoder).__name__}."
                )
        for name, metric in self.metrics.items():
            if (encoder := _on_encoder(metric).encoder) not in (FRAMES, *self.encoders):
                raise ValueError(f"Expected {name} to use one of {[FRAMES, *self.encoders]}, got {encoder!r}.")

    @edge(x=BYTES, y=BYTES)
    def __call__(self, x: jax.Array, y: jax.Array, lengths: Lengths | None = None) -> dict[str, Any]:
        """Score one pair.

        Args:
            x: `[T, H, W, 3]` generated frames, RGB in [0, 1], or uint8.
            y: `[S, H, W, 3]` reference frames.
            lengths: (t, s), numbers of valid leading frames, Python ints or traced; None for (T, S).

        Returns:
            Name to score: for a frame-wise metric its mean over the first min(t, s) frames, for any other what it
            returns, so an `AlignedScore` for those that `jaxeval.aligned` made.

        Raises:
            ValueError: the frames differ in size or are known to lie outside [0, 1], a static length is out of range,
                or a metric that takes no `lengths` doesn't return one value per frame.
        """
        if x.ndim != 4 or y.ndim != 4 or x.shape[1:] != y.shape[1:]:
            raise ValueError(f"Expected frames [T, H, W, 3] of one size, got {x.shape} and {y.shape}.")
        t, s = checked_lengths(lengths, (x.shape[0], y.shape[0]))
        metrics = {name: _on_encoder(metric) for name, metric in self.metrics.items()}
        scores = step(self.encoders, Rows(x, y, lengths), metrics)
        return {
            name: _mean(score, jnp.minimum(t, s)) if metrics[name].is_framewise else score
            for name, score in scores.items()
        }

    def tree_flatten(self) -> tuple[tuple[dict[str, Any]], tuple[tuple[str, Any], ...]]:
        """Encoders are leaves, metrics are not."""
        return (dict(self.encoders),), tuple(self.metrics.items())

    @classmethod
    def tree_unflatten(cls, metrics: tuple[tuple[str, Any], ...], encoders: tuple[dict[str, Any]]) -> "Suite":
        """The way back; nothing is checked, since JAX puts placeholders where the encoders are."""
        suite = object.__new__(cls)
        object.__setattr__(suite, "metrics", dict(metrics))
        object.__setattr__(suite, "encoders", encoders[0])
        return suite


def _on_encoder(metric: OnEncoder | Callable[..., Any]) -> OnEncoder:
    return metric if isinstance(metric, OnEncoder) else OnEncoder(FRAMES, metric)


def _mean(values: jax.Array, common: jax.Array) -> jax.Array:
    """Over the frames that both clips have."""
    values, valid = widened(values), jnp.arange(len(values), dtype=common.dtype) < common
    return jnp.sum(jnp.where(valid, values, 0)) / common.astype(values.dtype)
