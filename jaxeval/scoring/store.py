"""Records on disk: one file for each clip, written when the clip is done, so that nothing computed is ever lost."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from jaxeval.atomic import atomic_file
from jaxeval.errors import JaxevalError
from jaxeval.scoring.record import ClipRecord, Curves, SetFeatures, Strip

_ROLES = ("generated", "reference")


class ClipStore:
    """The records of one run's clips, each in one compressed file named after its clip.

    A record is given back only for the very inputs that it was made from; anything else is computed anew.

    Args:
        folder: created if it does not exist.

    Raises:
        JaxevalError: the folder can't be created or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"{folder}: expected a folder to write to, found: {error.strerror}. Choose another with --out."
            raise JaxevalError(text) from error
        with atomic_file(folder / "writable"):
            pass
        (folder / "writable").unlink()

    def path(self, clip: str) -> Path:
        """The clip's file; a digest keeps names apart that differ only in what a file name can't hold."""
        plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in clip)[:80]
        return self._folder / f"{plain}-{hashlib.sha256(clip.encode()).hexdigest()[:8]}.npz"

    def save(self, record: ClipRecord, inputs: dict[str, Any]) -> None:
        """Write a record, with what it was made from."""
        with atomic_file(self.path(record.id)) as file:
            np.savez_compressed(file, allow_pickle=False, **_pack(record, inputs))

    def load(self, clip: str, inputs: dict[str, Any] | None = None) -> ClipRecord | None:
        """A clip's record; None if there is none, or none that was made from these inputs."""
        try:
            with np.load(self.path(clip), allow_pickle=False) as arrays:
                head = json.loads(str(arrays["head"]))
                if inputs is not None and head["inputs"] != json.loads(json.dumps(inputs)):
                    return None
                return _unpack(head, arrays)
        except (OSError, ValueError, KeyError, BadZipFile, EOFError):
            return None


def _pack(record: ClipRecord, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    plain = {f.name: getattr(record, f.name) for f in fields(record)}
    curves, strips = plain.pop("curves"), {role: plain.pop(role) for role in _ROLES}
    arrays = {f"curve {name} {key}": value for name, curve in curves.items() for key, value in vars(curve).items()}
    arrays |= {
        f"strip {role} {key}": value for role, strip in strips.items() if strip for key, value in vars(strip).items()
    }
    if (audio := plain.pop("audio")) is not None:
        arrays["audio"] = audio
    if (features := plain.pop("features")) is not None:
        plain["unset"] = features.missing
        for role in _ROLES:
            arrays |= {f"set {role} {name}": rows for name, rows in getattr(features, role).items()}
    return arrays | {"head": np.array(json.dumps({"inputs": inputs, "record": plain}))}


def _unpack(head: dict[str, Any], arrays: Any) -> ClipRecord:
    groups: dict[str, dict[str, dict[str, np.ndarray]]] = {"curve": {}, "strip": {}, "set": {}}
    for name in arrays.files:
        if " " in name:
            kind, owner, key = name.split(" ")
            groups[kind].setdefault(owner, {})[key] = arrays[name]
    plain = head["record"]
    unset = plain.pop("unset", None)
    plain["frames"] = tuple(plain["frames"]) if plain["frames"] else None
    plain["flags"] = tuple(plain["flags"])
    return ClipRecord(
        **plain,
        curves={name: Curves(**parts) for name, parts in groups["curve"].items()},
        generated=_strip(groups["strip"].get("generated")),
        reference=_strip(groups["strip"].get("reference")),
        audio=arrays["audio"] if "audio" in arrays.files else None,
        features=None if unset is None else SetFeatures(**{r: groups["set"].get(r, {}) for r in _ROLES}, missing=unset),
    )


def _strip(parts: dict[str, np.ndarray] | None) -> Strip | None:
    return None if parts is None else Strip(**parts)
