"""Which files are clips: by their suffix where it is known, else by what is in them."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

from jaxeval.errors import JaxevalError
from jaxeval.media.container import best_stream, opened
from jaxeval.media.decoding import Decoding
from jaxeval.media.stamps import Stamps


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


VIDEO_SUFFIXES = _set(
    ".264 .265 .266 .3g2 .3gp .amv .apng .asf .av1 .avc .avi .avs2 .avs3 .bik .bk2 .cavs .divx .dnxhd .drc .dv .dvr-ms "
    ".evc .evo .f4v .flc .fli .flv .gif .gxf .h261 .h263 .h264 .h265 .h266 .hevc .ismv .ivf .ivr .m1v .m2p .m2t .m2ts "
    ".m2v .m4v .mj2 .mjpeg .mjpg .mk3d .mkv .mov .mp2v .mp4 .mpe .mpeg .mpg .mpg4 .mpv .mqv .mts .mxf .nsv .nut .nuv "
    ".obu .ogm .ogv .qt .rm .rmvb .roq .smk .swf .trp .ts .ty .vc1 .viv .vob .vvc .webm .wmv .wtv .xvid .y4m"
)
"""Of files that FFmpeg's demuxers read as video."""

AUDIO_SUFFIXES = _set(
    ".aac .ac3 .aif .aifc .aiff .amr .ape .au .caf .dts .eac3 .flac .m4a .mka .mp2 .mp3 .mpa .oga .ogg .opus .ra .spx "
    ".tta .w64 .wav .wma .wv"
)

PICTURE_SUFFIXES = _set(".bmp .gif .j2k .jp2 .jpeg .jpg .pgm .png .ppm .tif .tiff .webp")
"""Of files that Pillow reads as a picture."""

_STILL = _set(".bmp .dpx .exr .ico .j2k .jp2 .jpeg .jpg .pbm .pcx .pgm .png .ppm .psd .svg .tga .tif .tiff")
_TEXT = _set(
    ".ass .cfg .conf .css .csv .dvc .ffconcat .html .ini .ipynb .js .json .jsonl .log .lrc .m3u .m3u8 .md .mpd .py "
    ".rst .sdp .sh .srt .sub .textgrid .toml .tsv .txt .vtt .xml .yaml .yml"
)
_DATA = _set(
    ".7z .bz2 .ckpt .db .docx .gz .h5 .hdf5 .lab .lock .mat .md5 .msgpack .npy .obj .onnx .parquet .part .pdf .pickle "
    ".pkl .ply .pt .pth .pyc .rar .safetensors .sha256 .sqlite .tar .tfrecord .tgz .xlsx .xz .zip .zst"
)
COMPANIONS = _STILL | _TEXT | _DATA
"""Of files that lie beside clips and are none."""


def is_clip(path: Path) -> bool:
    """Whether a file in a folder of clips is one of them.

    Args:
        path: a file that exists.

    Returns:
        By the suffix, if it is known; else whether FFmpeg decodes two frames of it. A still picture is no clip.
    """
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return True
    return suffix not in COMPANIONS | AUDIO_SUFFIXES and _moves(path)


def is_picture(path: Path) -> bool:
    """Whether a file in a folder of portraits is one of them: by its suffix."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_sound(path: Path) -> bool:
    """Whether a file in a folder of sounds is one of them.

    Args:
        path: a file that exists.

    Returns:
        By the suffix, if it is known; else whether it has a sound stream.
    """
    suffix = path.suffix.lower()
    if suffix in AUDIO_SUFFIXES | VIDEO_SUFFIXES:
        return True
    return suffix not in COMPANIONS and _sounds(path)


def _moves(path: Path) -> bool:
    try:
        with opened(path, "a video") as container:
            frames = Decoding(container, Stamps(Fraction(1, 25))).frames()
            return len(list(islice(frames, 2))) == 2
    except JaxevalError:
        return False


def _sounds(path: Path) -> bool:
    try:
        with opened(path, "sound") as container:
            return best_stream(container, "audio") is not None
    except JaxevalError:
        return False
