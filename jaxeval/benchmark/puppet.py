"""A photograph that seems to talk: lower lip and jaw follow a curve, the rest of the face stays where it was."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CloughTocher2DInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter

# Face mesh landmarks: the edges of the gap between the lips, from the left corner to the right one, and the oval.
UPPER_EDGE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_EDGE = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
FOREHEAD, CHIN, LEFT_EAR, RIGHT_EAR = 10, 152, 234, 454

STILL_RING = 1.7  # of the face's half axes: where neck and hair no longer follow the jaw
CAVITY = (0.17, 0.05, 0.05)  # the inside of a mouth, RGB in [0, 1]
WITHIN_RING = 0.99  # the ring is a polygon, a little inside its ellipse
EDGE = 0.7  # standard deviation of the lips' inner edges, in pixels
SUPERSAMPLING = 4


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

    The jaw's landmarks are displaced by `opening` times a weight, which is 1 on the lower lip and the chin, 0 above
    the gap between the lips, and falls off towards the ears and the neck. A C¹ interpolant (Clough and Tocher) of the
    displaced landmarks gives, for each pixel of the frame, the place in the photograph that it comes from; cubic
    splines read it. Upper teeth don't move with the lower lip: inside the gap the photograph stands still, and what it
    does not show there is dark.

    Args:
        photo: [H, W, 3] RGB in [0, 1].
        landmarks: [468, 2] (x, y) of the face mesh in the photograph, in pixels.

    References:
        Clough and Tocher, Finite element stiffness matrices for analysis of plates in bending, 1965.

    Example:
        >>> landmarks = np.random.default_rng(0).uniform(20, 44, (468, 2))
        >>> landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]] = [[20, 32], [44, 32], [32, 18], [32, 46]]
        >>> landmarks[list(UPPER_EDGE)] = landmarks[list(LOWER_EDGE)] = np.linspace([26, 38], [38, 38], 11)
        >>> Puppet(np.full((64, 64, 3), 0.5), landmarks).frame(Pose(opening=3.0)).shape
        (64, 64, 3)
    """

    def __init__(self, photo: np.ndarray, landmarks: np.ndarray):
        self._photo = photo
        self._splines = [spline_filter(channel, order=3) for channel in np.moveaxis(photo, -1, 0)]
        self._centre = landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]].mean(axis=0)
        (left, _), (right, _), (_, top), (_, bottom) = landmarks[[LEFT_EAR, RIGHT_EAR, FOREHEAD, CHIN]]
        self._size = np.array([right - left, bottom - top])
        self._landmarks = landmarks
        self._weights = _jaw_weights(landmarks)
        self._teeth = self._soft_gap(landmarks)
        self._ring = self._centre + STILL_RING / 2 * self._size * _circle(48)

    def frame(self, pose: Pose) -> np.ndarray:
        """Draw one frame.

        Args:
            pose: what it shows.

        Returns:
            [H, W, 3] uint8 RGB.
        """
        moved = self._landmarks + [0.0, pose.opening] * self._weights[:, None]
        head = self._head_pixels(pose.sway)
        source = head.copy()
        source[1] -= pose.opening * self._interpolated(moved, head)
        image, gap = self._read(source), _at(self._soft_gap(moved), head)
        inside = gap > 0
        gap, teeth = gap[inside, None], _at(self._teeth, head[:, inside])[:, None]
        mouth = teeth * self._read(head[:, inside]) + (1 - teeth) * np.array(CAVITY)
        image[inside] = gap * mouth + (1 - gap) * image[inside]
        return np.rint(image.clip(0, 1) * 255).astype(np.uint8)

    def _head_pixels(self, sway: tuple[float, float]) -> np.ndarray:
        """[2, H, W] (x, y) of each pixel before the head swayed; the picture's border does not."""
        height, width, _ = self._photo.shape
        pixels = np.mgrid[:height, :width][::-1].astype(float)
        return pixels - np.array(sway)[:, None, None] * np.exp(-(self._distance(pixels) ** 2) / 2)

    def _interpolated(self, moved: np.ndarray, head: np.ndarray) -> np.ndarray:
        """[H, W] weight of the jaw at each pixel, 0 outside the ring."""
        points = np.concatenate([moved, self._ring])
        weights = np.concatenate([self._weights, np.zeros(len(self._ring))])
        # only within: SciPy searches all triangles for a point that lies in none
        within = self._distance(head) < WITHIN_RING * STILL_RING / 2
        field = np.zeros(head.shape[1:])
        field[within] = CloughTocher2DInterpolator(points, weights)(head[:, within].T)
        return field

    def _distance(self, pixels: np.ndarray) -> np.ndarray:
        """[H, W] distance from the middle of the face, in units of its width and height."""
        return np.hypot(*((pixels - self._centre[:, None, None]) / self._size[:, None, None]))

    def _read(self, pixels: np.ndarray) -> np.ndarray:
        """[..., 3] the photograph at the places [2, ...]."""
        channels = (map_coordinates(s, pixels[::-1], order=3, mode="nearest", prefilter=False) for s in self._splines)
        return np.stack(list(channels), axis=-1)

    def _soft_gap(self, landmarks: np.ndarray) -> np.ndarray:
        """[H, W] the share of each pixel that lies between the lips, without a hard edge."""
        return gaussian_filter(_filled(self._photo.shape[:2], _gap(landmarks)), EDGE)


def _at(mask: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    return map_coordinates(mask, pixels[::-1], order=1)


def _jaw_weights(landmarks: np.ndarray) -> np.ndarray:
    """[468] how far each landmark follows the jaw, in 0..1.

    Within the mouth's width the step from 0 to 1 is as sharp as the gap between the lips; beyond its corners the cheek
    takes it up over a distance that grows towards the ears.
    """
    x, y = landmarks.T
    upper, lower = landmarks[list(UPPER_EDGE)], landmarks[list(LOWER_EDGE)]
    middle = (upper + lower) / 2
    line = np.interp(x, middle[:, 0], middle[:, 1])
    half_mouth = np.ptp(middle[:, 0]) / 2
    aside = np.abs(x - middle[:, 0].mean())
    softness = 1.0 + 0.9 * np.maximum(0, aside - half_mouth)
    below = ((y - line) / softness + 1).clip(0, 2) / 2
    jaw_width = np.ptp(landmarks[:, 0]) / 2
    return below**2 * (3 - 2 * below) * np.cos(np.pi / 2 * (aside / jaw_width).clip(0, 1)) ** 2


def _gap(landmarks: np.ndarray) -> np.ndarray:
    """[20, 2] the outline of the gap between the lips."""
    return np.concatenate([landmarks[list(UPPER_EDGE)], landmarks[list(LOWER_EDGE[-2:0:-1])]])


def _filled(shape: tuple[int, ...], outline: np.ndarray) -> np.ndarray:
    """[H, W] the share of each pixel that a polygon covers."""
    height, width = shape
    canvas = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    corners = [(float(x), float(y)) for x, y in (outline + 0.5) * SUPERSAMPLING]
    ImageDraw.Draw(canvas).polygon(corners, fill=255)
    return np.asarray(canvas.reduce(SUPERSAMPLING), float) / 255


def _circle(count: int) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
