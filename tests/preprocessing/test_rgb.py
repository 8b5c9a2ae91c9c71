"""Clips as pictures, decoded on the fly from real shards of frames."""

import threading

import numpy as np
import pytest
import torch

from slr.dataset.frames import read_frames
from slr.errors import CorpusError
from slr.extraction.frames import extract_frames
from slr.io.video import write_video
from slr.params import FramesParams
from slr.params.families.stfnet import ImagesParams
from slr.preprocessing.batch import similar_lengths
from slr.preprocessing.rgb import FAINTEST, RgbClips, batch_of, cropped, rescaled, subtract_background
from tests.helpers.media import numbers, pictures
from tests.helpers.recordings import manifest_of

SIZES = {"short": 5, "long": 12, "one": 1}
SMALL = {"resize": 48, "crop": 40, "flip": 0, "rescale": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Frames of three clips, each of which tells its number by its brightness and its left side by a red corner."""
    root = tmp_path_factory.mktemp("corpus")
    for name, frames in SIZES.items():
        write_video(root / f"{name}.mp4", pictures(frames, 96, 128), fps=10)
    manifest = manifest_of(root, [f"{name}.mp4" for name in SIZES])
    extract_frames(manifest, root, root / "frames", FramesParams(fps=None, size=None, clips_per_shard=2), workers=1,
                   work=root / "work")
    return root / "frames"


def clips(folder, targets=None, **settings) -> RgbClips:
    return RgbClips(folder, tuple(SIZES), ImagesParams(**SMALL | settings), targets)


def frame_numbers(batch, clip: int) -> list[int]:
    images = (batch.images[clip, :, :batch.lengths[clip]].permute(1, 2, 3, 0).numpy() + 1) * 127.5
    return numbers(list(images))


def mirrored(batch, clip: int = 0) -> bool:
    """Whether the red corner is on the right."""
    red = batch.images[clip, 0, 0]  # (H, W) of the first frame, which is black but for it
    return bool(red[2, :8].mean() < red[2, -8:].mean())


def test_a_batch_is_every_frame_of_its_clips_padded_with_zeros(folder):
    data = clips(folder, [[1, 2], [3], []])
    assert len(data) == 3 and data.lengths.tolist() == [5, 12, 1] and data.clip_ids == ("short", "long", "one")
    batch = data.batch(torch.tensor([2, 0]))
    assert batch.images.shape == (2, 3, 5, 40, 40) and batch.images.dtype == torch.float32
    assert batch.lengths.tolist() == [1, 5] and batch.clip_ids == ("one", "short")
    assert batch.targets.tolist() == [[-1, -1], [1, 2]] and batch.targets.dtype == torch.int64
    assert frame_numbers(batch, 1) == list(range(5))
    assert not batch.images[0, :, 1:].any() and batch.images[0, :, 0].any()
    assert clips(folder).batch(torch.tensor([0])).targets.shape == (1, 0)


def test_pixels_go_from_minus_one_to_one_and_evaluation_sees_the_middle(folder):
    import cv2

    batch = clips(folder, resize=56, crop=40).batch(torch.tensor([1]))
    _, images = read_frames(folder, "long")
    for t, image in enumerate(images):
        expected = cv2.resize(image, (56, 56), interpolation=cv2.INTER_AREA)[8:48, 8:48] / 127.5 - 1
        assert batch.images[0, :, t].permute(1, 2, 0).numpy() == pytest.approx(expected, abs=1e-6)
    batch = clips(folder).batch(torch.tensor([1]))
    assert torch.equal(batch.images, clips(folder, flip=1, rescale=0.2).batch(torch.tensor([1])).images)


def test_a_frame_smaller_than_wanted_is_enlarged_smoothly(folder):
    image = clips(folder, resize=256, crop=224).batch(torch.tensor([2])).images[0, :, 0]
    assert image.shape == (3, 224, 224)
    assert len(image[0, 10].unique()) > 10  # the edge of the corner is a slope


def test_a_crop_and_a_mirror_are_the_same_for_all_frames_of_a_clip(folder):
    """Each frame is the first one, but for its brightness: the red corner doesn't move."""
    data, seen = clips(folder, flip=0.5), set()
    for seed in range(12):
        batch = data.batch(torch.tensor([1]), torch.Generator().manual_seed(seed))
        red = batch.images[0, 0] - batch.images[0, 1] > 0.8  # (T, H, W)
        rows, columns = red.any(2).sum(1), red.any(1).sum(1)  # (T,): as much of it as the crop shows
        assert rows.max() - rows.min() <= 1 and columns.max() - columns.min() <= 1
        sides = {bool(picture[:, -1].any()) for picture in red}
        assert sides == {mirrored(batch)}
        seen.add((int(rows[0]), int(columns[0]), mirrored(batch)))
    assert len({rows for rows, _, _ in seen}) > 3 and len({columns for _, columns, _ in seen}) > 3
    assert {side for _, _, side in seen} == {True, False}


@pytest.mark.parametrize("flip", [0, 1])
def test_a_mirrored_clip_is_the_clip_turned_left_to_right(folder, flip):
    there, back = (clips(folder, flip=share).batch(torch.tensor([0]), torch.Generator().manual_seed(3)).images
                   for share in (0, flip))
    assert torch.equal(back, there.flip(4) if flip else there)


def test_a_zoom_is_the_same_for_all_frames_of_a_clip_and_leaves_a_full_picture(folder):
    """The corner is larger in a larger picture; no size is smaller than the crop."""
    data, seen = clips(folder, zoom=0.5), set()
    sides = {data._view(1, torch.Generator().manual_seed(seed)).side for seed in range(200)}
    assert min(sides) == 40 and 68 < max(sides) <= 72
    for seed in range(12):
        images = data.batch(torch.tensor([1]), torch.Generator().manual_seed(seed)).images
        assert images.shape == (1, 3, images.shape[2], 40, 40)
        across = (images[0, 0] - images[0, 1] > 0.8).sum((1, 2))  # (T,): of the red corner, as much as is seen
        assert across.max() - across.min() <= 12
        seen.add(int(across[0]))
    assert len(seen) > 3


def test_what_stands_still_is_removed_and_what_moves_stays_wherever_it_is_shown(folder):
    """The red corner stands still; around it the picture gets brighter, most at both ends of the clip."""
    batch = clips(folder, background="subtracted").batch(torch.tensor([1, 0]))
    for clip, length in enumerate(batch.lengths.tolist()):
        images = batch.images[clip, :, :length]
        assert images[:, :, :9, :9].mean() < -0.8 and images.min() == -1 and images.max() == 1
        by_frame = images[:, :, 20:, 20:].mean((0, 2, 3))
        middle = (length - 1) // 2
        assert by_frame[0] > by_frame[middle // 2] > by_frame[middle] and by_frame[-1] > by_frame[middle]
    assert not batch.images[1, :, 5:].any()
    for clip, name in ((0, "long"), (1, "short")):
        params = ImagesParams(**SMALL | {"background": "subtracted", "resize": 56})  # JPEG itself doesn't shrink it
        pictures = np.stack([cropped(image, params) for image in read_frames(folder, name)[1]])
        stored = clips(folder, background="subtracted", resize=56).batch(torch.tensor([1 - clip])).images
        assert torch.allclose(batch_of(pictures, params).images, stored, atol=1e-5)


def test_clothes_background_and_their_contrast_to_a_moving_hand_are_removed():
    rng, found = np.random.default_rng(0), []
    for background, hand in ((rng.uniform(-1, 0, (16, 16, 3)), 0.8), (rng.uniform(0, 1, (16, 16, 3)), -0.8)):
        pictures = np.repeat(background[None], 9, 0).astype(np.float32)
        for t, picture in enumerate(pictures):
            picture[4:8, t:t + 4] = hand
        subtract_background(pictures)
        found.append(pictures > -0.8)
    assert (found[0] == found[1]).all() and found[0].any()
    still = np.zeros((5, 8, 8, 3), np.float32)
    still[2] += 0.01
    subtract_background(still)
    assert still.max() < -0.5  # a clip without motion isn't made of noise


@pytest.mark.parametrize("frames", [1, 2, 5, 64, 65, 200])
def test_what_stands_still_is_the_median_over_at_most_64_frames(frames):
    pictures = np.random.default_rng(frames).uniform(-1, 1, (frames, 8, 12, 3)).astype(np.float32)
    moves = np.abs(pictures - np.median(pictures[::-(-frames // 64)], axis=0))
    expected = np.minimum(moves * 2 / max(np.percentile(moves[:, ::4, ::4], 99), FAINTEST) - 1, 1)
    subtract_background(pictures)
    assert np.allclose(pictures, expected, atol=1e-6)


def test_the_frame_rate_changes_by_a_fifth_at_most_evenly(folder):
    data, lengths = clips(folder, rescale=0.2), []
    for seed in range(40):
        batch = data.batch(torch.tensor([1]), torch.Generator().manual_seed(seed))
        lengths.append(int(batch.lengths))
        shown = frame_numbers(batch, 0)
        assert shown == sorted(shown) and len(shown) == lengths[-1]
        assert np.bincount(shown, minlength=12).max() <= 2 and np.diff(shown).max() <= 2
    assert set(lengths) == {10, 11, 12, 13, 14}
    assert rescaled(4, 4).tolist() == [0, 1, 2, 3] and rescaled(4, 8).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert rescaled(9, 3).tolist() == [1, 4, 7]


def test_frames_drawn_at_random_are_in_order_and_as_many_as_published(folder):
    """At least 32 of 12 frames, in multiples of 4; the pictures are those of these frames, and other ones each time."""
    data, seen = clips(folder, rescale=0.2, rescaled_frames="random"), set()
    for seed in range(4):
        batch = data.batch(torch.tensor([1]), torch.Generator().manual_seed(seed))
        shown = frame_numbers(batch, 0)
        assert len(shown) == int(batch.lengths) == 32 and shown == sorted(shown) and set(shown) <= set(range(12))
        seen.add(tuple(shown))
    assert len(seen) == 4
    assert frame_numbers(data.batch(torch.tensor([1])), 0) == list(range(12))
    few = clips(folder, rescaled_frames="random", max_frames=8)
    assert few.batch(torch.tensor([1]), torch.Generator().manual_seed(0)).lengths.tolist() == [8]


def test_a_clip_is_never_rescaled_to_nothing(folder):
    data = clips(folder, rescale=0.9)
    assert min(int(data.batch(torch.tensor([2]), torch.Generator().manual_seed(seed)).lengths)
               for seed in range(20)) == 1


def test_long_clips_are_thinned_evenly_and_their_ends_kept(folder):
    data = clips(folder, max_frames=4)
    assert data.lengths.tolist() == [4, 4, 1]
    assert frame_numbers(data.batch(torch.tensor([1])), 0) == [0, 4, 7, 11]
    training = data.batch(torch.tensor([1]), torch.Generator().manual_seed(0))
    assert int(training.lengths) == 4


def test_the_same_seed_gives_the_same_pictures_also_when_fetched_ahead(folder):
    data = clips(folder, [[1], [2], [3]], flip=0.5, rescale=0.2)
    order = [torch.tensor([0, 1]), torch.tensor([2]), torch.tensor([1])]
    one, other = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    ahead = list(data.batches(order, one))
    for batch, indices in zip(ahead, order, strict=True):
        expected = data.batch(indices, other)
        assert torch.equal(batch.images, expected.images) and torch.equal(batch.targets, expected.targets)
        assert batch.clip_ids == expected.clip_ids
    assert list(data.batches([])) == []


@pytest.mark.parametrize("background", ["kept", "subtracted"])
def test_frames_in_memory_are_the_same_and_are_decoded_once(folder, background, monkeypatch):
    random = {"zoom": 0.3, "resize": 44, "rescale": 0.5, "flip": 0.5, "background": background}  # two sizes, or three
    kept, decoded = clips(folder, **random), clips(folder, **random, keep_mib=0)
    everything = torch.arange(len(SIZES))

    def same(seed: int | None) -> bool:
        generators = [None if seed is None else torch.Generator().manual_seed(seed) for _ in range(2)]
        one, other = (data.batch(everything, made) for data, made in zip((kept, decoded), generators, strict=True))
        return torch.equal(one.images, other.images)

    assert all(same(seed) for seed in (None, *range(30)))
    assert not decoded._kept
    monkeypatch.setattr(kept.shards, "read", lambda *_: 1 / 0)
    assert same(None) and same(7)
    with pytest.raises(ZeroDivisionError):
        monkeypatch.setattr(decoded.shards, "read", lambda *_: 1 / 0)
        decoded.batch(everything)


def test_no_more_frames_are_kept_than_there_is_room_for(folder):
    data = clips(folder, resize=96, crop=96, keep_mib=0)
    data._room = 4 * 96 * 128 * 3 + 1
    for _ in range(2):
        assert frame_numbers(data.batch(torch.tensor([1, 0])), 0) == list(range(12))
        assert len(data._kept) == 4


def test_one_batch_is_decoded_ahead_and_no_more(folder, monkeypatch):
    data, decoded, done = clips(folder), [], threading.Event()
    load = data._load

    def counted(views):
        decoded.append([view.clip for view in views])
        batch = load(views)
        done.set()
        return batch

    monkeypatch.setattr(data, "_load", counted)
    batches = data.batches([torch.tensor([i % 3]) for i in range(6)])
    for number in range(4):
        next(batches)
        assert done.wait(5)
        done.clear()
        assert number + 1 <= len(decoded) <= number + 2


@pytest.mark.parametrize("background", ["kept", "subtracted"])
def test_any_number_of_workers_gives_the_same_batches_in_order(folder, background):
    """Also where frames are kept for as many as there is room for, and several threads read the same clip."""
    order = [torch.tensor(clips) for clips in ([1], [0, 2], [1], [1, 0], [2], [1])]
    random = {"zoom": 0.3, "resize": 44, "rescale": 0.5, "flip": 0.5, "background": background}
    made = []
    for workers in (0, 1, 2, 5):
        data = clips(folder, [[1], [2], [3]], **random, workers=workers)
        data._room = 9 * 96 * 128 * 3
        generator = torch.Generator().manual_seed(3)
        made.append([*data.batches(order, generator), *data.batches(order)])
        assert data._room >= 0 and sum(image.nbytes for image in data._kept.values()) == 9 * 96 * 128 * 3 - data._room
    for others in made[1:]:
        for one, other in zip(made[0], others, strict=True):
            assert one.clip_ids == other.clip_ids and torch.equal(one.targets, other.targets)
            assert torch.equal(one.images, other.images) and torch.equal(one.lengths, other.lengths)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_load_at_the_same_time_and_no_more_batches_than_they_are(folder, monkeypatch, workers):
    """Each batch waits until as many are being loaded as there are workers: with fewer threads it would be in vain."""
    data = clips(folder, workers=workers)
    load, together, begun = data._load, threading.Barrier(max(1, workers)), []

    def counted(views):
        begun.append(views)
        together.wait(5)
        return load(views)

    monkeypatch.setattr(data, "_load", counted)
    batches = data.batches([torch.tensor([i % 3]) for i in range(8)])
    for number in range(1, 9):
        next(batches)
        assert len(begun) <= number + workers


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_what_fails_while_fetching_ahead_is_raised(folder, monkeypatch, workers):
    data = clips(folder, workers=workers)
    monkeypatch.setattr(data, "_decode", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(data.batches([torch.tensor([0])]))


def test_batches_of_similar_lengths_can_be_made_of_them(folder):
    batches = similar_lengths(clips(folder), 2, torch.Generator().manual_seed(0))
    assert sorted(torch.cat(batches).tolist()) == [0, 1, 2]


def test_an_unknown_clip_is_named_at_once(folder):
    with pytest.raises(CorpusError, match="no clip 'other'"):
        RgbClips(folder, ("short", "other"), ImagesParams())


def test_labels_follow_the_frames_that_are_seen(folder):
    """A frame's label is its own number here, so the labels say which frames the batch holds."""
    labels = [torch.arange(frames) for frames in SIZES.values()]
    data = RgbClips(folder, tuple(SIZES), ImagesParams(**SMALL | {"rescale": 0.5, "flip": 0.5}), None, labels)
    for seed in range(5):
        batch = data.batch(torch.tensor([1, 0]), torch.Generator().manual_seed(seed))
        for clip, length in enumerate(batch.lengths.tolist()):
            assert batch.frame_targets[clip, :length].tolist() == frame_numbers(batch, clip)
            assert (batch.frame_targets[clip, length:] == -1).all()
    assert clips(folder).batch(torch.tensor([0])).frame_targets is None


@pytest.mark.parametrize("side", [12, 24, 48])
def test_pictures_far_smaller_than_the_frames_look_like_shrunken_frames(folder, side):
    """They are decoded at a half, a quarter or an eighth of the size: the frames have 96 rows."""
    import cv2

    batch = clips(folder, resize=side, crop=side).batch(torch.tensor([1]))
    _, images = read_frames(folder, "long")
    for t, image in enumerate(images):
        expected = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) / 127.5 - 1
        assert np.abs(batch.images[0, :, t].permute(1, 2, 0).numpy() - expected).mean() < 0.02
