"""Files whose end is missing, and files that only look like it."""

from pathlib import Path

import pytest

from slr.errors import ClipError
from slr.io.video import probe
from tests.helpers.media import beside_sound, encode, pictures


def without_end(path: Path, kept: float) -> Path:
    path.write_bytes(path.read_bytes()[:int(kept * path.stat().st_size)])
    return path


def test_a_webm_that_ends_before_its_header_says(shared_data):
    with pytest.raises(ClipError, match=r"^cut off \(says 1\.9 s, 0\.9 s decode\)$"):
        probe(shared_data / "inputs/cut.webm")


@pytest.mark.parametrize("file, codec, pix_fmt", [
    ("a.mkv", "libx264", "yuv420p"), ("a.avi", "mjpeg", "yuvj420p"), ("a.wmv", "wmv2", "yuv420p"),
    ("a.flv", "flv", "yuv420p")])
def test_other_files_without_their_second_half(tmp_path, file, codec, pix_fmt):
    with pytest.raises(ClipError, match="cut off"):
        probe(without_end(encode(tmp_path / file, pictures(60), codec=codec, pix_fmt=pix_fmt, fps=25), 0.6))


def test_an_avi_of_unknown_length_is_read(tmp_path):
    """As ffmpeg writes it to a pipe."""
    path = encode(tmp_path / "a.avi", pictures(20), codec="mjpeg", pix_fmt="yuvj420p", fps=25)
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 4 + content[8:])
    assert probe(path).n_frames == 20


def test_cut_off_with_its_sound(tmp_path):
    path = beside_sound(tmp_path / "a.webm", pictures(60), fps=25, length_s=2.4, codecs=("libvpx", "libopus"))
    assert probe(path).n_frames == 60
    with pytest.raises(ClipError, match=r"cut off \(says 2\.4 s, "):
        probe(without_end(path, 0.5))


def test_a_live_webm_says_no_duration_and_is_read(tmp_path):
    path = encode(tmp_path / "live.webm", pictures(60), codec="libvpx", fps=25, muxer={"live": "1"})
    assert probe(path).n_frames == 60
    assert 10 < probe(without_end(path, 0.6)).n_frames < 60  # nothing says that there was more


def test_sound_may_outlast_the_picture(tmp_path):
    path = beside_sound(tmp_path / "a.webm", pictures(20), fps=10, length_s=6, codecs=("libvpx", "libopus"))
    assert probe(path).duration_s == pytest.approx(2, abs=0.01)


def test_an_mp4_whose_header_claims_another_duration_is_read(tmp_path):
    path = encode(tmp_path / "a.mp4", pictures(20), fps=10)
    content = bytearray(path.read_bytes())
    place = content.index(b"mvhd") + 20  # after version, flags, two dates and the time scale
    content[place:place + 4] = (60_000).to_bytes(4, "big")
    path.write_bytes(content)
    info = probe(path)
    assert info.n_frames == 20 and info.duration_s == pytest.approx(2)
