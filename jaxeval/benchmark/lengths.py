"""How long clips are, by their headers."""

import av

from jaxeval.benchmark.remote import Place, is_remote, local, opened_remote
from jaxeval.errors import JaxevalError
from jaxeval.media.audio import decode_audio
from jaxeval.media.container import best_stream, claimed_seconds, opened
from jaxeval.media.video import Video

_RATE = 16000


def seconds_of(place: Place) -> float:
    """How long a video is, or a sound, by its file's header; it is decoded only if the header doesn't tell.

    Of a file elsewhere only the header is fetched, where the store can do that.

    Args:
        place: of a video or sound file.

    Returns:
        Seconds.

    Raises:
        JaxevalError: the file can't be read, or has neither picture nor sound.

    Example:
        >>> import tempfile, wave
        >>> path = tempfile.mkdtemp() + "/tone.wav"
        >>> with wave.open(path, "wb") as file:
        ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     _ = file.writeframes(bytes(2 * 12000))
        >>> seconds_of(path)
        1.5
    """
    told = _remote_header(place) if isinstance(place, str) and is_remote(place) else None
    if told is not None:
        return told
    path = local(place)
    with opened(path, "a video or sound") as container:
        told, is_video = claimed_seconds(container), best_stream(container, "video") is not None
    if told is not None:
        return told
    return Video(path).info.duration_s if is_video else len(decode_audio(path, _RATE)[0]) / _RATE


def _remote_header(url: str) -> float | None:
    """None if the store can't give a part of the file, or the header doesn't tell."""
    try:
        with opened_remote(url) as file, av.open(file) as container:
            return claimed_seconds(container)
    except JaxevalError:
        raise
    except Exception:  # whatever FFmpeg or the store's client raises
        return None
