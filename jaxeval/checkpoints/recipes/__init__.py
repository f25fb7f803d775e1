"""The converter of each encoder, a file for each upstream project."""

from jaxeval.checkpoints.recipe import Recipe
from jaxeval.checkpoints.recipes.arcface import ARCFACE_R50, ARCFACE_R100
from jaxeval.checkpoints.recipes.dlib import DLIB_RESNET
from jaxeval.checkpoints.recipes.i3d import I3D
from jaxeval.checkpoints.recipes.inception import INCEPTION_FID
from jaxeval.checkpoints.recipes.liveportrait import LIVEPORTRAIT_MOTION
from jaxeval.checkpoints.recipes.lpips import LPIPS_ALEX, LPIPS_SQUEEZE, LPIPS_VGG
from jaxeval.checkpoints.recipes.mediapipe import BLAZE_FACE, FACE_MESH
from jaxeval.checkpoints.recipes.st_lpips import ST_LPIPS_ALEX, ST_LPIPS_VGG
from jaxeval.checkpoints.recipes.syncnet import SYNCNET

RECIPES: dict[str, Recipe] = {
    "st_lpips_alex": ST_LPIPS_ALEX,
    "st_lpips_vgg": ST_LPIPS_VGG,
    "lpips_alex": LPIPS_ALEX,
    "lpips_vgg": LPIPS_VGG,
    "lpips_squeeze": LPIPS_SQUEEZE,
    "dlib_resnet": DLIB_RESNET,
    "arcface_r50": ARCFACE_R50,
    "arcface_r100": ARCFACE_R100,
    "syncnet": SYNCNET,
    "inception_fid": INCEPTION_FID,
    "i3d": I3D,
    "liveportrait_motion": LIVEPORTRAIT_MOTION,
    "face_mesh": FACE_MESH,
    "blaze_face": BLAZE_FACE,
}
"""By the encoder's public name."""
