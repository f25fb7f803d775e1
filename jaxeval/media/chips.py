"""Aligned face chips: a few landmarks brought onto the places where a network for identity expects them."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from jaxeval.media.crops import inverse, parallel_map, similarity, warp
from jaxeval.media.geometry import HERE, Placement


@dataclass(frozen=True)
class Chip:
    """How one network's faces are cut out.

    Attributes:
        size: side in pixels.
        template: `[N, 2]` where the landmarks lie in the chip, pixels.
        mesh: for each landmark the points of the 468-point mesh whose mean it is.
        errors: whether the squared errors of the fit are least in the frame or in the chip.
    """

    size: int
    template: np.ndarray
    mesh: tuple[tuple[int, ...], ...]
    errors: Literal["frame", "chip"]

    def points(self, landmarks: np.ndarray) -> np.ndarray:
        """The landmarks `[T, N, 2]` among those of the mesh, `[T, 468, 3]`.

        Args:
            landmarks: of the face mesh.
        """
        return np.stack([landmarks[:, list(group), :2].mean(axis=1) for group in self.mesh], axis=1)

    def matrices(self, points: np.ndarray) -> np.ndarray:
        """Maps `[T, 2, 3]` from the chip to the frame by least squares, from landmarks `[T, N, 2]` of the frame.

        Args:
            points: the landmarks, in pixels of the frame.
        """
        if self.errors == "frame":
            return np.stack([similarity(self.template, of_frame) for of_frame in points])
        return np.stack([inverse(similarity(of_frame, self.template)) for of_frame in points])

    def cut(self, frames: np.ndarray, landmarks: np.ndarray, placement: Placement = HERE) -> np.ndarray:
        """The chips `[T, size, size, 3]` uint8 of faces in frames.

        Args:
            frames: `[T, H, W, 3]` uint8.
            landmarks: `[T, 468, 3]` of the face mesh, in pixels of the reference.
            placement: from the reference to the frames.
        """
        matrices = placement.matrices(self.matrices(self.points(landmarks)))
        return parallel_map(partial(warp, size=self.size), frames, matrices)


# dlib's mean face for its five landmarks, in a unit square without padding: outer and inner corner of the left eye,
# outer and inner corner of the right eye, base of the nose (left and right are the person's).
_DLIB_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_DLIB_PADDING = 0.25

DLIB = Chip(
    150, (_DLIB_PADDING + _DLIB_FACE) / (2 * _DLIB_PADDING + 1) * 150, ((263,), (362,), (33,), (133,), (2,)), "frame"
)
"""King: Dlib-ml, JMLR 10, 2009; `get_face_chip_details` of dlib's interpolation.h."""

# In the picture from left to right: both eyes' middles, the nose's tip, both corners of the mouth.
ARCFACE = Chip(
    112,
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
    + 0.5,
    ((33, 133, 159, 145), (263, 362, 386, 374), (1,), (61,), (291,)),
    "chip",
)
"""The template of Deng et al., ArcFace, CVPR 2019; an eye's middle is that of its corners and lids.
The template counts pixels from the first one's centre, hence the half."""

CHIPS = {"dlib_resnet": DLIB, "arcface_r50": ARCFACE, "arcface_r100": ARCFACE}
"""Encoder to its chip."""
