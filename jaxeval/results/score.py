"""What a score is, and how the scores of a metric are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jaxeval.results.metric import Against, Better

Form = Literal["framewise", "seq", "div", "lag", "lag_std", "value"]

ALIGNED: tuple[Form, ...] = ("seq", "div", "lag", "lag_std")
"""What alignment adds to a metric."""

_NAMES: Mapping[Form, str] = {"seq": "{}_seq", "div": "{}_div", "lag": "lag_ms_{}", "lag_std": "lag_std_ms_{}"}


@dataclass(frozen=True)
class Score:
    """One number as tables and pages show it.

    Attributes:
        name: in `scores.json`.
        metric: the metric that it belongs to; "timing" for the clip's own lag.
        form: "framewise" for a mean over the frames, "value" for any other number of the metric itself; "seq", "div",
            "lag" and "lag_std" for what alignment gives.
        better: "↑" if high is better, "↓" if low is, "" if it is neither.
        unit: "dB", "ms", "px", … or "".
        decimals: digits after the point.
        group: the heading that it stands under.
        definition: one line.
        encoder: the network's short name, where a number means nothing without it; "" otherwise.
        per: as of a `Metric`.
        against: as of a `Value`.
    """

    name: str
    metric: str
    form: Form
    better: Better
    unit: str
    decimals: int
    group: str
    definition: str = ""
    encoder: str = ""
    per: str = "frame"
    against: Against = "reference"

    @property
    def label(self) -> str:
        """What a column is headed, with the encoder in brackets."""
        return f"{self.name} ({self.encoder})" if self.encoder else self.name

    @property
    def is_aligned(self) -> bool:
        """Whether alignment has forgiven timing in it, so that it must not stand without its lag."""
        return self.form in ("seq", "div")


def score_name(metric: str, form: Form) -> str:
    """What a metric's score of that form is called.

    Example:
        >>> score_name("csim", "div"), score_name("csim", "lag"), score_name("csim", "framewise")
        ('csim_div', 'lag_ms_csim', 'csim')
    """
    return _NAMES.get(form, "{}").format(metric)


def aligned_names(metric: str) -> tuple[str, ...]:
    """The four scores that alignment gives of a metric.

    Example:
        >>> aligned_names("pose")
        ('pose_seq', 'pose_div', 'lag_ms_pose', 'lag_std_ms_pose')
    """
    return tuple(score_name(metric, form) for form in ALIGNED)
