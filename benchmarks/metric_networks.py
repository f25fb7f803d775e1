"""Scores that look through a network, and alignment, against PyTorch and float64 loops, for `metric_parity.py`.

Frames and sound are real. Our side runs from the frames to the score; theirs is the network's twin in PyTorch or the
package itself with the same weights, and on top of its outputs the score's formula in float64. The twins compute in
float64 too, but those of the face mesh and of LivePortrait, which would take minutes.
"""

import copy
import sys
from functools import cache
from runpy import run_path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import encoder_twins
import jax
import jax.numpy as jnp
import numpy as np
import torch
from metric_oracles import Found, aligned_rows, carphone, golden, installed, ms, of_tests, origin, resized, speech
from scipy.spatial.distance import cdist

import jaxeval
from jaxeval.alignment.distances import cosine, squared_euclidean
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.metrics.aligned import aligned_from_costs
from jaxeval.metrics.frechet import frechet_distance_exact
from jaxeval.metrics.landmarks import LIPS
from jaxeval.metrics.motion import expression_trajectory, fit_mesh, pose_frame, pose_trajectory
from jaxeval.metrics.sync import legacy_windows
from jaxeval.protocol import ARXIV_2606_01031, JAXEVAL_V1, Protocol

SINGLE = ("face_mesh", "liveportrait_motion")


