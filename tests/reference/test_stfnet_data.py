"""STF-Net's frames and sentences: repeated frames, change of speed, crops of the middle, decoding."""

import numpy as np
import pytest
import torch

from slr.decoding.beam import beam_search
from slr.decoding.decoder import Decoder
from slr.decoding.greedy import greedy
from slr.models.stfnet.temporal import margin_and_stride, with_edges
from slr.params.families.ctc import DecodingParams
from slr.params.families.stfnet import ImagesParams
from slr.preprocessing.rgb import centred, cropped, drawn, published_length

MARGIN, STRIDE = margin_and_stride(["K5", "P2", "K5", "P2"])


def test_frames_are_repeated_before_and_behind_clips_as_by_their_authors(theirs):
    order = theirs.given("stf_data", "order").tolist()
    lengths = [[7, 16, 13][i] for i in order]
    frames = torch.cat([100 * i + torch.arange(n) for i, n in zip(order, lengths, strict=True)])[:, None]
    padded, longer = with_edges(frames, torch.tensor(lengths), MARGIN, STRIDE)
    theirs.agree("stf_data", padded_frames=padded, video_lengths=longer)


def test_clips_of_all_lengths_become_as_long_as_their_authors(theirs):
    lengths = torch.arange(1, 41)
    padded = [with_edges(torch.zeros(n, 1), torch.tensor([n]), MARGIN, STRIDE) for n in lengths.tolist()]
    longer = torch.cat([length for _, length in padded])
    theirs.agree("stf_data", single_video_lengths=longer, single_out_steps=(longer - 2 * MARGIN) // STRIDE,
                 single_padded=torch.tensor([frames.shape[1] for frames, _ in padded]))


def test_training_clips_become_as_long_as_their_authors_make_them(theirs):
    rows = theirs.given("stf_data", "rescale_frames_draw_newlength").double()
    lengths = [published_length(int(count), ImagesParams().rescale, draw) for count, draw, _ in rows.tolist()]
    assert lengths == rows[:, 2].tolist()


@pytest.mark.parametrize(("count", "wanted"), [(10, 32), (300, 232), (40, 40), (1, 32)])
def test_their_frames_are_drawn_in_order_and_once_if_there_are_enough(count, wanted):
    seen = [drawn(count, wanted, torch.Generator().manual_seed(seed)) for seed in range(50)]
    for frames in seen:
        assert len(frames) == wanted and (np.diff(frames) >= (1 if wanted <= count else 0)).all()
        assert frames[0] >= 0 and frames[-1] < count
    assert len(np.unique(np.concatenate(seen))) == count


@pytest.mark.parametrize("side", [7, 6])
def test_the_middle_of_a_picture_is_their_authors(side, files):
    picture = files.given("stf_data", "centre_crop_input")
    top, left = (centred(size, side) for size in picture.shape[:2])
    files.agree("stf_data", **{f"centre_crop_{side}": picture[top:top + side, left:left + side]})


def test_the_middle_of_a_square_picture_is_their_authors():
    """256 to 224 pixels, the published sizes: the offset is 16 in both."""
    picture = np.arange(256 * 256, dtype=np.int64).reshape(256, 256) % 251
    picture = np.repeat(picture[..., None], 3, 2).astype(np.uint8)
    found = cropped(picture, ImagesParams())
    assert (found == picture[16:240, 16:240]).all() and round((256 - 224) / 2) == 16


def log_probabilities(logits):
    return logits.double().log_softmax(-1).numpy()


@pytest.mark.parametrize("number", range(6))
def test_short_sentences_are_decoded_as_by_their_authors_before_equal_neighbours_merge(number, theirs):
    name = f"small{number}"
    steps = log_probabilities(theirs.given("stf_decode", f"{name}_logits")[0])
    exact = beam_search(steps, width=1000, n_best=2)
    theirs.agree("stf_decode", **{
        f"{name}_greedy_labels": torch.tensor(greedy(steps).labels),
        f"{name}_best_labels": torch.tensor(beam_search(steps)[0][0]),
        f"{name}_best_logp_exact": exact[0][1], f"{name}_second_logp_exact": exact[1][1]})


@pytest.mark.parametrize("clip", range(3))
def test_a_wide_search_of_long_sentences_finds_what_their_authors_does_before_equal_neighbours_merge(clip, theirs):
    """With 10 prefixes ours may find another, unless it prunes prefixes."""
    length = [14, 11, 8][clip]
    steps = log_probabilities(theirs.given("stf_decode", "long_logits")[clip, :length])
    labels, score = beam_search(steps, width=3000)[0]
    theirs.agree("stf_decode", **{f"long_unmerged{clip}": torch.tensor(labels),
                                  f"long_logp_width3000_{clip}": score})


PUBLISHED = DecodingParams(top=40, pruning="prefixes", merge_repeats=True)


def sentence(steps: np.ndarray, method: str, longest: int | None = None) -> torch.Tensor:
    """The glosses of a sentence as the authors' decoder gives them, or so many numbers, -1 behind the end."""
    labels = Decoder.of(PUBLISHED, method)(steps)[0].labels
    return torch.tensor(labels + [-1] * ((longest or 0) - len(labels)))


@pytest.mark.parametrize("number", range(6))
def test_short_sentences_as_published_are_their_authors(number, theirs):
    name = f"small{number}"
    steps = log_probabilities(theirs.given("stf_decode", f"{name}_logits")[0])
    theirs.agree("stf_decode", **{
        f"{name}_greedy_sentence": sentence(steps, "greedy"), f"{name}_beam_sentence": sentence(steps, "beam"),
        f"{name}_best_logp_beam10": Decoder.of(PUBLISHED)(steps)[0].score})


def test_long_sentences_as_published_are_their_authors(theirs):
    """Those of the third clip have a gloss twice in a row, separated by a blank, which becomes one."""
    clips = [log_probabilities(logits[:length]) for logits, length in zip(
        theirs.given("stf_decode", "long_logits"), (14, 11, 8), strict=True)]
    theirs.agree("stf_decode", long_beam=torch.stack([sentence(steps, "beam", 14) for steps in clips]),
                 long_max=torch.stack([sentence(steps, "greedy", 14) for steps in clips]),
                 **{f"long_logp{i}": Decoder.of(PUBLISHED)(steps)[0].score for i, steps in enumerate(clips)})
