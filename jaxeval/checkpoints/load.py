"""From a name to an encoder with verified weights; what is there, and is it what it should be."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from jaxeval.checkpoints.manifest import Entry, read_manifest, tampered, weights_folder
from jaxeval.checkpoints.origin import Origin, read_origin
from jaxeval.checkpoints.store import restore
from jaxeval.encoders import ENCODERS
from jaxeval.encoders.encoder import Precision, with_precision, with_remat
from jaxeval.errors import JaxevalError, MissingWeightsError, nearest


@dataclass(frozen=True)
class WeightsRow:
    """One line of `list_weights` or `verify_weights`.

    Attributes:
        name: the encoder's.
        available: whether a checkpoint was found.
        where: the folder found; None if there is none.
        source: the upstream files and who publishes them.
        license: SPDX identifier, or words.
        bytes: size of the arrays.
        verified: whether it is made of the files that the manifest knows; None if there is none.
        sound: whether every array's digest is the recorded one; None if not looked at.
        reason: why it is not available, not verified or not sound, one line; None otherwise.
    """

    name: str
    available: bool
    where: Path | None
    source: str
    license: str
    bytes: int
    verified: bool | None = None
    sound: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Weights:
    """Which weights an encoder has, for the signature of a score.

    Attributes:
        name: the encoder's.
        sha256: over all arrays, see `Entry.sha256`.
        verified: whether they are made of the files that the manifest knows.
    """

    name: str
    sha256: str
    verified: bool

    def __str__(self) -> str:
        """The digest, and if they aren't verified, that."""
        return self.sha256 if self.verified else f"{self.sha256} (unverified)"


def _search_path() -> list[Path]:
    """Folders that may hold `NAME/`, first come first served: $JAXEVAL_WEIGHTS_DIR, the user's cache, the package."""
    named = os.environ.get("JAXEVAL_WEIGHTS_DIR")
    return [*([Path(named)] if named else []), cache_folder(), weights_folder()]


def cache_folder() -> Path:
    """Where converted weights go by default: $XDG_CACHE_HOME/jaxeval/weights, else ~/.cache/jaxeval/weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxeval" / "weights"


def abstract_encoder(name: str) -> nnx.Module:
    """The encoder's structure with shapes in the place of arrays: costs no memory and no arithmetic.

    Args:
        name: the encoder's.

    Raises:
        JaxevalError: there is no encoder of that name; the text gives the nearest one.
    """
    if name not in ENCODERS:
        raise JaxevalError(
            f"Expected an encoder's name, got {name!r}. {nearest(name, sorted(ENCODERS))} See `jaxeval weights list`."
        )
    return nnx.eval_shape(lambda: ENCODERS[name]())


def array_shapes(encoder: nnx.Module) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each of the encoder's arrays by dotted name, such as `blocks.0.conv1.kernel`.

    Args:
        encoder: with arrays or with shapes.
    """
    flat = nnx.to_flat_state(nnx.state(encoder))
    return {_dotted(path): jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for path, leaf in flat}


def _dotted(path: tuple) -> str:
    """("blocks", 0, "bias") to "blocks.0.bias"."""
    return ".".join(map(str, path))


def load_encoder(name: str, *, precision: Precision = "reference", remat: bool = False) -> Any:
    """Load an encoder with its trained weights; each array is checked against its recorded digest.

    The encoder is a pytree: pass it to a compiled function as an argument, since a function that closes over it carries
    its weights as constants.

    Args:
        name: the encoder's, such as "lpips_alex", "dlib_resnet" or "face_mesh"; `jaxeval weights list` shows all.
        precision: "reference" computes in float32; "fast" multiplies bfloat16 numbers and adds them in float32.
        remat: True to save memory in gradients: only the input of each part of the network is kept, and the rest is
            computed again in the backward pass (rematerialization, as `jax.checkpoint`).

    Returns:
        The `flax.nnx` module, called with frames `[T, H, W, 3]` in [0, 1].

    Raises:
        MissingWeightsError: no checkpoint in `$JAXEVAL_WEIGHTS_DIR`, the user's cache or the package.
        JaxevalError: no such encoder; an array that is missing, unreadable, of another shape or type, or not the
            recorded one.
        ValueError: an unknown precision.

    Example:
        >>> import jax.numpy as jnp
        >>> encoder = load_encoder("dlib_resnet")
        >>> jax.jit(lambda net, frames: net(frames))(encoder, jnp.zeros((1, 150, 150, 3))).shape
        (1, 128)
    """
    encoder = abstract_encoder(name)
    entry = read_manifest()[name]
    filled = fill(encoder, _sound_arrays(entry, _locate(entry), array_shapes(encoder)))
    return with_remat(with_precision(filled, precision), remat)


