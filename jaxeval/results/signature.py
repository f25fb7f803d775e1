"""What a number depends on, in one line: two numbers compare only if their signatures are equal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from jaxeval.media.chips import CHIPS
from jaxeval.protocol import Protocol
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.definitions import TIMING
from jaxeval.results.metric import Metric
from jaxeval.results.score import ALIGNED, Score


@dataclass(frozen=True)
class Signature:
    """Everything that one score depends on beside the clips.

    Attributes:
        metric: the score's name.
        encoder: the network, or what stands in its place; "" without one.
        weights: SHA-256 of its arrays, with "(unverified)" behind it where they are of an unknown file; or "missing".
        crop: what of a frame it sees.
        finders: the networks that find the face, with their weights.
        fps: frames per second; of trajectories in files that differ, all that there are.
        gamma: of the alignment; None for a score that isn't aligned.
        band: its half-width in ms; None for no band, or no alignment.
        against: what stands in the reference's place, "portrait"; "" for nothing but the reference.
        face: which face the user asked for; "" for the main one.
        precision: of the networks.
        protocol: its name.
        version: jaxeval's.

    Example:
        >>> told = ("psnr", "", "", "face224", "", "25", None, None, "", "", "reference", "jaxeval-v1", "0.1.0")
        >>> signature = Signature(*told)
        >>> signature.short
        'psnr|jaxeval-v1|c:face224|f:25|p:reference|v:0.1.0'
    """

    metric: str
    encoder: str
    weights: str
    crop: str
    finders: str
    fps: str
    gamma: float | None
    band: float | None
    against: str
    face: str
    precision: str
    protocol: str
    version: str

    @property
    def short(self) -> str:
        """For a table's foot: empty fields are left out, digests are cut to eight digits."""
        unverified = "!unverified" if self.weights.endswith("(unverified)") else ""
        parts = {
            "e": f"{self.encoder}#{self.weights[:8]}{unverified}" if self.weights else self.encoder,
            "c": self.crop,
            "f": self.fps,
            "g": "" if self.gamma is None else f"{self.gamma:g}",
            "b": "" if self.gamma is None else "none" if self.band is None else f"{self.band:g}",
            "a": self.against,
            "n": self.face,
            "p": self.precision,
            "v": self.version,
        }
        return "|".join([self.metric, self.protocol, *(f"{key}:{value}" for key, value in parts.items() if value)])

    @property
    def long(self) -> str:
        """Every field by its name."""
        return " | ".join(f"{name}={'none' if value in (None, '') else value}" for name, value in vars(self).items())

    def as_dict(self) -> dict[str, str]:
        """Both forms, for `scores.json`."""
        return {"short": self.short, "long": self.long}


def fields_of(long: str) -> dict[str, str]:
    """A long signature's fields.

    Example:
        >>> fields_of("metric=psnr | fps=25.0")
        {'metric': 'psnr', 'fps': '25.0'}
    """
    return dict(part.split("=", 1) for part in long.split(" | "))


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names of the fields in which two signatures differ."""
    return [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]


@dataclass(frozen=True)
class Conditions:
    """What all scores of a run share.

    Attributes:
        protocol: the protocol.
        region: "face" or "frame".
        weights: encoder's name to the digest of its weights, see `Networks.weights`.
        gamma: of trajectories that came in files.
        fps: of each of those files' pairs.
        versions: name to version of the user's own scorers.
        portraits: whether identity is held against portraits, in some clips or in all: "portrait" or "reference or
            portrait"; "" for references only.
        face: which face the user asked for; "" for the main one.
    """

    protocol: Protocol
    region: str
    weights: Mapping[str, str]
    gamma: float = 0.01
    fps: tuple[float, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    portraits: str = ""
    face: str = ""

    @property
    def finders(self) -> str:
        """The networks that find the face, with their weights."""
        names = map(self.protocol.encoders.get, ("detector", "landmarks"))
        return " ".join(f"{name}#{self.weights[name]}" for name in names if name)

    @property
    def picture(self) -> str:
        """What image scores see of a frame."""
        return f"{self.region}{self.protocol.size}"


def signatures_of(known: Catalogue, conditions: Conditions) -> dict[str, Signature]:
    """The signature of every score of a run.

    Args:
        known: the scores.
        conditions: what they share.

    Returns:
        Name to `Signature`. The encoder of a trajectory that came in a file, and of a value that the user gives, is
        "given"; a scorer's is its version.
    """
    return {name: _signature(score, known, conditions) for name, score in known.items()}


def _signature(score: Score, known: Catalogue, conditions: Conditions) -> Signature:
    protocol, metric = conditions.protocol, known.entries[score.metric]
    timed = known.source(score) if score.form in ALIGNED or metric is TIMING else ""
    source = known.entries[timed] if timed else metric
    encoder, crop, finders, fps = "given", "", "", f"{protocol.fps:g}"
    if score.per == "user":
        encoder, crop, finders = conditions.versions.get(score.name, ""), conditions.picture, conditions.finders
    elif score.per == "given":
        fps = ""
    elif source.of == "nothing":
        fps = ",".join(f"{rate:g}" for rate in sorted(set(conditions.fps))) or fps
    else:
        encoder, finders = known.encoder(source), conditions.finders
        crop = _crop(encoder, source, conditions)
    return Signature(
        metric=score.name,
        encoder=encoder,
        weights=conditions.weights.get(encoder, ""),
        crop=crop,
        finders=finders,
        fps=fps,
        gamma=protocol.gamma.get(timed, conditions.gamma) if timed else None,
        band=protocol.band if timed else None,
        against=conditions.portraits if score.against == "portrait" else "",
        face=conditions.face if finders else "",
        precision=protocol.precision,
        protocol=protocol.name,
        version=version("jaxeval"),
    )


def _crop(encoder: str, metric: Metric, conditions: Conditions) -> str:
    """What of a frame a network sees."""
    if encoder in CHIPS:
        return f"chip{CHIPS[encoder].size}"
    if encoder == "face_mesh":
        return "mesh192"
    return "mouth224" if metric.role == "sync" else conditions.picture
