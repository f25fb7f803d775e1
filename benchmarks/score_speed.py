"""How long `jaxeval score` takes for a clip of 10 s at 256×256 under jaxeval-v1, and where the time goes.

The clip is the demo's talking face, to and fro, with its speech; the generated one is it, late and compressed. Printed
are the first pair of a process, which compiles, and the second one; then the second one's time by what spends it, each
second counted once.

    python benchmarks/score_speed.py [FOLDER]

FOLDER keeps the two clips.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from jaxeval.demo.clips import FPS, SAMPLE_RATE, talking_face
from jaxeval.media import faces, video
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import degraded, late
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring import ingest, materials, metric_groups
from jaxeval.scoring import scorer as whole
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer

SECONDS, SIDE = 10, 256

WATCHED: dict[str, tuple[tuple[Any, str], ...]] = {
    "encoders, LPIPS and its products": ((materials, "lpips_costs"),),
    "encoders, faces and identity": ((ingest, "_run"), (faces, "_detect")),
    "decoder": ((video.Video, "chunks"), (video.Video, "_pictures")),
    "crops": ((ingest, "parallel_map"), (faces, "parallel_map")),
    "image scores": ((metric_groups, "_picture_scores"),),
    "Soft-DTW": ((metric_groups, "align"),),
    "costs of small trajectories": ((materials, "trajectory_costs"),),
    "landmarks, pose, expression": ((materials, "mesh_motion"), (metric_groups, "_frame_scores")),
    "eyes, and scores of whole clips": ((materials, "_openness"), (metric_groups, "_clip_scores")),
    "lips and sound": ((materials, "envelope_lips"), (whole, "sound_of")),
    "timing and faults": tuple((metric_groups, name) for name in ("fault_flags", "timing_scores", "lag_flags")),
}


class Stopwatch:
    """Seconds by stage; a stage that calls another one's function isn't charged for it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._stages = ["the rest"]
        self._since = time.perf_counter()

    def switch(self) -> None:
        """Charge the time since the last call to the current stage."""
        now = time.perf_counter()
        self.spent[self._stages[-1]] += now - self._since
        self._since = now

    def enter(self, stage: str) -> None:
        """From now on time is this stage's."""
        self.switch()
        self._stages.append(stage)

    def leave(self) -> None:
        """And now the caller's again."""
        self.switch()
        self._stages.pop()

    def watched(self, stage: str, function: Callable) -> Callable:
        """The function, or the generator that it gives, on the stage's account."""

        def iterated(items: Iterator) -> Iterator:
            while True:
                self.enter(stage)
                try:
                    item = next(items)
                except StopIteration:
                    return
                finally:
                    self.leave()
                yield item

        def called(*args: Any, **kwargs: Any) -> Any:
            self.enter(stage)
            try:
                found = function(*args, **kwargs)
            finally:
                self.leave()
            return iterated(found) if isinstance(found, Iterator) else found

        return called


def make_clips(folder: Path) -> Pair:
    frames, speech = talking_face()
    last, count = len(frames) - 1, round(SECONDS * FPS)
    to_and_fro = np.abs((np.arange(count) + last) % (2 * last) - last)
    reference = np.stack([np.asarray(Image.fromarray(frames[k]).resize((SIDE, SIDE))) for k in to_and_fro])
    sound = np.resize(speech, SECONDS * SAMPLE_RATE)
    generated = late(degraded(reference, crf=30, fps=FPS).frames, 0.08, fps=FPS).frames
    for name, pictures in (("reference", reference), ("generated", generated)):
        write_video(folder / f"{name}.mp4", pictures, FPS, audio=sound, sample_rate=SAMPLE_RATE)
    return Pair("clip", folder / "generated.mp4", folder / "reference.mp4")


def timed(scorer: Scorer, pair: Pair) -> float:
    start = time.perf_counter()
    record = scorer.score(pair)
    if record.status != "ok":
        sys.exit(f"score_speed: {record.reason}")
    return time.perf_counter() - start


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    pair = make_clips(folder)
    scorer = Scorer(JAXEVAL_V1)
    scorer.load()
    first = timed(scorer, pair)
    fresh = Scorer(JAXEVAL_V1)  # nothing kept of the reference, and every program compiled
    fresh.load()
    watch = Stopwatch()
    for stage, places in WATCHED.items():
        for owner, name in places:
            setattr(owner, name, watch.watched(stage, getattr(owner, name)))
    watch.switch()
    watch.spent.clear()
    second = timed(fresh, pair)
    watch.switch()
    print(f"{SECONDS} s at {SIDE}x{SIDE}: first pair {first:.1f} s ({first / SECONDS:.1f} x real time), ", end="")
    print(f"second {second:.1f} s ({second / SECONDS:.1f} x real time)")
    for stage, seconds in watch.spent.most_common():
        print(f"{stage:36} {seconds:7.2f} s {seconds / second:7.1%}")


if __name__ == "__main__":
    main()
