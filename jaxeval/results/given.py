"""Scores as table and page show them, trajectories that came in files among them, under the names that they brought."""

from collections.abc import Mapping

from jaxeval.results.catalogue import aligned_metrics, catalogue, encoders_of, scores_in
from jaxeval.results.definitions import Aligned, Score, aligned_scores

_COST = "squared Euclidean distance"


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


def timing_of(document: Mapping) -> str | None:
    """The metric whose lag is the clip's own `lag_ms`; None where the document doesn't say.

    Args:
        document: what `scores.json` holds.

    Returns:
        Its name.

    Example:
        >>> timing_of({"provenance": {"protocol": {"timing": "st_lpips"}}})
        'st_lpips'
    """
    protocol = document.get("provenance", {}).get("protocol")
    return protocol.get("timing") if isinstance(protocol, Mapping) else None


def floor_of(document: Mapping) -> dict[str, float]:
    """The noise floor of every score that has one; empty without any.

    Args:
        document: what `scores.json` holds.

    Returns:
        Name to the mean over the references that were coded again.

    Example:
        >>> floor_of({"floor": {"crf": 18, "clips": [], "summary": {"l1": {"mean": 0.01}, "csim": {"mean": None}}}})
        {'l1': 0.01}
    """
    summary = document.get("floor", {}).get("summary", {})
    return {name: entry["mean"] for name, entry in summary.items() if entry["mean"] is not None}


def floor_words(document: Mapping) -> list[str]:
    """What the noise floor is, and why it isn't there if it should be; nothing if none was asked for.

    Args:
        document: what `scores.json` holds.

    Returns:
        Sentences.

    Example:
        >>> row = {"id": "floor/a", "status": "failed", "reason": "the disk is full"}
        >>> floor_words({"floor": {"crf": 18, "clips": [row], "summary": {}}})
        ['Noise floor: floor/a failed: the disk is full']
    """
    floor = document.get("floor", {})
    rows = floor.get("clips", [])
    failed = [f"Noise floor: {row['id']} failed: {row['reason']}" for row in rows if row["status"] != "ok"]
    count = len(rows) - len(failed)
    if not count:
        return failed
    whose = "1 reference against itself" if count == 1 else f"{count} references against themselves"
    text = f"Noise floor: {whose}, coded again at CRF {floor['crf']}: "
    return [f"{text}a distance below it is no more than a codec makes.", *failed]


def _given(document: Mapping) -> list[Aligned]:
    known = catalogue(encoders_of(document))
    names = [score.name for score in scores_in(document) if score.name not in known and score.name.endswith("_div")]
    return [Aligned(name, name, _COST, 4, "") for name in (name.removesuffix("_div") for name in names)]


def _scores_of(metric: Aligned) -> tuple[Score, ...]:
    text = f"Mean {_COST} of the trajectories {metric.name} that came in files, frame by frame."
    return (Score(metric.name, metric.name, "↓", "", metric.decimals, text), *aligned_scores(metric))
