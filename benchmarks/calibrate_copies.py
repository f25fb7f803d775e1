"""What γ of jaxeval-v1 does to the scores of clips whose own γ, by the same rule, is another.

    python benchmarks/calibrate_copies.py VIDEO ...

Of each video the first 4 s are scored against a copy that is 120 ms late, and against a blurred one (a standard
deviation of 1.5 pixels of the crop), by each metric whose own γ differs from the protocol's by more than a factor of 2:
with its own γ and with the protocol's. Printed are `_div` and the lag by both.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
from calibrate import FPS, face_costs, is_far, own_costs

from jaxeval.alignment import distances, suggest_gamma
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.media.audio import decode_audio
from jaxeval.media.container import NoAudioError
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.metrics.lip_sync import standardized_variates
from jaxeval.metrics.lip_variates import lip_variates, voice_variates
from jaxeval.perturb.picture import blurred
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.aligned_scores import Costs, align
from jaxeval.scoring.ingest import FaceTrajectories, Trajectories, face_path, find_face, reference_window, trajectories
from jaxeval.scoring.lpips_costs import FeatureBlocks, lpips_costs
from jaxeval.scoring.networks import Networks

FRAMES = 100
LATE_MS, BLUR = 120.0, 1.5
COLUMNS = (
    "clip",
    "metric",
    "γ",
    "jaxeval-v1's",
    "copy",
    "`_div`",
    "by jaxeval-v1's",
    "change",
    "lag, ms",
    "by jaxeval-v1's",
)
ENCODERS = {"lpips": "lpips_alex", "st_lpips": "st_lpips_alex"}


def clip_and_copies(networks: Networks, path: Path, folder: Path) -> tuple[Trajectories, dict[str, Trajectories]]:
    """The clip's beginning, and its copies, all seen through one window."""
    frames = np.concatenate(list(Video(path, FPS).chunks(FRAMES))[:1])
    reference = _stored(folder / "reference.mp4", frames)
    face = find_face(networks, reference, JAXEVAL_V1)
    if face is None:
        sys.exit(f"calibrate_copies: no face in {path}.")
    window, size = reference_window(reference, face, JAXEVAL_V1), (reference.width, reference.height)
    clip = trajectories(networks, reference, face, window, size, JAXEVAL_V1.size)
    sigma = BLUR * max(window.right - window.left, window.bottom - window.top) / JAXEVAL_V1.size
    video = _stored(folder / "blurred.mp4", blurred(frames, sigma).frames)
    same_face = face_path(networks, video, face.track)
    blurry = trajectories(networks, video, same_face, window, size, JAXEVAL_V1.size)
    return clip, {f"late by {LATE_MS:g} ms": _late(clip), "blurred": blurry}


def _late(clip: Trajectories) -> Trajectories:
    """As `jaxeval.perturb.picture.late` makes it: the first frame is held."""
    rows = np.maximum(np.arange(len(clip.crops)) - round(LATE_MS * FPS / 1000), 0)
    face = {name: part if part is None else part[rows] for name, part in vars(clip.face).items()}
    return Trajectories(clip.crops[rows], FaceTrajectories(**face))


def _stored(path: Path, frames: np.ndarray) -> Video:
    write_video(path, frames, FPS, crf=0)
    return Video(path, FPS)


def pair_costs(networks: Networks, metric: str, x: Trajectories, y: Trajectories, voice: np.ndarray | None) -> Costs:
    """One metric's, of a copy and the clip; of lip_sync of the copy's mouth and the clip's voice."""
    if metric in ENCODERS:
        blocks = FeatureBlocks(networks.needed(ENCODERS[metric]))
        return lpips_costs(blocks, ("copy", x.crops), ("clip", y.crops), lambda done: None).costs
    if metric != "lip_sync":
        return face_costs(networks, x.face, y.face)[metric]
    projection = lip_projection()
    lips = standardized_variates(lip_variates(x.face.landmarks, projection), projection.weights)
    sides = (lips, voice), (lips, lips), (voice, voice)
    xy, xx, yy = (np.asarray(distances.squared_euclidean(a, b)) for a, b in sides)
    return Costs(np.diagonal(xy), xy, xx, yy)


def voice_of(path: Path, count: int) -> np.ndarray | None:
    """Standardized variates of a clip's voice, whose picture begins with it or soon after."""
    try:
        samples, _ = decode_audio(path, 16000)
    except NoAudioError:
        return None
    projection = lip_projection()
    values = voice_variates(samples, projection, count=count).values
    return jax.device_get(standardized_variates(values, projection.weights))


def main() -> None:
    networks = Networks(JAXEVAL_V1)
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for path in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as folder:
            clip, copies = clip_and_copies(networks, path, Path(folder))
        voice = voice_of(path, len(clip.crops))
        own = {metric: suggest_gamma(cost) for metric, cost in own_costs(networks, clip, None).items()}
        if voice is not None:
            own["lip_sync"] = suggest_gamma(np.asarray(distances.squared_euclidean(voice, voice)))
        for metric in (metric for metric, gamma in own.items() if is_far(metric, gamma)):
            for copy, changed in copies.items():
                costs = {metric: pair_costs(networks, metric, changed, clip, voice)}
                print_row(path.name, metric, own[metric], copy, costs)


def print_row(clip: str, metric: str, own: float, copy: str, costs: dict[str, Costs]) -> None:
    gammas = own, JAXEVAL_V1.gamma[metric]
    scores = [align(costs, replace(JAXEVAL_V1, gamma={metric: gamma})).scores for gamma in gammas]
    mine, ours = (score[f"{metric}_div"] for score in scores)
    lags = (f"{score[f'lag_ms_{metric}']:+.0f}" for score in scores)
    divs = f"{mine:.3g}", f"{ours:.3g}", f"{ours / mine - 1:+.1%}"
    cells = (clip, metric, *(f"{gamma:.0e}" for gamma in gammas), copy, *divs, *lags)
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
