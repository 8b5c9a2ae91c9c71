import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.dataset.frames import read_frames
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.errors import CorpusError, SlrError
from slr.extraction.extractor import extractor_metadata
from slr.extraction.frames import extract_frames
from slr.extraction.holistic import HolisticExtractor
from slr.extraction.landmarks import extract_landmarks
from slr.io.shards import Shards
from slr.io.video import write_video
from slr.params import FramesParams, LandmarksParams
from tests.helpers.media import pictures

FRAMES = FramesParams(fps=6, size=256)
PARAMS = LandmarksParams(skeleton="holistic-553", clips_per_shard=2)


@pytest.fixture(scope="module")
def corpus(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn clips of different signers, in a folder of their own."""
    root = tmp_path_factory.mktemp("three")
    clips = read_manifest(tiny_corpus / "manifest.parquet").drop_duplicates("signer").head(3)
    for media in clips.media:
        (root / media).parent.mkdir(exist_ok=True)
        shutil.copy(tiny_corpus / media, root / media)
    write_manifest(root / "manifest.parquet", clips)
    return root


def frames_of(root: Path, out: Path, clips: pd.DataFrame | None = None, **options) -> Path:
    """Extract the frames of these clips (default: all of the manifest)."""
    manifest = root / "manifest.parquet"
    if clips is not None:
        manifest = out.parent / f"{out.name}.manifest.parquet"
        write_manifest(manifest, clips)
    extract_frames(manifest, root, out, FRAMES, workers=1, work=out.parent / f"{out.name}.work", **options)
    return out


@pytest.fixture(scope="module")
def frames(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return frames_of(corpus, tmp_path_factory.mktemp("frames") / "frames")


@pytest.fixture(scope="module")
def undisturbed(frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landmarks of the three clips, by one worker in one go."""
    folder = tmp_path_factory.mktemp("undisturbed")
    extract_landmarks(frames, folder / "landmarks", PARAMS, workers=1, work=folder / "work")
    return folder / "landmarks"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def times(work: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}


def test_a_drawn_signer_is_found(undisturbed, frames):
    store = LandmarkStore(undisturbed)
    assert len(store) == 3 and store.skeleton.name == "holistic-553"
    assert store.metadata["frames"] == FRAMES.model_dump(exclude={"person"})
    assert store.metadata["extractor"] == extractor_metadata(PARAMS)
    for clip in store:
        frame_times, images = read_frames(frames, clip.clip_id)
        assert np.array_equal(clip.timestamps_s, frame_times)
        assert (clip.height, clip.width) == images[0].shape[:2]
        found = {part: clip.mask[:, where].mean() for part, where in store.skeleton.part_slices.items()}
        assert found["pose"] == found["face"] == 1 and min(found["left_hand"], found["right_hand"]) > 0.8
        nose, hip = (clip.coordinates[:, store.skeleton.index(joint)] for joint in ("nose", "left_hip"))
        assert (nose[:, 1] < hip[:, 1]).all() and (nose[:, 3] > 0.9).all()


def test_a_clips_landmarks_dont_depend_on_the_clips_before_it(frames, undisturbed):
    store = LandmarkStore(undisturbed)
    first, second = store.clip_ids[:2]
    images = read_frames(frames, second)[1]
    with HolisticExtractor(PARAMS) as extractor:
        extractor.extract(read_frames(frames, first)[1])
        after_another = extractor.extract(images)
    with HolisticExtractor(LandmarksParams(skeleton="holistic-75")) as extractor:
        fresh = extractor.extract(images)
        assert extractor.extract([]).shape == (0, 75, 4)
    assert np.array_equal(after_another[:, :75], fresh, equal_nan=True)
    assert np.nanmax(np.abs(after_another - store[second].coordinates)) <= 1e-4


RUN = """
import sys
from pathlib import Path
from slr.extraction.landmarks import extract_landmarks
from slr.params import LandmarksParams
if __name__ == "__main__":
    frames, out = map(Path, sys.argv[1:])
    params = LandmarksParams(skeleton="holistic-553", clips_per_shard=2)
    extract_landmarks(frames, out, params, workers=2, work=out.parent / "work")
"""


def test_a_killed_run_goes_on_and_gives_what_one_worker_gives_undisturbed(frames, undisturbed, tmp_path):
    """Two workers, one kill, two runs: the same bytes as one worker in one go, and nothing on the terminal."""
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, tmp_path / "run.py", frames, tmp_path / "landmarks"]
    work = tmp_path / "work"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not times(work):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = times(work)
    assert kept and not (tmp_path / "landmarks").exists()

    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
    assert kept.items() <= times(work).items()
    assert contents(tmp_path / "landmarks") == contents(undisturbed)
    assert len(list(work.iterdir())) == 3  # what the killed run had half written is gone


