"""What a number depends on, in one line: two numbers compare only if their signatures are equal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from jaxeval.media.chips import CHIPS
from jaxeval.protocol import Protocol
from jaxeval.results.catalogue import catalogue
from jaxeval.results.definitions import ALIGNED

_OF_TIMING = ("lag_ms", "lag_std_ms", "lag_beyond_40ms", "lag_beyond_80ms", "lag_beyond_160ms", "lag_drift")


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
        precision: of the networks.
        protocol: its name.
        version: jaxeval's.

    Example:
        >>> signature = Signature("psnr", "", "", "face224", "", "25", None, None, "reference", "jaxeval-v1", "0.1.0")
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
    precision: str
    protocol: str
    version: str

    @property
    def short(self) -> str:
        """For a table's foot: what is empty is left out, of a digest eight digits stand."""
        unverified = "!unverified" if self.weights.endswith("(unverified)") else ""
        parts = {
            "e": f"{self.encoder}#{self.weights[:8]}{unverified}" if self.weights else self.encoder,
            "c": self.crop,
            "f": self.fps,
            "g": "" if self.gamma is None else f"{self.gamma:g}",
            "b": "" if self.gamma is None else "none" if self.band is None else f"{self.band:g}",
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


def signatures_of(
    names: Iterable[str],
    protocol: Protocol,
    region: str,
    weights: Mapping[str, str],
    *,
    gamma: float = 0.01,
    fps: Iterable[float] = (),
    scorers: Mapping[str, str] | None = None,
    numbers: Iterable[str] = (),
) -> dict[str, Signature]:
    """The signature of every score.

    Args:
        names: of the scores.
        protocol: under which they were computed.
        region: "face" or "frame".
        weights: encoder's name to the digest of its weights, see `Networks.weights`.
        gamma: of trajectories that came in files.
        fps: of each of those files' pairs.
        scorers: name to version of the user's own.
        numbers: names of those that the user gives.

    Returns:
        Name to `Signature`. A score that the catalogue doesn't know is of such trajectories, and its encoder "given",
        as is a number's; a scorer's is its version.
    """
    scorers, numbers = scorers or {}, set(numbers)
    known = catalogue(protocol.encoders)
    finders = " ".join(
        f"{name}#{weights[name]}" for name in map(protocol.encoders.get, ("detector", "landmarks")) if name
    )
    given = ",".join(f"{rate:g}" for rate in sorted(set(fps)))
    found = {}
    for name in names:
        if name in scorers or name in numbers:
            encoder = scorers.get(name, "given")
            crop = f"{region}{protocol.size}" if name in scorers else ""
            found[name] = _plain(name, encoder, crop, finders if crop else "", protocol)
            continue
        role = _timing_role(protocol) if name in _OF_TIMING else known[name].role if name in known else ""
        encoder = protocol.encoders.get(role, "") if name in known else "given"
        metric = _metric(name, protocol)
        is_aligned = metric is not None or (name not in known and _is_aligned(name))
        found[name] = Signature(
            metric=name,
            encoder=encoder,
            weights=weights.get(encoder, ""),
            crop=_crop(encoder, role, region, protocol) if name in known else "",
            finders=finders if name in known else "",
            fps=f"{protocol.fps:g}" if name in known or not given else given,
            gamma=(protocol.gamma[metric] if metric else gamma) if is_aligned else None,
            band=protocol.band if is_aligned else None,
            precision=protocol.precision,
            protocol=protocol.name,
            version=version("jaxeval"),
        )
    return found


def _timing_role(protocol: Protocol) -> str:
    """Of the encoder by whose metric the clip's own lag is told."""
    return next(metric.role for metric in ALIGNED if metric.name == protocol.timing)


def _plain(name: str, encoder: str, crop: str, finders: str, protocol: Protocol) -> Signature:
    """Of a score of the user's, which isn't aligned."""
    fps, own = f"{protocol.fps:g}" if crop else "", version("jaxeval")
    return Signature(name, encoder, "", crop, finders, fps, None, None, protocol.precision, protocol.name, own)


def _metric(name: str, protocol: Protocol) -> str | None:
    """The aligned metric of a score; None if it isn't aligned."""
    for metric in protocol.aligned:
        if name in (f"{metric}_seq", f"{metric}_div", f"lag_ms_{metric}", f"lag_std_ms_{metric}"):
            return metric
    return protocol.timing if name in _OF_TIMING else None


def _is_aligned(name: str) -> bool:
    return name.startswith(("lag_ms_", "lag_std_ms_")) or name.endswith(("_seq", "_div"))


def _crop(encoder: str, role: str, region: str, protocol: Protocol) -> str:
    """What of a frame a network sees."""
    if encoder in CHIPS:
        return f"chip{CHIPS[encoder].size}"
    if encoder == "face_mesh":
        return "mesh192"
    return "mouth224" if role == "sync" else f"{region}{protocol.size}"
