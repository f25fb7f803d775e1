"""insightface's iresnet100 (arcface_torch)."""

from . import arcface_r50
from .arcface_r50 import ORACLE, inputs, run, save

__all__ = ["ORACLE", "build", "inputs", "run", "save"]

TABLE = ((64, 3), (128, 13), (256, 30), (512, 3))


def build(seed):
    return arcface_r50.seeded(arcface_r50.IResNet(TABLE), seed, branch=0.25)
