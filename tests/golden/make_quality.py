"""Make ms_ssim.npz, cpbd.npz and niqe.npz: what the reference packages make of `pictures()`.

Usage, from the repository's root: python -m tests.golden.make_quality ms_ssim|cpbd|niqe
ms_ssim needs pytorch-msssim 1.0.0, torchmetrics 1.9.0 and torch. cpbd needs cpbd 1.0.7, niqe scikit-video 1.1.11 and
Pillow, both with numpy 1.23.5, scipy 1.10.1 and scikit-image 0.20.0 on Python 3.11: with these the two packages run
unchanged but for two functions that scipy dropped and that are put back here, `scipy.ndimage.imread` (imported by
cpbd for its command line, never called) and `scipy.misc.imresize` (called by scikit-video's NIQE). Run niqe with
`python -O` to take scikit-video's assertion on the frame's size out, which refuses frames under 194 pixels a side.
"""

import sys
from pathlib import Path

import numpy as np
from skimage import data

HERE = Path(__file__).parent


def pictures() -> dict[str, np.ndarray]:
    """`[H, W, 3]` uint8 by name: photographs of scikit-image's wheel, cut, blurred and made noisy in whole numbers."""
    face = data.astronaut()[0:224, 112:336]
    found = {
        "face": face,
        "faint": (face // 8 + 100).astype(np.uint8),
        "coffee": data.coffee()[60:300, 150:447],
        "camera": coloured(data.camera()[100:340, 90:387]),
        "moon": coloured(data.moon()[100:340, 31:328]),
        "portrait": data.astronaut(),
        "page": coloured(data.page()[:, :200]),
        "flat": np.full(face.shape, (60, 130, 200), np.uint8),
        "black": np.zeros(face.shape, np.uint8),
        "half": np.pad(np.full((224, 112, 3), 200, np.uint8), ((0, 0), (0, 112), (0, 0))),
        "slope": coloured(np.tile(np.arange(224, dtype=np.uint8), (224, 1))),
        "noise": noisy(np.full(face.shape, 128, np.uint8), 120),
    }
    blurs = {f"{name}_blur{times}": blurred(found[name], times) for name in ("face", "coffee") for times in (1, 4, 16)}
    noises = {f"{name}_noise{width}": noisy(found[name], width) for name in ("face", "camera") for width in (4, 40)}
    return found | blurs | noises


def steps() -> dict[str, np.ndarray]:
    """64×64 pictures of edges so many pixels wide, up from a level of 10 to 60 or 61 and down again."""
    return {f"step{width}_{high}": step(width, high) for width in range(2, 8) for high in (60, 61)}


def step(width: int, high: int) -> np.ndarray:
    """The pixel in the middle of each edge stands out, so that the Sobel filter's response has one maximum."""
    way = np.linspace(10, high, width + 1)
    way[width // 2] += 3
    row = np.concatenate([np.full(6, 10), way, np.full(6, high), way[::-1]])
    return coloured(np.tile(np.resize(row, 64).astype(np.uint8), (64, 1)))


def coloured(grey: np.ndarray) -> np.ndarray:
    """`[H, W]` as three equal channels."""
    return np.repeat(grey[..., None], 3, axis=2)


def blurred(picture: np.ndarray, times: int) -> np.ndarray:
    """By [1, 2, 1] ⊗ [1, 2, 1] / 16, so often, rounded each time."""
    for _ in range(times):
        wide = np.pad(picture.astype(np.int64), ((1, 1), (1, 1), (0, 0)), mode="edge")
        wide = wide[:-2] + 2 * wide[1:-1] + wide[2:]
        picture = ((wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:] + 8) // 16).astype(np.uint8)
    return picture


def noisy(picture: np.ndarray, width: int) -> np.ndarray:
    """With uniform whole-number noise of up to ±width in each channel."""
    noise = np.random.default_rng(0).integers(-width, width, picture.shape, endpoint=True)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


PAIRS = {
    "blur1": ("face", "face_blur1"),
    "blur16": ("face", "face_blur16"),
    "noise": ("face", "face_noise40"),
    "odd": ("coffee", "coffee_blur4"),
    "odd_noise": ("camera", "camera_noise40"),
    "faint": ("face", "faint"),
}
"""What `ms_ssim` compares: the second picture with the first."""


def least() -> tuple[np.ndarray, np.ndarray]:
    """A pair of the smallest size, 161×161, odd on the first scales."""
    found = pictures()
    return found["face"][:161, 40:201], found["face_noise4"][:161, 40:201]


def negative() -> tuple[np.ndarray, np.ndarray]:
    """A picture and its negative, whose contrast terms are below 0."""
    face, _ = least()
    return face, 255 - face


def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """All pairs by name, `[H, W, 3]` uint8 twice."""
    found = pictures()
    named = {name: (found[x], found[y]) for name, (x, y) in PAIRS.items()}
    return named | {"least": least(), "negative": negative()}


def ms_ssim() -> dict[str, np.ndarray]:
    """By pytorch-msssim in float64, its window too; by torchmetrics (`torchmetrics_…`) where it takes the size."""
    import pytorch_msssim
    import torch
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as other

    window = torch.exp(-torch.square(torch.arange(-5, 6).double() / 1.5) / 2)
    window = (window / window.sum()).expand(3, 1, 1, 11)
    scores = {}
    for name, pair in pairs().items():
        x, y = (torch.from_numpy(picture).double().permute(2, 0, 1)[None] / 255 for picture in pair)
        scores[name] = pytorch_msssim.ms_ssim(x, y, data_range=1, size_average=False, win=window)[0].numpy()
        if min(x.shape[2:]) >= 176:
            scores[f"torchmetrics_{name}"] = other(x, y, data_range=1.0).numpy()
    return scores


def cpbd() -> dict[str, np.ndarray]:
    """By cpbd on the pictures as Pillow's "L", as its command line reads them."""
    import scipy.ndimage
    from PIL import Image

    scipy.ndimage.imread = None
    from cpbd import compute

    found = (pictures() | steps()).items()
    return {name: compute(np.asarray(Image.fromarray(picture).convert("L"))) for name, picture in found}


def niqe() -> dict[str, np.ndarray]:
    """By scikit-video on its own `rgb2gray` of the pictures, and the features of each patch of one of them."""
    import scipy.misc
    from PIL import Image

    def imresize(array: np.ndarray, scale: float, interp: str, mode: str) -> np.ndarray:
        assert (interp, mode, array.dtype) == ("bicubic", "F", np.float32)
        height, width = array.shape
        return np.asarray(Image.fromarray(array).resize((int(width * scale), int(height * scale)), Image.BICUBIC))

    scipy.misc.imresize = imresize
    from skvideo.measure import niqe
    from skvideo.measure.niqe import get_patches_test_features
    from skvideo.utils import rgb2gray

    scores = {}
    for name, picture in pictures().items():
        grey = rgb2gray(picture[None].astype(np.float64))
        scores[name] = niqe(grey)[0]
        scores[f"features_{name}"] = get_patches_test_features(grey[0, :, :, 0], 96)
    return scores


if __name__ == "__main__":
    part = {"ms_ssim": ms_ssim, "cpbd": cpbd, "niqe": niqe}[sys.argv[1]]
    np.savez_compressed(HERE / f"{sys.argv[1]}.npz", **part())
