"""Rows of a benchmark that never ran: 20 methods × 7 datasets × 600 clips × all clip scores of jaxeval-v1.

As many methods of each paradigm as in arXiv 2606.01031, on its datasets; they have no names, for every number is made
up. A method has an ability for the picture, for motion and for lips, in steps of a quarter of a standard deviation.
Methods with the same ability are exactly equal in truth. Half of a score's variance belongs to the clip, whatever the
method; two fifths lie between persons. By its kind a score is normal, lognormal, or bounded to 0–1, so that its true
mean is known in closed form.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from scipy import stats

from jaxeval.benchmark.plan import Bench, Dataset, Method
from jaxeval.benchmark.shards import COLUMNS
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.score import Score
from jaxeval.results.selection import select

STEP = 0.25
METHODS = {  # paradigm, year, (picture, motion, lips, lag) in steps, share of clips that fail
    "method-01": ("motion space", 2024, (6, 6, 5, 0), 0.00),
    "method-02": ("multi-condition", 2024, (4, 4, 3, 1), 0.02),
    "method-03": ("full motion", 2024, (5, 7, 5, 0), 0.00),
    "method-04": ("full motion", 2024, (5, 5, 4, 1), 0.02),
    "method-05": ("full motion", 2024, (6, 7, 6, 0), 0.01),
    "method-06": ("full motion", 2024, (5, 5, 4, 1), 0.01),
    "method-07": ("full motion", 2024, (5, 5, 4, 1), 0.05),
    "method-08": ("full motion", 2024, (4, 3, 1, 2), 0.02),
    "method-09": ("lip-centric", 2024, (8, 2, 6, 0), 0.01),
    "method-10": ("multi-condition", 2024, (3, 3, 3, 1), 0.04),
    "method-11": ("motion space", 2024, (4, 5, 3, 1), 0.00),
    "method-12": ("full motion", 2024, (6, 7, 6, 0), 0.01),
    "method-13": ("motion space", 2024, (4, 6, 4, 0), 0.01),
    "method-14": ("motion space", 2024, (4, 5, 3, 1), 0.02),
    "method-15": ("motion space", 2023, (2, 3, 3, 2), 0.00),
    "method-16": ("lip-centric", 2023, (2, 4, 3, 2), 0.03),
    "method-17": ("multi-condition", 2023, (7, 2, 4, 1), 0.12),
    "method-18": ("lip-centric", 2023, (7, 1, 7, 0), 0.06),
    "method-19": ("motion space", 2021, (0, 2, 1, 3), 0.01),
    "method-20": ("lip-centric", 2020, (7, 1, 7, 0), 0.03),
}
DATASETS = {  # clips, identities (0 if they aren't known), how much harder than the first
    "HDTF": (100, 40, 0.0),
    "VoxCeleb2": (100, 45, 0.5),
    "CelebV-HQ": (100, 0, 0.4),
    "MEAD": (100, 47, 0.2),
    "RAVDESS": (100, 24, 0.1),
    "Wild": (60, 0, 0.8),
    "Avatar": (40, 0, 1.0),
}
WITHOUT_REFERENCE = "Avatar"
SHARES = np.sqrt([0.2, 0.3, 0.2, 0.3])
"""Of person, clip, person under this method, and clip under this method; their squares add up to 1."""
_ABILITY = {
    "Head pose": 1,
    "Expression": 1,
    "smoothness": 1,
    "Behavior": 1,
    "Lips and sound": 2,
    "landmarks": 2,
    "timing": 2,
}
_LEVELS = {
    "psnr": 22,
    "l1": 0.06,
    "cpbd": 0.3,
    "niqe": 6,
    "lpips": 0.2,
    "csim": 0.3,
    "pose": 2e-3,
    "expr": 4e-5,
    "lip_sync": 1,
}
_MISSING = 0.01


def bench() -> Bench:
    """The benchmark, as its file would say."""
    methods = [
        Method(name, f"outputs/{name}/{{dataset}}/{{id}}.mp4", paradigm, year)
        for name, (paradigm, year, _, _) in METHODS.items()
    ]
    return Bench(methods, [Dataset(name, f"references/{name}") for name in DATASETS])


def scores(names: Sequence[str] | None = None) -> list[Score]:
    """Those that a clip has, in the catalogue's order."""
    chosen = select(JAXEVAL_V1, names)
    told = [chosen.known[name] for metric in chosen.metrics for name in chosen.known.scores(metric)]
    return [score for score in told if chosen.keeps(score.name) and score.per in ("frame", "clip")]


def ability(score: Score) -> np.ndarray:
    """`[M]` how good each method is in truth, in standard deviations; where neither direction is better, how high."""
    column = _ABILITY.get(score.group, 0) if score.better else 3
    is_methods = not score.name.endswith("_reference")
    return STEP * is_methods * np.array([told[2][column] for told in METHODS.values()], float)


