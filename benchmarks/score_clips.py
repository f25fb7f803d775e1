"""The clips of `score_speed.py`: the demo's talking face, to and fro, with its speech; and it late and compressed.

    python benchmarks/score_clips.py FOLDER

writes FOLDER/one/ and FOLDER/two/, each with generated.mp4 and reference.mp4. The second pair's files show the same
as the first one's under other names and digests, so nothing that is kept of the first serves the second.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jaxeval.demo.clips import FPS, SAMPLE_RATE, talking_face
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import degraded, late

SECONDS, SIDE = 8, 512
LATE, CRF = 0.08, 30
PADDING = b"\0\0\0\x0cfreetwo."
"""An empty box at the end of an MP4 file: no reader looks into it."""


def to_and_fro(frames: np.ndarray, count: int) -> np.ndarray:
    """The first so many frames of a clip that runs forwards and backwards, again and again, enlarged."""
    last = len(frames) - 1
    numbers = np.abs((np.arange(count) + last) % (2 * last) - last)
    large = [np.asarray(Image.fromarray(frame).resize((SIDE, SIDE))) for frame in frames]
    return np.stack([large[k] for k in numbers])


def make_clips(folder: Path) -> None:
    frames, speech = talking_face()
    reference = to_and_fro(frames, round(SECONDS * FPS))
    generated = late(degraded(reference, crf=CRF, fps=FPS).frames, LATE, fps=FPS).frames
    sound = np.resize(speech, SECONDS * SAMPLE_RATE)
    for pair in ("one", "two"):
        (folder / pair).mkdir(parents=True, exist_ok=True)
    for name, pictures in (("reference", reference), ("generated", generated)):
        path = folder / "one" / f"{name}.mp4"
        write_video(path, pictures, FPS, audio=sound, sample_rate=SAMPLE_RATE)
        (folder / "two" / path.name).write_bytes(path.read_bytes() + PADDING)


def main() -> None:
    make_clips(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
