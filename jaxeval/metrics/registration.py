"""Spatial registration of two clips: by how much one's picture is displaced and enlarged against the other's."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.edge import NUMBERS, TREE, edge
from jaxeval.numerics import parabola_vertex, precise_matmul, safe_sqrt

OFFSET_LIMIT = 0.02
"""Largest displacement that goes without warning, as a share of the picture's shorter side."""
SCALE_LIMIT = 0.02
"""Largest enlargement or reduction that goes without warning, as a share."""
CONFIDENT = 0.3
"""Least confidence at which the two pictures count as one scene."""

_LUMA = (0.2126, 0.7152, 0.0722)  # BT.709
_SCALES = np.geomspace(1 / 1.2, 1.2, 37)  # about 1 % apart
_ROUNDING = 1e-6  # of the largest product of two spectra
_FINENESS = 12  # standard deviation of the frequencies that count, in waves per shorter side


class Registration(NamedTuple):
    """How a generated clip's picture lies over its reference's.

    A point of the reference at q from the picture's centre is seen in the generated clip at scale · q + (dx, dy).

    Attributes:
        dx: pixels by which the generated picture lies too far to the right.
        dy: pixels by which it lies too far down.
        scale: how much larger it is; 1 is right.
        confidence: at most 1: the height of the correlation's peak. Above 0.7 for one scene, even blurred or coded
            badly, about 0.4 for two takes of one scene, below 0.2 for pictures that have nothing to do with each other;
            less for pictures without detail.
    """

    dx: jax.Array
    dy: jax.Array
    scale: jax.Array
    confidence: jax.Array


@edge(x=NUMBERS, y=NUMBERS)
def registration(x: jax.Array, y: jax.Array) -> Registration:
    """The displacement and the scale that bring the mean picture of one clip over the other's.

    Each clip's luma is averaged over time, so that neither motion nor lateness counts. For each of 37 scales the
    reference's mean is enlarged about the centre, and its phase correlation with the generated clip's is taken,

        c(d) = Σ_f w(f) X(f) Y*(f) / |X(f) Y(f)| · exp(2πi f·d) / Σ_f w(f)

    under a Hann window and with Gaussian weights w that leave out what blur and compression destroy. The scale is that
    of the highest peak, refined by a parabola through its neighbours; so is the peak's place. On a talking head
    (puppet and carphone) that was blurred, noisy, coded at crf 40, late, wandering or played backwards, errors stayed
    under 0.5 pixels and 1 %.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in any range (it has none to check), uint8 too.
        y: `[S, H, W, 3]` reference frames in the same range; another number of frames is no matter.

    Returns:
        `Registration` of x against y; scales from 0.83 to 1.2 and displacements to a half of each side can be found.
        Where either mean picture is flat, all is 0 but the scale, and with it the confidence.

    Raises:
        ValueError: the pictures are not of one size, are no RGB, or a side is under 16 pixels.

    References:
        Kuglin and Hines: The phase correlation image alignment method, IEEE Conf. on Cybernetics and Society, 1975.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> y = jax.image.resize(jax.random.uniform(jax.random.key(0), (1, 8, 8, 3)), (1, 64, 64, 3), "cubic")
        >>> found = registration(jnp.roll(y, 3, axis=2), y)
        >>> print(found.dx.round(), abs(found.dy.round()), abs(found.scale - 1) < 0.02)
        3.0 0.0 True
    """
    _check(x, y)
    generated, reference = _mean_luma(x), _mean_luma(y)  # [H, W] each
    window, weights = (jnp.asarray(a, generated.dtype) for a in (_window(reference.shape), _weights(reference.shape)))
    spectrum = jnp.fft.rfft2(generated * window)  # [H, W // 2 + 1]

    def correlation(scale: jax.Array) -> jax.Array:
        cross = spectrum * jnp.conj(jnp.fft.rfft2(_enlarged(reference, scale) * window))
        size = safe_sqrt(jnp.square(cross.real) + jnp.square(cross.imag))
        # What is that small is rounding, not picture.
        size = size + _ROUNDING * jnp.max(size)
        whitened = cross * jax.lax.complex(weights / jnp.where(size > 0, size, 1), jnp.zeros_like(size))
        return jnp.fft.irfft2(whitened, reference.shape)

    scales = jnp.asarray(_SCALES, generated.dtype)
    heights = jax.lax.map(lambda scale: jnp.max(correlation(scale)), scales)  # [37]
    best = jnp.clip(jnp.argmax(heights), 1, len(_SCALES) - 2)
    between = parabola_vertex(heights[best - 1], heights[best], heights[best + 1])
    scale = scales[best] * jnp.exp(between * float(np.log(_SCALES[1] / _SCALES[0])))
    found = correlation(scale)
    dy, dx = _peak(found)
    return Registration(dx, dy, scale, jnp.max(found))


