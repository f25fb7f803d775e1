"""A photograph that seems to talk: lower lip and jaw follow a curve, the rest of the face stays where it was."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

# Face mesh landmarks: the edges of the gap between the lips, from the left corner to the right one, and the oval.
UPPER_EDGE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_EDGE = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
FOREHEAD, CHIN, LEFT_EAR, RIGHT_EAR = 10, 152, 234, 454

CHEEK = 0.9  # how much taller the cheek's share in the movement grows per pixel beside the mouth
NECK = 0.3  # length of the neck that follows the chin, in heights of the face


@dataclass(frozen=True)
class Pose:
    """What one frame shows.

    Attributes:
        opening: how far the lower lip is below its place in the photograph, in pixels; negative closes the mouth.
        sway: (right, down) displacement of the head, in pixels.
    """

    opening: float
    sway: tuple[float, float] = (0.0, 0.0)


class Puppet:
    """A photograph of a face with a movable jaw.

    Everything moves straight down, by the opening times a weight w: a pixel of the photograph at (x, y) is shown at
    (x, y + opening · w(x, y)). The weight climbs from 0 to 1 between the lips, where teeth are stretched, and in the
    cheeks over a length that grows towards the ears; it falls off to the ears as a squared cosine and below the chin
    within a piece of neck. Each column is inverted on its own, and cubic splines read the photograph.

    Args:
        photo: [H, W, 3] RGB in [0, 1].
        landmarks: [468, 2] (x, y) of the face mesh in the photograph, in pixels.

    Example:
        >>> landmarks = np.zeros((468, 2))
        >>> landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]] = [[16, 32], [48, 32], [32, 12], [32, 52]]
        >>> landmarks[list(UPPER_EDGE)] = landmarks[list(LOWER_EDGE)] = np.linspace([26, 42], [38, 42], 11)
        >>> Puppet(np.full((64, 64, 3), 0.5), landmarks).frame(Pose(opening=3.0)).shape
        (64, 64, 3)
    """

    def __init__(self, photo: np.ndarray, landmarks: np.ndarray):
        height, width, _ = photo.shape
        self._splines = [spline_filter(channel, order=3, mode="mirror") for channel in np.moveaxis(photo, -1, 0)]
        self._pixels = np.mgrid[:height, :width].astype(float)[::-1]
        self._landmarks = landmarks
        self._weights = _jaw_weights(self._pixels, landmarks)

    def frame(self, pose: Pose) -> np.ndarray:
        """Draw one frame.

        Args:
            pose: what it shows.

        Returns:
            [H, W, 3] uint8 RGB.
        """
        x, y = self._head_pixels(pose.sway)
        rows = map_coordinates(self._source_rows(pose.opening), (y, x), order=1, mode="nearest")
        channels = [map_coordinates(s, (rows, x), order=3, mode="mirror", prefilter=False) for s in self._splines]
        return np.rint(np.stack(channels, axis=-1).clip(0, 1) * 255).astype(np.uint8)

    def _head_pixels(self, sway: tuple[float, float]) -> np.ndarray:
        """[2, H, W] (x, y) of each pixel before the head swayed; the picture's border stays."""
        left, right, top, bottom = self._landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]]
        centre, size = (left + right + top + bottom) / 4, np.array([right[0] - left[0], bottom[1] - top[1]])
        distance = np.hypot(*((self._pixels - centre[:, None, None]) / size[:, None, None]))
        return self._pixels - np.array(sway)[:, None, None] * np.exp(-(distance**2) / 2)

    def _source_rows(self, opening: float) -> np.ndarray:
        """[H, W] the row of the photograph that each pixel shows: the inverse of y + opening · w, column by column."""
        rows = self._pixels[1]
        shown_at = np.maximum.accumulate(rows + opening * self._weights, axis=0)  # lips may touch, not overlap
        return np.stack([np.interp(rows[:, 0], column, rows[:, 0]) for column in shown_at.T], axis=1)


def _jaw_weights(pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """[...] how far the places [2, ...] (x, y) follow the jaw, in 0..1."""
    x, y = pixels
    upper, lower = landmarks[list(UPPER_EDGE)], landmarks[list(LOWER_EDGE)]
    middle, half_gap = (upper + lower) / 2, (lower - upper)[:, 1] / 2
    aside = np.abs(x - middle[:, 0].mean())
    beyond_corner = np.maximum(0, aside - np.ptp(middle[:, 0]) / 2)
    length = np.maximum(1.0, np.interp(x, middle[:, 0], half_gap)) + CHEEK * beyond_corner
    below_lips = _smooth_step((y - np.interp(x, middle[:, 0], middle[:, 1]) + length) / (2 * length))
    left, right, top, bottom = landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]]
    neck = 1 - _smooth_step((y - bottom[1]) / (NECK * (bottom[1] - top[1])))
    width = (right[0] - left[0]) / 2
    return below_lips * neck * np.cos(np.pi / 2 * (aside / width).clip(0, 1)) ** 2


def _smooth_step(x: np.ndarray) -> np.ndarray:
    x = x.clip(0, 1)
    return x**2 * (3 - 2 * x)
