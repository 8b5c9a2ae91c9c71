from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.signers import read_signers, write_signers
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import read_splits, write_splits
from slr.errors import CorpusError
from slr.params import SignersParams
from slr.partition.signers import cluster_signers, statistic_weights, statistics

HOLISTIC = skeleton("holistic-75")
PERSONS = {  # upper arm, forearm, palm (in shoulder widths), where the hands rest, left-handed
    "ana": (0.75, 0.65, 0.25, 0.30, False), "boris": (0.90, 0.70, 0.31, 0.55, False),
    "cira": (0.70, 0.80, 0.28, 0.45, True), "dan": (0.82, 0.60, 0.22, 0.15, False),
}
GLOSSES = ("UP", "OUT", "ACROSS")


def sign(person: str, gloss: str, rng: np.random.Generator, n_frames: int = 24) -> np.ndarray:
    """(T, 75, 4) a stick figure that rests, goes to the gloss's place and rests; in shoulder widths from the neck."""
    upper, fore, palm, rest_out, left_handed = PERSONS[person]
    points = np.full((n_frames, len(HOLISTIC), 4), np.nan)

    def put(joint: str, xy) -> None:
        points[:, HOLISTIC.index(joint), :2] = xy

    put("nose", (0, -0.6)), put("left_ear", (0.2, -0.65)), put("right_ear", (-0.2, -0.65))
    place = {"UP": (0.2, -0.4), "OUT": (1.0, 0.3), "ACROSS": (-0.3, 0.3)}[gloss]
    way = np.clip(np.sin(np.linspace(0, np.pi, n_frames)) * 1.5 - 0.3, 0, 1)[:, None]
    for side, out in (("left", 1), ("right", -1)):
        moves = (side == "left") == left_handed
        shoulder = np.array([0.5, 0.0])
        rest = shoulder + (rest_out - 0.5, np.sqrt((upper + fore) ** 2 - 0.1) * 0.95)
        wrist = rest + way * moves * (np.array(place) - rest)
        elbow = _elbow(shoulder, wrist, upper, fore)
        put(f"{side}_shoulder", shoulder * (out, 1)), put(f"{side}_elbow", elbow * (out, 1))
        put(f"{side}_wrist", wrist * (out, 1))
        hand = wrist - elbow
        hand /= np.linalg.norm(hand, axis=1, keepdims=True)
        for joint, (along, beside) in {"wrist": (0, 0), "middle_mcp": (1, 0), "index_mcp": (1, .3),
                                       "pinky_mcp": (.8, -.4)}.items():
            offset = along * hand + beside * hand[:, ::-1] * (1, -1)
            put(f"{side}_hand_{joint}", (wrist + palm * offset) * (out, 1))
    points[..., :2] += rng.normal(0, 0.01, points[..., :2].shape)
    return points


def _elbow(shoulder: np.ndarray, wrist: np.ndarray, upper: float, fore: float) -> np.ndarray:
    """(T, 2) where two bones of these lengths meet, on the outer side."""
    reach = wrist - shoulder
    distance = np.clip(np.linalg.norm(reach, axis=1, keepdims=True), abs(upper - fore) + 1e-6, upper + fore - 1e-6)
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    across = np.sqrt(np.maximum(upper**2 - along**2, 0))
    unit = reach / np.linalg.norm(reach, axis=1, keepdims=True)
    return shoulder + along * unit + across * unit[:, ::-1] * (1, -1)


def film(points: np.ndarray, clip_id: str = "clip", *, at=(0.5, 0.4), scale=0.2, degrees=0.0, size=(640, 360),
         fps: float = 15) -> ClipLandmarks:
    """A camera's picture of a figure."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    pixels = points[..., :2] @ turn * scale * size[1] + np.array(at) * size
    return ClipLandmarks(clip_id, fps, *size, np.concatenate([pixels / size, points[..., 2:]], -1).astype(np.float32))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Four persons x three glosses x four takes, each before another camera; a quarter of the clips isn't training."""
    folder = tmp_path_factory.mktemp("signers")
    rng = np.random.default_rng(1)
    rows, clips = [], []
    for person in PERSONS:
        for gloss in GLOSSES:
            for take in range(4):
                clip_id = f"{take}-{gloss}-{person}"
                clips.append(film(sign(person, gloss, rng), clip_id, at=rng.uniform(0.4, 0.6, 2),
                                  scale=rng.uniform(0.15, 0.25), degrees=rng.uniform(-8, 8)))
                rows.append({"clip_id": clip_id, "media": f"{clip_id}.mp4", "glosses": [gloss], "segments": [],
                             "signer": person, "split": ["train", "train", "train", "test"][take]})
    write_store(folder / "landmarks", clips, HOLISTIC)
    manifest = pd.DataFrame(rows).reindex(columns=SCHEMA.names)
    write_manifest(folder / "manifest.parquet", manifest)
    write_splits(folder / "splits.parquet",
                 manifest[["clip_id", "split"]].assign(fold=pd.array([None] * len(manifest), dtype="Int32")))
    return folder


