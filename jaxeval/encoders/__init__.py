"""Frozen networks as Flax NNX modules, one file each, under the field's names."""

from jaxeval.encoders.arcface import ArcFaceR50, ArcFaceR100
from jaxeval.encoders.blaze_face import BlazeFace
from jaxeval.encoders.detections import weighted_non_maximum_suppression
from jaxeval.encoders.dlib_resnet import DlibResNet
from jaxeval.encoders.encoder import Encoder
from jaxeval.encoders.face_mesh import FaceMesh
from jaxeval.encoders.i3d import I3D
from jaxeval.encoders.inception_fid import InceptionFID
from jaxeval.encoders.liveportrait_motion import LivePortraitMotion
from jaxeval.encoders.lpips_alex import LPIPSAlex
from jaxeval.encoders.lpips_squeeze import LPIPSSqueeze
from jaxeval.encoders.lpips_vgg import LPIPSVGG
from jaxeval.encoders.st_lpips_alex import STLPIPSAlex
from jaxeval.encoders.st_lpips_vgg import STLPIPSVGG
from jaxeval.encoders.streaming import encode
from jaxeval.encoders.syncnet import SyncNet

_CLASSES: tuple[type[Encoder], ...] = (
    *(STLPIPSAlex, STLPIPSVGG, LPIPSAlex, LPIPSVGG, LPIPSSqueeze),
    *(DlibResNet, ArcFaceR50, ArcFaceR100, SyncNet),
    *(InceptionFID, I3D, LivePortraitMotion, FaceMesh, BlazeFace),
)

ENCODERS = {encoder.name: encoder for encoder in _CLASSES}
"""Every encoder's class by its public name."""

__all__ = ["ENCODERS", "Encoder", "SyncNet", "encode", "weighted_non_maximum_suppression"]
