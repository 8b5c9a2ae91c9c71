"""Media time: a packet's own time less the container's start, which is the least start of its streams.

So count players and ELAN: a picture that begins 2 s after the sound begins at 0:02.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import av

_JUMP_S = 10
_BACK_S = Fraction(1, 10)


class Clock:
    """The media time of a stream's packets and frames.

    A clock that starts again, as in files that were joined, goes on where it was. The rule is ffmpeg's
    (`fftools/ffmpeg.c`, `process_input`, dts_delta_threshold): in MPEG streams, whose clocks may jump, a packet that is
    more than 10 s early or late, or goes back by more than 0.1 s, is moved to the end of the one before it, and all
    later ones with it. Beyond ffmpeg, WebM and Matroska that go back at a key frame go on, too.

    AVI has no times of presentation. A packet's time of decoding is its place in the file, where empty chunks count; a
    frame's is that of the packet that brought it out of the decoder, less the delay of the first one.

    Parameters
    ----------
    container, stream
        As opened, before the first packet is read.
    nominal_fps : Fraction
        Rate where packets have no duration.

    Attributes
    ----------
    by_decoding : bool
        Whether packets have times of decoding only.
    started_again : bool
        Whether the clock has started again so far.
    """

    def __init__(self, container: "av.container.InputContainer", stream: "av.VideoStream", nominal_fps: Fraction):
        import av

        assert stream.time_base is not None  # a video stream has one
        self._time_base = stream.time_base
        self._start_s = _start_s(container)
        self._frame_ticks = round(1 / (nominal_fps * self._time_base))
        self._may_jump = bool(container.format.flags & cast(int, av.format.Flags.ts_discont.value))
        self._may_restart = container.format.name == "matroska,webm"
        self.by_decoding = container.format.name == "avi"
        self._jump_ticks, self._back_ticks = int(_JUMP_S / self._time_base), int(_BACK_S / self._time_base)
        self._shift = 0
        self._first: int | None = None
        self._last: int | None = None
        self._next = self._end = 0
        self._delay: int | None = None
        self.started_again = False

    def go_on(self, packet: "av.Packet[av.VideoStream]") -> None:
        """Set a packet's times to what they would be if the clock had never started again; in order of the file."""
        if packet.dts is None:
            return
        self._move(packet, self._shift)
        if jumped := self._jump(packet):
            self.started_again = True
            self._shift += jumped
            self._move(packet, jumped)
        lasts = packet.duration or self._frame_ticks
        self._first = packet.dts if self._first is None else self._first
        self._last, self._next = packet.dts, packet.dts + lasts
        if packet.pts is not None:
            self._end = max(self._end, packet.pts + self._frame_ticks)

    def _jump(self, packet: "av.Packet[av.VideoStream]") -> int:
        """Ticks that are missing before a packet; 0 if the clock goes on."""
        if self._last is None or packet.dts is None:
            return 0
        if self._may_jump:
            missing, back = self._next - packet.dts, self._last - packet.dts
            return missing if abs(missing) > self._jump_ticks or back > self._back_ticks else 0
        # Matroska has no times of decoding, but a key frame is shown after all that come before it.
        back = self._end - packet.pts if self._may_restart and packet.is_keyframe and packet.pts is not None else 0
        return back if back > self._back_ticks else 0

    def ticks(self, packet: "av.Packet[av.VideoStream]") -> int | None:
        """When a packet's picture is shown (in AVI: decoded), for `seconds`; None if unknown."""
        return packet.dts if self.by_decoding else packet.pts

    def seconds(self, ticks: int) -> Fraction:
        """Ticks of the stream's time base as media time."""
        return ticks * self._time_base - self._start_s

    def end_of(self, packet: "av.Packet[av.AudioStream]") -> Fraction:
        """When a packet of another stream ends, in seconds; 0 if unknown."""
        if packet.pts is None or packet.time_base is None:
            return Fraction(0)
        return (packet.pts + (packet.duration or 0)) * packet.time_base - self._start_s

    def of_frame(self, frame: "av.VideoFrame") -> Fraction | None:
        """When a frame is shown, in seconds; None if unknown. Frames come in the order of the decoder."""
        if not self.by_decoding:
            return None if frame.pts is None else self.seconds(frame.pts)
        if frame.dts is None or self._first is None:
            return None
        self._delay = frame.dts - self._first if self._delay is None else self._delay
        return self.seconds(frame.dts - self._delay)

    @staticmethod
    def _move(packet: "av.Packet[av.VideoStream]", ticks: int) -> None:
        if ticks:
            packet.dts = (packet.dts or 0) + ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks


def _start_s(container: "av.container.InputContainer") -> Fraction:
    """The container's start; exact if a stream starts then, since containers count microseconds."""
    import av

    if container.start_time is None:
        return Fraction(0)
    start_s = Fraction(container.start_time, av.time_base)
    exact = (stream.start_time * stream.time_base for stream in container.streams
             if stream.start_time is not None and stream.time_base is not None)
    return next((of_stream for of_stream in exact if abs(of_stream - start_s) < Fraction(1, av.time_base)), start_s)
