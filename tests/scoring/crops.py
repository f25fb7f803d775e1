"""Pairs without files: what the metrics are computed of is made up, and scored as any pair is."""

from types import SimpleNamespace

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.selection import select
from jaxeval.scoring.materials import Materials
from jaxeval.scoring.metric_groups import pair_scores
from jaxeval.scoring.sound import Sound


def scored(names, x, y, landmarks=None, sound=None, own_sound=None):
    """These scores of two clips' crops `[T, H, W, 3]` uint8, their one mesh, the sound, and the reference's own."""
    face = None if landmarks is None else SimpleNamespace(landmarks=landmarks)
    clips = [
        SimpleNamespace(seen=SimpleNamespace(crops=crops, face=face), frames=len(crops), path=None, made={})
        for crops in (x, y)
    ]
    sounds = {"sound": sound or Sound(None), "own_sound": own_sound or Sound(None)}
    materials = Materials(JAXEVAL_V1, select(JAXEVAL_V1, names), None, *clips, blocks={}, **sounds)
    return pair_scores(materials, None)
