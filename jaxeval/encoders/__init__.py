"""Frozen networks as Flax NNX modules, one file each, under the field's names."""

from jaxeval.encoders.blaze_face import BlazeFace
from jaxeval.encoders.detections import Detections, weighted_non_maximum_suppression
from jaxeval.encoders.dlib_resnet import DlibResNet
from jaxeval.encoders.face_mesh import FaceMesh, Mesh
from jaxeval.encoders.st_lpips_alex import STLPIPSAlex

ENCODERS = {encoder.name: encoder for encoder in (STLPIPSAlex, DlibResNet, FaceMesh, BlazeFace)}
"""Every encoder's class by its public name."""

__all__ = [
    "ENCODERS",
    "BlazeFace",
    "Detections",
    "DlibResNet",
    "FaceMesh",
    "Mesh",
    "STLPIPSAlex",
    "weighted_non_maximum_suppression",
]
