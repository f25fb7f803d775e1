"""The converter of each encoder, a file for each upstream project."""

from jaxeval.checkpoints.recipe import Recipe
from jaxeval.checkpoints.recipes.dlib import DLIB_RESNET
from jaxeval.checkpoints.recipes.mediapipe import BLAZE_FACE, FACE_MESH
from jaxeval.checkpoints.recipes.st_lpips import ST_LPIPS_ALEX

RECIPES: dict[str, Recipe] = {
    "st_lpips_alex": ST_LPIPS_ALEX,
    "dlib_resnet": DLIB_RESNET,
    "face_mesh": FACE_MESH,
    "blaze_face": BLAZE_FACE,
}
"""By the encoder's public name."""
