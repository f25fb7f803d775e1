"""What a converted checkpoint remembers of where it came from: the files, and the digest of each array."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxeval.checkpoints.manifest import Entry, digest, total_digest
from jaxeval.errors import JaxevalError

FILE = "origin.json"


@dataclass(frozen=True)
class Origin:
    """A checkpoint's own record.

    Attributes:
        encoder: its name.
        files: name and SHA-256 of each upstream file, in the manifest's order.
        arrays: the digest of each array by name, see `manifest.digest`.
    """

    encoder: str
    files: tuple[tuple[str, str], ...]
    arrays: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Over all arrays, as `Entry.sha256`."""
        return total_digest(self.arrays)

    def has_known_files(self, entry: Entry) -> bool:
        """Whether every file is the manifest's own, and none that will do as well.

        Args:
            entry: the encoder's in the manifest.
        """
        pairs = zip(self.files, entry.sources, strict=False)
        return len(self.files) == len(entry.sources) and all(source.is_file(sha256) for (_, sha256), source in pairs)

    def verified(self, entry: Entry) -> bool:
        """Whether the manifest accepts every file, and knows every array of its own files where it lists any.

        Args:
            entry: the encoder's in the manifest.
        """
        digests = [sha256 for _, sha256 in self.files]
        accepted = [source.accepts(sha256) for source, sha256 in zip(entry.sources, digests, strict=False)]
        changed = self.has_known_files(entry) and entry.arrays and dict(self.arrays) != dict(entry.arrays)
        return len(digests) == len(entry.sources) and all(accepted) and not changed


def origin_of(encoder: str, files: tuple[tuple[str, str], ...], arrays: Mapping[str, np.ndarray]) -> Origin:
    """The record of arrays that were just made.

    Args:
        encoder: its name.
        files: name and SHA-256 of each upstream file, in the manifest's order.
        arrays: by dotted name.
    """
    return Origin(encoder, files, {name: digest(array) for name, array in sorted(arrays.items())})


def written(origin: Origin) -> bytes:
    """As the content of `FILE`.

    Args:
        origin: the record.
    """
    files = [{"file": file, "sha256": sha256} for file, sha256 in origin.files]
    document = {"encoder": origin.encoder, "files": files, "arrays": dict(origin.arrays)}
    return (json.dumps(document, indent=1) + "\n").encode()


def read_origin(folder: Path) -> Origin | None:
    """The record in a checkpoint's folder, None if there is none.

    Args:
        folder: of the checkpoint.

    Raises:
        JaxevalError: the file is damaged.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_text())
        files = tuple((str(file["file"]), str(file["sha256"])) for file in document["files"])
        arrays = {str(name): str(value) for name, value in document["arrays"].items()}
        return Origin(str(document["encoder"]), files, arrays)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        text = f"{path}: expected the record of a converted checkpoint, found {error}; convert the weights again."
        raise JaxevalError(" ".join(text.split())) from error
