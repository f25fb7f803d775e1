"""How `weights/lip_projection.npz` was learned: canonical correlation of mouth and voice over clips of real speakers.

    python benchmarks/learn_lip_projection.py FOLDER OUT.npz

FOLDER holds the clips of `weights/lip_projection.json`, found by their SHA-256, wherever they lie; each entry names its
file in the repository that published it, and its source, a speaker or a programme. No clip is in sync by nature: so
each one's own lag is found in turn, by the projections of the other sources, and the median clip has lag 0. Clips whose
lag isn't found with a confidence of 3.4 don't count, and a source of more than 400 frames counts as 400. Printed are
each clip's correlation, offset and confidence, by projections that were learned without its source.

The file that ships was made from landmarks of an earlier version of the face mesh's passes, and of 23 sources that
counted in the end; another run gives almost, but not exactly, its numbers.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jaxeval.checkpoints.manifest import file_sha256, weights_folder
from jaxeval.media.video import Video
from jaxeval.metrics.lip_sync import LipSync, lip_sync
from jaxeval.metrics.lip_variates import LipProjection, lip_variates, voice_variates
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.ingest import find_face, reference_window, trajectories
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.sound import SAMPLE_RATE, from_first_picture

VARIATES = 6
SHRINK_LIPS, SHRINK_SOUND = 0.1, 1.0  # added to the covariance's diagonal, in units of its mean
LONGEST = 400  # frames
ROUNDS = 4  # of finding the lags
SURE = 3.4
FEWEST = 10
"""Clips whose lag is found: fewer teach nothing."""

ROWS = LipProjection(jnp.eye(25), jnp.eye(168), jnp.ones(1))
"""Under these projections the variates are what is projected."""


@dataclass
class Clip:
    """Mouth `[T, 25]` and voice `[T, 168]`, which frames are heard, and the clip's own lag in frames."""

    file: str
    source: str
    lips: np.ndarray
    sound: np.ndarray
    heard: np.ndarray
    lag: int = 0
    counts: bool = True


def read(networks: Networks, path: Path, entry: dict[str, str]) -> Clip:
    video = Video(path, JAXEVAL_V1.fps)
    face = find_face(networks, video, JAXEVAL_V1)
    window = reference_window(video, face, JAXEVAL_V1)
    mesh = trajectories(networks, video, face, window, (video.width, video.height), 32).face
    if mesh is None:
        sys.exit(f"learn_lip_projection: {path}: no face found")
    sound = from_first_picture(path, "own", video.info.start_s, video.info)
    assert sound.samples is not None
    samples = jnp.asarray(sound.samples[sound.late :])
    voice = voice_variates(samples, ROWS, count=len(mesh.landmarks), start=sound.late / SAMPLE_RATE)
    lips = np.asarray(lip_variates(jnp.asarray(mesh.landmarks), ROWS), float)
    return Clip(entry["file"], entry["source"], lips, np.asarray(voice.values, float), np.asarray(voice.mask))


def learned(clips: list[Clip]) -> LipProjection:
    """From clips with their lags: lips_t beside sound_{t − lag}."""
    frames = {source: sum(len(c.lips) for c in clips if c.source == source) for source in {c.source for c in clips}}
    xx, yy, xy, mass = np.zeros((25, 25)), np.zeros((168, 168)), np.zeros((25, 168)), 0.0
    for clip in (clip for clip in clips if clip.counts):
        rows = np.arange(max(0, clip.lag), min(len(clip.lips), len(clip.lips) + clip.lag))
        rows = rows[clip.heard[rows - clip.lag]]
        x, y = clip.lips[rows], clip.sound[rows - clip.lag]
        x, y, weight = x - x.mean(0), y - y.mean(0), min(1, LONGEST / frames[clip.source])
        xx, yy, xy = xx + weight * x.T @ x, yy + weight * y.T @ y, xy + weight * x.T @ y
        mass += weight * len(x)
    xx, yy, xy = xx / mass, yy / mass, xy / mass
    left, right = (
        _inverse_root(square + shrink * np.trace(square) / len(square) * np.eye(len(square)))
        for square, shrink in ((xx, SHRINK_LIPS), (yy, SHRINK_SOUND))
    )
    u, correlations, v = np.linalg.svd(left @ xy @ right)
    first = correlations[:VARIATES]
    return LipProjection(left @ u[:, :VARIATES], right @ v[:VARIATES].T, first / first.sum())


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(values)) @ vectors.T


def score(clip: Clip, by: LipProjection) -> LipSync:
    sides = (clip.lips, by.lips), (clip.sound, by.sound)
    lips, sound = (jnp.asarray(rows @ part, jnp.float32) for rows, part in sides)
    return lip_sync(lips, sound, jnp.asarray(by.weights, jnp.float32), mask=jnp.asarray(clip.heard))


def find_lags(clips: list[Clip]) -> list[LipSync]:
    """Projections and lags in turn, each source's by the others'; the median clip has lag 0."""
    found: list[LipSync] = []
    for _ in range(ROUNDS):
        of = {source: learned([c for c in clips if c.source != source]) for source in {c.source for c in clips}}
        found = [score(clip, of[clip.source]) for clip in clips]
        sure = [bool(f.confidence >= SURE and abs(f.offset) < 12.5) for f in found]
        if sum(sure) < FEWEST:
            sys.exit(f"learn_lip_projection: expected lags of at least {FEWEST} clips, found {sum(sure)}")
        zero = np.median([float(f.offset) for f, s in zip(found, sure, strict=True) if s])
        for clip, f, s in zip(clips, found, sure, strict=True):
            clip.counts, clip.lag = s, int(np.rint(float(f.offset) - zero)) if s else 0
    return found


def main() -> None:
    folder, out = map(Path, sys.argv[1:3])
    entries = {e["sha256"]: e for e in json.loads((weights_folder() / "lip_projection.json").read_text("utf-8"))}
    networks, clips = Networks(JAXEVAL_V1), []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        entry = entries.pop(file_sha256(path), None)
        if entry:
            clips.append(read(networks, path, entry))
    print(f"{len(clips)} clips of {len({clip.source for clip in clips})} sources; {len(entries)} clips are not there")
    for clip, found in zip(clips, find_lags(clips), strict=True):
        offset = 1000 / JAXEVAL_V1.fps * float(found.offset)
        print(f"{float(found.correlation):6.3f} {offset:+6.0f} ms {float(found.confidence):5.1f}  {clip.file}")
    projection = learned(clips)
    np.savez(out, **{name: np.asarray(part, np.float32) for name, part in projection._asdict().items()})
    print("weights", np.round(projection.weights, 3), "from", sum(clip.counts for clip in clips), "clips")


if __name__ == "__main__":
    main()
