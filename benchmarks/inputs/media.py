"""Kinds of video file, each made by ffmpeg's command line and read by `slr.io.video` as by it: frames, times, pictures.

    python -m benchmarks.inputs.media          # needs ffmpeg, 5.1 or later; two minutes

A kind is wrong if the number of frames differs from ffmpeg's, a time by more than `LATE_S`, a picture by more than
`DIFFERENT`, or the first frame of a span of seconds from the one nearest in ffmpeg's times; or if what is to be refused
isn't, or not with its reason.
"""

import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.record import record
from slr.errors import ClipError
from slr.io.video import frame_ranges, read_video
from studies.workspace import shared_data
from tests.helpers.media import put_matrix

LATE_S = 0.01
"""Versions of ffmpeg begin 7 ms of priming before Opus sound, or with it."""
DIFFERENT = 6.0
"""Mean difference in grey levels: versions of ffmpeg round colours and upsample chroma in their own ways."""
TURNS = {"0": (1, 0, 0, 1), "90": (0, 1, -1, 0), "180": (-1, 0, 0, -1), "270": (0, -1, 1, 0), "m0": (-1, 0, 0, 1),
         "m90": (0, 1, 1, 0), "m180": (1, 0, 0, -1), "m270": (0, -1, -1, 0)}
"""Display matrices a, b, c, d: turned by so many degrees, or mirrored and turned."""

_PICTURE = "-f lavfi -i testsrc=s=96x64:r=15:d=2"
_SOUND = "-f lavfi -i sine=r=44100:d={}"
_X264 = "-c:v libx264 -pix_fmt yuv420p"
_DROPPED = "-vf \"select='not(between(n,10,19))'\" -vsync vfr"
_SLOWER = "-f lavfi -i testsrc=s=96x64:r=30:d=4 -vf \"select='lt(n,60)+not(mod(n,5))'\" -vsync vfr -enc_time_base -1"
_ONE_SIZE = "scale=96:64"

Make = Callable[[Path], None]


