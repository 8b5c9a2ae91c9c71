"""Clips into batches: nothing lost, nothing invented, padding told apart."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import write_store
from slr.dataset.skeleton import Skeleton, skeleton
from slr.preprocessing.batch import by_sign, similar_lengths, with_triplets
from slr.preprocessing.clips import arrange, frame_sizes, load_clips, pick_joints
from tests.helpers import landmark_corpus
from tests.helpers.landmark_corpus import JOINTS


def clips_of(lengths: list[int], seed: int = 0):
    """Clips of random landmarks with a fifth missing; the target of clip i is i."""
    rng = np.random.default_rng(seed)
    coordinates = rng.normal(size=(sum(lengths), len(JOINTS), 4)).astype(np.float32)
    coordinates[rng.random(coordinates.shape[:2]) < 0.2] = np.nan
    return arrange(tuple(f"c{i}" for i in range(len(lengths))), coordinates, np.array(lengths), np.eye(len(JOINTS)),
                   np.array([[320, 240]] * len(lengths)), range(len(lengths)), signers=np.arange(len(lengths)) // 2)


def test_a_batch_holds_each_clip_and_marks_padding_and_missing_joints():
    clips = clips_of([3, 7, 5])
    batch = clips.batch(torch.tensor([2, 0]))
    assert batch.landmarks.shape == (2, 5, 54, 2) and batch.landmarks.dtype == torch.float32
    assert batch.clip_ids == ("c2", "c0") and batch.lengths.tolist() == [5, 3] and batch.targets.tolist() == [2, 0]
    assert batch.signers.tolist() == [1, 0]
    assert torch.equal(batch.landmarks[1, :3], clips.landmarks[:3]) and torch.equal(batch.mask[1, :3], clips.mask[:3])
    assert not batch.mask[1, 3:].any() and (batch.landmarks[~batch.mask] == 0).all()
    assert batch.frames.tolist() == [[True] * 5, [True] * 3 + [False] * 2]


def test_every_clip_comes_once_in_an_order_that_follows_from_the_generator():
    clips = clips_of([5] * 10 + [50] * 9)

    def order(seed: int) -> list[list[int]]:
        return [batch.tolist() for batch in similar_lengths(clips, 4, torch.Generator().manual_seed(seed))]

    assert sorted(sum(order(1), [])) == list(range(len(clips)))
    assert order(1) == order(1) != order(2)


def test_plain_shuffling_leaves_lengths_to_chance():
    clips = clips_of([5] * 32 + [50] * 32)
    by_pool = {pool: similar_lengths(clips, 8, torch.Generator().manual_seed(0), pool) for pool in (1, 8)}
    mixed = {pool: sum(len(clips.lengths[batch].unique()) > 1 for batch in batches)
             for pool, batches in by_pool.items()}
    assert mixed[8] <= 1 and mixed[1] >= 6
    assert sorted(torch.cat(by_pool[1]).tolist()) == list(range(64))


def test_a_random_triplet_is_another_clip_of_the_sign_and_one_of_another_sign():
    targets, anchors = torch.arange(60) % 4, torch.arange(0, 60, 3)
    drawn = [with_triplets(anchors, targets, torch.Generator().manual_seed(seed)).chunk(3) for seed in range(20)]
    for first, same, other in drawn:
        assert torch.equal(first, anchors) and (same != anchors).all()
        assert torch.equal(targets[same], targets[anchors]) and (targets[other] != targets[anchors]).all()
    assert all(len(torch.cat(column).unique()) > 50 for column in list(zip(*drawn, strict=True))[1:])  # of all clips
    lone = with_triplets(torch.tensor([0, 2]), torch.tensor([0, 1, 2]), torch.Generator())
    assert lone[2:4].tolist() == [0, 2]  # the only clips of their signs


def test_evaluation_reads_every_clip_once_and_says_which():
    clips = clips_of([5] * 10 + [50] * 9 + [4])
    found = list(clips.evaluation_batches(4))
    assert sorted(sum((batch.clip_ids for batch, _ in found), ())) == sorted(clips.clip_ids)
    for batch, indices in found:
        assert batch.clip_ids == tuple(clips.clip_ids[i] for i in indices)
        assert torch.equal(batch.targets, clips.targets[indices])
    assert found[0][0].lengths[0] == 4  # shortest first: little padding


def test_batches_of_similar_length_have_little_padding():
    lengths = np.random.default_rng(0).integers(10, 100, 256).tolist()
    clips = clips_of(lengths)
    padded = sum(clips.batch(batch).frames.numel() for batch in similar_lengths(clips, 32, torch.Generator()))
    assert padded < 1.2 * sum(lengths)


def test_a_derived_joint_is_missing_where_one_of_its_sources_is():
    source, target = skeleton("holistic-75"), skeleton("spoter-54")
    coordinates = np.random.default_rng(0).normal(size=(2, len(source), 2)).astype(np.float32)
    coordinates[1, source.index("left_shoulder")] = np.nan
    picked = pick_joints(coordinates, source.selector(target))
    shoulders = coordinates[0, [source.index("left_shoulder"), source.index("right_shoulder")]]
    np.testing.assert_allclose(picked[0, target.index("neck")], shoulders.mean(0), rtol=1e-6)
    assert np.isnan(picked[1, target.index("neck")]).all() and not np.isnan(picked[1, target.index("nose")]).any()


def test_clips_come_from_the_store_whatever_their_order_and_skeleton(tmp_path):
    rng = np.random.default_rng(0)
    made = [landmark_corpus.clip(i, rng, f"c{i}") for i in range(5)]
    write_store(tmp_path / "store", made, JOINTS, clips_per_shard=2)
    store, hands = LandmarkStore(tmp_path / "store"), skeleton("hands-42")
    clips = load_clips(store, ["c3", "c0"], hands, [1, 0])
    assert clips.clip_ids == ("c3", "c0") and clips.targets.tolist() == [1, 0]
    assert clips.lengths.tolist() == [len(made[3]), len(made[0])]
    fractions = clips.landmarks[clips.offsets[1]:].numpy() + 0.5  # square frames
    wanted = made[0].coordinates[:, 12:, :2]
    found = clips.mask[clips.offsets[1]:].numpy()
    np.testing.assert_array_equal(found, ~np.isnan(wanted[..., 0]))
    np.testing.assert_allclose(fractions[found], wanted[found], atol=1e-4)
    assert len(load_clips(store, [], hands)) == 0


def test_a_distance_means_the_same_across_and_down_a_frame_that_is_not_square():
    pixels = np.array([[100, 100], [200, 100], [100, 200]], np.float32)
    coordinates = np.zeros((1, 3, 4), np.float32)
    coordinates[0, :, :2] = pixels / (640, 360)
    clips = arrange(("c",), coordinates, np.array([1]), np.eye(3), np.array([[640, 360]]))
    corner, right, down = clips.landmarks[0]
    torch.testing.assert_close((right - corner).norm(), (down - corner).norm())
    assert clips.targets.tolist() == [-1]


def test_as_fractions_of_the_frame_coordinates_keep_its_aspect_ratio():
    coordinates = np.array([[[0, 0.25, 0, 1], [1, 0.75, 0, 1]]], np.float32)
    sizes = frame_sizes(np.array([[640, 360]]), Skeleton("two", {"pose": ("a", "b")}, ()), fractions=True)
    clips = arrange(("c",), coordinates, np.array([1]), np.eye(2), sizes)
    torch.testing.assert_close(clips.landmarks[0], torch.tensor([[-0.5, -0.25], [0.5, 0.25]]))


def labelled(clips: list[tuple[int, int]]):
    """Clips of (sign, signer) each."""
    targets, signers = (torch.tensor(column) for column in zip(*clips, strict=True))
    return replace(clips_of([2] * len(clips)), targets=targets, signers=signers)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 3)), min_size=1, max_size=60), st.integers(1, 4),
       st.integers(1, 4), st.integers(0, 4), st.integers(0, 9))
def test_batches_by_sign_have_every_clip_once_and_follow_from_the_generator(clips, together, times, people, seed):
    size, made = together * times, labelled(clips)

    def batches() -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed)
        return [batch.tolist() for batch in by_sign(made, size, together, people, generator)]

    assert sorted(sum(batches(), [])) == list(range(len(clips))) and batches() == batches()
    assert sorted(map(len, batches()), reverse=True)[:len(clips) // size] == [size] * (len(clips) // size)
    assert len(batches()) == -(-len(clips) // size)


def by_pairs(batches: list[torch.Tensor], clips) -> list[dict[int, list[int]]]:
    """{sign: signers of its clips} of each batch."""
    found = []
    for batch in batches:
        signs: dict[int, list[int]] = {}
        for i in batch.tolist():
            signs.setdefault(clips.targets[i].item(), []).append(clips.signers[i].item())
        found.append(signs)
    return found


def test_batches_by_sign_have_several_clips_of_several_people_for_each_sign():
    """16 signs, 5 people, 3 clips each: as the built-in corpus has."""
    clips = labelled([(sign, signer) for sign in range(16) for signer in range(5) for _ in range(3)])

    def groups(people: int) -> list[list[int]]:
        batches = by_sign(clips, 32, 4, people, torch.Generator().manual_seed(1))
        return [signers for signs in by_pairs(batches, clips) for signers in signs.values()]

    whole = [group for group in groups(4) if len(group) == 4]
    assert len(whole) >= 16 * 3 - 4 and all(len(set(group)) == 4 for group in whole)
    assert all(len(set(group)) == 2 for group in groups(2) if len(group) == 4)
    assert any(len(set(group)) < 4 for group in groups(0))


def test_people_who_sign_more_come_first_so_that_nobody_is_left_alone():
    clips = labelled([(0, 0)] * 6 + [(0, 1)] * 3 + [(0, 2)] * 3)
    batches = by_sign(clips, 2, 2, 2, torch.Generator().manual_seed(0))
    assert all(len(set(clips.signers[batch].tolist())) == 2 for batch in batches)
