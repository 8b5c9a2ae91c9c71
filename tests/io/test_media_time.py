"""Seconds are media time, as players count it; they become frames by the packets' times."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.inputs import media
from slr.corpora.folder import scan
from slr.errors import ClipError
from slr.io.video import frame_ranges, probe, read_video
from slr.segments.files import write
from slr.segments.finding import segments_of
from slr.segments.frames import frame_edges
from tests.helpers.media import beside_sound, encode, numbers, pictures


def times(path: Path) -> list[float]:
    return [frame.timestamp_s for frame in read_video(path)]


@pytest.mark.parametrize("file", ["late.mp4", "late.mkv", "late.mov"])
def test_a_picture_that_begins_after_the_sound_begins_at_its_time(tmp_path, file):
    path = beside_sound(tmp_path / file, pictures(40), fps=4, picture_s=2, length_s=3)
    assert times(path) == pytest.approx(2 + np.arange(40) / 4, abs=0.025)  # the encoder's own sound before the sound
    (start, end), before = frame_ranges(path, [(10, 11), (0, 1)])
    shown = [frame.image for frame in read_video(path, start_frame=start, end_frame=end)]
    assert numbers(shown) == [32, 33, 34, 35]  # the eighth second of the picture
    assert isinstance(before, ClipError) and "the picture begins at 2.0" in str(before)
    assert probe(path).fps == pytest.approx(4) and probe(path).duration_s == pytest.approx(10)


def test_sound_that_begins_later_changes_nothing(tmp_path):
    path = beside_sound(tmp_path / "clip.mp4", pictures(8), fps=4, sound_s=1)
    assert times(path) == [i / 4 for i in range(8)]


@pytest.mark.parametrize("file, expected", [
    ("out.vtt", "00:00:02.000 --> 00:00:03.500"), ("out.csv", "signing,2.0,3.5,signing"),
    ("out.eaf", 'TIME_VALUE="2000"'), ("out.json", '"start_s": 2.0'),
])
def test_segments_are_written_in_media_time(tmp_path, file, expected):
    path = beside_sound(tmp_path / "late.mkv", pictures(8), fps=4, picture_s=2, length_s=3,
                        codecs=("ffv1", "pcm_s16le"))
    edges_s = frame_edges(np.array(times(path)), 4)
    signing = segments_of(np.array([1.0] * 6 + [0.0] * 2), edges_s, "signing", 0.5)
    write(tmp_path / file, {"signing": signing}, path)
    assert expected in (tmp_path / file).read_text()


def test_seconds_become_frames_by_their_times_and_never_by_a_mean_rate(shared_data):
    folder = shared_data / "inputs"
    clips, problems = scan(folder, folder / "vfr-low-light.csv")
    assert not problems
    for clip, begins_s in zip(clips.itertuples(), (40, 10), strict=True):
        frames = list(read_video(folder / clip.media, start_frame=clip.start_frame, end_frame=clip.end_frame))
        assert frames[0].timestamp_s == pytest.approx(begins_s, abs=0.1)
        assert frames[0].image.mean() == pytest.approx(4 * begins_s, abs=3)
        assert frames[-1].timestamp_s == pytest.approx(begins_s + 2, abs=0.11)


def test_at_a_constant_rate_a_frame_is_the_second_times_the_rate(tmp_path):
    path = encode(tmp_path / "clip.mp4", pictures(60), fps=15)
    spans = [(0.5, 1.25), (0.1, 0.12), (3.3, None), (1, 9.9), (5, 7)]  # 7.5 and 1.5 are halfway between two frames
    assert frame_ranges(path, spans) == [(8, 19), (2, 3), (50, None), (15, 148), (75, 105)]


def test_a_clock_that_starts_again_goes_on(tmp_path, shared_data):
    path = shared_data / "inputs/restart.ts"
    assert times(path) == pytest.approx(np.arange(28) / 15, abs=1e-4)
    assert frame_ranges(path, [(1, 1.4)]) == [(15, 21)]
    encode(tmp_path / "later.ts", pictures(10), codec="mpeg2video", fps=25, muxer={"output_ts_offset": "5000"})
    encode(tmp_path / "joined.ts", pictures(10), codec="mpeg2video", fps=25)
    with (tmp_path / "joined.ts").open("ab") as file:
        file.write((tmp_path / "later.ts").read_bytes())
    assert times(tmp_path / "joined.ts") == pytest.approx(np.arange(20) / 25, abs=1e-4)


@pytest.mark.parametrize("file, codec", [("joined.webm", "libvpx"), ("joined.mkv", "libx264")])
def test_downloads_that_were_joined_go_on(tmp_path, file, codec):
    path = encode(tmp_path / file, pictures(10), codec=codec)
    path.write_bytes(path.read_bytes() * 2)
    assert times(path) == pytest.approx(np.arange(20) / 10)
    assert frame_ranges(path, [(1.2, 1.5)]) == [(12, 15)]


@pytest.mark.parametrize("codec, options", [("mpeg4", {}), ("mpeg4", {"bf": "2"}), ("mjpeg", {})])
def test_an_empty_chunk_of_an_avi_is_time(tmp_path, codec, options):
    shown = [*range(10), *range(20, 30)]
    path = encode(tmp_path / "pause.avi", pictures(20), codec=codec, options=options, numbers=shown,
                  pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p")
    assert times(path) == pytest.approx([number / 10 for number in shown])
    assert frame_ranges(path, [(2.2, 2.6), (0.5, 2)]) == [(12, 16), (5, 10)]


@pytest.mark.parametrize("suffix", ["avi", "mp4"])
def test_a_picture_that_isnt_coded_is_no_frame(tmp_path, suffix):
    """MPEG-4 may say "nothing changed": a P-VOP of frame 5 with `vop_coded` 0 (ISO/IEC 14496-2, 6.2.5)."""
    path = tmp_path / f"clip.{suffix}"
    with av.open(str(encode(tmp_path / "whole.avi", pictures(10), codec="mpeg4"))) as source, \
            av.open(str(path), "w") as container:
        stream = source.streams.video[0]
        copy = container.add_stream_from_template(stream)
        for number, packet in enumerate(packet for packet in source.demux(stream) if packet.dts is not None):
            if number == 5:
                uncoded = av.Packet(b"\0\0\1\xb6" + int("01" "0" "1" "0101" "1" "0" "011111", 2).to_bytes(2, "big"))
                uncoded.pts, uncoded.dts, uncoded.time_base = packet.pts, packet.dts, packet.time_base
                packet = uncoded
            packet.stream = copy
            container.mux(packet)
    assert times(path) == pytest.approx([number / 10 for number in range(10) if number != 5])
    assert frame_ranges(path, [(0.8, 0.9)]) == [(7, 8)]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg's command line")
@pytest.mark.parametrize("file", [
    "fragments.mp4", "edit-list.mp4", "hidden-frames.webm", "uneven.gif", "late-picture.ts", "from-the-middle.ts",
    "interlaced.ts", "theora.ogv"])
def test_frames_times_and_pictures_are_ffmpegs(tmp_path, file):
    (kind,) = (kind for kind in media.KINDS if kind.file == file)
    assert media.fault(kind, tmp_path) is None