def clustered(corpus: Path, manifest: str = "manifest.parquet", splits: str = "splits.parquet", **params):
    return cluster_signers(Dataset(manifest=corpus / manifest, landmarks=corpus / "landmarks", splits=corpus / splits),
                           SignersParams(max_clusters=7, **params))


@settings(max_examples=25)
@given(st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)), st.floats(0.05, 0.4), st.floats(-30, 30),
       st.sampled_from([(640, 360), (320, 320), (480, 854)]))
def test_the_camera_changes_nothing(at, scale, degrees, size):
    points = sign("boris", "UP", np.random.default_rng(0))
    before = statistics(film(points), HOLISTIC)
    after = statistics(film(points, at=at, scale=scale, degrees=degrees, size=size), HOLISTIC)
    np.testing.assert_allclose(list(after.values()), list(before.values()), atol=0.01)


def test_statistics_measure_what_they_name():
    found = {name: statistics(film(sign(name, "OUT", np.random.default_rng(0))), HOLISTIC) for name in PERSONS}
    assert found["boris"]["length_upper_arm"] == pytest.approx(0.90, abs=0.03)
    assert found["dan"]["length_palm_length"] == pytest.approx(0.22, abs=0.02)
    assert found["boris"]["rest_wrist_out"] == pytest.approx(0.55, abs=0.03)
    assert found["cira"]["handedness"] > 0.5 and found["ana"]["handedness"] < -0.5


def test_speed_is_per_second():
    points = sign("ana", "OUT", np.random.default_rng(0))
    slow, fast = (statistics(film(points, fps=fps), HOLISTIC) for fps in (15, 30))
    assert fast["speed_high"] - slow["speed_high"] == pytest.approx(np.log(2), abs=1e-3)
    assert slow["smoothness"] - fast["smoothness"] == pytest.approx(np.log(2), abs=1e-3)


def test_missing_joints_change_little():
    points = sign("ana", "OUT", np.random.default_rng(0), n_frames=60)
    gappy = points.copy()
    rng = np.random.default_rng(1)
    for part in ("left_hand", "right_hand"):
        gappy[rng.random(60) < 0.5, HOLISTIC.part_slices[part]] = np.nan
    before, after = statistics(film(points), HOLISTIC), statistics(film(gappy), HOLISTIC)
    assert after["length_palm_length"] == pytest.approx(before["length_palm_length"], abs=0.01)
    assert after["rest_hand_out"] == pytest.approx(before["rest_hand_out"], abs=0.05)
    gappy[:, HOLISTIC.part_slices["left_hand"]] = np.nan
    one_hand = statistics(film(gappy), HOLISTIC)
    assert one_hand["length_palm_length"] == pytest.approx(before["length_palm_length"], abs=0.02)


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_clips_of_a_few_frames_and_of_nothing_have_statistics(n_frames):
    points = sign("ana", "UP", np.random.default_rng(0))[:n_frames]
    assert np.isfinite(statistics(film(points), HOLISTIC)["length_upper_arm"])
    assert np.isnan(list(statistics(film(points * np.nan), HOLISTIC).values())).all()


def test_persons_are_found_and_cameras_are_not(corpus):
    clusters, metrics = clustered(corpus)
    assert metrics["clusters"] == 4
    assert metrics["ari"] >= 0.9 and metrics["ari_held_out"] >= 0.9 and metrics["ari_all"] >= 0.9
    assert metrics["published_ari"] < 0.3
    signers = clusters.clip_id.str.split("-").str[2]
    assert adjusted_rand_score(signers, clusters.pseudo_signer) == pytest.approx(metrics["ari_all"])


def test_the_number_of_clusters_can_be_fixed(corpus):
    clusters, metrics = clustered(corpus, clusters=3)
    assert metrics["clusters"] == 3 and set(clusters.pseudo_signer) == {0, 1, 2}


