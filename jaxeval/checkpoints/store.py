"""Named arrays to and from disk through Orbax: the only file that knows Orbax."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import tensorstore as ts

from jaxeval.errors import JaxevalError, one_line
from jaxeval.files import atomic_path, cannot_write

_INDEX = ("_CHECKPOINT_METADATA", "_METADATA", "manifest.ocdbt")
_REMEDY = "install or convert the weights again."


def save(folder: Path, arrays: Mapping[str, np.ndarray], beside: Mapping[str, bytes] | None = None) -> None:
    """Write arrays to `folder` as one Orbax checkpoint, wholly or not at all; a checkpoint that is there is replaced.

    Args:
        folder: where to; its parents are made if need be.
        arrays: by dotted name.
        beside: content of further files in the folder, by name.

    Raises:
        JaxevalError: the folder can't be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "one"
        >>> save(folder, {"stem.bias": np.zeros(3, np.float32)})
        >>> restore(folder, {"stem.bias": jax.ShapeDtypeStruct((3,), np.float32)})
        {'stem.bias': array([0., 0., 0.], dtype=float32)}
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    with atomic_path(folder) as new:
        try:
            with ocp.StandardCheckpointer() as checkpointer:
                checkpointer.save(new, dict(arrays))
            _drop_run_dependent(new)
            _drop_superseded(new)
            for name, content in (beside or {}).items():
                (new / name).write_bytes(content)
        except Exception as error:
            if isinstance(error, OSError) and error.strerror:
                raise
            # TensorStore reports a full disk as what the failed write led it to.
            raise OSError(one_line(error)[:200]) from error


def restore(folder: Path, like: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, np.ndarray]:
    """Read the arrays of a checkpoint into host memory.

    Args:
        folder: what `save` wrote.
        like: every array's shape and type by dotted name, nothing more and nothing less.

    Returns:
        The arrays by name.

    Raises:
        JaxevalError: there is no such folder, it is unreadable (the array or file is named), or it holds other arrays,
            shapes or types than `like`.

    Example: see `save`.
    """
    folder = folder.absolute()
    for file in (folder / name for name in _INDEX):
        if not file.is_file():
            raise JaxevalError(f"{file}: expected a file of an Orbax checkpoint, found none; {_REMEDY}")
    try:
        # Orbax ignores a differing shape and casts a differing type in silence, so both are compared first.
        problems = _mismatches(_headers(folder), like)
        if not problems:
            with ocp.StandardCheckpointer() as checkpointer:
                return checkpointer.restore(folder, dict(like))
    except Exception as error:
        # Orbax and TensorStore raise whatever the damaged byte leads them to.
        raise JaxevalError(f"{folder}: {_unreadable(str(error))}; {_REMEDY}") from error
    raise JaxevalError(f"{folder}: {'; '.join(problems)}; {_REMEDY}")


def _mismatches(found: Mapping[str, jax.ShapeDtypeStruct], like: Mapping[str, jax.ShapeDtypeStruct]) -> list[str]:
    def describe(array: jax.ShapeDtypeStruct | None) -> str:
        return "nothing" if array is None else f"{array.dtype.name}{list(array.shape)}"

    rows = ((name, describe(like.get(name)), describe(found.get(name))) for name in sorted({*found, *like}))
    return [f"array {name}: expected {wanted}, found {got}" for name, wanted, got in rows if wanted != got]


def _headers(folder: Path) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each stored array."""
    keys = ((key.rpartition("/"), value) for key, value in _contents(folder).items())
    headers = {name: json.loads(value) for (name, _, part), value in keys if part == ".zarray"}
    return {name: jax.ShapeDtypeStruct(header["shape"], np.dtype(header["dtype"])) for name, header in headers.items()}


def _contents(folder: Path) -> dict[str, bytes]:
    """All that is stored, undecoded, by key: an array's name, a slash, and a part.

    It finds what can't be read without the noise that Orbax makes about it.
    """
    base = {"driver": "file", "path": f"{folder}/"}
    store = ts.KvStore.open({"driver": "ocdbt", "base": base}).result()
    return {key.decode(): _content(store, key.decode()) for key in store.list().result()}


def _content(store: ts.KvStore, key: str) -> bytes:
    try:
        return store.read(key).result().value
    except ValueError as error:
        raise ValueError(f'"{key}": {error}') from error


def _unreadable(message: str) -> str:
    """Of TensorStore's page-long message: the array that can't be read, and the innermost file."""
    array = re.search(r'"([\w.]+)/(?:\.zarray|[\d.]+)"', message)
    files = re.findall(r'local file "([^"]+[^"/])"', message)
    what = f"array {array[1]}" if array else f"its index ({', '.join(_INDEX)})"
    return f"can't read {what}" + (f" from {files[-1]}" if files else "")


def _drop_run_dependent(folder: Path) -> None:
    """Time stamps, and the path on the machine that saved: Orbax needs neither to restore."""
    (folder / "commit_success.txt").unlink(missing_ok=True)
    metadata = json.loads((folder / "_CHECKPOINT_METADATA").read_text())
    metadata |= {"init_timestamp_nsecs": None, "commit_timestamp_nsecs": None}
    (folder / "_CHECKPOINT_METADATA").write_text(json.dumps(metadata))


def _drop_superseded(folder: Path) -> None:
    """Delete what Orbax wrote on the way and no longer reads, so that the loss of any file that stays is noticed."""
    contents = _contents(folder)
    for file in sorted(path for path in folder.glob("ocdbt.process_*/**/*") if path.is_file()):
        aside = file.rename(folder.parent / file.name)
        try:
            needed = _contents(folder) != contents
        except ValueError:
            needed = True
        if needed:
            aside.rename(file)
