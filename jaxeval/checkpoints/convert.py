"""From upstream files to checkpoints."""

from collections.abc import Sequence
from pathlib import Path

from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.manifest import Source, read_manifest
from jaxeval.checkpoints.origin import FILE, origin_of, written
from jaxeval.checkpoints.recipe import make_arrays
from jaxeval.checkpoints.recipes import RECIPES
from jaxeval.checkpoints.store import save
from jaxeval.errors import JaxevalError
from jaxeval.files import file_sha256


def convert(name: str, files: Sequence[Path], out_dir: Path, *, unverified: bool = False) -> Path:
    """Convert an encoder's upstream files to the checkpoint `out_dir/name`.

    1. Each file's SHA-256 is compared with the manifest's before a byte of it is interpreted.
    2. Nothing in a file is ever executed.
    3. Every array of the encoder is found, with its shape, and no tensor is left over.
    4. The checkpoint appears whole or not at all, with a record of the files and of each array's digest.

    Args:
        name: the encoder's.
        files: its upstream files in the manifest's order.
        out_dir: folder that will hold the checkpoint's folder; `cache_folder()` is where `load_encoder` looks.
        unverified: accept files other than those in the manifest; scores made with them are marked.

    Returns:
        The checkpoint's folder.

    Raises:
        JaxevalError: an unknown name, another number of files, a file that is missing or is not the expected one,
            missing, surplus or misshapen tensors (all are listed), a folder that can't be written, or an absent
            `convert` extra.

    Example:
        >>> convert("blaze_face", [], Path("weights"))
        Traceback (most recent call last):
        ...
        jaxeval.errors.JaxevalError: Expected 1 file(s) for blaze_face (face_detection_short_range.tflite), got 0.
    """
    shapes = array_shapes(abstract_encoder(name))
    entry = read_manifest()[name]
    expected = ", ".join(Path(source.file).name for source in entry.sources)
    files = [Path(file) for file in files]
    if len(files) != len(entry.sources):
        raise JaxevalError(f"Expected {len(entry.sources)} file(s) for {name} ({expected}), got {len(files)}.")
    pairs = list(zip(files, entry.sources, strict=True))
    digests = tuple((file.name, checked_digest(file, source, unverified=unverified)) for file, source in pairs)
    contents = [file.read_bytes()[slice(*source.part) if source.part else slice(None)] for file, source in pairs]
    arrays = make_arrays(RECIPES[name], contents, shapes, files)
    origin = origin_of(name, digests, arrays)
    if origin.has_known_files(entry) and not origin.verified(entry):
        wrong = sorted(name for name, value in origin.arrays.items() if entry.arrays[name] != value)
        raise JaxevalError(
            f"{name}: expected the arrays that the manifest records, found others in {', '.join(wrong)}; report it."
        )
    save(Path(out_dir) / name, arrays, {FILE: written(origin)})
    return Path(out_dir) / name


def checked_digest(file: Path, source: Source, *, unverified: bool = False) -> str:
    """The SHA-256 of an upstream file, once it has proved to be that file.

    Args:
        file: the one that was given.
        source: the one that is expected.
        unverified: whether another one will do.

    Raises:
        JaxevalError: it is missing or can't be read, or is another file and `unverified` isn't set; the text says so if
            it is a web page or was cut short. A web page is never taken.
    """
    if not file.is_file():
        raise JaxevalError(f"{file}: expected {source}, found no file; download it from there.")
    try:
        sha256, what = file_sha256(file), _describe(file, source)
    except OSError as error:
        raise JaxevalError(f"{file}: expected {source}, found: {error.strerror}; make it readable.") from error
    if source.accepts(sha256):
        return sha256
    if what.startswith("a web page"):
        raise JaxevalError(f"{file}: expected {source}, found {what}; download the file itself.")
    if not unverified:
        advice = "download it again or" if source.sha256 else "its digest isn't known:"
        raise JaxevalError(
            f"{file}: expected {source}, found {what}, sha256 {sha256}; {advice} accept this one with --unverified, "
            "and scores made with it are marked."
        )
    return sha256


def _describe(file: Path, source: Source) -> str:
    size = file.stat().st_size
    with open(file, "rb") as opened:
        start = opened.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return f"a web page of {size:,} bytes"
    return f"{size:,} bytes (cut short?)" if size < source.bytes else f"{size:,} bytes"
