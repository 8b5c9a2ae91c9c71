from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from slr.errors import ClipError
from slr.io.video import announced_frames, probe, read_video, write_video
from tests.helpers.media import BAD, encode, numbers, pictures, rotated
from tests.helpers.recordings import record, record_images


def read(path: Path, **options) -> tuple[list[float], list[np.ndarray]]:
    frames = list(read_video(path, **options))
    return [frame.timestamp_s for frame in frames], [frame.image for frame in frames]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi"])
def test_what_is_written_is_read_back(tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    write_video(path, pictures(30), fps=15)
    times, images = read(path)
    assert numbers(images) == list(range(30))
    assert times == pytest.approx(np.arange(30) / 15, abs=0.001)  # mkv keeps milliseconds
    info = probe(path)
    assert (info.width, info.height, info.n_frames, info.rotation) == (64, 48, 30, 0)
    assert info.fps == pytest.approx(15, rel=0.001) and info.duration_s == pytest.approx(2, rel=0.001)


def test_the_same_frames_give_the_same_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, pictures(20), fps=15)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_odd_sizes_grow_by_a_repeated_row_and_column(tmp_path):
    write_video(tmp_path / "odd.mp4", pictures(5, height=47, width=63), fps=10)
    assert next(read_video(tmp_path / "odd.mp4")).image.shape == (48, 64, 3)


