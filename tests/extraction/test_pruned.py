"""The pruned graph beside the whole one of MediaPipe itself: equal to the last bit, whatever happens in view."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from slr.dataset.frames import read_frames
from slr.extraction.extractor import extractor_metadata
from slr.extraction.frames import clip_frames
from slr.extraction.holistic import PRUNABLE, HolisticExtractor, warn_if_slow
from slr.io.shards import Shards
from slr.params import FramesParams, LandmarksParams

Clip = Sequence[np.ndarray]
SKELETONS = ("holistic-75", "holistic-553")
NONE = ("0.10.99", "no such models")
"""The version and the models of no MediaPipe, so that the whole graph runs."""


def nobody_for_a_while(clip: Clip) -> Clip:
    return [np.zeros_like(image) if 4 <= t < 7 else image for t, image in enumerate(clip)]


def out_of_the_picture_and_back(clip: Clip) -> Clip:
    """The person leaves to the right within half of the clip, and comes back."""
    width, half = clip[0].shape[1], len(clip) // 2
    moved = []
    for t, image in enumerate(clip):
        by = width * min(t, len(clip) - 1 - t) // half
        moved.append(np.pad(image, ((0, 0), (by, 0), (0, 0)), mode="edge")[:, :width].copy())
    return moved


def without_the_upper_third(clip: Clip) -> Clip:
    """Heads are cut off; in every other third of the clip they are there."""
    return [image if t % 6 < 3 else _grey(image, slice(0, len(image) // 3))
            for t, image in enumerate(clip)]


def without_the_lower_half(clip: Clip) -> Clip:
    """Hands at rest are hidden."""
    return [_grey(image, slice(len(image) // 2, None)) for image in clip]


def two_people(clip: Clip) -> Clip:
    """One beside the other, who moves a few frames later and leaves."""
    late = [*out_of_the_picture_and_back(clip)[3:], *clip[:3]]
    return [np.hstack(pair) for pair in zip(clip, late, strict=True)]


def _grey(image: np.ndarray, rows: slice) -> np.ndarray:
    covered = image.copy()
    covered[rows] = 128
    return covered


WHAT_HAPPENS: list[Callable[[Clip], Clip]] = [
    nobody_for_a_while, out_of_the_picture_and_back, without_the_upper_third, without_the_lower_half, two_people]


def compared(clips: list[Clip], skeleton: str, **settings: float) -> list[np.ndarray]:
    """Landmarks of clips one after another, which must be those of the whole graph; (T, J, 4) each."""
    params = LandmarksParams(skeleton=skeleton, **settings)
    with HolisticExtractor(params) as pruned, HolisticExtractor(params, prunable=NONE) as whole:
        found = []
        for clip in clips:
            found.append(pruned.extract(clip))
            expected = whole.extract(clip)
            assert found[-1].tobytes() == expected.tobytes()
        assert type(pruned.graph).__name__ == "PrunedHolistic" and type(whole.graph).__name__ == "Holistic"
    return found


@pytest.fixture(scope="module")
def drawn(tiny_frames: Path) -> list[Clip]:
    """Three drawn clips of 320 x 320 pixels, 12 frames of each."""
    return [read_frames(tiny_frames, clip_id)[1][5:17] for clip_id in list(Shards(tiny_frames).clips)[:9:4]]


@pytest.fixture(scope="module")
def filmed(shared_data: Path) -> list[Clip]:
    """A real sentence and two real signs of 512 x 288 pixels, 14 frames of each."""
    names = ("sentences/s003", "words_front/w017", "words_side/w040")
    videos = [shared_data / f"slovak/{name}.mp4" for name in names]
    return [[frame.image for frame in clip_frames(video, FramesParams(fps=None))][15:29] for video in videos]


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_drawn_clips(drawn, skeleton):
    found = compared([*drawn, *(happens(drawn[1]) for happens in WHAT_HAPPENS)], skeleton)
    missing = [np.isnan(clip).all(axis=(1, 2)) for clip in found]
    assert [clip.any() for clip in missing[:5]] == [False] * 3 + [True] * 2  # nobody is seen for a while
    assert not missing[3].all() and not missing[4].all()


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_real_clips(filmed, skeleton):
    found = compared([*filmed, *(happens(filmed[0]) for happens in WHAT_HAPPENS)], skeleton)
    left_hand = np.isnan(np.concatenate(found)[:, 33, 0])
    assert left_hand.any() and not left_hand.all()  # hands come and go


def test_another_mediapipe_runs_whole_and_says_so_once(drawn, capsys):
    version, model_hash = PRUNABLE
    for other in [("0.10.99", model_hash), (version, "0" * 32)]:
        with HolisticExtractor(LandmarksParams(skeleton="holistic-75"), prunable=other) as extractor:
            assert extractor.extract(drawn[0][:1]).shape == (1, 75, 4)
            assert type(extractor.graph).__name__ == "Holistic"
            assert extractor.metadata == extractor_metadata(LandmarksParams())
        warn_if_slow(other)
        warn_if_slow(other)
        assert capsys.readouterr().err.count("is not the one whose graph can be pruned") == 1
    warn_if_slow()
    assert capsys.readouterr().err == ""


def test_the_smaller_network_makes_no_mask_and_keeps_its_weights_aligned():
    from mediapipe.tasks.metadata.schema_py_generated import Model

    from slr.extraction.pruned import _MODEL, _PACKAGE, pruned_graph, pruned_model

    _, tensors = pruned_graph(["pose_landmarks"])
    assert tensors == [0, 1, 3]  # landmarks, presence, heat map; not the mask nor the landmarks in metres
    content = pruned_model((_PACKAGE / _MODEL).read_bytes(), tensors)
    model = Model.GetRootAs(content, 0)
    network = model.Subgraphs(0)
    outputs = [network.Tensors(i) for i in network.OutputsAsNumpy()]
    assert [tensor.Name() for tensor in outputs] == [b"Identity", b"Identity_1", b"Identity_3"]
    read = {int(i) for k in range(network.OperatorsLength()) for i in network.Operators(k).InputsAsNumpy()}
    made = {int(i) for k in range(network.OperatorsLength()) for i in network.Operators(k).OutputsAsNumpy()}
    assert made <= read | set(network.OutputsAsNumpy().tolist())  # MediaPipe aborts where nobody reads an output
    start = np.frombuffer(content, np.uint8).ctypes.data
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    weights = [buffer.DataAsNumpy() for buffer in buffers if not buffer.DataIsNone()]
    assert len(weights) > 100 and all((data.ctypes.data - start) % 16 == 0 for data in weights)
