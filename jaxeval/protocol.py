"""Named protocols: every choice that a score depends on, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What is compared, by which networks, and how it is aligned. Two scores compare only under one protocol.

    Attributes:
        name: what `--protocol` and every record call it.
        fps: frames per second to which both videos are brought.
        size: side in pixels of the square that image and perceptual scores look at.
        padding: margin around the union of the reference's face boxes, on every side, as a share of its longer side.
        longest_gap: seconds that a face may be out of sight; its place is interpolated so far and no further.
        longest_clip: seconds that a clip may last: without a band, memory and time grow with the product of lengths.
        encoders: role to the encoder's name. "detector" and "landmarks" find the face in every clip; "perceptual",
            "identity" and "motion" give trajectories; "sync" embeds mouth and sound, where there is none the
            mouth's variates are held against the voice's; "frames" and "clips" give the features of FID and FVD.
        gamma: aligned metric to its Soft-DTW temperature, in units of that metric's cost; also of metrics that are
            computed only if they are asked for.
        band: half-width of the Sakoe–Chiba band in ms; None for no band.
        timing: the aligned metric whose lag is the clip's `lag_ms`.
        sync: how Sync-C and Sync-D treat a clip's ends, see `jaxeval.metrics.sync`; None without "sync".
        precision: of the encoders, see `jaxeval.load_encoder`.
        ours: what the protocol's source leaves open, and what was chosen here; empty for a protocol of our own.
    """

    name: str
    fps: float = 25.0
    size: int = 224
    padding: float = 0.25
    longest_gap: float = 0.4
    longest_clip: float = 120.0
    encoders: Mapping[str, str]
    gamma: Mapping[str, float]
    band: float | None
    timing: str
    precision: Literal["reference", "fast"] = "reference"
    sync: Literal["legacy", "valid"] | None = None
    ours: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def perceptual(self) -> str:
        """What the perceptual metric is called: `st_lpips` is never to be called `lpips`."""
        return "st_lpips" if self.encoders["perceptual"].startswith("st_") else "lpips"

    @property
    def lips(self) -> str:
        """What the aligned metric of mouth and sound is called: `sync` or `lip_sync`."""
        return "sync" if "sync" in self.encoders else "lip_sync"

    @property
    def aligned(self) -> tuple[str, ...]:
        """The aligned metrics."""
        return (self.perceptual, "csim", "pose", "expr", self.lips)

    @property
    def band_frames(self) -> float | None:
        """The band in frames."""
        return None if self.band is None else self.band * self.fps / 1000

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a record's provenance."""
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()}


# γ: the geometric mean over the speakers of benchmarks/gamma_of_clips.csv, which benchmarks/calibrate.py measured; the
# band: see there.
JAXEVAL_V1 = Protocol(
    name="jaxeval-v1",
    encoders=MappingProxyType(
        {
            "detector": "blaze_face",
            "landmarks": "face_mesh",
            "identity": "dlib_resnet",
            "perceptual": "lpips_alex",
            "motion": "face_mesh",
        }
    ),
    gamma=MappingProxyType(
        {"lpips": 9e-4, "st_lpips": 4e-4, "csim": 3e-4, "pose": 5e-5, "expr": 2e-6, "lip_sync": 5e-2}
    ),
    band=1000.0,
    timing="lpips",
)

ARXIV_2606_01031 = Protocol(
    name="arxiv-2606.01031",
    encoders=MappingProxyType(
        {
            "detector": "blaze_face",
            "landmarks": "face_mesh",
            "identity": "arcface_r50",
            "perceptual": "lpips_alex",
            "motion": "liveportrait_motion",
            "sync": "syncnet",
            "frames": "inception_fid",
            "clips": "i3d",
        }
    ),
    gamma=MappingProxyType(dict.fromkeys(("lpips", "csim", "pose", "expr", "sync"), 0.01)),
    band=None,
    timing="lpips",
    sync="legacy",
    ours=MappingProxyType(
        {
            "gamma": "stable in [1e-4, 0.05], no default is stated: 0.01",
            "fps": "not stated: 25, as SyncNet needs",
            "crop": "not stated: the reference's face window, squared to 224 pixels, for pictures, motion, FID and FVD",
            "perceptual": "LPIPS's backbone is not stated: AlexNet, v0.1",
            "identity": "the face-recognition network is not stated: ArcFace R50",
            "detector": "not stated: BlazeFace and the face mesh",
            "sync": "SyncNet's own evaluation, its zero-padded shifts included",
            "timing": "not reported: LPIPS's lag",
            "smooth": "VBench's interpolator can't be shipped: the mean of both neighbours",
        }
    ),
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({p.name: p for p in (JAXEVAL_V1, ARXIV_2606_01031)})
