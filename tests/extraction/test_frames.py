import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from slr.dataset.frames import read_frames
from slr.dataset.manifest import write_manifest
from slr.errors import CorpusError, SlrError
from slr.extraction.frames import clip_frames, extract_frames
from slr.io.clipwise import read_failures
from slr.io.shards import Shards
from slr.io.video import write_video
from slr.params import FramesParams
from tests.helpers.media import BAD, numbers, pictures, rotated
from tests.helpers.recordings import manifest_of, record, record_images

PARAMS = FramesParams(fps=10, size=64, clips_per_shard=3)


def extract(root: Path, out: Path, params: FramesParams = PARAMS, **options) -> None:
    options = {"workers": 1, "work": out.parent / f"{out.name}.work", **options}
    extract_frames(root / "manifest.parquet", root, out, params, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Five clips: four videos of different rates and a folder of images."""
    root = tmp_path / "corpus"
    root.mkdir()
    for seed, fps in enumerate((5, 10, 25, 120)):
        record(root / f"v{fps}.mp4", seed=seed, n_frames=20, fps=fps)
    record_images(root / "images")
    manifest_of(root, ["v5.mp4", "v10.mp4", "v25.mp4", "v120.mp4", "images"])
    return root


def test_each_clip_keeps_its_frames_times_and_description(corpus, tmp_path):
    extract(corpus, tmp_path / "frames")
    shards = Shards(tmp_path / "frames")
    assert {clip_id: clip["n_frames"] for clip_id, clip in shards.clips.items()} == {
        "images": 3, "v10": 20, "v120": 2, "v25": 8, "v5": 20}  # 6 images at 25 a second, as nobody knows better
    assert shards.clips["v5"]["fps"] == 5 and shards.clips["v10"]["fps"] == 10
    assert shards.metadata["frames"]["fps"] == 10
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == [
        "00000.parquet", "00001.parquet", "failures.csv"]
    times, images = read_frames(tmp_path / "frames", "v25")
    assert times == pytest.approx(np.array([0, 2, 5, 7, 10, 12, 15, 17]) / 25, abs=1e-9)
    assert all(image.shape == (64, 64, 3) and image.dtype == np.uint8 for image in images)
    table = shards.read("v25").to_pandas()
    assert list(table.clip_id.unique()) == ["v25"] and list(table["index"]) == list(range(8))
    assert list(table.frame_number) == [0, 2, 5, 7, 10, 12, 15, 17]
    with pytest.raises(CorpusError, match="no clip 'v24'"):
        read_frames(tmp_path / "frames", "v24")


def test_pixels_survive_and_are_the_same_for_a_single_video(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(6), fps=10)
    manifest_of(tmp_path, ["clip.mp4"])
    extract(tmp_path, tmp_path / "frames", FramesParams(fps=None, size=None))
    _, images = read_frames(tmp_path / "frames", "clip")
    assert numbers(images) == list(range(6))
    assert images[0][4, 4, 0] > 200 and images[0][4, 4, 2] < 60  # red: RGB, not BGR
    again = [frame.image for frame in clip_frames(tmp_path / "clip.mp4", FramesParams(fps=None, size=None))]
    assert np.array_equal(images, again)


@pytest.mark.parametrize("height, width, size, expected", [
    (2160, 3840, 320, (320, 569)), (400, 300, 150, (200, 150)), (100, 80, 320, (100, 80)), (100, 80, None, (100, 80)),
])
def test_the_short_side_shrinks_and_never_grows(tmp_path, height, width, size, expected):
    write_video(tmp_path / "clip.mp4", pictures(1, height, width), fps=10)
    frame, = clip_frames(tmp_path / "clip.mp4", FramesParams(size=size))
    assert frame.image.shape[:2] == expected


def test_a_rotated_clip_is_upright(tmp_path):
    rotated(tmp_path / "clip.mp4", 90)
    manifest_of(tmp_path, ["clip.mp4"])
    extract(tmp_path, tmp_path / "frames")
    clip = Shards(tmp_path / "frames").clips["clip"]
    assert (clip["width"], clip["height"]) == (48, 64)


def test_a_range_of_a_file_is_a_clip(tmp_path):
    write_video(tmp_path / "long.mp4", pictures(40), fps=20)
    manifest_of(tmp_path, {"middle": "long.mp4"}, start_frame=11, end_frame=20)
    extract(tmp_path, tmp_path / "frames")
    times, images = read_frames(tmp_path / "frames", "middle")
    assert numbers(images) == [11, 13, 15, 17, 19]
    assert times == pytest.approx(np.array([11, 13, 15, 17, 19]) / 20)


@pytest.mark.parametrize("workers", [1, 2])
def test_clips_of_one_file_are_read_together_and_a_broken_one_costs_itself_only(tmp_path, workers):
    write_video(tmp_path / "long.mp4", pictures(60), fps=20)
    write_video(tmp_path / "other.mp4", pictures(6), fps=20)
    ranges = {f"c{start:02d}": (start, start + 9) for start in range(0, 54, 3)}  # each frame is in three clips
    broken = {"late": (60, 70), "wrong-box": (4, 20)}
    rows = [{"clip_id": clip_id, "media": "long.mp4", "start_frame": start, "end_frame": end, "glosses": ["a"],
             "bbox": [70, 0, 90, 20] if clip_id == "wrong-box" else None}
            for clip_id, (start, end) in (ranges | broken).items()]
    clips = pd.DataFrame([*rows, {**rows[0], "clip_id": "other", "media": "other.mp4", "end_frame": None},
                          {**rows[0], "clip_id": "whole", "end_frame": None}])
    write_manifest(tmp_path / "manifest.parquet", clips.assign(
        segments=[[]] * len(clips), fps=None, signer=None, split=None))
    extract(tmp_path, tmp_path / "frames", workers=workers, on_error="skip", max_failures=0.1)
    assert read_failures(tmp_path / "frames") == [
        ("late", "frames", f"no frame can be decoded in its range 60..70 ({tmp_path / 'long.mp4'})"),
        ("wrong-box", "frames", "its box [70, 0, 90, 20] is outside its picture of 64 x 48 pixels "
                                f"({tmp_path / 'long.mp4'})")]
    for clip_id, (start, end) in (ranges | {"whole": (0, 60), "other": (0, 6)}).items():
        times, images = read_frames(tmp_path / "frames", clip_id)
        assert numbers(images) == list(range(start, end, 2))
        assert times == pytest.approx(np.arange(start, end, 2) / 20)


def test_a_box_is_cut_out_before_the_picture_is_made_smaller(tmp_path):
    rng = np.random.default_rng(1)
    picture = cv2.resize(rng.integers(0, 255, (8, 12, 3), np.uint8), (192, 128), interpolation=cv2.INTER_CUBIC)
    write_video(tmp_path / "a.mp4", [picture] * 3, fps=10, crf=1)
    manifest_of(tmp_path, ["a.mp4"], bbox=[32, 20, 160, 148])  # goes 20 rows beyond the picture
    extract(tmp_path, tmp_path / "frames", FramesParams(size=64, quality=100))
    _, images = read_frames(tmp_path / "frames", "a")
    expected = cv2.resize(picture[20:128, 32:160], (76, 64), interpolation=cv2.INTER_AREA)
    assert images[0].shape == (64, 76, 3)
    assert abs(images[0].astype(int) - expected).mean() < 3


def test_a_box_beside_the_picture_is_a_failure_of_its_clip(tmp_path):
    record(tmp_path / "a.mp4")
    manifest_of(tmp_path, ["a.mp4"], bbox=[70, 0, 90, 20])
    with pytest.raises(SlrError, match=r"clip 'a': its box \[70, 0, 90, 20\] is outside its picture of 64 x 64 pixels"):
        extract(tmp_path, tmp_path / "frames")


def test_the_manifests_rate_is_for_images_only(tmp_path):
    record_images(tmp_path / "images")
    record(tmp_path / "video.mp4", fps=10)
    manifest_of(tmp_path, ["images", "video.mp4"], fps=5.0)
    extract(tmp_path, tmp_path / "frames")
    clips = Shards(tmp_path / "frames").clips
    assert clips["images"]["fps"] == 5 and clips["video"]["fps"] == 10


def test_the_output_is_the_same_for_any_number_of_workers(corpus, tmp_path):
    extract(corpus, tmp_path / "one", workers=1)
    extract(corpus, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert not (tmp_path / "one.work").exists()


def bad_corpus(root: Path) -> dict[str, str]:
    """Every bad kind of file, a path that leaves the root, and good clips with hard names; returns what to expect."""
    for kind, (make, _) in BAD.items():
        make(root / f"{kind}.mp4")
    good = ["one frame.mp4", "čšž 手語's \"clip\".mp4", "n" * 230 + ".mp4"]
    for seed, name in enumerate(good):
        record(root / name, seed=seed, n_frames=1 + 3 * seed)
    record(root.parent / "outside.mp4")
    os.symlink(root.parent / "outside.mp4", root / "link.mp4")
    manifest_of(root, [*good, *(f"{kind}.mp4" for kind in BAD), "../outside.mp4", "link.mp4"])
    leaves = "leaves the corpus root"
    return {**{kind: reason for kind, (_, reason) in BAD.items()}, "outside": leaves, "link": leaves}


def test_bad_clips_are_recorded_and_dont_stop_the_others(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    reasons = bad_corpus(root)
    with pytest.raises(SlrError, match=f"frames: {len(reasons)} of {len(reasons) + 3} clips") as failed:
        extract(root, tmp_path / "frames")
    assert "clip 'empty': the file is empty" in str(failed.value) and "corpus.on_error: skip" in str(failed.value)
    assert list(contents(tmp_path / "frames")) == ["failures.csv"]

    extract(root, tmp_path / "frames", on_error="skip", max_failures=0.9)
    assert len(Shards(tmp_path / "frames").clips) == 3
    failures = pd.read_csv(tmp_path / "frames/failures.csv").set_index("clip")
    assert set(failures.index) == set(reasons) and set(failures.stage) == {"frames"}
    for clip_id, reason in reasons.items():
        assert pd.Series(failures.reason[clip_id]).str.contains(reason).all(), failures.reason[clip_id]
    assert {failure.clip for failure in read_failures(tmp_path / "frames")} == set(reasons)


def test_skipping_has_a_limit(tmp_path):
    record(tmp_path / "good.mp4")
    BAD["empty"][0](tmp_path / "bad.mp4")
    manifest_of(tmp_path, ["good.mp4", "bad.mp4"])
    with pytest.raises(SlrError, match="corpus.max_failures = 0.4"):
        extract(tmp_path, tmp_path / "frames", on_error="skip", max_failures=0.4)
    extract(tmp_path, tmp_path / "frames", on_error="skip", max_failures=0.5)
    assert list(Shards(tmp_path / "frames").clips) == ["good"]
    manifest_of(tmp_path, ["bad.mp4"])
    with pytest.raises(SlrError, match="1 of 1 clips"):
        extract(tmp_path, tmp_path / "frames", on_error="skip", max_failures=1)


def test_after_a_failure_only_what_is_missing_is_made(corpus, tmp_path):
    good = (corpus / "v25.mp4").read_bytes()
    (corpus / "v25.mp4").write_bytes(good[:300])
    with pytest.raises(SlrError, match="clip 'v25'"):
        extract(corpus, tmp_path / "frames")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "frames.work").iterdir()}
    assert len(before) == 4
    (corpus / "v10.mp4").unlink()  # changed content is noticed, kept content is not asked for again
    record(corpus / "v10.mp4", seed=99)
    with pytest.raises(SlrError, match="clip 'v25'"):
        extract(corpus, tmp_path / "frames")
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "frames.work").iterdir()}
    assert len(after) == 5 and before.items() <= after.items()
    (corpus / "v25.mp4").write_bytes(good)
    extract(corpus, tmp_path / "frames")
    extract(corpus, tmp_path / "afresh")
    assert contents(tmp_path / "frames") == contents(tmp_path / "afresh")


RUN = """
import sys
from pathlib import Path
from slr.extraction.frames import extract_frames
from slr.params import FramesParams
if __name__ == "__main__":
    {before}
    root, out = map(Path, sys.argv[1:3])
    extract_frames(root / "manifest.parquet", root, out, FramesParams(fps=10, size=64, clips_per_shard=3),
                   workers=int(sys.argv[3]), work=out.parent / f"{{out.name}}.work")
"""


def script(folder: Path, before: str = "pass") -> Path:
    """A program that extracts: a real file, as spawned workers import it."""
    path = folder / "run.py"
    path.write_text(RUN.format(before=before))
    return path


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    record(root / "clip.mp4", n_frames=240, size=(240, 320))
    clips = pd.DataFrame([{"clip_id": f"clip{i:02d}", "media": "clip.mp4", "start_frame": 20 * i,
                           "end_frame": 20 * i + 20, "glosses": ["a"], "segments": [], "fps": None, "signer": None,
                           "split": None} for i in range(12)])
    write_manifest(root / "manifest.parquet", clips)
    extract(root, tmp_path / "undisturbed")

    work = tmp_path / "frames.work"
    process = subprocess.Popen([sys.executable, script(tmp_path), root, tmp_path / "frames", "2"],
                               start_new_session=True)
    while process.poll() is None and len(list(work.glob("*.parquet"))) < 3:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}
    assert 3 <= len(kept) < 12 and not (tmp_path / "frames").exists()

    BAD["empty"][0](root / "bad.mp4")  # a failure keeps the work folder, to look into
    bad = clips.iloc[:1].assign(clip_id="bad", media="bad.mp4")
    write_manifest(root / "manifest.parquet", pd.concat([clips, bad]))
    with pytest.raises(SlrError):
        extract(root, tmp_path / "frames")
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}.items()
    write_manifest(root / "manifest.parquet", clips)
    extract(root, tmp_path / "frames")
    assert contents(tmp_path / "frames") == contents(tmp_path / "undisturbed")


@pytest.mark.parametrize("limit", [20_000, 200_000])  # reached by one clip's part, or only by a shard of all clips
def test_a_full_disk_is_named_and_leaves_nothing_half_written(tmp_path, limit):
    for seed in range(3):
        record(tmp_path / f"{seed}.mp4", seed=seed, n_frames=20)
    manifest_of(tmp_path, ["0.mp4", "1.mp4", "2.mp4"])
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    done = subprocess.run([sys.executable, script(tmp_path, before), tmp_path, tmp_path / "frames", "1"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "SlrError: frames: a file can't be used" in done.stderr and "finished clips are kept" in done.stderr
    assert not (tmp_path / "frames").exists()
    work = list((tmp_path / "frames.work").iterdir())
    assert len(work) == (0 if limit == 20_000 else 3) and all(path.suffix == ".parquet" for path in work)
    extract(tmp_path, tmp_path / "frames")  # with room again, all is well
    assert len(Shards(tmp_path / "frames").clips) == 3


def test_grey_images_with_alpha_become_a_clip(tmp_path):
    (tmp_path / "grey").mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"grey/{i}.png"), np.full((70, 90, 4), (80, 80, 80, 10 * i), np.uint8))
    manifest_of(tmp_path, ["grey"])
    extract(tmp_path, tmp_path / "frames")
    _, images = read_frames(tmp_path / "frames", "grey")
    assert np.abs(np.array(images, int) - 80).max() <= 1
