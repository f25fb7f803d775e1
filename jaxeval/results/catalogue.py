"""Scores by name. Every question about one is answered here: of which metric it is, its unit, direction, label, order.

No other file builds a score's name or takes one apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from jaxeval.protocol import Protocol
from jaxeval.results import definitions
from jaxeval.results.definitions import METRICS, TIMING
from jaxeval.results.metric import Against, Metric, Value
from jaxeval.results.score import Form, Score, score_name

NICKNAMES = {"dlib_resnet": "dlib", "syncnet": "SyncNet", "liveportrait_motion": "LivePortrait"}
"""Encoders by the names that tables have room for."""

_TIMED: Mapping[str, Form] = {"lag_ms": "lag", "lag_std_ms": "lag_std"}
_LABEL_NEEDS_ENCODER = ("identity", "motion")
_DISTANCES: Mapping[Form, str] = {"seq": definitions.SEQ, "div": definitions.DIV}
_LAGS: Mapping[Form, str] = {"lag": definitions.LAG, "lag_std": definitions.LAG_STD}
_COST = "squared Euclidean distance"
_OWN_RANK = 30  # after all of jaxeval's


class Catalogue(Mapping[str, Score]):
    """Scores by name, in the order of the tables' columns.

    Args:
        metrics: the metrics that there are.
        encoders: role to encoder, as in a protocol.
        timing: the aligned metric whose lag is the clip's own.

    Example:
        >>> known = catalogue({"identity": "arcface_r50"})
        >>> known["csim"].label, known["csim_div"].metric, known.of("csim", "lag").name
        ('csim (arcface_r50)', 'csim', 'lag_ms_csim')
    """

    def __init__(self, metrics: Iterable[Metric], encoders: Mapping[str, str], timing: str = "") -> None:
        self.metrics, self.encoders, self.timing = tuple(metrics), dict(encoders), timing
        self._keep({score.name: score for metric in self.metrics for score in _scores(metric, self.encoders)})

    def _keep(self, scores: dict[str, Score]) -> None:
        self._scores = scores
        self._forms = {(score.metric, score.form): score for score in scores.values()}

    def __getitem__(self, name: str) -> Score:
        return self._scores[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    @cached_property
    def entries(self) -> Mapping[str, Metric]:
        """The metrics by name."""
        return {metric.name: metric for metric in self.metrics}

    @property
    def aligned(self) -> list[Metric]:
        """The metrics whose trajectories are aligned."""
        return [metric for metric in self.metrics if self.of(metric.name, "div")]

    def of(self, metric: str, form: Form) -> Score | None:
        """A metric's score of a form; None if it has none."""
        return self._forms.get((metric, form))

    def scores(self, metric: Metric) -> list[str]:
        """Names of all scores of a metric."""
        return [score.name for score in self.values() if score.metric == metric.name]

    def source(self, score: Score) -> str:
        """The aligned metric that a lag is read off."""
        return self.timing if score.metric == TIMING.name else score.metric

    def encoder(self, metric: Metric) -> str:
        """The network that a metric depends on: the protocol's, or its own default where that one isn't its kind."""
        named = self.encoders.get(metric.role, "")
        return named if _fits(metric, named) else metric.encoders[0]

    def restricted(self, names: Iterable[str]) -> "Catalogue":
        """These scores alone, in the catalogue's order; those that it doesn't know come last.

        Example:
            >>> [score.group for score in catalogue({}).restricted(["beauty", "psnr"]).values()]
            ['image', 'other']
        """
        wanted = dict.fromkeys(names)
        unknown = {name: Score(name, name, "value", "", "", 4, "other") for name in wanted if name not in self}
        part = Catalogue(self.metrics, self.encoders, self.timing)
        part._keep({name: score for name, score in self.items() if name in wanted} | unknown)
        return part


def catalogue(encoders: Mapping[str, str], timing: str = "", extra: Iterable[Metric] = ()) -> Catalogue:
    """Every score that there is, labelled for these encoders.

    Args:
        encoders: role to encoder, as in a protocol.
        timing: the protocol's timing metric.
        extra: trajectories that came in files, and scores of the user's own.

    Returns:
        The catalogue; of `extra`, values that the user gives stand last, the others before the scores of the whole set.
    """
    more = {metric.name: metric for metric in extra}
    every = [*(more.pop(metric.name, metric) for metric in METRICS), *more.values()]
    return Catalogue(sorted(every, key=lambda metric: metric.group == "sets"), encoders, timing)


