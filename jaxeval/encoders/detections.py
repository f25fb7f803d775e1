"""Candidate faces: MediaPipe's anchors, the decoding of raw network outputs, weighted non-maximum suppression."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxeval.alignment.edge import TREE, edge

GRIDS = ((16, 2), (8, 6))
"""(cells per side, anchors per cell) of BlazeFace's two feature maps: 512 + 384 = 896 anchors."""

KEYPOINTS = 6
"""Right eye, left eye, nose tip, mouth centre, right and left ear tragion (the subject's right and left)."""

LOGIT_LIMIT = 100.0


class Detections(NamedTuple):
    """Candidate faces of T frames, or of one frame without the axis T.

    Attributes:
        boxes: `[T, N, 4]` xmin, ymin, xmax, ymax in [0, 1] of the square input; a face may reach beyond it.
        keypoints: `[T, N, 6, 2]` x, y in the same unit; the subject's right eye, left eye, nose tip, mouth centre,
            right ear tragion, left ear tragion.
        scores: `[T, N]` probability of a face in [0, 1]; exactly 0 marks an empty slot after suppression.
    """

    boxes: jax.Array
    keypoints: jax.Array
    scores: jax.Array


def anchor_centers() -> np.ndarray:
    """Centres `[896, 2]` (x, y in [0, 1]) of the anchors, row by row, all anchors of a cell together."""
    grids = []
    for cells, repeats in GRIDS:
        y, x = np.meshgrid(*[(np.arange(cells, dtype=np.float32) + 0.5) / cells] * 2, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(grids)


def decode(raw: jax.Array, logits: jax.Array, size: int) -> Detections:
    """Raw `[T, 896, 16]` offsets in pixels of the input and `[T, 896]` logits to `Detections`.

    Centre and keypoints are relative to the anchor's centre, width and height to the input's size.

    Args:
        raw: `[T, 896, 16]`, in pixels of the input.
        logits: `[T, 896]`.
        size: side of the input.
    """
    points = raw.reshape(*raw.shape[:2], -1, 2) / size
    anchors = jnp.asarray(anchor_centers(), raw.dtype)[None, :, None, :]
    center, extent = points[..., :1, :] + anchors, points[..., 1:2, :]
    boxes = jnp.concatenate([center - extent / 2, center + extent / 2], axis=-1)[..., 0, :]
    scores = jax.nn.sigmoid(jnp.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT))
    return Detections(boxes, points[..., 2:, :] + anchors, scores)


@edge(detections=TREE)
def weighted_non_maximum_suppression(
    detections: Detections, *, max_faces: int = 8, min_score: float = 0.5, iou: float = 0.3
) -> Detections:
    """Merge the candidates of one frame into at most `max_faces` faces, as MediaPipe does.

    Again and again, take the best candidate i that is left and the set M of those left whose box overlaps its box by
    more than `iou` (i among them), and report

        box = Σ_{m∈M} s_m box_m / Σ_{m∈M} s_m,   keypoints likewise,   score = s_i,

    then drop M. Candidates below `min_score`, or whose box is empty, never take part. Pure and of fixed size, so it
    can be compiled; batch over frames with `jax.vmap`.

    Args:
        detections: one frame's candidates, without the axis T: boxes `[N, 4]`, keypoints `[N, 6, 2]`, scores `[N]`.
        max_faces: K, the number of slots.
        min_score: in [0, 1], the least score that counts as a face.
        iou: in [0, 1], intersection over union above which two boxes are the same face.

    Returns:
        `Detections` with K rows, best first; empty slots hold zeros.

    Raises:
        ValueError: the arrays' ranks are not those of one frame (while tracing).

    References:
        V. Bazarevsky et al., "BlazeFace: Sub-millisecond neural face detection on mobile GPUs", CVPRW 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> boxes = jnp.array([[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.6], [0.6, 0.6, 0.9, 0.9]])
        >>> candidates = Detections(boxes, jnp.zeros((3, 6, 2)), jnp.array([0.9, 0.6, 0.8]))
        >>> weighted_non_maximum_suppression(candidates, max_faces=3).scores.tolist()
        [0.8999999761581421, 0.800000011920929, 0.0]
    """
    boxes, keypoints, scores = detections
    if boxes.ndim != 2 or boxes.shape[1] != 4 or keypoints.ndim != 3 or scores.shape != boxes.shape[:1]:
        shapes = ", ".join(str(array.shape) for array in detections)
        raise ValueError(f"Expected one frame's boxes [N, 4], keypoints [N, {KEYPOINTS}, 2], scores [N], got {shapes}.")
    valid = (scores >= min_score) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])

    def merge_best(left, _):
        best = jnp.argmax(jnp.where(left, scores, -1.0))
        members = left & ((intersection_over_union(boxes[best][None], boxes) > iou) | (jnp.arange(scores.size) == best))
        weights = jnp.where(members, scores, 0.0)
        total = jnp.where(members.any(), weights.sum(), 1.0)
        rows = jnp.concatenate([boxes, keypoints.reshape(scores.size, -1)], axis=1)
        mean = jnp.matmul(weights / total, rows, precision=lax.Precision.HIGHEST)
        face = Detections(mean[:4], mean[4:].reshape(keypoints.shape[1:]), jnp.where(left[best], scores[best], 0.0))
        return left & ~members, face

    return lax.scan(merge_best, valid, length=max_faces)[1]


def intersection_over_union(a: Any, b: Any) -> Any:
    """How much two boxes overlap: the area that they share over the area that they cover.

    Args:
        a: `[..., 4]` left, top, right, bottom; NumPy's or JAX's.
        b: the same, of the same rank.

    Returns:
        `[...]` in [0, 1]; 0 where both are empty.

    Example:
        >>> float(intersection_over_union(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 3, 2])).round(3))
        0.333
    """
    xp = a.__array_namespace__()
    sides = xp.minimum(a[..., 2:], b[..., 2:]) - xp.maximum(a[..., :2], b[..., :2])
    shared = xp.prod(xp.maximum(sides, 0.0), axis=-1)
    covered = xp.prod(a[..., 2:] - a[..., :2], axis=-1) + xp.prod(b[..., 2:] - b[..., :2], axis=-1) - shared
    # The divisor is masked too, for the gradient's sake.
    return xp.where(covered > 0, shared / xp.where(covered > 0, covered, 1.0), 0.0)
