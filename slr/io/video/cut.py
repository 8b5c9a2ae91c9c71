"""Signs that the end of a file is missing, since decoders stop there without a word."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from slr.errors import ClipError

if TYPE_CHECKING:
    import av

_LEAST_S, _LEAST = Fraction(1, 2), Fraction(1, 10)
"""What may be missing: seconds, and a share of the whole."""
_WITHOUT_INDEX = ("matroska,webm", "flv", "mpegts", "mpeg")
"""Formats (libavformat's names) whose durations are right, where known, but whose bytes no index counts."""
_HEAD = 4096
_UNKNOWN = 0xFFFFFFFF  # of an AVI that was written to a pipe
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def check_bytes(path: Path, size: int, stream: "av.VideoStream") -> None:
    """Raise ClipError if the file's index, or its header in AVI and ASF, names more bytes than are here."""
    indexed = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
    if indexed > size:
        raise ClipError(f"the file is cut off: its index names {indexed} bytes, {size} are here")
    stated = _stated_bytes(path)
    if stated - size > _LEAST * stated:
        raise ClipError(f"the file is cut off: its header says {stated} bytes, {size} are here")


def check_end(container: "av.container.InputContainer", stream: "av.VideoStream", last_s: Fraction,
              end_s: Fraction) -> None:
    """Raise ClipError if a file without an index says that it lasts longer than it does.

    Parameters
    ----------
    container, stream
        Read to the end.
    last_s : Fraction
        Time of the last frame.
    end_s : Fraction
        When the last picture or sound ends.
    """
    stated_s = stated_duration(container, stream)
    if stated_s is None or container.format.name not in _WITHOUT_INDEX:
        return
    if stated_s - end_s > max(_LEAST_S, _LEAST * stated_s):
        raise ClipError(f"cut off (says {float(stated_s):.1f} s, {float(last_s):.1f} s decode)")


def needs_sound(container: "av.container.InputContainer") -> bool:
    """Whether `check_end` has to know where the sound ends, which may outlast the picture."""
    return container.format.name in _WITHOUT_INDEX


def stated_duration(container: "av.container.InputContainer", stream: "av.VideoStream") -> Fraction | None:
    """Seconds according to the container; None if it doesn't say."""
    import av

    if stream.duration and stream.time_base is not None:
        return stream.duration * stream.time_base
    return Fraction(container.duration, av.time_base) if container.duration else None


def _stated_bytes(path: Path) -> int:
    """Size of the file according to the header of an AVI (of its first RIFF) or ASF; 0 if it doesn't say."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:4] == b"RIFF":
        size = int.from_bytes(head[4:8], "little")
        return 0 if size == _UNKNOWN else size + 8
    place = head.find(_ASF_PROPERTIES) + 40
    return int.from_bytes(head[place:place + 8], "little") if place >= 40 else 0
