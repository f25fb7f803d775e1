"""Frozen networks as Flax NNX modules, one file each, under the field's names."""

from jaxeval.encoders.arcface import ArcFaceR50, ArcFaceR100
from jaxeval.encoders.blaze_face import BlazeFace
from jaxeval.encoders.detections import Detections, weighted_non_maximum_suppression
from jaxeval.encoders.dlib_resnet import DlibResNet
from jaxeval.encoders.encoder import Encoder
from jaxeval.encoders.face_mesh import FaceMesh, Mesh
from jaxeval.encoders.i3d import I3D
from jaxeval.encoders.inception_fid import InceptionFID
from jaxeval.encoders.liveportrait_motion import LivePortraitMotion, Motion
from jaxeval.encoders.lpips_alex import LPIPSAlex
from jaxeval.encoders.lpips_squeeze import LPIPSSqueeze
from jaxeval.encoders.lpips_vgg import LPIPSVGG
from jaxeval.encoders.st_lpips_alex import STLPIPSAlex
from jaxeval.encoders.st_lpips_vgg import STLPIPSVGG
from jaxeval.encoders.streaming import encode
from jaxeval.encoders.syncnet import SyncNet

ENCODERS: dict[str, type[Encoder]] = {
    encoder.name: encoder
    for encoder in (
        STLPIPSAlex,
        STLPIPSVGG,
        LPIPSAlex,
        LPIPSVGG,
        LPIPSSqueeze,
        DlibResNet,
        ArcFaceR50,
        ArcFaceR100,
        SyncNet,
        InceptionFID,
        I3D,
        LivePortraitMotion,
        FaceMesh,
        BlazeFace,
    )
}
"""Every encoder's class by its public name."""

__all__ = [
    "ENCODERS",
    "I3D",
    "LPIPSVGG",
    "STLPIPSVGG",
    "ArcFaceR50",
    "ArcFaceR100",
    "BlazeFace",
    "Detections",
    "DlibResNet",
    "Encoder",
    "FaceMesh",
    "InceptionFID",
    "LPIPSAlex",
    "LPIPSSqueeze",
    "LivePortraitMotion",
    "Mesh",
    "Motion",
    "STLPIPSAlex",
    "SyncNet",
    "encode",
    "weighted_non_maximum_suppression",
]