def _clips(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A compressed clip of 16 frames and its reference of 18, uint8; the first begins three frames later."""
    return resized(carphone("distorted")[3:19], side), resized(carphone("pristine")[:18], side)


@cache
def _twin(name: str) -> Any:
    return encoder_twins.module(name) if name in SINGLE else copy.deepcopy(encoder_twins.module(name)).double()


def _both(name: str, frames: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All outputs of our encoder and of its twin."""
    ours = jax.jit(lambda net, x: net(x))(encoder_twins.encoder(name), jnp.asarray(frames / 255, jnp.float32))
    tensor = torch.tensor(frames / 255, dtype=torch.float32 if name in SINGLE else torch.float64).movedim(-1, 1)
    with torch.inference_mode():
        theirs = encoder_twins.forward(name)(_twin(name), tensor)
    outputs = theirs.values() if isinstance(theirs, dict) else theirs if isinstance(theirs, tuple) else (theirs,)
    return jax.tree.leaves(ours), [output.double().numpy() for output in outputs if isinstance(output, torch.Tensor)]


def _trajectories(metric: str, label: str, protocol: Protocol, ours: tuple, theirs: tuple) -> Found:
    """Frame-wise and aligned, of trajectories (x, y) of both sides; the cosine's are compared as directions."""
    gamma, band = protocol.gamma[metric], protocol.band_frames
    distance = cosine if metric == "csim" else squared_euclidean
    if metric == "csim":
        theirs = tuple(side / np.linalg.norm(side, axis=1, keepdims=True) for side in theirs)
    x, y = (np.asarray(side, np.float64) for side in theirs)
    costs = tuple(cdist(a, b, "sqeuclidean") for a, b in ((x, y), (x, x), (y, y)))
    score = jax.jit(jaxeval.aligned(distance, gamma=gamma, band=band))(*map(jnp.asarray, ours))
    if metric in ("pose", "expr"):
        yield f"{metric}{label}", score.framewise, np.diagonal(costs[0]).mean()
    yield from aligned_rows(metric, label, score, costs, gamma, band)


@cache
def _lpips_package(name: str) -> Any:
    """The authors' package with the same weights as our encoder, in float64; what it imports in vain stands in."""
    family, net = name.rsplit("_", 1)
    names = ("torchvision", "torchvision.models", "IPython", "torchsummary")
    with patch.dict(sys.modules, {module: ModuleType(module) for module in names}):
        if family == "lpips":
            package = of_tests("golden.make_lpips").load_package(str(origin("lpips").parent))
            return package.LPIPS(net=net, verbose=False).double()
        sys.modules["torchvision"].models = sys.modules["torchvision.models"]  # type: ignore[attr-defined]
        sys.modules["IPython"].embed = sys.modules["torchsummary"].summary = None  # type: ignore[attr-defined]
        from stlpips_pytorch.stlpips import LPIPS

        return LPIPS(net=net, variant="shift_tolerant", verbose=False).double()


def _features(package: Any, frames: np.ndarray) -> np.ndarray:
    """`[T, D]` whose squared ℓ2 distances are the package's, from its network's taps and its heads."""
    parts = []
    with torch.inference_mode():
        taps = package.net(package.scaling_layer(2 * torch.tensor(frames / 255).movedim(-1, 1) - 1))
        for tap, head in zip(taps, package.lins, strict=True):
            unit = tap / (tap.square().sum(1, keepdim=True).sqrt() + 1e-10)
            parts.append((unit * (head.model[-1].weight / tap[0, 0].numel()).sqrt()).flatten(1))
    return torch.cat(parts, 1).numpy()


def _authors_lpips(package: Any, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return package(*(2 * torch.tensor(side / 255).movedim(-1, 1) - 1 for side in (x, y))).ravel()


def perceptual() -> Found:
    """LPIPS and ST-LPIPS, frame by frame and aligned; of a package that isn't there by its golden file alone."""
    lpips, matrix = jax.jit(jaxeval.lpips), jax.jit(jaxeval.lpips_matrix)
    for name in ("lpips_alex", "lpips_vgg", "lpips_squeeze", "st_lpips_alex"):
        (metric, net), encoder = name.rsplit("_", 1), encoder_twins.encoder(name)
        row = f"{metric} ({net})" if metric == "lpips" else metric
        *pair, distances = _golden_lpips(metric, net)
        yield row, lpips(encoder, *(_unit((side.transpose(0, 2, 3, 1) + 1) * 127.5) for side in pair)), distances
        if not installed("lpips" if metric == "lpips" else "stlpips_pytorch"):
            continue
        for x, y in (_clips(64), _clips(113)):
            yield row, lpips(encoder, _unit(x[:2]), _unit(y[:2])), _authors_lpips(_lpips_package(name), x[:2], y[:2])
        if net == "alex":
            x, y = _clips(96)
            costs = (matrix(encoder, _unit(a), _unit(b)) for a, b in ((x, y), (x, x), (y, y)))
            protocol = ARXIV_2606_01031 if metric == "lpips" else JAXEVAL_V1
            gamma, band = protocol.gamma[metric], protocol.band_frames
            a, b = (_features(_lpips_package(name), side) for side in (x, y))
            exact = cdist(a, b, "sqeuclidean"), cdist(a, a, "sqeuclidean"), cdist(b, b, "sqeuclidean")
            yield from aligned_rows(metric, "", aligned_from_costs(*costs, gamma=gamma, band=band), exact, gamma, band)


def _golden_lpips(metric: str, net: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs in [-1, 1], channels first, and their distances by the package."""
    if metric == "lpips":
        return *of_tests("golden.make_lpips").pairs(), golden("lpips")[net].sum(1)
    return tuple(golden("stlpips_alex")[key] for key in ("a", "b", "dist"))


def _unit(frames: np.ndarray) -> jax.Array:
    return jnp.asarray(frames / 255, jnp.float32)


def identity() -> Found:
    """CSIM and the distance of identities on dlib's network and on ArcFace's."""
    pairs = golden("dlib_identity_pairs")
    found = np.asarray(_both("dlib_resnet", pairs["chips"])[0][0])
    i, j = np.triu_indices(len(found), 1)
    yield from _identities(" (dlib)", (found[i], found[j]), (pairs["emb"][i], pairs["emb"][j]))
    for name, side, label, protocol in (
        ("dlib_resnet", 150, " (dlib)", JAXEVAL_V1),
        ("arcface_r50", 112, " (ArcFace R50)", ARXIV_2606_01031),
    ):
        (x, a), (y, b) = ((ours[0], theirs[0]) for ours, theirs in (_both(name, clip) for clip in _clips(side)))
        yield from _identities(label, (x, y[: len(x)]), (a, b[: len(a)]))
        yield from _trajectories("csim", label, protocol, (x, y), (a, b))


def _identities(label: str, ours: tuple, theirs: tuple) -> Found:
    a, b = (side.astype(np.float64) for side in theirs)
    yield f"csim{label}", jaxeval.csim(*ours), (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    yield f"id_distance{label}", jaxeval.id_distance(*ours), np.sqrt(((a - b) ** 2).sum(1))


def sync() -> Found:
    """SyncNet's scores from frames and samples on; theirs with python_speech_features and the authors' distances."""
    frames, twin = resized(carphone("pristine")[:40], 224), encoder_twins.twin("syncnet")
    encoder, net = encoder_twins.encoder("syncnet"), _twin("syncnet")
    visual = jax.jit(lambda encoder, x: encoder(x))(encoder, _unit(frames))
    audio = jax.jit(lambda encoder, x: encoder.audio_clip(jaxeval.mfcc(x)))(encoder, jnp.asarray(speech(), jnp.float32))
    with torch.inference_mode():
        seen = net.forward_lip(twin.lip_windows(torch.tensor(frames / 255)))
        heard = net.forward_aud(twin.sound_windows(golden("mfcc")["mfcc_speech"]))
    count = legacy_windows(len(frames), len(speech()))
    visual, audio, seen, heard = (side[:count] for side in (visual, audio, seen, heard))
    yield from _synchrony((visual, audio), (seen, heard))
    by_loop = of_tests("metrics.test_sync").by_loop(seen.numpy(), heard.numpy(), "valid", 15, count, count)
    valid = jaxeval.sync_scores(visual, audio, form="valid")
    theirs = [np.median(by_loop) - by_loop.min(), by_loop.min()]
    yield "sync_c, sync_d (valid)", jnp.stack([valid.sync_c, valid.sync_d]), theirs
    for late in (-6, 0, 3):  # embeddings that agree, which those of seeded weights don't
        pair = of_tests("metrics.test_sync").embeddings(60, 60, late, seed=late + 6)
        yield from _synchrony(pair, tuple(torch.tensor(side).double() for side in pair))


def _synchrony(ours: tuple, theirs: tuple) -> Found:
    """Of embeddings (visual, audio)."""
    scores, curve = jax.jit(jaxeval.sync_scores)(*ours), _authors_curve(*theirs)
    yield "sync_c", scores.sync_c, np.median(curve) - curve.min()
    yield "sync_d", scores.sync_d, curve.min()
    yield "sync_offset_ms", ms(scores.offset), ms(15 - curve.argmin())
    yield from _trajectories("sync", "", ARXIV_2606_01031, ours, tuple(side.numpy() for side in theirs))


def _authors_curve(visual: torch.Tensor, audio: torch.Tensor) -> np.ndarray:
    """Mean distance at 31 shifts, by the authors' function if its package is there, in the authors' order."""
    if not installed("syncnet_python"):
        lengths = len(visual), len(audio)
        return of_tests("metrics.test_sync").by_loop(visual.numpy(), audio.numpy(), "legacy", 15, *lengths)[::-1]
    with patch.dict(sys.modules, {"cv2": ModuleType("cv2")}):  # which reads videos, and isn't called
        distances = run_path(str(origin("syncnet_python") / "SyncNetInstance.py"))["calc_pdist"]
    return torch.stack(distances(visual, audio, vshift=15), 1).mean(1).numpy()


def faces() -> Found:
    """Pose and expression by the mesh and by LivePortrait, and the landmark distances."""
    (x, a), (y, b) = ((ours[0], theirs[0]) for ours, theirs in (_both("face_mesh", clip) for clip in _clips(192)))
    mesh = encoder_twins.encoder("face_mesh")
    canonical, weights = mesh.canonical[...], mesh.procrustes_weights[...]
    fits = [fit_mesh(side, canonical, weights) for side in (x, y)]
    unit = pose_frame(fits[1], canonical)
    poses = tuple(pose_trajectory(fit, unit) for fit in fits)
    expressions = tuple(expression_trajectory(side, canonical, fit) for side, fit in zip((x, y), fits, strict=True))
    theirs = [of_tests("metrics.test_motion").by_scipy(side, b, canonical, weights) for side in (a, b)]
    for metric, ours, exact in zip(("pose", "expr"), (poses, expressions), zip(*theirs, strict=True), strict=True):
        yield from _trajectories(metric, " (mesh)", JAXEVAL_V1, ours, exact)
    for name, points in (("lmd", range(468)), ("m_lmd", LIPS)):
        exact = of_tests("metrics.test_landmarks").by_loops(a, b[: len(a)], points)
        yield name, getattr(jaxeval, name)(x, y[: len(x)]), exact
    ours, theirs = zip(*(_both("liveportrait_motion", clip) for clip in _clips(256)), strict=True)
    for k, metric in enumerate(("pose", "expr")):
        sides = (tuple(outputs[k] for outputs in side) for side in (ours, theirs))
        yield from _trajectories(metric, " (LivePortrait)", ARXIV_2606_01031, *sides)


def lips() -> Found:
    """Mouth and voice, from frames and samples on."""
    ours, theirs = _both("face_mesh", resized(carphone("pristine"), 192))
    tests, projection, late = of_tests("metrics.lip_sync_oracle"), lip_projection(), 3200
    samples = speech() / 32768
    landmarks, sound = jnp.asarray(ours[0]), jnp.asarray(samples, jnp.float32)
    voice = jaxeval.voice_variates(sound, projection, count=len(landmarks), start=late / 16000)
    mouth = jaxeval.lip_variates(landmarks, projection)
    found = jaxeval.lip_sync(mouth, voice.values, projection.weights, mask=voice.mask)
    constants = tests.Constants(*(np.asarray(part, np.float64) for part in projection))
    *parts, heard = tests.features(np.asarray(theirs[0], np.float64), np.pad(samples, (late, 0)), late)
    exact = tests.score(*parts, heard, constants)
    yield "lip_sync", found.correlation, exact.correlation
    yield "lip_sync_offset_ms", ms(found.offset), exact.offset_ms
    sides = (
        jaxeval.standardized_variates(mouth, projection.weights),
        jaxeval.standardized_variates(voice.values, projection.weights, valid=voice.mask),
    )
    variates = parts[0] @ constants.lips, parts[1] @ constants.sound
    scaled = [
        np.sqrt(constants.weights) * (rows - rows[valid].mean(0)) / rows[valid].std(0)
        for rows, valid in zip(variates, (np.ones(len(heard), bool), heard), strict=True)
    ]
    both = (tuple(np.asarray(x)[heard] for x in side) for side in (sides, scaled))
    yield from _trajectories("lip_sync", "", JAXEVAL_V1, *both)


def feature_sets() -> Found:
    """FID, FVD and the identity network's Fréchet distance of small sets, whose covariances are singular."""
    windows = np.arange(3)[:, None] * 16 + np.arange(16)[None]
    for row, name, side, rows in (
        ("fid", "inception_fid", 144, np.arange(0, 60, 10)),
        ("fvd", "i3d", 224, windows),
        ("fd_dlib_resnet", "dlib_resnet", 150, np.arange(60)),
    ):
        sets = [_both(name, resized(carphone(kind), side)[rows]) for kind in ("distorted", "pristine")]
        ours, theirs = zip(*((x[0], y[0]) for x, y in sets), strict=True)
        found = frechet_distance_exact(*map(jaxeval.moments, ours), min_count=2)
        yield row, found, of_tests("metrics.test_frechet").by_samples(*theirs)
