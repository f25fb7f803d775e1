"""Scores as table and page show them, trajectories that came in files among them, under the names that they brought."""

from collections.abc import Mapping

from jaxeval.scoring.score_names import aligned_metrics, catalogue, encoders_of, scores_in
from jaxeval.scoring.score_texts import Aligned, Score, aligned_scores

TIME_FLAGS = ("timing", "frozen", "looped", "reversed", "static")
"""Flags of faults that alignment forgives, so that a `_div` beside them misleads."""

_COST = "squared Euclidean distance"


def time_flags(clip: Mapping) -> list[str]:
    """A clip's flags that warn of its `_div`.

    Args:
        clip: a row of the document.

    Returns:
        Those flags, whole.

    Example:
        >>> time_flags({"flags": ["timing: 30 % of the frames", "resized: 64x64"]})
        ['timing: 30 % of the frames']
    """
    return [flag for flag in clip.get("flags", ()) if flag.partition(":")[0] in TIME_FLAGS]


def metrics_in(document: Mapping) -> list[Aligned]:
    """Every aligned metric that a document speaks of.

    Args:
        document: what `scores.json` holds.

    Returns:
        The known ones in the order of the tables, then one for each trajectory that came in files.

    Example:
        >>> [m.title for m in metrics_in({"clips": [{"scores": {"gaze_div": 0.1, "pose_div": 0.2}}]})]
        ['Head pose', 'gaze']
    """
    return aligned_metrics(document) + _given(document)


def shown_scores(document: Mapping) -> list[Score]:
    """Every score that a document speaks of, each `_div` beside its lag.

    Args:
        document: what `scores.json` holds.

    Returns:
        The known scores in the order of the tables, then those of trajectories that came in files, then any other.

    Example:
        >>> [s.name for s in shown_scores({"clips": [{"scores": {"lag_ms_gaze": 3.0, "x": 1.0, "gaze_div": 0.1}}]})]
        ['gaze_div', 'lag_ms_gaze', 'x']
    """
    spoken = {score.name: score for score in scores_in(document)}
    known = catalogue(encoders_of(document))
    given = {score.name: score for metric in _given(document) for score in _scores_of(metric)}
    rest = [score for name, score in spoken.items() if name not in known and name not in given]
    listed = [score for name, score in spoken.items() if name in known]
    return [*listed, *(score for name, score in given.items() if name in spoken), *rest]


def _given(document: Mapping) -> list[Aligned]:
    known = catalogue(encoders_of(document))
    names = [score.name for score in scores_in(document) if score.name not in known and score.name.endswith("_div")]
    return [Aligned(name, name, _COST, 4, "") for name in (name.removesuffix("_div") for name in names)]


def _scores_of(metric: Aligned) -> tuple[Score, ...]:
    text = f"Mean {_COST} of the trajectories {metric.name} that came in files, frame by frame."
    return (Score(metric.name, metric.name, "↓", "", metric.decimals, text), *aligned_scores(metric))
