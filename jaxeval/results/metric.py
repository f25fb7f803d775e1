"""What the catalogue says of a metric: an entry with its numbers."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["↑", "↓", ""]
Against = Literal["reference", "portrait", ""]

ROLES = {
    "pictures": "",
    "lags": "",
    "features": "perceptual",
    "steps": "perceptual",
    "embeddings": "identity",
    "pose": "motion",
    "expression": "motion",
    "change of expression": "motion",
    "angles": "motion",
    "eyes": "landmarks",
    "landmarks": "landmarks",
    "points": "landmarks",
    "mesh expression": "landmarks",
    "lips and voice": "landmarks",
    "lips and speech": "sync",
    "inception features": "frames",
    "i3d features": "clips",
    "nothing": "",
}
"""What a metric is computed of, and the role of the encoder in the protocol that supplies it; "" for none."""


@dataclass(frozen=True)
class Value:
    """One number of a metric.

    Attributes:
        name: in `scores.json`.
        better: "↑" if high is better, "↓" if low is, "" if it is neither.
        unit: "dB", "ms", "px", … or "".
        decimals: digits after the point.
        definition: one line.
        rank: its place among the numbers that a narrow terminal shows, 1 first; None if it shows elsewhere only.
        against: what the generated clip is held against: "reference"; "portrait" if a picture of the person will do;
            "" for nothing.
    """

    name: str
    better: Better
    unit: str
    decimals: int
    definition: str
    rank: int | None = None
    against: Against = "reference"


@dataclass(frozen=True)
class Metric:
    """A metric with all of its numbers.

    Attributes:
        name: the metric's, and that of its function in `jaxeval.metrics`.
        group: the heading that it stands under, see `GROUPS`.
        of: what it is computed of, see `ROLES`.
        values: its numbers but those of alignment; the fields of its function's result, in their order.
        per: "frame" if its function gives a number a frame, "clip" if it gives one a clip, "set" if it is one of all
            clips, "user" for a scorer that the user registers, "given" for a number that the user gives.
        reference: whether its function needs the reference too.
        both: whether its function, which needs no reference, is computed for the reference too, as its second number.
        timed: whether its function needs the frame rate.
        file: the file in `jaxeval.metrics` that holds its function, if it isn't called like the metric. An aligned
            metric without one has no function: its number is the mean cost of frame t against frame t.
        least: how many frames its function needs of a clip; of a set's metric, how many features on either side, 1 for
            one more than each has numbers.
        undefined: why a number is missing that its function gives as NaN.
        encoders: the networks that it is defined on, the default one first; () for any.
        unless: role of an encoder whose metric takes this one's place in a protocol that names it.
        distance: of an aligned metric, the one between two rows of its trajectories, in `jaxeval.distances`.
        cost: of an aligned metric, what a cell of its cost matrix holds, with its unit; "" for all others.
        decimals: of an aligned metric's `_seq` and `_div`.
        glance: whether the page opens with it.
    """

    name: str
    group: str
    of: str
    values: tuple[Value, ...]
    per: Literal["frame", "clip", "set", "user", "given"] = "frame"
    reference: bool = True
    both: bool = False
    timed: bool = False
    file: str = ""
    least: int = 1
    undefined: str = "undefined for this clip"
    encoders: tuple[str, ...] = ()
    unless: str = ""
    distance: str = ""
    cost: str = ""
    decimals: int = 4
    glance: bool = False

    @property
    def role(self) -> str:
        """Of the encoder that it depends on; "" without one."""
        return ROLES[self.of]

    @property
    def of_sound(self) -> bool:
        """Whether it holds the generated clip's lips against its sound."""
        return self.of.startswith("lips")

    @property
    def is_mean_cost(self) -> bool:
        """Whether its own number is the mean cost of frame t against frame t."""
        return bool(self.cost and not self.file and self.per == "frame")

    @property
    def rank(self) -> int | None:
        """Its place among those that a narrow terminal shows; None if it shows elsewhere only."""
        return min((value.rank for value in self.values if value.rank), default=None)