def test_only_changed_clips_are_extracted_again_and_removed_ones_pruned(corpus, frames, undisturbed, tmp_path):
    clips = read_manifest(corpus / "manifest.parquet")
    work = tmp_path / "work"
    extract_landmarks(frames, tmp_path / "landmarks", PARAMS, workers=1, work=work)
    assert contents(tmp_path / "landmarks") == contents(undisturbed)
    before = times(work)

    clips = clips.iloc[:2].copy()
    clips["end_frame"] = pd.array([None, 10], "Int32")
    changed = frames_of(corpus, tmp_path / "frames", clips)
    extract_landmarks(changed, tmp_path / "landmarks", PARAMS, workers=1, work=work)
    after = times(work)
    assert len(after) == 2 and len(before.items() & after.items()) == 1
    store, old = LandmarkStore(tmp_path / "landmarks"), LandmarkStore(undisturbed)
    assert store.clip_ids == old.clip_ids[:2]
    same, shorter = (store[clip_id] for clip_id in store.clip_ids)
    assert np.array_equal(same.coordinates, old[same.clip_id].coordinates, equal_nan=True)
    assert 0 < len(shorter) < len(old[shorter.clip_id])

    other = PARAMS.model_copy(update={"min_detection_confidence": 0.6})  # another setting concerns all clips
    extract_landmarks(changed, tmp_path / "landmarks", other, workers=1, work=work)
    assert len(times(work)) == 2 and not times(work).keys() & after.keys()


def test_nobody_in_view_two_people_and_clips_without_frames(corpus, frames, tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    people = [read_frames(frames, clip_id)[1][:5] for clip_id in list(Shards(frames).clips)[:2]]
    write_video(root / "two people.mp4", [np.hstack(pair) for pair in zip(*people, strict=True)], fps=6)
    write_video(root / "nobody.mp4", pictures(5, 128, 128), fps=6)
    (root / "broken.mp4").write_bytes(b"")
    row = {"start_frame": None, "end_frame": None, "fps": None, "glosses": ["a"], "segments": [], "signer": None,
           "split": None}
    clips = pd.DataFrame([{"clip_id": name, "media": f"{name}.mp4", **row}
                          for name in ("two people", "nobody", "broken")])
    frames = frames_of(root, tmp_path / "frames", clips, on_error="skip", max_failures=0.4)

    def extract(**options) -> None:
        extract_landmarks(frames, tmp_path / "landmarks", PARAMS, workers=1, work=tmp_path / "work", **options)

    with pytest.raises(SlrError, match="landmarks: 2 of 3 clips") as failed:
        extract()
    assert "clip 'nobody': no person found in any of its 5 frames" in str(failed.value)
    with pytest.raises(SlrError, match="max_failures = 0.4"):
        extract(on_error="skip", max_failures=0.4)
    extract(on_error="skip", max_failures=0.7)
    failures = pd.read_csv(tmp_path / "landmarks/failures.csv")
    assert failures[["clip", "stage"]].values.tolist() == [["broken", "frames"], ["nobody", "landmarks"]]
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.clip_ids == ["two people"]
    assert store["two people"].mask[:, 0].all()  # one of the two, in every frame


def test_no_frames_at_all_is_an_error_with_a_way_out(tmp_path):
    with pytest.raises(CorpusError, match="run `dvc repro` first"):
        extract_landmarks(tmp_path / "frames", tmp_path / "landmarks", PARAMS, work=tmp_path / "work")


def test_the_package_is_asked_for_its_models_without_being_loaded():
    code = ("import sys; from slr.extraction.landmarks import extract_landmarks; from slr.extraction.extractor import "
            "extractor_metadata; from slr.params import LandmarksParams; extractor_metadata(LandmarksParams()); "
            "sys.exit(bool({'mediapipe', 'cv2', 'torch', 'av'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
