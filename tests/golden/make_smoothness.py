"""Make smoothness.npz: what the authors' own Python functions make of speed profiles.

`sparc` and `log_dimensionless_jerk` of scripts/smoothness.py in github.com/siva82kb/SPARC, commit
14b377e8715cda3b4f7ca24668c8d2ecc5110d01 (ISC licence), the code published with Balasubramanian et al. 2015.

Usage: python tests/golden/make_smoothness.py FOLDER
FOLDER holds that smoothness.py; it needs numpy only.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SETTINGS = ((10.0, 0.05), (5.0, 0.05), (10.0, 0.01))  # cutoff in Hz, threshold


def profiles() -> dict[str, tuple[float, np.ndarray]]:
    """Name to frames per second and speed profile, all positive."""
    rng = np.random.default_rng(0)

    def bumps(count: int, gap: float, fps: float) -> np.ndarray:
        t = np.arange(0, 1 + gap * (count - 1), 1 / fps)
        return sum(np.exp(-0.5 * ((t - 0.5 - gap * k) / 0.12) ** 2) for k in range(count))

    time = np.arange(119) / 25
    return {
        "their_example": (100.0, np.exp(-5 * np.arange(-1, 1, 0.01) ** 2)),
        "one_stroke": (25.0, bumps(1, 0, 25)),
        "two_strokes": (25.0, bumps(2, 0.5, 25)),
        "five_strokes": (30.0, bumps(5, 0.7, 30)),
        "noisy_stroke": (100.0, np.abs(bumps(1, 0, 100) + 0.03 * rng.normal(size=100)) + 1e-3),
        "head": (25.0, 1 + 0.4 * np.sin(2 * np.pi * 0.6 * time) + 0.3 * np.sin(2 * np.pi * 2.3 * time + 1)),
        "random": (25.0, rng.uniform(0.05, 1, 74)),
        "one_power_of_two": (50.0, rng.uniform(0.05, 1, 64)),
        "shortest": (25.0, np.array([1.0, 3.0])),
    }


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    theirs = import_module("smoothness")
    found = {}
    for name, (fps, speed) in profiles().items():
        found[f"{name}/fps"], found[f"{name}/speed"] = fps, speed
        found[f"{name}/sparc"] = [theirs.sparc(speed, fps, fc=cutoff, amp_th=least)[0] for cutoff, least in SETTINGS]
        if len(speed) > 2:
            found[f"{name}/ldlj"] = theirs.log_dimensionless_jerk(speed, fps)
    np.savez_compressed(HERE / "smoothness.npz", settings=SETTINGS, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
