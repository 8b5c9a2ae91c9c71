import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.sample import SIGNS, corpus, render
from slr.corpora.sample.truth import read_truth
from slr.dataset.manifest import read_manifest, write_manifest
from slr.io.video import probe, read_video
from slr.params import SampleParams

SMALL = SampleParams(signs=2, signers=2, repetitions=1, sentences=1, streams=1, fps=6, size=128,
                     parts=["isolated", "sentences", "streams"])


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("small") / "corpus"
    write_manifest(root / "manifest.parquet", render(SMALL, root, workers=1))
    return root


def test_the_same_bytes_for_any_number_of_workers(small: Path, tmp_path: Path):
    clips = render(SMALL, tmp_path / "again", workers=2)
    write_manifest(tmp_path / "again/manifest.parquet", clips)
    assert files(tmp_path / "again") == files(small)


def test_a_clip_does_not_depend_on_which_others_are_drawn(small: Path, tmp_path: Path):
    other = SMALL.model_copy(update={"signers": 1, "repetitions": 2, "parts": ["isolated"]})
    render(other, tmp_path / "other", workers=1)
    name = f"isolated/s00-{SIGNS[0].gloss.lower()}-1.mp4"
    assert (tmp_path / "other" / name).read_bytes() == (small / name).read_bytes()


def test_the_same_bytes_on_processors_without_the_newest_instructions(small: Path, tmp_path: Path):
    few = SMALL.model_copy(update={"signers": 1, "parts": ["isolated"]})
    code = ("import sys\nfrom slr.corpora.sample import render\nfrom slr.params import SampleParams\n"
            "render(SampleParams.model_validate_json(sys.argv[1]), sys.argv[2], workers=1)")
    older = {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3", "OPENCV_CPU_DISABLE": "AVX2,FP16",
             "OPENCV_IPP": "disabled"}
    subprocess.run([sys.executable, "-c", code, few.model_dump_json(), str(tmp_path / "older")], check=True,
                   env={**os.environ, **older})
    for video in (tmp_path / "older/isolated").iterdir():
        assert video.read_bytes() == (small / "isolated" / video.name).read_bytes()


def test_another_seed_draws_other_clips(small: Path, tmp_path: Path):
    other = SMALL.model_copy(update={"seed": 2, "parts": ["isolated"], "signers": 1})
    render(other, tmp_path / "other", workers=1)
    name = f"isolated/s00-{SIGNS[0].gloss.lower()}-1.mp4"
    assert (tmp_path / "other" / name).read_bytes() != (small / name).read_bytes()


def test_the_manifest_describes_what_was_drawn(small: Path):
    clips = read_manifest(small / "manifest.parquet").set_index("clip_id")
    assert len(clips) == 2 * 2 + 1 + 1
    for clip_id, clip in clips.iterrows():
        info = probe(small / clip.media)
        assert (info.width, info.height) == (SMALL.size, SMALL.size)
        assert info.fps == pytest.approx(SMALL.fps)
        assert clip.signer == clip_id.split("-")[0]
        assert all(0 <= s["start"] < s["end"] <= info.n_frames for s in clip.segments)
        labels = [s["label"] for s in clip.segments]
        if "stream" in clip_id:
            assert list(clip.glosses) == [] and set(labels) <= set("SPn")
        else:
            assert labels == list(clip.glosses) and (len(labels) == 1) == ("sentence" not in clip_id)
    isolated = [clip_id for clip_id in clips.index if re.fullmatch(r"s\d\d-[a-z]+-\d", clip_id)]
    assert len(isolated) == 4


def test_every_frame_has_its_true_joints_where_the_picture_shows_them(small: Path):
    for part in SMALL.parts:
        for clip_id, truth in read_truth(small / f"truth/{part}.parquet").items():
            frames = [frame.image for frame in read_video(small / part / f"{clip_id}.mp4")]
            assert len(truth.joints) == len(frames)
            assert np.isfinite(truth.joints).all()
            points = truth.points
            assert (points > 0.0).all() and (points < 1).all()


def test_an_interrupted_run_goes_on_where_it_was(small: Path, tmp_path: Path, monkeypatch):
    drawn, real = [], corpus.write_video

    def write(path, frames, **settings):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        real(path, frames, **settings)
        drawn.append(path.name)

    monkeypatch.setattr(corpus, "write_video", write)
    with pytest.raises(KeyboardInterrupt):
        render(SMALL, tmp_path / "corpus", workers=1)
    assert not (tmp_path / "corpus").exists()
    first = drawn.copy()
    (half_written,) = tmp_path.glob(".work/corpus/*/isolated")
    (half_written / ".s00-tenki-1.mp4.killed.tmp").mkdir()
    monkeypatch.setattr(corpus, "write_video", lambda path, *args, **settings: (drawn.append(path.name),
                                                                                   real(path, *args, **settings)))
    write_manifest(tmp_path / "corpus/manifest.parquet", render(SMALL, tmp_path / "corpus", workers=1))
    assert len(drawn) == len(set(drawn)) == 6 and drawn[:2] == first
    assert files(tmp_path / "corpus") == files(small)
    assert not list(tmp_path.glob(".work/*"))


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, slr.corpora.sample; print({'cv2', 'pandas', 'scipy', 'av'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "set()"