class Kind(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    file : str
        Its name, which no other has.
    make : callable
        Writes it.
    filters : str
        With which ffmpeg shows it as it should look.
    refused : str
        Pattern of the reason, for one that has to be refused.
    times_s : sequence of float, optional
        What the times are known to be, where ffmpeg adds the delay of its decoder, or goes back in time.
    """

    file: str
    make: Make
    filters: str = "null"
    refused: str = ""
    times_s: tuple[float, ...] | None = None


def ffmpeg(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run ffmpeg's command line."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-y", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True)


def made(arguments: str) -> Make:
    """What ffmpeg makes of these arguments, of which the file is the last."""
    def make(path: Path) -> None:
        ffmpeg(*shlex.split(arguments), path)
    return make


def shared(name: str) -> Make:
    """A file of the shared data."""
    def make(path: Path) -> None:
        path.write_bytes((shared_data("inputs") / name).read_bytes())
    return make


def piped(arguments: str) -> Make:
    """What ffmpeg writes where it can't go back, as a live stream: without duration and index."""
    def make(path: Path) -> None:
        path.write_bytes(ffmpeg(*shlex.split(arguments), "-").stdout)
    return make


def twice(arguments: str) -> Make:
    """What ffmpeg encodes in two passes."""
    def make(path: Path) -> None:
        notes = ("-passlogfile", path.with_suffix(""))
        ffmpeg(*shlex.split(arguments), "-pass", "1", *notes, "-f", "null", "-")
        ffmpeg(*shlex.split(arguments), "-pass", "2", *notes, path)
    return make


def copied(arguments: str, options: str) -> Make:
    """A part of a file that ffmpeg has made, cut without decoding."""
    def make(path: Path) -> None:
        whole = path.with_stem(f"{path.stem}-whole")
        made(arguments)(whole)
        ffmpeg(*shlex.split(options), "-i", whole, "-c", "copy", path)
    return make


def joined(*parts: str) -> Make:
    """The bytes of several files, one after another."""
    def make(path: Path) -> None:
        content = b""
        for arguments in parts:
            made(arguments)(path)
            content += path.read_bytes()
        path.write_bytes(content)
    return make


def bytes_of(make: Make, begin: float = 0, end: float = 1) -> Make:
    """A part of a file, from a share of its bytes to another."""
    def cut(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[int(begin * len(content)):int(end * len(content))])
    return cut


def zeroed(make: Make, begin: float, end: float) -> Make:
    """A file whose bytes are lost, from a share to another."""
    def damage(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        first, last = int(begin * len(content)), int(end * len(content))
        path.write_bytes(content[:first] + bytes(last - first) + content[last:])
    return damage


def turned(matrix: tuple[int, int, int, int]) -> Make:
    """An mp4 with a display matrix, put into its track header."""
    def make(path: Path) -> None:
        made(f"{_PICTURE} {_X264}")(path)
        put_matrix(path, matrix)
    return make


def claims(duration_s: int) -> Make:
    """An mp4 whose header claims another duration; what its samples last isn't changed."""
    def make(path: Path) -> None:
        made(f"{_PICTURE} {_X264}")(path)
        content = bytearray(path.read_bytes())
        place = content.index(b"mvhd") + 16  # after version, flags, and two dates; then timescale and duration
        scale = int.from_bytes(content[place:place + 4], "big")
        content[place + 4:place + 8] = (duration_s * scale).to_bytes(4, "big")
        path.write_bytes(content)
    return make


def text(content: str) -> Make:
    """A file of text."""
    def make(path: Path) -> None:
        path.write_text(content)
    return make


def _beside(picture_s: float, sound_s: float, codecs: str, length_s: float = 2) -> Make:
    """Picture and sound that begin at different times."""
    return made(f"-itsoffset {picture_s} {_PICTURE} -itsoffset {sound_s} {_SOUND.format(length_s)} {codecs}")


_VP8 = "-c:v libvpx -b:v 200k"
_TS = f"{_PICTURE} {_X264} -g 10"
KINDS = [
    Kind("h264.mp4", made(f"{_PICTURE} {_X264}")),
    Kind("ntsc.mp4", made(f"-f lavfi -i testsrc=s=96x64:r=30000/1001:d=2 {_X264} -bf 3")),
    Kind("hevc.mp4", made(f"{_PICTURE} -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none")),
    Kind("mpeg4.mp4", made(f"{_PICTURE} -c:v mpeg4 -bf 2")),
    Kind("ten-bits.mp4", made(f"{_PICTURE} -c:v libx264 -pix_fmt yuv420p10le")),
    Kind("full-chroma.mp4", made(f"{_PICTURE} -c:v libx264 -pix_fmt yuv444p")),
    Kind("full-range.mp4", made(f"{_PICTURE} -c:v libx264 -pix_fmt yuvj420p")),
    Kind("grey.mp4", made(f"{_PICTURE} -c:v libx264 -pix_fmt gray")),
    Kind("fragments.mp4", made(f"{_PICTURE} {_X264} -g 10 -movflags frag_keyframe+empty_moov")),
    Kind("wide-pixels.mp4", made(f"{_PICTURE} {_X264} -vf gblur=3,setsar=3/2"), "scale=iw*3/2:ih"),
    Kind("prores.mov", made(f"{_PICTURE} -c:v prores_ks")),
    Kind("mjpeg.mov", made(f"{_PICTURE} -c:v mjpeg -pix_fmt yuvj420p -q:v 3")),
    Kind("alpha.mov", made(f"{_PICTURE} -c:v png -pix_fmt rgba")),
    Kind("h264.m4v", made(f"{_PICTURE} {_X264}")),
    Kind("h263.3gp", made("-f lavfi -i testsrc=s=176x144:r=15:d=2 -c:v h263")),
    Kind("h264.3gp", made(f"{_PICTURE} {_X264}")),
    Kind("h264.mkv", made(f"{_PICTURE} {_X264} -bf 3")),
    Kind("ffv1.mkv", made(f"{_PICTURE} -c:v ffv1")),
    Kind("vp8.webm", made(f"{_PICTURE} {_VP8}")),
    Kind("hidden-frames.webm", twice(f"{_PICTURE} {_VP8} -auto-alt-ref 1 -lag-in-frames 16 -g 60")),
    Kind("vp9.webm", made(f"{_PICTURE} -c:v libvpx-vp9 -b:v 200k -lag-in-frames 16")),
    Kind("av1.webm", made(f"{_PICTURE} -c:v libaom-av1 -cpu-used 8 -b:v 200k")),
    Kind("live.webm", piped(f"{_PICTURE} {_SOUND.format(2)} {_VP8} -c:a libopus -f webm -live 1")),
    Kind("mpeg4.avi", made(f"{_PICTURE} -c:v mpeg4")),
    Kind("mjpeg.avi", made(f"{_PICTURE} -c:v mjpeg -pix_fmt yuvj420p")),
    Kind("b-frames.avi", made(f"{_PICTURE} {_X264} -bf 2"), times_s=tuple(i / 15 for i in range(30))),
    Kind("pause.avi", made(f"{_PICTURE} -c:v mpeg4 {_DROPPED}")),
    Kind("pause-b-frames.avi", made(f"{_PICTURE} {_X264} -bf 2 {_DROPPED}"),
         times_s=tuple(i / 15 for i in range(30) if not 10 <= i < 20)),
    Kind("mpeg1.mpg", made("-f lavfi -i testsrc=s=96x64:r=25:d=2 -c:v mpeg1video")),
    Kind("mpeg2.mpeg", made("-f lavfi -i testsrc=s=96x64:r=25:d=2 -c:v mpeg2video -bf 2")),
    Kind("mpeg2.vob", made("-f lavfi -i testsrc=s=96x64:r=25:d=2 -c:v mpeg2video -f vob")),
    Kind("h264.ts", made(_TS)),
    Kind("h264.mts", made(f"{_TS} -f mpegts")),
    Kind("h264.m2ts", made(f"{_TS} -mpegts_m2ts_mode 1")),
    Kind("wmv2.wmv", made(f"{_PICTURE} -c:v wmv2")),
    Kind("flv1.flv", made(f"{_PICTURE} -c:v flv")),
    Kind("flv1.swf", made(f"{_PICTURE} -c:v flv")),
    Kind("theora.ogv", made(f"{_PICTURE} -c:v libtheora")),
    Kind("steady.gif", made("-f lavfi -i testsrc=s=96x64:r=10:d=2")),
    Kind("uneven.gif", made(f"-f lavfi -i testsrc=s=96x64:r=10:d=3 {_DROPPED}")),
    Kind("cover-art.mp4", made(f"{_PICTURE} -f lavfi -i color=red:s=64x64:d=0.1 -map 0 -map 1 -frames:v:1 1 "
                               "-c:v:0 libx264 -c:v:1 mjpeg -pix_fmt:v:0 yuv420p -disposition:v:1 attached_pic")),
    # Times
    Kind("low-light.mp4", shared("vfr-low-light.mp4")),
    Kind("slower.mp4", made(f"{_SLOWER} {_X264}")),
    Kind("slower.mkv", made(f"{_SLOWER} {_X264}")),
    Kind("late-picture.mp4", _beside(2, 0, f"{_X264} -c:a aac", 4)),
    Kind("late-picture.mkv", _beside(2, 0, f"{_X264} -c:a aac", 4)),
    Kind("late-picture.ts", _beside(2, 0, f"{_X264} -c:a mp2", 4)),
    Kind("late-sound.mp4", _beside(0, 1, f"{_X264} -c:a aac")),
    Kind("long-sound.webm", _beside(0, 0, f"{_VP8} -c:a libopus", 6)),
    Kind("edit-list.mp4", copied(f"{_PICTURE} {_X264} -g 30", "-ss 0.7")),
    Kind("other-duration.mp4", claims(7)),
    Kind("restart.ts", shared("restart.ts")),
    Kind("restart.vob", joined(*["-f lavfi -i testsrc=s=96x64:r=25:d=1 -c:v mpeg2video -f vob"] * 2)),
    Kind("later-clock.ts", joined(f"{_TS}", f"{_TS} -output_ts_offset 1000")),
    Kind("joined.webm", joined(*[f"{_PICTURE} {_VP8}"] * 2), times_s=tuple(i / 15 for i in range(60))),
    Kind("from-the-middle.ts", bytes_of(made(f"-f lavfi -i testsrc2=s=96x64:r=15:d=4 {_X264} -g 20"), 0.3)),
    Kind("open-gop.ts", bytes_of(made(f"-f lavfi -i testsrc2=s=96x64:r=15:d=4 {_X264} -g 20 -bf 2 "
                                      "-x264-params open-gop=1"), 0.3)),
    Kind("cut.ts", bytes_of(made(_TS), end=0.6)),
    Kind("cut.vob", bytes_of(made("-f lavfi -i testsrc=s=96x64:r=25:d=2 -c:v mpeg2video -f vob"), end=0.6)),
    *[Kind(f"damaged.{suffix}", zeroed(made(f"-f lavfi -i testsrc=s=96x64:r=25:d=4 {codec} -g 15"), 0.4, 0.5))
      for suffix, codec in (("webm", _VP8), ("mkv", _X264), ("ts", _X264), ("mpg", "-c:v mpeg2video"))],
    # Pictures
    *[Kind(f"turned-{name}.mp4", turned(matrix)) for name, matrix in TURNS.items()],
    Kind("mirror-matrix.mp4", shared("mirror-matrix.mp4")),
    Kind("grows.ts", joined(_TS, _TS.replace("96x64", "192x128")), _ONE_SIZE),
    Kind("interlaced.mpg", shared("inter.mpg"), "bwdif=mode=send_frame:deint=interlaced"),
    Kind("interlaced.ts", made("-f lavfi -i testsrc2=s=96x64:r=50:d=2 -vf tinterlace=interleave_top "
                               f"-flags +ilme+ildct {_X264}"), "bwdif=mode=send_frame:deint=interlaced"),
    # To be refused
    Kind("cut.webm", shared("cut.webm"), refused=r"^cut off \(says 1\.9 s, 0\.9 s decode\)$"),
    Kind("zeroed.webm", zeroed(made(f"{_PICTURE} {_VP8}"), 0.5, 1), refused="^cut off"),
    Kind("cut.mkv", bytes_of(_beside(0, 0, f"{_X264} -c:a aac"), end=0.5), refused="^cut off"),
    Kind("cut.flv", bytes_of(made(f"{_PICTURE} -c:v flv"), end=0.5), refused="the file is cut off"),
    Kind("cut.wmv", bytes_of(made(f"{_PICTURE} -c:v wmv2"), end=0.5), refused="the file is cut off"),
    Kind("cut.mp4", bytes_of(made(f"{_PICTURE} {_X264} -movflags faststart"), end=0.5), refused="the file is cut off"),
    Kind("cut.avi", bytes_of(made(f"{_PICTURE} -c:v mpeg4"), end=0.5), refused="the file is cut off"),
    Kind("sound.mp4", made(f"{_SOUND.format(1)} -c:a aac"), refused="sound but no picture"),
    Kind("playlist.mp4", text("#EXTM3U\n#EXTINF:10,\nother.mp4\n#EXT-X-ENDLIST\n"), refused="not a readable video"),
    Kind("words.mp4", text("words " * 99), refused="not a readable video"),
]


def main() -> None:
    wrong = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            if found := fault(kind, Path(folder)):
                wrong[kind.file] = found
            print(f"{kind.file:>24}  {found or 'ok'}")
    record("inputs", {"media_kinds": len(KINDS), "media_wrong": len(wrong)}, part="media")


def fault(kind: Kind, folder: Path) -> str | None:
    """What is wrong with how a kind is read; None if nothing is."""
    path = folder / kind.file
    kind.make(path)
    try:
        frames = list(read_video(path))
    except ClipError as error:
        return None if kind.refused and re.search(kind.refused, str(error)) else f"refused: {error}"
    if kind.refused:
        return f"read, {len(frames)} frames, instead of '{kind.refused}'"
    times_s, pictures = shown_by_ffmpeg(path, kind.filters)
    times_s = times_s if kind.times_s is None else np.array(kind.times_s)
    if len(frames) != len(times_s):
        return f"{len(frames)} frames instead of {len(times_s)}"
    late_s = np.abs([frame.timestamp_s for frame in frames] - times_s)
    if late_s.max() > LATE_S:
        return f"frame {late_s.argmax()} at {frames[late_s.argmax()].timestamp_s:.3f} s, not {times_s[late_s.argmax()]}"
    if frames[0].image.shape != pictures.shape[1:]:
        return f"pictures of {frames[0].image.shape} instead of {pictures.shape[1:]}"
    different = np.abs(np.stack([frame.image for frame in frames]).astype(int) - pictures).mean((1, 2, 3))
    if different.max() > DIFFERENT:
        return f"picture {different.argmax()} differs by {different.max():.1f} grey levels"
    return _wrong_spans(path, times_s)


def shown_by_ffmpeg(path: Path, filters: str = "null") -> tuple[np.ndarray, np.ndarray]:
    """(T,) times in seconds, and (T, H, W, 3) uint8 pictures."""
    # The second output keeps ffmpeg from leaving the sound out of account, and with it the start of the file.
    done = ffmpeg("-i", path, "-map", "0:V:0", "-vf", f"{filters},showinfo", "-vsync", "passthrough", "-f", "rawvideo",
                  "-pix_fmt", "rgb24", "-", "-map", "0:V:0", "-map", "0:a?", "-c", "copy", "-f", "null", "-")
    shown = re.findall(r"pts_time:\s*([-\d.]+).* s:(\d+)x(\d+) ", done.stderr.decode(errors="replace"))
    width, height = map(int, shown[0][1:])
    times_s = np.array([float(time_s) for time_s, _, _ in shown])
    return times_s, np.frombuffer(done.stdout, np.uint8).reshape(len(times_s), height, width, 3)


def _wrong_spans(path: Path, times_s: np.ndarray) -> str | None:
    """Whether a span of seconds begins at another frame than the nearest."""
    starts_s = [float(times_s[0] + share * (times_s[-1] - times_s[0])) for share in (0, 0.26, 0.51, 0.76)]
    for start_s, found in zip(starts_s, frame_ranges(path, [(start_s, None) for start_s in starts_s]), strict=True):
        if isinstance(found, ClipError):
            return f"from {start_s:.3f} s: {found}"
        far_s = np.abs(times_s - start_s)
        if far_s[found[0]] > far_s.min() + LATE_S:
            return f"from {start_s:.3f} s: frame {found[0]} instead of {far_s.argmin()}"
    return None


if __name__ == "__main__":
    main()
