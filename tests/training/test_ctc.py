"""What sentences are trained by: CTC against a plain sum over paths, sentences that are too short, distillation."""

from itertools import groupby, product

import pytest
import torch

from slr.params.families.ctc import CtcParams
from slr.training.ctc import CtcCriterion, ctc, distillation, target_lengths, too_short
from tests.models.batches import batch_of


def plain(log_probabilities: torch.Tensor, glosses: list[int]) -> float:
    """-log of the summed probability of all paths that read so."""
    total = -torch.inf
    for path in product(range(log_probabilities.shape[1]), repeat=len(log_probabilities)):
        if [label for label, _ in groupby(path) if label] == glosses:
            score = sum(log_probabilities[t, label] for t, label in enumerate(path))
            total = torch.logaddexp(torch.as_tensor(total, dtype=torch.float64), score)
    return float(-total)


@pytest.mark.parametrize("glosses", [[1], [2, 1], [1, 1], [2, 2, 1]])
def test_the_loss_is_that_of_all_paths(glosses):
    scores = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64).log_softmax(1)
    padded = torch.tensor([glosses + [-1, -1]])
    found = ctc(scores[None].float(), torch.tensor([5]), padded)
    assert found.item() == pytest.approx(plain(scores, glosses), rel=1e-5)


def test_sentences_with_fewer_moments_than_glosses_and_repeats_are_found():
    targets = torch.tensor([[1, 2, -1], [1, 1, -1], [1, 1, 1], [3, -1, -1]])
    found = too_short(torch.tensor([2, 2, 5, 0]), targets, target_lengths(targets))
    assert found.tolist() == [False, True, False, True]
    for lengths, glosses, short in zip(torch.tensor([2, 2, 5, 1]), targets, (False, True, False, False), strict=True):
        loss = ctc(torch.zeros(1, 5, 4), lengths[None], glosses[None])
        assert loss.isfinite() and (loss == 0) == short


def test_a_sentence_that_is_too_short_counts_for_nothing():
    logits = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    lengths, targets = torch.tensor([4, 2]), torch.tensor([[1, 2], [1, 1]])
    loss = ctc(logits, lengths, targets)
    loss.backward()
    assert loss == ctc(logits[:1], lengths[:1], targets[:1])
    assert logits.grad[0].abs().sum() > 0 and not logits.grad[1].any()
    nothing = ctc(logits[1:], lengths[1:], targets[1:])
    nothing.backward()
    assert nothing == 0 and logits.grad.isfinite().all()


def test_distillation_is_zero_between_equals_and_leaves_blank_padding_and_teacher_alone():
    generator = torch.Generator().manual_seed(0)
    teacher, student = (torch.randn(2, 4, 5, generator=generator).requires_grad_() for _ in range(2))
    lengths = torch.tensor([4, 2])
    same = teacher.detach().clone()
    same[..., 0] += 3
    same[1, 2:] = 7
    assert distillation(same, teacher, lengths, 8).item() == pytest.approx(0, abs=1e-5)
    loss = distillation(student, teacher, lengths, 2)
    p, q = ((x[..., 1:] / 2).softmax(-1) for x in (teacher, student))
    divergence = (p * (p / q).log()).sum(-1)
    assert loss.item() == pytest.approx((divergence[0].sum() + divergence[1, :2].sum()).item() / 6 * 4, rel=1e-4)
    loss.backward()
    assert teacher.grad is None and not student.grad[1, 2:].any() and not student.grad[..., 0].any()


def test_terms_have_their_weights_and_frames_their_labels():
    batch = batch_of(2, 6)
    batch = batch.__class__(**{**vars(batch), "targets": torch.tensor([[1, 2], [3, -1]]),
                               "frame_targets": torch.tensor([[1, 0, 0, 2, 2, 2], [3, 3, 3, 3, -1, -1]])})
    outputs = {name: torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0)) for name in (
        "sequence_logits", "conv_logits", "frame_logits")} | {"lengths": torch.tensor([3, 2])}
    once = CtcCriterion(CtcParams(distillation=1, frames=1))(outputs, batch)
    twice = CtcCriterion(CtcParams(sequence=2, convolutional=2, distillation=2, frames=2))(outputs, batch)
    assert list(once) == ["sequence_ctc", "conv_ctc", "distillation", "frames"]
    assert all(twice[name] == pytest.approx(2 * once[name].item()) for name in once)
    told = outputs["frame_logits"].log_softmax(2)
    wanted = [told[0, 0, 1], told[0, 1, 0], told[0, 2, 2], told[1, 0, 3], told[1, 1, 3]]
    assert once["frames"].item() == pytest.approx(-torch.stack(wanted).mean().item(), rel=1e-5)
    alone = CtcCriterion(CtcParams(convolutional=0, distillation=0))
    assert list(alone(outputs, batch)) == ["sequence_ctc"] and alone.report() == {"too_short": 0}
