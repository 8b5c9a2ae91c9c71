"""The frames of a video file, in the order in which they are shown, with media times."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slr.errors import ClipError
from slr.io.sampling import Decoded
from slr.io.video.clock import Clock
from slr.io.video.cut import check_bytes, check_end, needs_sound, stated_duration
from slr.io.video.picture import Timed, deinterlaced, rgb

if TYPE_CHECKING:
    import av

VIDEO_SUFFIXES = (".mp4", ".webm", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".swf",
                  ".mts", ".m2ts", ".3gp", ".ogv", ".vob", ".gif")

# Only formats that contain their own frames: playlists and concatenations refer to other files, anywhere.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,flv,swf,asf,ogg,gif"
_VP8_SHOWN = 0x10
_LONGEST_UNCODED = 16
"""Bytes of a picture of MPEG-4 that isn't coded."""


class VideoFile:
    """A video file.

    Parameters
    ----------
    path : Path
    file_size : int
        In bytes.

    Attributes
    ----------
    nominal_fps : Fraction
        The container's rate, once it has been opened.
    rotation : int
        Degrees counter-clockwise by which the last frame was rotated to be upright.
    """

    def __init__(self, path: Path, file_size: int):
        self.path = path
        self.file_size = file_size
        self.nominal_fps = Fraction(25)
        self.rotation = 0
        self._sound_end_s = Fraction(0)

    def __iter__(self) -> Iterator[Decoded]:
        import av

        number = -1
        try:
            with self._open() as container:
                for frame in self._decode(container, self._stream(container)):
                    number = frame.number
                    yield frame
        except av.error.FFmpegError as error:
            reason = (error.strerror or str(error)).lower()
            raise ClipError(f"damaged or cut off after frame {number}: {reason}" if number >= 0 else
                            f"not a readable video ({reason})") from None

    def times_s(self) -> list[Fraction]:
        """The time of each frame, in order, without decoding more than the first where packets tell.

        A file is decoded if they don't: one that is interlaced, where a packet may hold half of a frame, or damaged, or
        without times.
        """
        import av

        try:
            with self._open() as container:
                times = self._packet_times(container, self._stream(container))
        except av.error.FFmpegError as error:
            raise ClipError(f"not a readable video ({(error.strerror or str(error)).lower()})") from None
        return [frame.time_s for frame in self] if times is None else times

    def announced(self) -> tuple[float | None, float]:
        """Duration in seconds, if the container has it, and frame rate."""
        import av

        try:
            with self._open() as container:
                duration_s = stated_duration(container, self._stream(container))
                return None if duration_s is None else float(duration_s), float(self.nominal_fps)
        except av.error.FFmpegError as error:
            raise ClipError(f"not a readable video ({(error.strerror or str(error)).lower()})") from None

    def _open(self) -> "av.container.InputContainer":
        import av

        # `file:` because a name may contain a colon, which would be parsed as a protocol; no other protocol is allowed.
        return av.open(f"file:{self.path}", options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
                       metadata_errors="replace")

    def _stream(self, container: "av.container.InputContainer") -> "av.VideoStream":
        import av

        cover_art = av.stream.Disposition.attached_pic
        streams = [stream for stream in container.streams.video if not stream.disposition & cover_art]
        if not streams:
            raise ClipError("it has sound but no picture" if container.streams.audio else
                            "it has no picture: cut off, or not a video")
        stream = streams[0]
        check_bytes(self.path, self.file_size, stream)
        stream.codec_context.thread_count = 1  # the cores are busy with other clips
        self.nominal_fps = stream.average_rate or stream.guessed_rate or self.nominal_fps
        return stream

    def _packet_times(self, container: "av.container.InputContainer",
                      stream: "av.VideoStream") -> list[Fraction] | None:
        clock = Clock(container, stream, self.nominal_fps)
        first: av.VideoFrame | None = None
        ticks: list[int] = []
        delay = 0
        for packet in container.demux(stream):
            clock.go_on(packet)
            if _shows_picture(packet):
                shown = clock.ticks(packet)
                if shown is None or _may_show_none(packet):
                    return None
                ticks.append(shown)
            if first is None:
                first = next(iter(packet.decode()), None)
                delay = len(ticks) - (packet.size > 0)
                if first is not None and first.interlaced_frame:
                    return None
        if first is None:
            return []
        if clock.by_decoding:
            return _without_delay([clock.seconds(tick) for tick in ticks], delay, 1 / self.nominal_fps)
        # Pictures before the first that decodes lack what they are predicted from, and are dropped by the decoder.
        first_s = clock.of_frame(first)
        times = map(clock.seconds, sorted(ticks))
        return [max(Fraction(0), time_s) for time_s in times if first_s is None or time_s >= first_s]

    def _decode(self, container: "av.container.InputContainer", stream: "av.VideoStream") -> Iterator[Decoded]:
        clock = Clock(container, stream, self.nominal_fps)
        time_s, size = Fraction(0), None
        for number, (shown_s, frame) in enumerate(deinterlaced(self._timed(container, stream, clock))):
            if shown_s is None:
                shown_s = time_s + 1 / self.nominal_fps if number else time_s
            time_s = max(time_s, shown_s)  # it never goes back, not even in damaged files
            size = size or (frame.width, frame.height)
            self.rotation = frame.rotation

            def image(frame: "av.VideoFrame" = frame, size: tuple[int, int] = size) -> np.ndarray:
                return rgb(frame, size, stream.sample_aspect_ratio)

            yield Decoded(number, time_s, image)
        if not clock.started_again:
            check_end(container, stream, time_s, max(time_s + 1 / self.nominal_fps, self._sound_end_s))

    def _timed(self, container: "av.container.InputContainer", stream: "av.VideoStream",
               clock: Clock) -> Iterator[Timed]:
        """The frames as they leave the decoder. Notes where the sound ends: it may outlast the picture."""
        sound = container.streams.audio if needs_sound(container) else ()
        packet: Any  # its type depends on its stream
        for packet in container.demux(stream, *sound):
            if packet.stream.index != stream.index:
                self._sound_end_s = max(self._sound_end_s, clock.end_of(packet))
                continue
            clock.go_on(packet)
            for frame in packet.decode():
                yield Timed(clock.of_frame(frame), frame)


def _shows_picture(packet: "av.Packet[av.VideoStream]") -> bool:
    """Whether a packet becomes a frame.

    One of VP8 may hold only a picture to predict others from (RFC 6386, 9.1, `show_frame`).
    """
    if packet.is_discard or not packet.size:
        return False
    return packet.stream.codec_context.name != "vp8" or bool(bytes(packet)[0] & _VP8_SHOWN)


def _may_show_none(packet: "av.Packet[av.VideoStream]") -> bool:
    """Whether a packet may become a frame or not: a damaged one, or one of MPEG-4 without a picture.

    (ISO/IEC 14496-2, 6.2.5, `vop_coded`.)
    """
    uncoded = packet.stream.codec_context.name == "mpeg4" and packet.size <= _LONGEST_UNCODED
    return packet.is_corrupt or uncoded


def _without_delay(decoded_s: list[Fraction], delay: int, step_s: Fraction) -> list[Fraction]:
    """When frames are shown of which each comes out so many packets later, the last ones at the end of the file."""
    times = [time_s - decoded_s[delay] + decoded_s[0] for time_s in decoded_s[delay:]] or decoded_s[:1]
    return times + [times[-1] + (i + 1) * step_s for i in range(len(decoded_s) - len(times))]
