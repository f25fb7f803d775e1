"""Scores of your own: any function of a clip's frames gets a column, a confidence interval and a signature.

    jaxeval score generated/ references/ --scorers examples/own_scores.py --value fps=31.5
    python examples/own_scores.py

The first command scores files; the second prints both scores of the demo's talking face.
"""

import numpy as np

import jaxeval


def colorfulness(frames: np.ndarray, fps: float) -> float:
    """Colorfulness, mean over the frames (Hasler and Süsstrunk, Measuring colourfulness in natural images, 2003)."""
    red, green, blue = np.moveaxis(255 * frames, -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = opponents.std(axis=(2, 3)), opponents.mean(axis=(2, 3))
    return float((np.hypot(*spread) + 0.3 * np.hypot(*mean)).mean())


def flicker(frames: np.ndarray, fps: float) -> float:
    """Mean change of the picture's luma per second, in grey levels."""
    luma = 255 * (frames @ np.array([0.299, 0.587, 0.114], np.float32)).mean(axis=(1, 2))
    return float(np.abs(np.diff(luma)).mean() * fps)


SCORERS = [
    jaxeval.CustomScore("colorfulness", colorfulness, version="1", better="", definition="Hasler and Süsstrunk's M̂³."),
    jaxeval.CustomScore("flicker", flicker, version="1", better="↓", unit="1/s", definition="Change of mean luma."),
]


def main() -> None:
    from jaxeval.demo.clips import FPS, talking_face

    frames = talking_face()[0].astype(np.float32) / 255
    for scorer in SCORERS:
        print(f"{scorer.name:14} {scorer.function(frames, FPS):8.3f} {scorer.unit}")


if __name__ == "__main__":
    main()
