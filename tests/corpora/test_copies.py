"""Copies of recordings: of a made-up studio, of the drawn signer, and of landmarks."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.inputs.copies import KINDS, encode_anew
from slr.corpora.check import check_corpus
from slr.corpora.copies import may_cross
from slr.corpora.films import (
    LANDMARKS,
    PICTURES,
    Film,
    film_of,
    film_of_landmarks,
    likeness,
    movement,
    near_copies,
)
from slr.corpora.scanning import prepare
from slr.dataset.frames import FrameStore
from slr.dataset.landmarks import ClipLandmarks
from slr.errors import SlrError
from slr.extraction.frames import extract_frames
from slr.io.clipwise import read_failures
from slr.io.video import Frame, read_video, write_video
from slr.params import CorpusParams, FramesParams, ImportedParams
from tests.fixtures.once import once


def different(one: str, other: str) -> bool:
    return False


def studio(seed: int, n_frames: int = 60) -> np.ndarray:
    """(T, 144, 256, 3) uint8, 25 a second: the same picture behind each take, and a hand whose way `seed` decides."""
    behind = np.kron(np.random.default_rng(0).integers(0, 255, (9, 16, 3)), np.ones((16, 16, 1)))
    rng = np.random.default_rng(seed)
    moment = np.linspace(0, 1, n_frames)
    lifted = np.clip(np.minimum(moment, 1 - moment) * 6, 0, 1)
    across, up = (lifted * sum(rng.normal(0, 30) * np.sin(2 * np.pi * (k * moment + rng.random())) for k in (1, 2))
                  for _ in range(2))
    x, y = np.meshgrid(np.arange(256), np.arange(144))
    frames = []
    for left, top in zip(128 + across, 120 - 50 * lifted + 0.6 * up, strict=True):
        hand = np.exp(-((x - left) ** 2 + (y - top) ** 2) / 300)[..., None]
        frames.append((behind * (1 - hand) + 230 * hand).astype(np.uint8))
    return np.array(frames)


@pytest.fixture(scope="module")
def takes(tmp_path_factory) -> dict[str, Path]:
    """Ten takes."""
    def make(folder: Path) -> None:
        for seed in range(10):
            write_video(folder / f"{seed}.mp4", studio(seed), fps=25, preset="ultrafast")

    return {path.stem: path for path in sorted(once(tmp_path_factory, "studio_takes", make).iterdir())}


def test_a_recording_that_was_encoded_anew_is_found_in_whatever_way_and_no_other_take_is(takes, tmp_path):
    films = {name: film_of(read_video(path)) for name, path in takes.items()}
    for number, (name, kind) in enumerate(KINDS.items()):
        copy = encode_anew([frame.image for frame in read_video(takes[str(number)])], kind, tmp_path / f"c{number}")
        films[f"{number}, {name}"] = film_of(read_video(copy))
    found = near_copies({name: movement(film) for name, film in films.items()}, lambda names: films, PICTURES,
                        different)
    assert found == sorted((str(number), f"{number}, {name}") for number, name in enumerate(KINDS))


def test_takes_of_one_sign_by_one_signer_are_no_copies(tiny_corpus):
    films = {path.stem: film_of(read_video(path)) for path in sorted((tiny_corpus / "isolated").glob("*.mp4"))}
    assert len(films) == 16
    assert near_copies({name: movement(film) for name, film in films.items()}, lambda names: films, PICTURES,
                       different) == []


@pytest.fixture
def leaky(takes, tmp_path) -> Path:
    """Two glosses: of A one clip in training, and a copy of it in test; of B the same bytes twice in training."""
    root = tmp_path / "corpus"
    root.mkdir()
    for name, seed in (("a_train", 0), ("a_val", 1), ("b_train", 2), ("b_test", 3)):
        shutil.copy(takes[str(seed)], root / f"{name}.mp4")
    encode_anew([frame.image for frame in read_video(takes["0"])], KINDS["trimmed"], root / "a_test")
    shutil.copy(takes["2"], root / "b_train_too.mp4")
    lines = [f"{path.name},{path.stem[0].upper()},{path.stem.split('_')[1]}" for path in sorted(root.glob("*.mp4"))]
    (root / "clips.csv").write_text("\n".join(["path,gloss,split", *lines]))
    return root


def test_the_check_says_split_and_gloss_of_both_and_errs_where_they_cross_splits(leaky):
    params = CorpusParams(name="folder", root=str(leaky), annotations=str(leaky / "clips.csv"))
    problems = [problem for problem in check_corpus(params, 1) if problem.kind in ("near-copy", "duplicate-content")]
    assert [(problem.clip, problem.kind, problem.severity, problem.reason) for problem in problems] == [
        ("a_train.mp4", "near-copy", "error", "train: A; shows the same as 'a_test.mp4' (test: A)"),
        ("b_train_too.mp4", "duplicate-content", "warning", "train: B; the same bytes as 'b_train.mp4' (train: B)")]


def test_a_copy_in_another_split_stops_the_stage_that_makes_frames(leaky, tmp_path):
    manifest = tmp_path / "manifest.parquet"
    prepare(CorpusParams(name="folder", root=str(leaky), annotations=str(leaky / "clips.csv")), manifest, 1)
    stage = partial(extract_frames, manifest, leaky, tmp_path / "frames", FramesParams(size=64), workers=1,
                    work=tmp_path / "work", find_copies=True)
    with pytest.raises(SlrError, match=r"1 of 6 clips can't be used:\n  clip 'a_train': train: A; a copy of 'a_test' "
                                       r"\(test: A\): only one of them may stay"):
        stage()
    stage(on_error="skip", max_failures=0.2)
    assert [failure.clip for failure in read_failures(tmp_path / "frames")] == ["a_train"]
    assert sorted(FrameStore(tmp_path / "frames").clips) == ["a_test", "a_val", "b_test", "b_train", "b_train_too"]


def test_every_training_copy_of_a_test_clip_is_left_out(takes, tmp_path):
    """Also one that comes after another training clip with the same bytes."""
    for name, seed in (("a", 0), ("b", 0), ("c", 0), ("d", 1)):
        shutil.copy(takes[str(seed)], tmp_path / f"{name}.mp4")
    (tmp_path / "clips.csv").write_text("path,gloss,split\na.mp4,A,train\nb.mp4,A,test\nc.mp4,A,train\nd.mp4,B,train\n")
    prepare(CorpusParams(name="folder", root=str(tmp_path), annotations=str(tmp_path / "clips.csv")),
            tmp_path / "manifest.parquet", 1)
    extract_frames(tmp_path / "manifest.parquet", tmp_path, tmp_path / "frames", FramesParams(size=64), workers=1,
                   work=tmp_path / "work", find_copies=True, on_error="skip", max_failures=0.6)
    assert sorted(FrameStore(tmp_path / "frames").clips) == ["b", "d"]


def test_copies_could_cross_unless_one_split_is_known_for_both():
    assert not may_cross({"train"}, {"train"})
    assert may_cross({"train"}, {"test"}) and may_cross({None}, {None}) and may_cross({"train"}, {None})
    assert may_cross({"train", "test"}, {"train"})


def test_two_titles_and_a_fade_make_no_copy():
    """As much as the eye takes for the same: a card of a second, then a fade to the sign."""
    card = np.kron(np.random.default_rng(1).integers(0, 255, (9, 16, 3)), np.ones((16, 16, 1)))
    fade = np.linspace(0, 1, 8)[:, None, None, None]

    def titled(seed: int) -> Film:
        sign = studio(seed)
        images = np.concatenate([np.repeat(card[None], 25, 0), (1 - fade) * card + fade * sign[:1], sign])
        return film_of(Frame(number / 25, image.astype(np.uint8), number) for number, image in enumerate(images))

    films = [titled(seed) for seed in range(3)]
    assert movement(films[0]) @ movement(films[1]) > PICTURES.movement
    found = [likeness(films[0], films[1]), likeness(films[0], films[2]), likeness(films[1], films[2])]
    assert min(found).whole > PICTURES.likeness.whole and max(least for _, least in found) < 0.8
    assert likeness(films[0], films[0]) == pytest.approx((1, 1))


def test_what_does_not_move_is_compared_with_nothing():
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    film = film_of(Frame(number / 25, picture, number) for number in range(20))
    assert not movement(film).any() and likeness(film, film).whole <= 0


def test_near_equal_landmarks_are_copies_and_other_takes_are_none(tmp_path):
    rng = np.random.default_rng(0)
    takes = [np.cumsum(rng.normal(0, 0.01, (30, 42, 2)), axis=0) + 0.5 for _ in range(4)]
    takes[1][5:9, :21] = np.nan
    saved = [*takes, np.round(takes[1][2:], 4)]
    for number, array in enumerate(saved):
        np.save(tmp_path / f"{number}.npy", array)
    lines = [f"{number}.npy,{'AB'[number % 2]},{split}" for number, split in
             enumerate(("train", "train", "val", "test", "test"))]
    (tmp_path / "clips.csv").write_text("\n".join(["path,gloss,split", *lines]))
    params = CorpusParams(name="arrays", root=str(tmp_path), imported=ImportedParams(skeleton="hands-42"))
    found = [problem for problem in check_corpus(params) if problem.kind == "near-copy"]
    assert [(problem.clip, problem.severity, problem.reason) for problem in found] == [
        ("4.npy", "error", "test: A; shows the same as '1.npy' (train: B)")]


def test_the_copies_among_german_signs_are_found(shared_data):
    """The data's description names two pairs of exact copies; a third recording of `unser` is one of them, cut."""
    table = pd.read_parquet(shared_data / "dgs/words.parquet")
    table = table[table.gloss.isin(["haben", "unser"])]
    films = {f"{row.gloss}/{row.clip[:4]}": film_of_landmarks(ClipLandmarks(
        row.clip, 25.0, 1, 1, np.array(row.hands.tolist(), np.float32).reshape(row.n_frames, 42, 3)))
        for row in table.itertuples()}
    assert len(films) == len(table)
    assert near_copies({name: movement(film) for name, film in films.items()}, lambda names: films, LANDMARKS,
                       different) == [("haben/73b3", "haben/8de9"), ("unser/5ab6", "unser/dcae"),
                                      ("unser/5ab6", "unser/def6"), ("unser/dcae", "unser/def6")]
