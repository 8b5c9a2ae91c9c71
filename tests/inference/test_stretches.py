"""Stretches of a video as pictures, against pictures that are all in memory."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from slr.inference.stretches import stretches_of
from slr.io.evenly import evenly
from slr.io.video import Frame
from slr.params.families.stfnet import ImagesParams
from slr.preprocessing.rgb import RgbBatch

SIDE = 8


def frames(times_s: list[float]) -> list[Frame]:
    pictures = np.random.default_rng(0).integers(0, 256, (len(times_s), SIDE, SIDE, 3), np.uint8)
    return [Frame(time_s, picture, i) for i, (time_s, picture) in enumerate(zip(times_s, pictures, strict=True))]


def images(batch: RgbBatch) -> torch.Tensor:
    """(T, H, W, 3)."""
    return batch.images[0].permute(1, 2, 3, 0)


@given(st.lists(st.integers(0, 30), max_size=25).map(sorted), st.sets(st.integers(0, 40), max_size=8).map(sorted))
def test_a_stretch_has_the_middle_of_its_frames_at_most_so_many(times_s, bounds):
    video, params = frames(times_s), ImagesParams(resize=SIDE, crop=4, max_frames=3)
    spans_s = list(zip(bounds[::2], bounds[1::2], strict=False))
    expected = [(end, inside) for start, end in spans_s
                if (inside := [frame for frame in video if start <= frame.timestamp_s < end])]
    found = list(stretches_of(video, spans_s, params))
    assert len(found) == len(expected)
    for stretch, (end, inside) in zip(found, expected, strict=True):
        assert stretch.timestamps_s.tolist() == [frame.timestamp_s for frame in inside] and stretch.end_s == end
        seen = np.stack([inside[i].image[2:6, 2:6] for i in evenly(len(inside), 3)])
        assert stretch.batch.lengths.tolist() == [len(seen)] and stretch.batch.targets.shape == (1, 0)
        torch.testing.assert_close(images(stretch.batch), torch.from_numpy(seen / np.float32(127.5) - 1))


def test_a_video_without_end_is_read_as_far_as_it_is_asked_for():
    read = []

    def endless() -> Iterator[Frame]:
        for i in count():
            read.append(i)
            yield Frame(i / 10, np.zeros((SIDE, SIDE, 3), np.uint8), i)

    params = ImagesParams(resize=SIDE, crop=SIDE)
    assert [len(of.timestamps_s) for of in stretches_of(endless(), [(0.5, 1.0), (2.0, 3.0)], params)] == [5, 10]
    assert read[-1] == 30
    without_end = stretches_of(endless(), ((i, i + 1) for i in count()), params)
    assert [len(next(without_end).timestamps_s) for _ in range(4)] == [10] * 4