def weights_of(name: str) -> Weights:
    """Which weights `load_encoder` finds, told without reading them.

    Args:
        name: the encoder's.

    Returns:
        `Weights`.

    Raises:
        JaxevalError: as `load_encoder`, but for damage to the arrays.

    Example:
        >>> weights_of("dlib_resnet").verified
        True
    """
    abstract_encoder(name)
    entry = read_manifest()[name]
    origin = _origin(entry, _locate(entry))
    return Weights(name, origin.sha256, origin.verified(entry))


def fill(encoder: nnx.Module, arrays: Mapping[str, np.ndarray]) -> nnx.Module:
    """An encoder's structure with arrays in it.

    Args:
        encoder: what `abstract_encoder` gives; it is changed.
        arrays: by dotted name.

    Returns:
        The encoder.
    """
    on_device = jax.device_put(dict(arrays))
    flat = nnx.to_flat_state(nnx.state(encoder))
    filled = [(path, leaf.replace(on_device[_dotted(path)])) for path, leaf in flat]
    nnx.update(encoder, nnx.from_flat_state(filled))
    return encoder


def list_weights() -> list[WeightsRow]:
    """Every encoder in the manifest and where its weights are, without reading them.

    Example:
        >>> [row.name for row in list_weights() if row.available]
        ['blaze_face', 'dlib_resnet', 'face_mesh', 'lpips_alex', 'st_lpips_alex']
    """
    return [_row(entry) for _, entry in sorted(read_manifest().items())]


def verify_weights() -> list[WeightsRow]:
    """As `list_weights`, but every array that is there is read and its digest compared.

    Example:
        >>> all(row.sound for row in verify_weights() if row.available)
        True
    """
    return [_row(entry, read=True) for _, entry in sorted(read_manifest().items())]


def _row(entry: Entry, *, read: bool = False) -> WeightsRow:
    shapes = array_shapes(abstract_encoder(entry.name))
    size = sum(math.prod(array.shape) * array.dtype.itemsize for array in shapes.values())
    where, verified, sound, reason = None, None, None, None
    try:
        where = _locate(entry)
        verified = _origin(entry, where).verified(entry)
        if not verified:
            reason = f"converted from a file other than {' and '.join(map(str, entry.sources))}"
        if read:
            sound = False
            _sound_arrays(entry, where, shapes)
            sound = True
    except JaxevalError as error:
        reason = str(error)
    source = "; ".join(dict.fromkeys(f"{Path(source.file).name} ({source.package})" for source in entry.sources))
    return WeightsRow(entry.name, where is not None, where, source, entry.license, size, verified, sound, reason)


def _locate(entry: Entry) -> Path:
    folders = [folder / entry.name for folder in _search_path()]
    for folder in folders:
        if folder.is_dir():
            return folder
    files, names = " and ".join(map(str, entry.sources)), " ".join(Path(source.file).name for source in entry.sources)
    unknown = "" if all(source.sha256 for source in entry.sources) else " --unverified"
    if all(source.requirement for source in entry.sources):
        advice = f"Run: jaxeval weights get {entry.name}. It fetches {files}, licence {entry.license}."
    else:
        command = f"jaxeval weights convert {entry.name} {names}{unknown}"
        advice = f"Get {files}, licence {entry.license}, and run: {command}."
    raise MissingWeightsError(f"No weights for {entry.name}. {advice} Searched {', '.join(map(str, folders))}.")


def _origin(entry: Entry, folder: Path) -> Origin:
    """A checkpoint's own record, or the manifest's of those that come with jaxeval."""
    origin = read_origin(folder)
    if origin is None and entry.arrays:
        return Origin(entry.name, tuple((source.file, source.sha256) for source in entry.sources), entry.arrays)
    if origin is None or origin.encoder != entry.name:
        text = f"{folder}: expected the record of {entry.name}'s conversion, found "
        raise JaxevalError(f"{text}{'none' if origin is None else f'that of {origin.encoder}'}; convert it again.")
    return origin


def _sound_arrays(entry: Entry, folder: Path, shapes: dict[str, jax.ShapeDtypeStruct]) -> dict[str, np.ndarray]:
    origin = _origin(entry, folder)
    arrays = restore(folder, shapes)
    if wrong := tampered(origin.arrays, arrays):
        raise JaxevalError(
            f"{folder}: expected the arrays of {entry.name} {entry.version}, found other values in {', '.join(wrong)}; "
            "install or convert the weights again."
        )
    return arrays
