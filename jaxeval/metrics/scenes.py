"""Scenes of a clip, and its odd frames: what lets a fault detector stand a black frame, a flash or a cut.

A mean over a clip is no measure of its motion once a single frame is black: the jump there and back outweighs all
else. So frames are first sorted into scenes by their costs alone, frames that visit another scene for a moment are
held to be odd and replaced by the frame before, and motion is measured within scenes only.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

_APART = 16.0
"""Two frames are linked if their cost is at most this many times the clip's spread. On the puppet and carphone (grey
blocks, crf 1 to 40, with every fault of time) no two frames cost more than 10 times the livelier clip's spread, and no
black, white or inverted one less than 32 times."""
_BRIEF = 3
"""Frames that a visit to another scene may last for its frames to be odd."""
_FOREIGN = 8.0
"""A frame is foreign to another clip if it costs that clip this many times what a frame usually does."""


class Scenes(NamedTuple):
    """A clip without its odd frames.

    Attributes:
        costs: `[T, T]` with each odd frame replaced by the last one before it that isn't odd.
        scene: `[T]` number of each frame's scene; frames of one scene have the same number.
        valid: `[T]` which frames are the clip's own and not padding.
    """

    costs: jax.Array
    scene: jax.Array
    valid: jax.Array

    @property
    def pairs(self) -> jax.Array:
        """`[T, T]` which pairs of valid frames lie in one scene."""
        return (self.scene[:, None] == self.scene[None]) & self.valid[:, None] & self.valid[None]


def scenes(costs: jax.Array, count: jax.Array, scale: jax.Array) -> Scenes:
    """Divide a clip into scenes, and replace its odd frames.

    Frames whose cost is at most 16 · scale are linked; a scene is what links connect, so that a face that moves a long
    way in small steps stays in one scene, and a clip that comes back after a cut is in the scene that it left. A frame
    is odd if it is outside the clip's longest scene, in a visit of at most 3 frames.

    Args:
        costs: `[T, T]` costs between the clip and itself.
        count: number of valid leading frames.
        scale: how far frames of one scene usually are apart: the `spread` of this clip, or of the livelier one of a
            pair.

    Returns:
        `Scenes`.

    Example:
        >>> shown = jnp.array([0.0, 1.0, 2.0, 99.0, 4.0, 5.0, 6.0])  # a flash
        >>> found = scenes(jnp.square(shown[:, None] - shown[None]), jnp.int32(7), jnp.float32(1))
        >>> found.costs[0].tolist()
        [0.0, 1.0, 4.0, 4.0, 16.0, 25.0, 36.0]
    """
    valid = jnp.arange(len(costs), dtype=jnp.int32) < count
    near = (costs <= _APART * jax.lax.stop_gradient(scale)) & valid[:, None] & valid[None]  # [T, T]
    scene = _connected(near)  # [T]
    size = jnp.sum((scene[:, None] == scene[None]) & valid[None], axis=1, dtype=jnp.int32)
    longest = scene[jnp.argmax(jnp.where(valid, size, 0))]
    source = _held(_brief(scene, valid) & (scene != longest))  # [T]
    return Scenes(costs[source][:, source], scene[source], valid)


def spread(costs: jax.Array, count: jax.Array) -> jax.Array:
    """How far frames of one scene usually are apart: the median over frames of the lower quartile of each one's costs.

    Odd frames, cuts that leave each scene a quarter of the clip, and a pause of less than a quarter don't move it much.

    Args:
        costs: `[T, T]` costs between the clip and itself.
        count: number of valid leading frames.

    Returns:
        Scalar, at least 0, in the costs' unit.

    Example:
        >>> shown = jnp.arange(9.0)
        >>> print(spread(jnp.abs(shown[:, None] - shown[None]), jnp.int32(9)))
        1.0
    """
    valid, none = jnp.arange(len(costs), dtype=jnp.int32) < count, jnp.finfo(costs.dtype).max
    quartile = jnp.sort(jnp.where(valid[None], costs, none), axis=1)[:, (count - 1) // 4]  # [T]
    return jnp.sort(jnp.where(valid, quartile, none))[(count - 1) // 2]


def without_foreign(xy: jax.Array, lengths: tuple[jax.Array, jax.Array]) -> jax.Array:
    """Costs between two clips with their odd frames replaced, as far as these costs alone can name them.

    A frame is odd if its mean cost to the other clip's frames is more than 8 times the median frame's, for at most 3
    frames in a row.

    Args:
        xy: `[T, S]` costs between the clips.
        lengths: numbers of valid leading frames.

    Returns:
        `[T, S]`, each odd frame's costs replaced by those of the last frame before it that isn't odd.
    """
    rows, columns = (_held(_foreign(costs, *counts)) for costs, counts in ((xy, lengths), (xy.T, lengths[::-1])))
    return xy[rows][:, columns]


def _foreign(costs: jax.Array, t: jax.Array, s: jax.Array) -> jax.Array:
    """`[T]` which rows are odd."""
    none = jnp.finfo(costs.dtype).max
    rows, columns = (jnp.arange(size, dtype=jnp.int32) < count for size, count in zip(costs.shape, (t, s), strict=True))
    average = jnp.sum(jnp.where(columns[None], costs, 0), axis=1) / s.astype(costs.dtype)  # [T]
    typical = jnp.sort(jnp.where(rows, average, none))[(t - 1) // 2]
    far = rows & (average > _FOREIGN * typical)
    return far & _brief(far.astype(jnp.int32), rows)


def _connected(near: jax.Array) -> jax.Array:
    """`[T]` the smallest index that each frame is connected with, by links `[T, T]`."""
    own = jnp.arange(len(near), dtype=jnp.int32)

    def lower(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        label, _ = state
        lowest = jnp.minimum(label, jnp.min(jnp.where(near, label[None], len(near)), axis=1))
        lowest = lowest[lowest]  # a label is a frame, whose own label is at most as high
        return lowest, jnp.any(lowest != label)

    return jax.lax.while_loop(lambda state: state[1], lower, (own, jnp.any(near)))[0]


def _brief(label: jax.Array, valid: jax.Array) -> jax.Array:
    """`[T]` which frames lie in a run of equal labels that lasts at most `_BRIEF` frames."""
    run = jnp.cumsum(jnp.pad(label[1:] != label[:-1], (1, 0)), dtype=jnp.int32)
    return jnp.sum((run[:, None] == run[None]) & valid[None], axis=1, dtype=jnp.int32) <= _BRIEF


def _held(odd: jax.Array) -> jax.Array:
    """`[T]` which frame stands in for each: the last one that isn't odd, or at the beginning the first one."""
    own = jnp.arange(len(odd), dtype=jnp.int32)
    last = jax.lax.cummax(jnp.where(odd, -1, own))
    return jnp.where(last < 0, jnp.argmax(~odd).astype(jnp.int32), last)
