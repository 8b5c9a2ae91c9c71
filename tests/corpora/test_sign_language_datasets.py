"""The package sign-language-datasets, where it is installed; it brings TensorFlow, so mostly it isn't."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.imported.pose_files import joints, load, scan
from slr.corpora.sign_language_datasets import fetch
from slr.errors import CorpusError
from slr.params import ImportedParams

INSTALLED = importlib.util.find_spec("sign_language_datasets") is not None
needs_the_package = pytest.mark.skipif(not INSTALLED, reason="the package sign-language-datasets isn't installed")


@pytest.mark.skipif(INSTALLED, reason="the package is installed")
def test_without_the_package_it_says_what_to_install(tmp_path):
    with pytest.raises(CorpusError, match="can't be imported .* pip install sign-language-datasets tensorflow"):
        fetch("asl_citizen", tmp_path)
    assert not list(tmp_path.iterdir())


def register(header: Path, clips: list[dict]) -> None:
    """A corpus of the package's kind, `drawn_signs`, with these clips."""
    import tensorflow_datasets as tfds
    from sign_language_datasets.datasets import SignDatasetConfig
    from sign_language_datasets.utils.features import PoseFeature

    class DrawnSigns(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        BUILDER_CONFIGS = [SignDatasetConfig(name="default", include_pose="holistic")]

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict({
                "id": tfds.features.Text(), "text": tfds.features.Text(), "signer_id": tfds.features.Text(),
                "pose": PoseFeature(shape=(None, 1, 75, 3), header_path=str(header))}))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(clips[:2]), "validation": self._generate_examples(clips[2:])}

        def _generate_examples(self, part):
            for clip in part:
                yield clip["id"], clip


@needs_the_package
def test_its_landmarks_become_pose_files(tmp_path):
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions
    from pose_format.utils.holistic import BODY_POINTS, HAND_POINTS

    components = [PoseHeaderComponent(name, points, [], [(0, 0, 0)], "XYZC") for name, points in (
        ("POSE_LANDMARKS", BODY_POINTS), ("LEFT_HAND_LANDMARKS", HAND_POINTS), ("RIGHT_HAND_LANDMARKS", HAND_POINTS))]
    header = PoseHeader(0.2, PoseHeaderDimensions(640, 480, 0), components)
    values = np.random.default_rng(0).uniform(10, 470, (3, 6, 1, 75, 3)).astype(np.float32)
    poses = [Pose(header, NumPyPoseBody(25, clip, np.ones(clip.shape[:3], np.float32))) for clip in values]
    with open(tmp_path / "header", "wb") as file:
        header.write(file)
    register(tmp_path / "header", [
        {"id": "0", "text": "APPLE", "signer_id": "P1", "pose": poses[0]},
        {"id": "1", "text": "BOOK 1", "signer_id": "P1", "pose": None},
        {"id": "0", "text": "APPLE", "signer_id": "P2", "pose": poses[2]}])
    folder = fetch("drawn_signs", tmp_path / "sld")
    clips, problems = scan(folder)
    assert problems == [] and clips.signer.tolist() == ["P1", "P2"] and clips.split.tolist() == ["train", "val"]
    assert clips.glosses.tolist() == [["APPLE"], ["APPLE"]]
    assert joints(folder, ImportedParams()).name == "holistic-75"
    for media, clip in zip(clips.media, values[[0, 2]], strict=True):
        found = load(folder, media, ImportedParams())
        assert (found.fps, found.width, found.height) == (25, 640, 480)
        assert np.allclose(found.coordinates[..., :2] * (640, 480), clip[:, 0, :, :2], atol=1e-2)
    with pytest.raises(CorpusError, match="can't load 'no_such_corpus'"):
        fetch("no_such_corpus", tmp_path)
