"""Named protocols: every choice that a score depends on, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True)
class Protocol:
    """What is compared, by which networks, and how it is aligned. Two scores compare only under one protocol.

    Attributes:
        name: what `--protocol` and every record call it.
        fps: frames per second to which both videos are brought.
        size: side in pixels of the square that image and perceptual scores look at.
        padding: margin around the union of the reference's face boxes, on every side, as a share of its longer side.
        longest_gap: seconds that a face may be out of sight; its place is interpolated so far and no further.
        longest_clip: seconds that a clip may last: without a band, memory and time grow with the product of lengths.
        encoders: role to the encoder's name.
        gamma: aligned metric to its Soft-DTW temperature, in units of that metric's cost.
        band: half-width of the Sakoe–Chiba band in ms; None for no band.
        timing: the aligned metric whose lag is the clip's `lag_ms`.
        precision: of the encoders, see `jaxeval.load_encoder`.
    """

    name: str
    fps: float
    size: int
    padding: float
    longest_gap: float
    longest_clip: float
    encoders: Mapping[str, str]
    gamma: Mapping[str, float]
    band: float | None
    timing: str
    precision: Literal["reference", "fast"]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a record's provenance."""
        plain = {name: value for name, value in vars(self).items() if not isinstance(value, Mapping)}
        return plain | {"encoders": dict(self.encoders), "gamma": dict(self.gamma)}


# γ: see benchmarks/calibrate_gamma.py, which measures carphone's pristine clip and prints these.
JAXEVAL_V1 = Protocol(
    name="jaxeval-v1",
    fps=25.0,
    size=224,
    padding=0.25,
    longest_gap=0.4,
    longest_clip=120.0,
    encoders=MappingProxyType(
        {
            "detector": "blaze_face",
            "landmarks": "face_mesh",
            "identity": "dlib_resnet",
            "perceptual": "st_lpips_alex",
        }
    ),
    gamma=MappingProxyType({"st_lpips": 9e-4, "csim": 6e-4, "pose": 3e-4, "expr": 3e-6}),
    band=None,
    timing="st_lpips",
    precision="reference",
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({JAXEVAL_V1.name: JAXEVAL_V1})