@pytest.mark.parametrize("frames, options", [
    ([], {"fps": 10}),
    (pictures(2), {}),
    (pictures(2), {"fps": 10, "timestamps_s": [0, 1]}),
    ([*pictures(1), *pictures(1, height=32)], {"fps": 10}),
])
def test_nothing_is_left_of_a_video_that_cant_be_written(tmp_path, frames, options):
    with pytest.raises(ValueError):
        write_video(tmp_path / "clip.mp4", frames, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", BAD)
def test_a_file_without_a_clip_is_refused_with_its_reason(tmp_path, kind):
    make, reason = BAD[kind]
    make(tmp_path / "clip.mp4")
    for function in (probe, lambda path: list(read_video(path))):
        with pytest.raises(ClipError, match=reason):
            function(tmp_path / "clip.mp4")


def test_damage_inside_is_noticed(tmp_path):
    path = record(tmp_path / "clip.mp4", n_frames=30)
    content = bytearray(path.read_bytes())
    content[len(content) // 2:len(content) // 2 + 5000] = b"\xff" * 5000
    path.write_bytes(content)
    with pytest.raises(ClipError, match="damaged or cut off after frame"):
        list(read_video(path))


def test_a_name_too_long_for_the_file_system_is_a_reason_not_a_crash(tmp_path):
    with pytest.raises(ClipError, match="can't be read"):
        probe(tmp_path / ("x" * 300 + ".mp4"))


@pytest.mark.parametrize("name", [
    "čšž 手語.mp4", "it's \"so\" & $HOME; nice.mp4", "12:30 a%03d.mp4", "n" * 240 + ".mp4",
])
def test_any_name_will_do(tmp_path, name):
    write_video(tmp_path / name, pictures(3), fps=10)
    assert probe(tmp_path / name).n_frames == 3


def test_one_frame_is_a_clip(tmp_path):
    write_video(tmp_path / "one.mp4", pictures(1), fps=25)
    info = probe(tmp_path / "one.mp4")
    assert (info.n_frames, info.fps, info.duration_s) == (1, 25, 0.04)
    assert read(tmp_path / "one.mp4", fps=15)[0] == [0]


def test_the_frame_count_in_the_header_is_not_believed(tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path, pictures(10), fps=10)
    content = bytearray(path.read_bytes())
    for chunk, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):  # dwTotalFrames, dwLength
        place = content.index(chunk) + offset
        content[place:place + 4] = (5000).to_bytes(4, "little")
    path.write_bytes(content)
    assert probe(path).n_frames == 10


@pytest.mark.parametrize("degrees, corner", [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_rotation_is_applied(tmp_path, degrees, corner):
    path = rotated(tmp_path / "clip.mp4", degrees)
    image = next(read_video(path)).image
    red = image[corner]
    assert red[0] > 200 and red[1] < 60
    assert image.shape[:2] == ((48, 64) if degrees % 180 == 0 else (64, 48))
    assert (probe(path).width, probe(path).height) == (image.shape[1], image.shape[0])


@pytest.mark.parametrize("codec, pix_fmt, name", [
    ("libx264", "gray", "clip.mp4"), ("ffv1", "gray", "clip.mkv"), ("ffv1", "bgra", "clip.mkv"),
    ("png", "rgba", "clip.mov"), ("mjpeg", "yuvj420p", "clip.avi"), ("libvpx-vp9", "yuv420p", "clip.webm"),
])
def test_grey_scale_alpha_and_other_codecs_become_rgb(tmp_path, codec, pix_fmt, name):
    encode(tmp_path / name, pictures(6), codec=codec, pix_fmt=pix_fmt)
    _, images = read(tmp_path / name)
    assert images[0].shape == (48, 64, 3) and images[0].dtype == np.uint8
    if codec != "libx264":  # which calls the whole range of grey a part of it
        assert numbers(images) == list(range(6))
    red = images[0][4, 4].astype(int)
    assert (np.ptp(red) <= 4) if pix_fmt == "gray" else (red[0] - red[1] > 150)


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    encode(tmp_path / "clip.mp4", pictures(3), pixel_aspect=Fraction(3, 2))
    assert next(read_video(tmp_path / "clip.mp4")).image.shape == (48, 96, 3)


def test_4k(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(2, height=2160, width=3840), fps=10)
    assert next(read_video(tmp_path / "clip.mp4")).image.shape == (2160, 3840, 3)


def test_a_range_counts_decoded_frames(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(20), fps=10)
    frames = list(read_video(tmp_path / "clip.mp4", start_frame=5, end_frame=9))
    assert [frame.number for frame in frames] == numbers([frame.image for frame in frames]) == [5, 6, 7, 8]
    assert frames[0].timestamp_s == 0.5
    assert len(read(tmp_path / "clip.mp4", start_frame=15, end_frame=99)[0]) == 5
    with pytest.raises(ClipError, match="no frame can be decoded in its range 20..30"):
        list(read_video(tmp_path / "clip.mp4", start_frame=20, end_frame=30))


@pytest.mark.parametrize("native, kept", [
    (5, list(range(20))),  # slower than asked for: its own frames, none twice
    (15, list(range(20))),
    (30, list(range(0, 20, 2))),
    (120, [0, 8, 16]),
    (25, [0, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18]),
])
def test_frames_are_taken_at_the_rate_asked_for(tmp_path, native, kept):
    write_video(tmp_path / "clip.mp4", pictures(20), fps=native)
    times, images = read(tmp_path / "clip.mp4", fps=15)
    assert numbers(images) == kept
    assert times == pytest.approx(np.array(kept) / native)


def test_a_variable_frame_rate_is_sampled_by_true_times(tmp_path):
    rng = np.random.default_rng(5)
    shown = np.concatenate([[0], np.cumsum(rng.uniform(0.005, 0.12, 49))])
    write_video(tmp_path / "clip.mp4", pictures(50), timestamps_s=shown)
    times, images = read(tmp_path / "clip.mp4")
    assert times == pytest.approx(shown, abs=1e-4) and numbers(images) == list(range(50))

    grid = np.arange(0, shown[-1], 1 / 15)
    nearest = sorted(set(np.abs(shown[:, None] - grid).argmin(0)))
    times, images = read(tmp_path / "clip.mp4", fps=15)
    assert numbers(images) == nearest
    assert times == pytest.approx(shown[nearest], abs=1e-4)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_how_many_frames_to_expect(tmp_path, name):
    write_video(tmp_path / name, pictures(40), fps=20)
    assert announced_frames(tmp_path / name) == announced_frames(tmp_path / name, fps=30) == 40
    assert announced_frames(tmp_path / name, fps=10) == 20
    record_images(tmp_path / "images", n_frames=5)
    assert announced_frames(tmp_path / "images") == 5
    (tmp_path / "text.mp4").write_text("not a video")
    assert announced_frames(tmp_path / "text.mp4") is None and announced_frames(tmp_path / "none.mp4") is None


def test_a_folder_of_images_is_a_clip_in_natural_order(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for i, image in enumerate(pictures(12)):
        cv2.imwrite(str(folder / f"frame{i}.png"), image[..., ::-1])
    (folder / "notes.txt").write_text("not an image")
    times, images = read(folder, images_fps=10)
    assert numbers(images) == list(range(12)) and times == pytest.approx(np.arange(12) / 10)
    assert numbers(read(folder, images_fps=30, fps=15)[1]) == list(range(0, 12, 2))
    assert probe(folder).fps == 25


def test_images_with_alpha_or_without_colour_are_read(tmp_path):
    image = pictures(1)[0]
    cv2.imwrite(str(tmp_path / "0.png"), np.dstack([image[..., ::-1], np.full(image.shape[:2], 128, np.uint8)]))
    cv2.imwrite(str(tmp_path / "1.png"), image[..., 1])
    first, second = read(tmp_path)[1]
    assert np.array_equal(first, image)
    assert np.array_equal(second, np.repeat(image[..., 1:2], 3, axis=2))


def test_a_folder_without_images_or_with_a_bad_one_is_refused(tmp_path):
    with pytest.raises(ClipError, match="no images"):
        probe(tmp_path)
    cv2.imwrite(str(tmp_path / "0.png"), pictures(1)[0])
    (tmp_path / "1.png").write_bytes(b"nonsense")
    with pytest.raises(ClipError, match="image 1.png can't be read"):
        list(read_video(tmp_path))
    cv2.imwrite(str(tmp_path / "1.png"), pictures(1, height=20)[0])
    with pytest.raises(ClipError, match="image 1.png differs in size"):
        list(read_video(tmp_path))


def test_a_reader_that_stops_early_closes_the_file(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(20), fps=10)
    frames = read_video(tmp_path / "clip.mp4")
    next(frames)
    frames.close()
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system doesn't list a process's open files")
    opened = [link.resolve() for link in descriptors.iterdir() if link.exists()]
    assert (tmp_path / "clip.mp4").resolve() not in opened


def test_the_bytes_dont_depend_on_what_memory_held_before(tmp_path):
    """x264's macroblock tree reads freed memory: with it, these two differ."""
    images = list(pictures(40, height=320, width=320))

    def among_garbage(seed: int):
        rng = np.random.default_rng(seed)
        for image in images:
            garbage = [rng.random((320, 320, 3)) for _ in range(10)]
            yield image.copy()
            del garbage

    contents = []
    for seed in range(2):
        write_video(tmp_path / f"{seed}.mp4", among_garbage(seed), fps=15)
        contents.append((tmp_path / f"{seed}.mp4").read_bytes())
    assert contents[0] == contents[1]