def test_published_pseudo_signers_are_clusters_of_places_in_the_frame(corpus):
    """Of four numbers as they are, a missing joint at 0."""
    clusters, metrics = clustered(corpus, clusters=8, statistics="published", seed=0)
    store = LandmarkStore(corpus / "landmarks")
    places = np.array([np.where(np.isnan(xy), 0, xy).mean((0, 1)).tolist() + np.where(np.isnan(xy), 0, xy).std(
        (0, 1)).tolist() for xy in (store[clip_id].coordinates[..., :2] for clip_id in clusters.clip_id)])
    train = ~clusters.clip_id.str.startswith("3").to_numpy()
    expected = KMeans(8, n_init=10, random_state=0).fit(places[train]).predict(places)
    assert adjusted_rand_score(expected, clusters.pseudo_signer) == 1 and metrics["clusters"] == 8
    assert metrics["ari"] < 0.3


def test_true_signers_are_not_looked_at(corpus):
    manifest = read_manifest(corpus / "manifest.parquet")
    nobody = pd.Series([None] * len(manifest), dtype=object)
    write_manifest(corpus / "anonymous.parquet", manifest.assign(signer=nobody))
    clusters, metrics = clustered(corpus, "anonymous.parquet")
    pd.testing.assert_frame_equal(clusters, clustered(corpus)[0])
    assert set(metrics) == {"clusters", "silhouette"}


def test_other_clips_than_training_ones_shape_nothing(corpus):
    splits = read_splits(corpus / "splits.parquet")
    write_splits(corpus / "fewer.parquet", splits[(splits.split == "train") | splits.clip_id.str.contains("ana")])
    fewer, _ = clustered(corpus, splits="fewer.parquet")
    both = fewer.merge(clustered(corpus)[0], on="clip_id")
    assert len(both) == len(fewer) < len(splits)
    assert (both.pseudo_signer_x == both.pseudo_signer_y).all()


def test_what_glosses_or_moments_explain_weighs_little():
    rng = np.random.default_rng(0)
    person, gloss = np.repeat([0, 1, 2], 30), np.tile([0, 1], 45)
    found = np.stack([person, gloss, rng.normal(size=90), np.full(90, np.nan), np.ones(90)], axis=1).astype(float)
    first, second = found.copy(), found.copy()
    first[:, 2], second[:, 2] = rng.normal(size=(2, 90))
    weights = statistic_weights(found, first, second, [[str(g)] for g in gloss])
    assert weights[0] > 0.95 and weights[1] < 0.05 and weights[2] < 0.3
    assert list(weights[3:]) == [0, 0]


def test_drawn_signers_are_found_in_extracted_landmarks(tiny_corpus, tiny_landmarks, tmp_path):
    manifest = read_manifest(tiny_corpus / "manifest.parquet")
    nowhere = pd.array([None] * len(manifest), dtype="Int32")
    write_splits(tmp_path / "splits.parquet", manifest[["clip_id"]].assign(split="train", fold=nowhere))
    _, metrics = cluster_signers(Dataset(manifest=tiny_corpus / "manifest.parquet", landmarks=tiny_landmarks,
                                         splits=tmp_path / "splits.parquet"),
                                 SignersParams(clusters=manifest.signer.nunique()))
    assert metrics["ari"] >= 0.6 > metrics["published_ari"]


def test_too_few_clips_for_the_clusters_asked_for(corpus):
    with pytest.raises(CorpusError, match="36 different training clips are too few for 40 .* lower signers.clusters"):
        clustered(corpus, clusters=40)


def test_nobody_in_view_is_one_cluster_and_a_warning(corpus, tmp_path, capsys):
    nothing = np.full((5, len(HOLISTIC), 4), np.nan, np.float32)
    clip_ids = read_manifest(corpus / "manifest.parquet").clip_id
    write_store(tmp_path / "landmarks", [ClipLandmarks(c, 15, 64, 64, nothing) for c in clip_ids], HOLISTIC)
    dataset = replace(Dataset.below(corpus), landmarks=tmp_path / "landmarks")
    clusters, metrics = cluster_signers(dataset, SignersParams())
    assert set(clusters.pseudo_signer) == {0} and metrics == {"clusters": 1}
    assert "nothing in the landmarks describes a person" in capsys.readouterr().err


def test_write_and_read(corpus, tmp_path):
    clusters, _ = clustered(corpus)
    write_signers(tmp_path / "signers.parquet", clusters)
    pd.testing.assert_frame_equal(read_signers(tmp_path / "signers.parquet"), clusters, check_dtype=False)
    with pytest.raises(CorpusError, match="dvc repro signers"):
        read_signers(tmp_path / "nowhere.parquet")
