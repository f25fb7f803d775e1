"""Pairs without files: what the metrics are computed of is made up, and scored as any pair is."""

from types import SimpleNamespace

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.selection import select
from jaxeval.scoring.materials import Materials
from jaxeval.scoring.metric_groups import pair_scores
from jaxeval.scoring.sound import Sound


def scored(names, x, y, landmarks=None, sound=None):
    """These scores of two clips' crops `[T, H, W, 3]` uint8, the generated clip's mesh, and the sound."""
    face = None if landmarks is None else SimpleNamespace(landmarks=landmarks)
    clips = [
        SimpleNamespace(seen=SimpleNamespace(crops=crops, face=face), frames=len(crops), path=None, made={})
        for crops in (x, y)
    ]
    materials = Materials(JAXEVAL_V1, select(JAXEVAL_V1, names), None, *clips, sound or Sound(None), {})
    return pair_scores(materials, None)
