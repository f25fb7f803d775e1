"""What every score is called in tables and pages, for the encoders of a protocol."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.definitions import ALIGNED, GIVEN, GROUPS, PLAIN, SETS, Aligned, Score, aligned_scores

NICKNAMES = {"dlib_resnet": "dlib", "syncnet": "SyncNet", "liveportrait_motion": "LivePortrait"}
"""Encoders by the names that tables have room for."""

_ALL = sorted((*PLAIN, *(s for m in ALIGNED for s in aligned_scores(m))), key=lambda s: [*GROUPS].index(s.group))
_HUGE = 1e9
_ENCODER_MATTERS = {"identity", "motion"}


def encoders_of(document: Mapping) -> Mapping[str, str]:
    """Role to encoder in the protocol of a document, jaxeval-v1's where it doesn't say."""
    protocol: Any = document.get("provenance", {}).get("protocol", {})
    named = protocol.get("encoders") if isinstance(protocol, Mapping) else None
    return named or JAXEVAL_V1.encoders


def catalogue(encoders: Mapping[str, str] = JAXEVAL_V1.encoders) -> dict[str, Score]:
    """Every score by name, in the order in which tables show them, labelled for these encoders.

    Args:
        encoders: role to encoder, as in a protocol.

    Returns:
        Name to `Score`.

    Example:
        >>> catalogue()["csim"].label, catalogue({"identity": "arcface_r50"})["csim"].label
        ('csim (dlib)', 'csim (arcface_r50)')
    """
    return dict(_catalogue(tuple(sorted(encoders.items()))))


@cache
def _catalogue(encoders: tuple[tuple[str, str], ...]) -> dict[str, Score]:
    found = dict(encoders)
    scores = {s.name: replace(s, encoder=_shown(s.role, found, s.name)) for s in _ALL}
    if "identity" in found:
        name = f"fd_{found['identity']}"
        scores[name] = Score(name, "sets", "↓", "", 4, SETS.format("the identity network's"), "identity")
    return scores


def aligned_metrics(document: Mapping) -> list[Aligned]:
    """The aligned metrics that a document speaks of, with their encoders."""
    spoken = {score.name for score in scores_in(document)}
    encoders = encoders_of(document)
    present = [metric for metric in ALIGNED if f"{metric.name}_div" in spoken]
    return [replace(metric, encoder=_shown(metric.role, encoders, metric.name)) for metric in present]


def _shown(role: str, encoders: Mapping[str, str], name: str) -> str:
    """The encoder's short name where a score must say it: pose from the mesh goes without, as it always did."""
    encoder = encoders.get(role, "")
    if role not in _ENCODER_MATTERS or name.startswith("lag_") or encoder == "face_mesh":
        return ""
    return NICKNAMES.get(encoder, encoder)


def scores_in(document: Mapping) -> list[Score]:
    """List the scores that a document speaks of, known ones first and in the order of `catalogue`.

    Args:
        document: what `scores.json` holds. A score counts as spoken of if it is in the summary or in any clip's
            `scores` or `missing`.

    Returns:
        One `Score` each; a name that the catalogue does not know gets its own name as label, and group "other".

    Example:
        >>> [s.label for s in scores_in({"clips": [{"scores": {"ssim": 1.0, "psnr": 40.0}}]})]
        ['psnr', 'ssim']
    """
    spoken = dict.fromkeys(document.get("summary", {}))
    for clip in document["clips"]:
        spoken |= dict.fromkeys((*clip.get("scores", {}), *clip.get("missing", {})))
    provenance = document.get("provenance", {})
    known = catalogue(encoders_of(document))
    known |= {name: own_score(name, told) for name, told in provenance.get("scorers", {}).items()}
    known |= {
        name: Score(name, "sets", "", "", 4, GIVEN) for name in provenance.get("numbers", {}) if name not in known
    }
    listed = [score for name, score in known.items() if name in spoken]
    return listed + [_unknown(name) for name in spoken if name not in known]


def own_score(name: str, told: Mapping[str, str]) -> Score:
    """How tables show a score of the user's own.

    Args:
        name: the score's.
        told: what a document tells of it, see `CustomScore.as_dict`.

    Returns:
        Its `Score`; `iqa` and `vqa` keep their columns.
    """
    blank = catalogue().get(name) or Score(name, "own", told.get("better", ""), "", 4, "")
    return replace(blank, unit=told.get("unit", ""), definition=told.get("definition") or blank.definition)


def _unknown(name: str) -> Score:
    """Of a trajectory that came in a file, whose timing is told in ms as any other."""
    return Score(name, "other", "", "ms", 0, "") if name.startswith("lag_") else Score(name, "other", "", "", 4, "")


def format_value(score: Score, value: float) -> str:
    """Write a value with its score's decimals: a lag with its sign; a tiny cost, or a huge number, as 2.3e-05.

    Args:
        score: the score that the value is of.
        value: a finite number, in the score's unit.

    Returns:
        The text without the unit, with a true minus sign and no negative zero.

    Example:
        >>> scores = catalogue()
        >>> format_value(scores["lag_ms"], 118.3), format_value(scores["psnr"], 31.4159)
        ('+118', '31.42')
        >>> format_value(scores["st_lpips_div"], 0.0000234), format_value(scores["st_lpips_seq"], -0.0087)
        ('2.3e-05', '−0.0087')
    """
    tiny = score.decimals >= 4 and 0 < abs(value) < 10.0 ** (1 - score.decimals)
    sign = "+" if score.unit.startswith("ms") and not score.name.startswith("lag_std") else ""
    text = f"{value:{sign}.1e}" if tiny or abs(value) >= _HUGE else f"{value:{sign}.{score.decimals}f}"
    if not tiny and float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−", 1) if value < 0 else text


def format_cell(score: Score, scores: Mapping[str, float]) -> str:
    """Write a clip's value of a score; a lag comes with its standard deviation.

    Args:
        score: which score.
        scores: the clip's values by name; `score.name` is among them.

    Returns:
        The text without the unit.

    Example:
        >>> format_cell(catalogue()["lag_ms"], {"lag_ms": 118.3, "lag_std_ms": 12.2})
        '+118 ± 12'
    """
    text = format_value(score, scores[score.name])
    spread = score.name.replace("lag_ms", "lag_std_ms")
    known = spread != score.name and spread in scores
    return f"{text} ± {format_value(replace(score, name=spread), scores[spread])}" if known else text
