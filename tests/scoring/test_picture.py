"""The clip's image scores from those of its frames."""

import numpy as np
import pytest

from .crops import scored

IMAGE = ("psnr", "ssim", "ms_ssim", "l1", "cpbd", "niqe", "smooth")


def clips(same, count=6, side=192):
    """Two clips of which the frames `same` are identical."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    x = np.clip(y + rng.integers(-9, 10, y.shape), 0, 255).astype(np.uint8)
    x[same] = y[same]
    return x, y


def decibels(x, y):
    """Of each frame, in float64; infinite for identical ones."""
    error = ((x.astype(float) - y.astype(float)) ** 2).mean(axis=(1, 2, 3)) / 255**2
    with np.errstate(divide="ignore"):
        return -10 * np.log10(error)


@pytest.mark.parametrize("same", [[], [0, 1, 2], [1, 2, 3, 4, 5]], ids=str)
def test_psnr_is_the_mean_over_the_frames_that_differ(same):
    x, y = clips(same)
    found, each = scored(IMAGE, x, y), decibels(x, y)
    assert found.scores["psnr"] == pytest.approx(each[np.isfinite(each)].mean(), rel=1e-5)
    flags = [f"identical frames: {len(same)} of 6 frames excluded from psnr"] if same else []
    assert [*found.flags] == flags
    assert "psnr" not in found.missing
    np.testing.assert_allclose(found.per_frame["psnr"], each, rtol=1e-5)


def test_psnr_is_missing_where_no_frame_differs():
    x, _ = clips([], count=3)
    found = scored(IMAGE, x, x)
    assert found.missing["psnr"] == "identical frames: 3 of 3"
    assert found.flags == ()
    assert (found.scores["ssim"], found.scores["l1"]) == (pytest.approx(1), 0)


def test_only_common_frames_count():
    x, y = clips([0, 1], count=5)
    assert scored(IMAGE, x[:3], y).flags == ("identical frames: 2 of 3 frames excluded from psnr",)
