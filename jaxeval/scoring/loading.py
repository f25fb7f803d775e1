"""A pair's two clips, read under one geometry: the same person, the same section, the same pixels; or one alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.files import file_sha256, file_state
from jaxeval.media.ahead import Ahead
from jaxeval.media.crops import Squares, Window
from jaxeval.media.geometry import HERE, Placement, same_shape
from jaxeval.media.held import HeldVideo
from jaxeval.media.span import Span
from jaxeval.media.video import Video
from jaxeval.protocol import Protocol
from jaxeval.scoring.beside import beside
from jaxeval.scoring.clip import Clip
from jaxeval.scoring.geometry import Geometry, face_flags, geometry_of
from jaxeval.scoring.ingest import FacePath, FaceTrajectories, face_path, reference_window, trajectories
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.people import (
    SAME_PERSON,
    Chosen,
    alone_flags,
    choose,
    distances,
    identities,
    like_portrait,
    main_face,
    other_person,
    people_flags,
    reason_for,
    reunited,
)
from jaxeval.scoring.portrait import Portrait, read_portrait
from jaxeval.scoring.scan import Scan, scan
from jaxeval.scoring.shelf import Shelf
from jaxeval.scoring.trajectory_files import SUFFIX

# Shortest stretch that is flagged as another person's, seconds.
_STRETCH = 0.4


@dataclass
class _Reference:
    """The last reference, kept from one pair to the next, for many methods are held against one."""

    scan: Scan
    span: Span | None
    state: tuple[int, int] | None
    identities: list[np.ndarray] | None
    file: str | None
    shelves: dict[int, Shelf] = field(default_factory=dict)
    paths: dict[int, FacePath | None] = field(default_factory=dict)
    clip: tuple[tuple[int, Window], Clip] | None = None


@dataclass
class Loader:
    """Reads pairs.

    Attributes:
        networks: the encoders.
        protocol: the protocol.
        region: "face" for the reference's face window, "frame" for whole frames.
        face: which face of a reference, or of a clip without one, is scored, see `check_face`.
        kept_in: folder for what is small and made of references; None to keep it in memory only.
        inputs: all that this depends on beside the files: protocol, weights, software.
    """

    networks: Networks
    protocol: Protocol
    region: str
    face: str | None = None
    kept_in: Path | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    _reference: _Reference | None = None
    _portrait: tuple[Path, tuple[int, int] | None, Portrait] | None = None

    def __post_init__(self) -> None:
        self._ahead = Ahead(self.protocol.fps)

    def read_ahead(self, generated: Path, reference: Path | None, span: Span | None = None) -> None:
        """Begin to decode the files of the next pair; those that are there, and aren't the reference that is kept.

        Args:
            generated: see `load`.
            reference: see `load`; None for none.
            span: see `load`.
        """
        self._ahead.read([generated] if generated.suffix.lower() != SUFFIX else [])
        if reference and reference.suffix.lower() != SUFFIX and not self._is_kept(reference, span):
            self._ahead.add(reference, span)

    def load(
        self,
        generated: Path,
        reference: Path,
        progress: Callable[[float], None] = lambda done: None,
        span: Span | None = None,
    ) -> tuple[Clip, Clip, tuple[str, ...]]:
        """A pair's clips.

        The reference's face is the one that was asked for, or `main_face`, of those in the section that both clips
        show; the generated clip's is the one that fits it best by place, and by identity where several do.

        Args:
            generated: video file.
            reference: video file.
            progress: called with the share of the work that is done, in [0, 1].
            span: the part of the reference that is held against the generated clip; None for all of it.

        Returns:
            The generated clip, the reference, and flags about their faces and sections.

        Raises:
            JaxevalError: a file can't be used, or the two don't show the same section.
        """
        self._ahead.add(generated)
        of_generated = beside(lambda: self._scan(generated))
        kept = self._kept(reference, span)
        seen, known = self._people(of_generated(), kept)
        geometry = self._geometry(seen, kept.scan)
        of_y = main_face(kept.scan, self.face, geometry.section)
        chosen = self._chosen(seen, known, kept, of_y, geometry.placement)
        path = beside(lambda: self._path(seen, chosen.index, geometry.placement))
        y = self._reference_clip(kept, of_y, geometry.section)
        progress(0.5)
        x = self._clip("generated", seen, path(), y.window, y.size, geometry.placement)
        flags = [*geometry.flags, *people_flags(seen, kept.scan, of_y, chosen, self.face), *_zoomed(geometry, x, y)]
        return x, y, (*flags, *(flag for clip in (x, y) for flag in self._strangers(clip)))

    def load_alone(
        self, generated: Path, portrait: Path | None = None, progress: Callable[[float], None] = lambda done: None
    ) -> tuple[Clip, Portrait | None, tuple[str, ...]]:
        """A clip without a reference.

        Its face is the one that was asked for; else the one that looks most like the portrait, if it does so clearly;
        else `main_face`.

        Args:
            generated: video file.
            portrait: picture of the person; None for none.
            progress: called with the share of the work that is done, in [0, 1].

        Returns:
            The clip, whose crops are of its own window; the portrait; and flags about faces.

        Raises:
            JaxevalError: a file can't be used.
        """
        self._ahead.add(generated)
        person = None if portrait is None else self._person(portrait)
        seen, known = self._recognized(self._scan(generated), known=False)
        index, why = main_face(seen, self.face), reason_for(self.face)
        if self.face is None and person is not None:
            encoder = self.protocol.encoders["identity"]
            index, alike = like_portrait(known, person.embedding, index, encoder)
            why = "most like the portrait" if alike else why
        path = self._path(seen, index, HERE)
        window = reference_window(seen.video, path if self.region == "face" else None, self.protocol)
        progress(0.5)
        x = self._clip("generated", seen, path, window, seen.size, HERE)
        flags = (*alone_flags("generated", seen, index, why), *self._strangers(x))
        return x, person, flags + (person.flags if person else ())

    def _person(self, path: Path) -> Portrait:
        """A portrait; the last one is kept, for many clips show one person."""
        state = file_state(path)
        if self._portrait is None or self._portrait[:2] != (path, state):
            self._portrait = path, state, read_portrait(path, self.networks, self.protocol)
        return self._portrait[2]

    def _kept(self, path: Path, span: Span | None) -> _Reference:
        state, last = file_state(path), self._reference
        if last is None or last.state != state or not self._is_kept(path, span):
            self._reference = None
            found, known = self._recognized(self._scan(path, span), known=False)
            file = None if self.kept_in is None else file_sha256(path)
            last = self._reference = _Reference(found, span, state, known, file)
        return last

    def _is_kept(self, path: Path, span: Span | None) -> bool:
        last = self._reference
        return last is not None and (last.scan.video.path, last.span) == (str(path), span)

    def _scan(self, path: Path, span: Span | None = None) -> Scan:
        return scan(self.networks, self._ahead.opened(path, span), self.protocol)

    def _recognized(self, found: Scan, *, known: bool) -> tuple[Scan, list[np.ndarray] | None]:
        """A clip's faces, and their identities if there are several or they must be known."""
        if len(found.faces) < 2 and not (known and found.faces):
            return found, None
        return reunited(found, identities(self.networks, found), self.protocol.encoders["identity"])

    def _people(self, found: Scan, kept: _Reference) -> tuple[Scan, list[np.ndarray] | None]:
        found, known = self._recognized(found, known=len(kept.scan.faces) > 1)
        if known is not None and kept.identities is None and kept.scan.faces:
            kept.identities = identities(self.networks, kept.scan)
        return found, known

    def _geometry(self, x: Scan, y: Scan) -> Geometry:
        """A plain resize where a face is needed and one clip has none: the pair fails for that reason anyway."""
        if self.region == "face" and not (x.faces and y.faces):
            return Geometry(Placement.between(y.still.frame, x.still.frame))
        return geometry_of(x, y)

    def _chosen(
        self, seen: Scan, known: list[np.ndarray] | None, kept: _Reference, of_y: int, placement: Placement
    ) -> Chosen:
        if not seen.faces or not kept.scan.faces:
            return Chosen(0)
        encoder, between = self.protocol.encoders["identity"], None
        if known is not None and kept.identities is not None:
            between = np.array([distances(own, known, encoder) for own in kept.identities])
        boxes = [placement.boxes_back(box) for box in seen.boxes]
        return choose(kept.scan.boxes[of_y], boxes, between, of_y, limit=SAME_PERSON.get(encoder, 1.0))

    def _reference_clip(self, kept: _Reference, index: int, section: np.ndarray | None) -> Clip:
        told = {**self.inputs, "file": kept.file, "face": index} | ({"span": kept.span} if kept.span else {})
        shelf = kept.shelves.setdefault(index, Shelf(self.kept_in, told))
        if index not in kept.paths:
            kept.paths[index] = self._reference_path(kept.scan, index, shelf)
        path = kept.paths[index]
        window = reference_window(kept.scan.video, path if self.region == "face" else None, self.protocol, section)
        if kept.clip is None or kept.clip[0] != (index, window):
            mesh = shelf.find("mesh", None)
            known = None if mesh is None or path is None else FaceTrajectories(**mesh, chips=None)
            clip = self._clip("reference", kept.scan, path, window, kept.scan.size, HERE, known, shelf)
            if clip.seen.face and known is None:
                shelf.keep("mesh", None, {name: part for name, part in vars(clip.seen.face).items() if name != "chips"})
            kept.clip = ((index, window), clip)
        return kept.clip[1]

    def _reference_path(self, found: Scan, index: int, shelf: Shelf) -> FacePath | None:
        squares = shelf.find("squares", None) if found.faces else None
        if squares is not None:
            return FacePath(found.tracks[index], Squares(**squares))
        path = self._path(found, index, HERE)
        if path is not None:
            shelf.keep("squares", None, vars(path.squares))
        return path

    def _path(self, found: Scan, index: int, placement: Placement) -> FacePath | None:
        if not found.faces:
            return None
        return face_path(self.networks, found.video, found.tracks[index].placed_back(placement), placement)

    def _clip(
        self,
        role: str,
        found: Scan,
        path: FacePath | None,
        window: Window,
        size: tuple[int, int],
        placement: Placement,
        known: FaceTrajectories | None = None,
        shelf: Shelf | None = None,
    ) -> Clip:
        assert isinstance(found.video, Video)
        seen = trajectories(self.networks, found.video, path, window, size, self.protocol.size, placement, known)
        if isinstance(found.video, HeldVideo):
            found.video.release()
        clip = Clip(role, found.video, path, window, seen, self.networks, placement, shelf or Shelf())
        return clip.without_chips()

    def _strangers(self, clip: Clip) -> list[str]:
        face, fps, embeddings = clip.seen.face, self.protocol.fps, clip.embeddings
        if face is None or embeddings is None:
            return []
        encoder, fewest = self.protocol.encoders["identity"], round(_STRETCH * fps)
        stretches = other_person(embeddings, encoder, face.sure, fewest)
        if not stretches:
            return []
        where = ", ".join(f"{first / fps:.2f}–{last / fps:.2f} s" for first, last in stretches[:5])
        text = f"the followed face changes identity: at {where} it is a different person"
        return [f"another person: {clip.role}: {text}"]


def _zoomed(geometry: Geometry, x: Clip, y: Clip) -> list[str]:
    """Only for clips of one shape: in others the faces' sizes are part of the geometry."""
    if geometry.flags or x.path is None or y.path is None or not same_shape(x.size, y.size):
        return []
    return face_flags(x.path.track.box, y.path.track.box)
