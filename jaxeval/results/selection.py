"""Which scores a run computes: those of its protocol, or those that the user names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jaxeval.errors import JaxevalError, nearest
from jaxeval.protocol import Protocol
from jaxeval.results.catalogue import Catalogue, catalogue, metrics_of
from jaxeval.results.definitions import TIMING
from jaxeval.results.metric import Metric
from jaxeval.results.score import ALIGNED


@dataclass(frozen=True)
class Selection:
    """The scores of a run.

    Attributes:
        known: every score that there could be under the protocol, the user's own among them.
        metrics: those that are computed.
        names: of the scores that are kept; None for all that the metrics have.
    """

    known: Catalogue
    metrics: tuple[Metric, ...]
    names: frozenset[str] | None = None

    @property
    def encoders(self) -> list[str]:
        """The networks that the metrics need."""
        return list(dict.fromkeys(name for metric in self.metrics if (name := self.known.encoder(metric))))

    def keeps(self, name: str) -> bool:
        """Whether a score is asked for."""
        return self.names is None or name in self.names

    def wants(self, metric: Metric, *, aligned: bool) -> bool:
        """Whether any score that alignment gives of a metric, or any that it doesn't, is asked for."""
        scores = (self.known[name] for name in self.known.scores(metric))
        return any(self.keeps(score.name) for score in scores if (score.form in ALIGNED) == aligned)

    def aligns(self, metric: Metric) -> bool:
        """Whether a metric must be aligned: for its own scores, or for the clip's timing."""
        is_source = metric.name == self.known.timing and TIMING in self.metrics
        return bool(metric.cost) and (is_source or self.wants(metric, aligned=True))


def select(
    protocol: Protocol, names: Sequence[str] | None = None, own: Iterable[Metric] = (), *, open_names: bool = False
) -> Selection:
    """The scores of a run.

    Args:
        protocol: the protocol.
        names: of the scores to compute, in any order; all of the protocol's if None.
        own: the user's own metrics.
        open_names: whether unknown names are accepted, since trajectories in files bring their own.

    Returns:
        The selection.

    Raises:
        JaxevalError: no name is given, or one is unknown.

    Example:
        >>> from jaxeval.protocol import JAXEVAL_V1
        >>> [metric.name for metric in select(JAXEVAL_V1, ["csim_div", "psnr"]).metrics]
        ['psnr', 'csim']
    """
    own = tuple(own)
    known = catalogue(protocol.encoders, protocol.timing, own)
    if names is None:
        return Selection(known, (*metrics_of(protocol), *own))
    if not names:
        raise JaxevalError("scores: expected at least one name, found none. Pass None for all scores.")
    for name in names:
        score = known.get(name)
        if score is None and not open_names:
            raise JaxevalError(f"scores: expected the name of a score, found {name!r}. {nearest(name, known)}")
        if score and score.per in ("user", "given") and not any(metric.name == name for metric in own):
            raise JaxevalError(f"scores: {name} has no scorer. Register one, or leave it out.")
        _refuse_without_encoder(name, known, protocol)
    told = {known[name].metric for name in names if name in known}
    kept = Selection(known, tuple(metric for metric in known.metrics if metric.name in told), frozenset(names))
    if TIMING in kept.metrics and known.timing not in told:
        kept = Selection(known, (*kept.metrics, known.entries[known.timing]), kept.names)
    return kept


def _refuse_without_encoder(name: str, known: Catalogue, protocol: Protocol) -> None:
    metric = known.entries[known[name].metric] if name in known else None
    if metric and metric.role and not known.encoder(metric):
        text = f"scores: {name} needs an encoder for {metric.role}, and {protocol.name} names none"
        raise JaxevalError(f"{text}. Choose another protocol, or leave it out.")