def true_means(score: Score, dataset: str) -> np.ndarray:
    """`[M]` what a method's mean would be over endlessly many persons."""
    kind, level = _kind(score)
    place = _places(score, dataset)
    if kind == "bounded":
        return stats.norm.cdf(place / np.sqrt(2))
    return level * np.exp(0.3 * place) if kind == "positive" else level + _spread(score) * place


def rows(seed: int, names: Sequence[str] | None = None) -> pl.DataFrame:
    """All rows of one simulated benchmark.

    Args:
        seed: another one draws other persons, clips and failures, of the same truth.
        names: of the scores; all if None.
    """
    rng = np.random.default_rng(seed)
    return pl.concat([part for name in DATASETS for part in _of_dataset(name, scores(names), rng)])


def _kind(score: Score) -> tuple[str, float]:
    level = next((value for name, value in _LEVELS.items() if score.name.startswith(name)), 1.0)
    if score.unit in ("ms", "ms/s", "dB") and score.form != "lag_std":
        return "normal", level if score.unit == "dB" else 0.0
    is_bounded = score.unit == "" and (score.better == "↑" or score.form == "value") and score.decimals > 2
    return ("bounded" if is_bounded else "positive"), 40.0 if score.form == "lag_std" else level


def _spread(score: Score) -> float:
    return {"ms": 40.0, "ms/s": 5.0, "dB": 2.5}[score.unit]


def _places(score: Score, dataset: str) -> np.ndarray:
    """`[M]` the centers of the normal numbers behind a score."""
    return (ability(score) - DATASETS[dataset][2]) * (-1 if score.better == "↓" else 1)


def _persons(clips: int, identities: int, rng: np.random.Generator) -> np.ndarray:
    """Whose clip each is; every person has at least one, and some have several times as many as others."""
    if not identities:
        return np.arange(clips)
    return np.append(np.arange(identities), rng.integers(0, identities, clips - identities))


def _drawn(score: Score, dataset: str, persons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`[M, N]` a score's numbers."""
    methods = 1 if score.name.endswith("_reference") else len(METHODS)
    person, clip = rng.normal(size=(1, persons.max() + 1)), rng.normal(size=(1, len(persons)))
    own_person, own_clip = rng.normal(size=(methods, person.size)), rng.normal(size=(methods, clip.size))
    parts = np.broadcast_arrays(person[:, persons], clip, own_person[:, persons], own_clip)
    z = _places(score, dataset)[:, None] + sum(share * part for share, part in zip(SHARES, parts, strict=True))
    kind, level = _kind(score)
    if kind == "bounded":
        return stats.norm.cdf(z)
    return level * np.exp(0.3 * z - 0.045) if kind == "positive" else level + _spread(score) * z


def _of_dataset(dataset: str, chosen: Sequence[Score], rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    clips, identities, _ = DATASETS[dataset]
    persons = _persons(clips, identities, rng)
    failed = rng.random((len(METHODS), clips)) < np.array([told[3] for told in METHODS.values()])[:, None]
    yield _frame(dataset, persons, np.nonzero(failed), "", None, "no face in 12 of 150 frames")
    for score in chosen:
        values = _drawn(score, dataset, persons, rng)
        missing = rng.random(values.shape) < _MISSING
        lacks_reference = dataset == WITHOUT_REFERENCE and score.against == "reference"
        reason = "no reference video" if lacks_reference else "too few frames with a face: 3 of 150"
        missing |= lacks_reference
        yield _frame(dataset, persons, np.nonzero(~failed & ~missing), score.name, values, "")
        yield _frame(dataset, persons, np.nonzero(~failed & missing), score.name, None, reason)


def _frame(
    dataset: str,
    persons: np.ndarray,
    where: tuple[np.ndarray, ...],
    score: str,
    values: np.ndarray | None,
    reason: str,
) -> pl.DataFrame:
    """Rows of one score at these methods and clips."""
    method, clip = where
    known = DATASETS[dataset][1]
    identity = np.array([f"{dataset}-{person}" if known else "" for person in persons])
    ids = np.array([f"{dataset}-{number:03}" for number in range(len(persons))])
    count = len(method)
    columns = {
        "method": pl.Series(np.array(list(METHODS))[method], dtype=pl.String),
        "dataset": pl.repeat(dataset, count, dtype=pl.String, eager=True),
        "id": pl.Series(ids[clip], dtype=pl.String),
        "identity": pl.Series(identity[clip], dtype=pl.String),
        "score": pl.repeat(score, count, dtype=pl.String, eager=True),
        "value": pl.Series(np.full(count, None) if values is None else values[where], dtype=pl.Float64),
        "reason": pl.repeat(reason, count, dtype=pl.String, eager=True),
        "signature": pl.repeat(f"{score}|jaxeval-v1" if score else "", count, dtype=pl.String, eager=True),
    }
    return pl.DataFrame(columns).select(COLUMNS)
