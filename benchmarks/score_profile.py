"""Where the time of a pair goes, each second counted once: the second pair of a process, for `score_speed.py`.

    python benchmarks/score_profile.py FOLDER

FOLDER comes from `score_clips.py`. A stage is the functions of a row of `WATCHED`, and one that calls another stage's
functions isn't charged for them. Only the main thread's time is counted, and each stage waits for its own results:
what other threads do meanwhile (image scores beside LPIPS, the second clip beside the first) slows it down, and shows
in no row of its own.
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import jax
from score_pair import score, scorer, timed

WATCHED = {
    "LPIPS' encoder and its products": ("jaxeval.scoring.materials:lpips_costs",),
    "face mesh": ("jaxeval.scoring.ingest:_mesh",),
    "face detector": ("jaxeval.media.faces:_detect",),
    "identity": ("jaxeval.scoring.ingest:encode",),
    "decoder": ("jaxeval.media.video:Video.chunks", "jaxeval.media.video:Video._pictures"),
    "crops": (
        "jaxeval.scoring.ingest:parallel_map",
        "jaxeval.media.chips:parallel_map",
        "jaxeval.media.faces:parallel_map",
    ),
    "trajectories": ("jaxeval.scoring.materials:pair_trajectories",),
    "costs and all other scores": ("jaxeval.scoring.metric_groups:measure",),
    "Soft-DTW": ("jaxeval.scoring.metric_groups:align",),
    "sound": ("jaxeval.scoring.scorer:sound_of",),
    "timing and faults": (
        "jaxeval.scoring.metric_groups:fault_flags",
        "jaxeval.scoring.metric_groups:timing_scores",
        "jaxeval.scoring.metric_groups:lag_flags",
    ),
}
"""Stage to its functions, each named where it is called from: `module:name` or `module:class.name`."""


def resolved(place: str) -> tuple[Any, str]:
    """A function's module or class, and its name there.

    Raises:
        LookupError: there is no such function; the text names it.
    """
    module, _, path = place.partition(":")
    owner, _, name = path.rpartition(".")
    try:
        holder = resolve_name(f"{module}:{owner}" if owner else module)
        if not callable(getattr(holder, name)):
            raise AttributeError(name)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"Expected a function {place}, found none; update WATCHED in {__file__}.") from error
    return holder, name


class Stopwatch:
    """Seconds of the main thread by stage; a stage that calls another one's function isn't charged for it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
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
                try:
                    item = charged(next, items)
                except StopIteration:
                    return
                yield item

        def charged(function: Callable, *args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return function(*args, **kwargs)
            self.enter(stage)
            try:
                found = function(*args, **kwargs)
                return found if isinstance(found, Iterator) else jax.block_until_ready(found)
            finally:
                self.leave()

        def called(*args: Any, **kwargs: Any) -> Any:
            found = charged(function, *args, **kwargs)
            return iterated(found) if isinstance(found, Iterator) else found

        return called

    def install(self) -> None:
        """Replace each watched function by itself on its stage's account, and begin anew."""
        for stage, places in WATCHED.items():
            for holder, name in map(resolved, places):
                setattr(holder, name, self.watched(stage, getattr(holder, name)))
        self.switch()
        self.spent.clear()


def main() -> None:
    folder = Path(sys.argv[1])
    made, watch = scorer([]), Stopwatch()
    score(made, folder / "one")
    watch.install()
    seconds, _ = timed(lambda: score(made, folder / "two"))
    watch.switch()
    for stage, spent in sorted(watch.spent.items(), key=lambda row: -row[1]):
        print(f"{stage:36} {spent:7.2f} s {spent / seconds:7.1%}")


if __name__ == "__main__":
    main()