def metrics_of(protocol: Protocol) -> list[Metric]:
    """The metrics that a protocol scores: all for which it names an encoder, and those that need none."""
    return [metric for metric in METRICS if _is_scored(metric, protocol.encoders)]


def _is_scored(metric: Metric, encoders: Mapping[str, str]) -> bool:
    if metric.per in ("user", "given") or metric.unless in encoders:
        return False
    return not metric.role or (metric.role in encoders and _fits(metric, encoders[metric.role]))


def _fits(metric: Metric, encoder: str) -> bool:
    return not metric.encoders or encoder in metric.encoders


def _scores(metric: Metric, encoders: Mapping[str, str]) -> Iterator[Score]:
    """All scores of an entry."""
    m, named = metric.name, encoders.get(metric.role, "")
    shown = _shown(metric, named)
    plain: Form = "framewise" if metric.per == "frame" else "value"
    for value in metric.values:
        if "{encoder}" in value.name and not named:
            continue
        told = (value.better, value.unit, value.decimals, metric.group, value.definition, shown, metric.per)
        name, form = value.name.format(encoder=named), _TIMED.get(value.name, plain)
        yield Score(name, m, form, *told, against=value.against)
    if metric.cost:
        group = metric.group
        against: Against = "" if metric.of_sound else "reference"
        for form, text in _DISTANCES.items():
            yield Score(score_name(m, form), m, form, "↓", "", metric.decimals, group, text, shown, against=against)
        for form, text in _LAGS.items():
            yield Score(score_name(m, form), m, form, "", "ms", 0, group, text.format(m), against=against)


def _shown(metric: Metric, encoder: str) -> str:
    """The encoder's short name where a score must say it: pose from the mesh goes without, as it always did."""
    if metric.per == "set" or metric.role not in _LABEL_NEEDS_ENCODER or encoder == "face_mesh":
        return ""
    return NICKNAMES.get(encoder, encoder)


def trajectory_metric(name: str) -> Metric:
    """The entry of a trajectory that came in files."""
    text = f"Mean {_COST} of the trajectories {name} from .npz files, frame by frame."
    value = Value(name, "↓", "", 4, text, _OWN_RANK)
    return Metric(name, name, of="nothing", distance="squared_euclidean", cost=_COST, values=(value,))


def own_metric(name: str, told: Mapping[str, str]) -> Metric:
    """The entry of a score of the user's own.

    Args:
        name: the score's.
        told: its `better`, `unit` and `definition`, see `CustomScore.as_dict`.

    Returns:
        The entry; `iqa` and `vqa` keep their columns.
    """
    slot = _known(name, "user")
    better = told.get("better", "")
    blank = slot.values[0] if slot else Value(name, better, "", 4, "", _OWN_RANK, "")  # type: ignore[arg-type]
    value = replace(blank, unit=told.get("unit", ""), definition=told.get("definition") or blank.definition)
    return Metric(name, slot.group if slot else "own", of="pictures", per="user", values=(value,))


def trajectories_among(names: Iterable[str], known: Catalogue) -> list[str]:
    """Trajectories that came in files, told by their scores' names.

    Args:
        names: of scores.
        known: all others.

    Example:
        >>> trajectories_among(["psnr", "gaze", "gaze_div", "lag_ms_gaze"], catalogue({}))
        ['gaze']
    """
    unknown = [name for name in names if name not in known]
    return [name for name in unknown if score_name(name, "div") in unknown]


def given_metric(name: str) -> Metric:
    """The entry of a value that the user gives; `fps` keeps its column."""
    value = Value(name, "", "", 4, definitions.GIVEN, against="")
    return _known(name, "given") or Metric(name, "sets", of="nothing", per="given", values=(value,))


def _known(name: str, per: str) -> Metric | None:
    return next((metric for metric in METRICS if metric.name == name and metric.per == per), None)


def is_reserved(name: str) -> bool:
    """Whether a name is, or could become, that of a score of jaxeval's or of a column of `scores.csv`."""
    taken = {value.name for metric in METRICS for value in metric.values} | {metric.name for metric in METRICS}
    made = name.startswith(("lag_", "fd_", "frames_")) or name.endswith(("_seq", "_div"))
    return made or name in taken | {"id", "status", "reason", "flags", "kid"}