@edge(found=TREE)
def misregistered(found: Registration, height: int, width: int) -> jax.Array:
    """Whether the generated picture is so far off that this misalignment dominates image and perceptual scores.

    Args:
        found: by `registration`.
        height: of the picture, pixels.
        width: of the picture, pixels.

    Returns:
        Boolean: displaced by more than `OFFSET_LIMIT` of the shorter side, or larger or smaller by more than
        `SCALE_LIMIT`; False where the confidence is below `CONFIDENT`, for then nothing is known.

    Example:
        >>> import jax.numpy as jnp
        >>> found = Registration(*jnp.array([3.0, 4.0, 1.0, 0.9]))
        >>> print(misregistered(found, 256, 256), misregistered(found, 224, 224))  # of 5.1 and 4.5 pixels
        False True
    """
    offset = jnp.hypot(found.dx, found.dy) / min(height, width)
    factor = jnp.abs(jnp.log(found.scale))
    return (found.confidence >= CONFIDENT) & ((offset > OFFSET_LIMIT) | (factor > np.log(1 + SCALE_LIMIT)))


def _mean_luma(frames: jax.Array) -> jax.Array:
    mean = jnp.mean(frames, axis=0)  # [H, W, 3]
    luma = precise_matmul(mean, jnp.asarray(_LUMA, mean.dtype))  # [H, W]
    return luma - jnp.mean(luma)


def _enlarged(picture: jax.Array, scale: jax.Array) -> jax.Array:
    """The picture scaled about its centre; beyond its edges it goes on at its mean, 0."""
    middle = jnp.asarray([side / 2 for side in picture.shape], picture.dtype)
    factors = jnp.stack([scale, scale])
    return jax.image.scale_and_translate(picture, picture.shape, (0, 1), factors, middle * (1 - factors), "cubic")


def _window(shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = (np.hanning(side + 2)[1:-1] for side in shape)
    return rows[:, None] * columns[None]


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    """`[H, W // 2 + 1]` w(f) H W / Σ w, so that a perfect match has a peak of 1."""
    down, right = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None]
    weights = np.exp(-0.5 * (np.square(down) + np.square(right)) * np.square(min(shape) / _FINENESS))
    return weights[:, : shape[1] // 2 + 1] * (weights.size / weights.sum())


def _peak(surface: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(down, right) of the highest point, between −½ and ½ of each side, refined by parabolas."""
    place = jnp.unravel_index(jnp.argmax(surface), surface.shape)
    near = jnp.roll(surface, 1 - jnp.stack(place), (0, 1))[:3, :3]  # [3, 3] about the peak
    refined = parabola_vertex(near[0, 1], near[1, 1], near[2, 1]), parabola_vertex(near[1, 0], near[1, 1], near[1, 2])

    def signed(index: jax.Array, side: int) -> jax.Array:
        return jnp.where(index > side // 2, index - side, index).astype(surface.dtype)

    return signed(place[0], surface.shape[0]) + refined[0], signed(place[1], surface.shape[1]) + refined[1]


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 4 or y.ndim != 4 or x.shape[3] != 3 or x.shape[1:] != y.shape[1:] or not (len(x) and len(y)):
        raise ValueError(f"Expected x [T, H, W, 3] and y [S, H, W, 3] of one size, got {x.shape} and {y.shape}.")
    if min(x.shape[1:3]) < 16:
        raise ValueError(f"Expected frames of at least 16x16 pixels, got {x.shape}.")
