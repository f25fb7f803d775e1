"""From a name to an encoder with verified weights; what is there, and is it what it should be."""

import os
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from flax import nnx

from jaxeval.checkpoints.manifest import Entry, read_manifest, tampered, weights_folder
from jaxeval.checkpoints.store import restore
from jaxeval.encoders import ENCODERS
from jaxeval.errors import JaxevalError


@dataclass(frozen=True)
class WeightsRow:
    """One line of `list_weights` or `verify_weights`.

    Attributes:
        name: the encoder's.
        available: whether a checkpoint was found.
        where: the folder found; None if there is none.
        source: the package that it was converted from.
        licence: SPDX identifier.
        bytes: size of the arrays.
        verified: whether every array's digest is the manifest's; None if not looked at.
        reason: why it is not available or not verified, one line; None otherwise.
    """

    name: str
    available: bool
    where: Path | None
    source: str
    licence: str
    bytes: int
    verified: bool | None = None
    reason: str | None = None


def search_path() -> list[Path]:
    """Folders that may hold `NAME/`, first come first served: $JAXEVAL_WEIGHTS_DIR, the user's cache, the package."""
    named = os.environ.get("JAXEVAL_WEIGHTS_DIR")
    return [*([Path(named)] if named else []), cache_folder(), weights_folder()]


def cache_folder() -> Path:
    """Where converted weights go by default: $XDG_CACHE_HOME/jaxeval/weights, else ~/.cache/jaxeval/weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxeval" / "weights"


def abstract_encoder(name: str) -> nnx.Module:
    """The encoder's structure with shapes in the place of arrays: costs no memory and no arithmetic.

    Raises:
        JaxevalError: there is no encoder of that name; the text lists those that are.
    """
    if name not in ENCODERS:
        raise JaxevalError(f"Expected an encoder's name ({', '.join(sorted(ENCODERS))}), got {name!r}.")
    return nnx.eval_shape(lambda: ENCODERS[name]())


def array_shapes(encoder: nnx.Module) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each of the encoder's arrays by dotted name, such as `blocks.0.conv1.kernel`."""
    flat = nnx.to_flat_state(nnx.state(encoder))
    return {dotted(path): jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for path, leaf in flat}


def dotted(path: tuple) -> str:
    """("blocks", 0, "bias") to "blocks.0.bias"."""
    return ".".join(map(str, path))


def load_encoder(name: str) -> nnx.Module:
    """An encoder with its trained weights, each array verified against the manifest.

    The encoder is a pytree: pass it to a compiled function as an argument, since a function that closes over it carries
    its weights as constants.

    Args:
        name: such as "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face".

    Returns:
        The `flax.nnx` module, called with frames `[T, H, W, 3]` in [0, 1].

    Raises:
        JaxevalError: no such encoder; no checkpoint in `$JAXEVAL_WEIGHTS_DIR`, the user's cache or the package; an
            array that is missing, unreadable, of another shape or type, or not the one that the manifest knows.

    Example:
        >>> import jax.numpy as jnp
        >>> encoder = load_encoder("dlib_resnet")
        >>> jax.jit(lambda net, frames: net(frames))(encoder, jnp.zeros((1, 150, 150, 3))).shape
        (1, 128)
    """
    encoder = abstract_encoder(name)
    entry = read_manifest()[name]
    arrays = jax.device_put(_verified_arrays(entry, _locate(entry), array_shapes(encoder)))
    flat = nnx.to_flat_state(nnx.state(encoder))
    filled = [(path, leaf.replace(arrays[dotted(path)])) for path, leaf in flat]
    nnx.update(encoder, nnx.from_flat_state(filled))
    return encoder


def list_weights() -> list[WeightsRow]:
    """Every encoder in the manifest and where its weights are, without reading them.

    Example:
        >>> [row.name for row in list_weights() if row.available]
        ['blaze_face', 'dlib_resnet', 'face_mesh', 'st_lpips_alex']
    """
    return [_row(entry) for _, entry in sorted(read_manifest().items())]


def verify_weights() -> list[WeightsRow]:
    """As `list_weights`, but every array that is there is read and its digest compared.

    Example:
        >>> all(row.verified for row in verify_weights())
        True
    """
    return [_row(entry, verify=True) for _, entry in sorted(read_manifest().items())]


def _row(entry: Entry, *, verify: bool = False) -> WeightsRow:
    where, verified, reason = None, None, None
    try:
        where = _locate(entry)
        if verify:
            verified = False
            _verified_arrays(entry, where, array_shapes(abstract_encoder(entry.name)))
            verified = True
    except JaxevalError as error:
        reason = str(error)
    source = "; ".join(dict.fromkeys(source.package for source in entry.sources))
    return WeightsRow(entry.name, where is not None, where, source, entry.licence, entry.bytes, verified, reason)


def _locate(entry: Entry) -> Path:
    folders = [folder / entry.name for folder in search_path()]
    for folder in folders:
        if folder.is_dir():
            return folder
    looked = ", ".join(str(folder) for folder in folders)
    upstream = " and ".join(f"{Path(source.file).name} ({source.package})" for source in entry.sources)
    raise JaxevalError(
        f"No weights of {entry.name}: looked in {looked}; reinstall jaxeval, or run "
        f"`jaxeval weights convert {entry.name}` on {upstream}."
    )


def _verified_arrays(entry: Entry, folder: Path, shapes: dict[str, jax.ShapeDtypeStruct]) -> dict[str, np.ndarray]:
    arrays = restore(folder, shapes)
    if wrong := tampered(entry, arrays):
        raise JaxevalError(
            f"{folder}: expected the arrays of {entry.name} {entry.version}, found other values in {', '.join(wrong)}; "
            "install or convert the weights again."
        )
    return arrays
