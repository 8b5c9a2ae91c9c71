"""Pictures as a player shows them."""

from pathlib import Path

import av
import numpy as np
import pytest

from slr.io.video import VIDEO_SUFFIXES, frame_ranges, probe, read_video
from tests.helpers.media import encode, pictures, with_matrix

SHOWN = {  # display matrix: what the specification, and ffmpeg, make of a picture
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): np.rot90,
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda image: image.swapaxes(0, 1),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).swapaxes(0, 1),
}


@pytest.mark.parametrize("matrix", SHOWN)
def test_all_eight_orientations(tmp_path, matrix):
    stored = next(read_video(with_matrix(tmp_path / "stored.mp4", (1, 0, 0, 1)))).image
    image = next(read_video(with_matrix(tmp_path / "clip.mp4", matrix))).image
    assert np.array_equal(image, SHOWN[matrix](stored))


def test_a_front_camera_is_a_mirror_and_not_upside_down(shared_data):
    path = shared_data / "inputs/mirror-matrix.mp4"
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.array_equal(next(read_video(path)).image, stored[:, ::-1])


def test_pictures_that_change_their_size_are_scaled_to_the_first(tmp_path):
    for name, size in (("small", (48, 64)), ("large", (96, 128))):
        encode(tmp_path / f"{name}.ts", pictures(10, *size))
    path = tmp_path / "grows.ts"
    path.write_bytes((tmp_path / "small.ts").read_bytes() + (tmp_path / "large.ts").read_bytes())
    images = [frame.image for frame in read_video(path)]
    assert {image.shape for image in images} == {(48, 64, 3)}
    shown = [float(image[-8:, -8:].mean()) for image in images]
    assert shown == pytest.approx([4.0 * number for number in range(10)] * 2, abs=2.5)  # scaling rounds down


def combing(image: np.ndarray) -> float:
    """How much neighbouring lines differ more than those two apart."""
    lines = image.astype(float)
    return float(np.abs(np.diff(lines, axis=0)).mean() - np.abs(lines[2:] - lines[:-2]).mean() / 2)


def test_interlaced_pictures_show_one_moment(shared_data):
    path = shared_data / "inputs/inter.mpg"
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = list(read_video(path))
    assert len(frames) == len(stored) == 46
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(46) / 25, abs=1e-4)
    combed = [number for number, image in enumerate(stored) if combing(image) > 1]
    assert len(combed) > 10
    assert all(combing(frames[number].image) < combing(stored[number]) / 4 for number in combed)
    assert frame_ranges(path, [(1, 1.4)]) == [(25, 35)]


def test_a_single_interlaced_picture_is_read(tmp_path):
    path = encode(tmp_path / "one.mpg", pictures(1), codec="mpeg2video", fps=25, options={"flags": "+ildct+ilme"})
    assert [frame.image.shape for frame in read_video(path)] == [(48, 64, 3)]


@pytest.mark.parametrize("file, codec, form, pix_fmt", [
    ("a.mts", "libx264", "mpegts", "yuv420p"), ("a.m2ts", "libx264", "mpegts", "yuv420p"),
    ("a.3gp", "mpeg4", None, "yuv420p"), ("a.ogv", "libvpx", None, "yuv420p"), ("a.gif", "gif", None, "rgb8"),
    ("a.vob", "mpeg2video", "vob", "yuv420p"),
])
def test_less_common_files_are_videos(tmp_path, file, codec, form, pix_fmt):
    path = encode(tmp_path / file, pictures(10), codec=codec, form=form, pix_fmt=pix_fmt, fps=25)
    assert Path(file).suffix in VIDEO_SUFFIXES
    info = probe(path)
    assert (info.n_frames, info.width, info.height) == (10, 64, 48) and info.fps == pytest.approx(25)
