"""Make mfcc.npz: signals, and what PyPI python_speech_features 0.6 makes of them with its defaults, in float64.

Usage, from the repository's root: python -m tests.golden.make_mfcc
It needs the package, and scipy, which the package imports.
"""

import wave
from pathlib import Path

import numpy as np
from python_speech_features import mfcc

HERE = Path(__file__).parent
SPEECH = HERE.parents[1] / "jaxeval" / "demo" / "material" / "speech.wav"
RATES = (8000, 11025, 22050, 44100)


def signals() -> dict[str, np.ndarray]:
    """int16, as SyncNet's own evaluation reads them."""
    with wave.open(str(SPEECH)) as file:
        speech = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    noise = np.random.default_rng(0).normal(0, 3000, 4000).round().astype(np.int16)
    tone = (30000 * np.sin(2 * np.pi * 440 / 16000 * np.arange(4000))).round().astype(np.int16)
    silence = np.zeros(2000, np.int16)
    return {
        "speech": speech,
        "noise": noise,
        "tone": tone,
        "silence": silence,
        "gap": np.concatenate([speech[8000:10000], silence, speech[8000:9999]]),
        "window": speech[8000:8400],
        "window_and_one": speech[8000:8401],
        "short": speech[8000:8100],
        "one": speech[8000:8001],
    }


if __name__ == "__main__":
    inputs = signals()
    outputs = {f"mfcc_{name}": mfcc(signal, 16000) for name, signal in inputs.items()}
    rates = {f"mfcc_{rate}_hz": mfcc(inputs["speech"][8000:16000], rate) for rate in RATES}
    np.savez_compressed(HERE / "mfcc.npz", **inputs, **outputs, **rates)
