"""Records on disk: one file for each clip, written when the clip is done, so that nothing computed is ever lost."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from jaxeval.files import atomic_file, make_folder
from jaxeval.results.record import ClipRecord, Curves, OffsetCurve, SetFeatures, Strip

_SIDES = ("generated", "reference")
_STRIPS = (*_SIDES, "portrait")
_NAME_BYTES = 100
"""Of a clip's name in its file's: file systems allow 255 bytes in all."""


class _Plain(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All of a record but its arrays; numbers that aren't finite may pass, for `ClipRecord` has the rule for them."""

    id: str
    status: Literal["ok", "failed"]
    reason: str | None
    frames: tuple[int, int | None] | None
    scores: dict[str, float]
    missing: dict[str, str]
    flags: tuple[str, ...]
    fps: Annotated[float, msgspec.Meta(gt=0)] | None
    support: dict[str, float]
    trajectories: tuple[str, ...]
    unset: dict[str, str] | None = None


class ClipStore:
    """The records of clips, each in one compressed file named after its clip and all that it was made from.

    A record is given back only for the very inputs that it was made from; of others there may be any number in the
    same folder, of this run or another one.

    Args:
        folder: created if it does not exist.

    Raises:
        JaxevalError: the folder can't be created or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)
        with atomic_file(folder / "writable"):
            pass
        (folder / "writable").unlink(missing_ok=True)  # another run may have been quicker

    def path(self, clip: str, inputs: Mapping[str, Any]) -> Path:
        """The file of a clip's record that is made from these inputs: a readable name, and a digest of both."""
        return self._path(clip, record_key(clip, inputs))

    def _path(self, clip: str, key: str) -> Path:
        plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in clip)
        shown = plain.encode(errors="replace")[:_NAME_BYTES].decode(errors="ignore")
        return self._folder / f"{shown}-{key[:16]}.npz"

    def save(self, record: ClipRecord, inputs: Mapping[str, Any]) -> None:
        """Write a record, with what it was made from."""
        with atomic_file(self.path(record.id, inputs)) as file:
            np.savez_compressed(file, allow_pickle=False, **_pack(record, inputs))

    def load(self, clip: str, inputs: Mapping[str, Any]) -> ClipRecord | None:
        """A clip's record; None if there is none that was made from these inputs, or the file holds anything else."""
        return self.recall(clip, record_key(clip, inputs))

    def recall(self, clip: str, key: str) -> ClipRecord | None:
        """A clip's record by its key, which tells it without the files that it was made from.

        Args:
            clip: its id.
            key: see `record_key`.
        """
        try:
            with np.load(self._path(clip, key), allow_pickle=False) as arrays:
                head = json.loads(str(arrays["head"]))
                if record_key(clip, head["inputs"]) != key:
                    return None
                record = _unpack(head["record"], {name: arrays[name] for name in arrays.files})
            return record if record.id == clip and _is_sound(record) else None
        except Exception:  # whatever a damaged file makes zipfile, zlib, numpy or json raise, it is no record
            return None


def record_key(clip: str, inputs: Mapping[str, Any]) -> str:
    """What a record goes by: a digest of its clip's id and of all that it was made from."""
    return digest_of([clip, inputs])


def digest_of(value: Any) -> str:
    """SHA-256 of a value of JSON's types, whatever the order of its keys.

    Example:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _pack(record: ClipRecord, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    plain = {f.name: getattr(record, f.name) for f in fields(record)}
    curves, strips = plain.pop("curves"), {role: plain.pop(role) for role in _STRIPS}
    offsets = plain.pop("offsets")
    arrays = {f"curve {name} {key}": value for name, curve in curves.items() for key, value in vars(curve).items()}
    arrays |= {
        f"strip {role} {key}": value for role, strip in strips.items() if strip for key, value in vars(strip).items()
    }
    arrays |= {
        f"offset {role} {key}": np.asarray(value) for role, x in offsets.items() for key, value in vars(x).items()
    }
    arrays |= {f"frame {name} values": values for name, values in plain.pop("per_frame").items()}
    arrays |= {f"gamma {name} values": values for name, values in plain.pop("by_gamma").items()}
    if (audio := plain.pop("audio")) is not None:
        arrays["audio"] = audio
    if (features := plain.pop("features")) is not None:
        plain["unset"] = features.missing
        for role in _SIDES:
            arrays |= {f"set {role} {name}": rows for name, rows in getattr(features, role).items()}
    return arrays | {"head": np.array(json.dumps({"inputs": inputs, "record": plain}, allow_nan=False))}


def _unpack(plain: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> ClipRecord:
    groups: dict[str, dict[str, dict[str, np.ndarray]]] = {"curve": {}, "strip": {}, "set": {}}
    groups |= {"frame": {}, "offset": {}, "gamma": {}}
    for name in arrays:
        if " " in name:
            kind, owner, key = name.split(" ")
            groups[kind].setdefault(owner, {})[key] = arrays[name]
    head = msgspec.convert(plain, _Plain)
    strips = {role: Strip(**parts) for role, parts in groups["strip"].items()}
    told = {name: getattr(head, name) for name in _Plain.__struct_fields__ if name != "unset"}
    return ClipRecord(
        **told,
        curves={name: Curves(**parts) for name, parts in groups["curve"].items()},
        generated=strips.get("generated"),
        reference=strips.get("reference"),
        portrait=strips.get("portrait"),
        audio=arrays.get("audio"),
        per_frame={name: parts["values"] for name, parts in groups["frame"].items()},
        by_gamma={name: parts["values"] for name, parts in groups["gamma"].items()},
        offsets={role: OffsetCurve(x["values"], float(x["sure"])) for role, x in groups["offset"].items()},
        features=None
        if head.unset is None
        else SetFeatures(**{r: groups["set"].get(r, {}) for r in _SIDES}, missing=head.unset),
    )


def _is_sound(record: ClipRecord) -> bool:
    """Whether the arrays are of the shapes that figures and sets rely on."""
    strips = [strip for role in _STRIPS if (strip := getattr(record, role)) is not None]
    has_sound = record.audio is None or record.audio.ndim == 1
    swept = all(values.ndim == 1 and values.dtype.kind == "f" for values in record.by_gamma.values())
    offsets = all(curve.values.ndim == 1 and len(curve.values) % 2 for curve in record.offsets.values())
    is_sound = has_sound and swept and offsets and all(map(_is_strip, strips))
    return is_sound and all(map(_is_curve, record.curves.values()))


def _is_curve(curves: Curves) -> bool:
    if curves.alignment.ndim != 2:
        return False
    t, s = curves.alignment.shape
    return (len(curves.framewise), len(curves.aligned), len(curves.lag)) == (min(t, s), t, t) and t * s > 0


def _is_strip(strip: Strip) -> bool:
    images, frames = strip.images, strip.frames
    right = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3 and frames.dtype.kind in "iu"
    return bool(right and frames.shape == images.shape[:1] and images.size and (np.diff(frames) > 0).all())
