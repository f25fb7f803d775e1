"""Seconds of the first and the second pair of a process, with whichever jaxeval comes first on the path.

    PYTHONPATH=CHECKOUT python benchmarks/score_pair.py FOLDER [SCORES]

FOLDER comes from `score_clips.py`; SCORES are names with commas between them, the version's default if there are none.
Printed as JSON are the seconds, the names of all scores, also of those that are missing, and the package's folder. Both
the layout of commit bcd730f and today's are known.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

PLACES = {
    "JAXEVAL_V1": ("jaxeval.protocol", "jaxeval.scoring.protocol"),
    "Pair": ("jaxeval.scoring.pairing", "jaxeval.scoring.clip"),
    "Scorer": ("jaxeval.scoring.scorer", "jaxeval.scoring.clip"),
}
"""Where a name is now, and where it was at bcd730f."""


def found(name: str) -> Any:
    for module in PLACES[name]:
        try:
            return resolve_name(f"{module}:{name}")
        except (ImportError, AttributeError):
            continue
    sys.exit(f"score_pair: expected {name} in {' or '.join(PLACES[name])}, found it in none; update PLACES.")


def scorer(names: list[str]) -> Any:
    """A scorer with its networks loaded."""
    protocol = found("JAXEVAL_V1")
    options = {"selection": resolve_name("jaxeval.results.selection:select")(protocol, names)} if names else {}
    made = found("Scorer")(protocol, **options)
    made.load()
    return made


def score(made: Any, folder: Path) -> Any:
    """The record of a pair."""
    record = made.score(found("Pair")(folder.name, folder / "generated.mp4", folder / "reference.mp4"))
    if record.status != "ok":
        sys.exit(f"score_pair: {record.reason}")
    return record


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def main() -> None:
    folder, names = Path(sys.argv[1]), sys.argv[2].split(",") if len(sys.argv) > 2 else []
    made = scorer(names)
    first, _ = timed(lambda: score(made, folder / "one"))
    second, record = timed(lambda: score(made, folder / "two"))
    told = {"seconds": [first, second], "names": [*record.scores, *record.missing]}
    print(json.dumps(told | {"package": str(Path(import_module("jaxeval").__file__ or "").resolve().parent)}))


if __name__ == "__main__":
    main()
