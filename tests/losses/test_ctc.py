"""CTC and its companions beside plain re-computations, and clips that are shorter than their glosses."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slr.losses.ctc import CtcCriterion, ctc, distillation, target_lengths, too_short
from slr.params.families.ctc import CtcParams
from tests.helpers import batches
from tests.helpers.rgb_batches import batch_of, network

CLASSES = 4
glosses = st.lists(st.integers(1, CLASSES - 1), max_size=4)


def padded(targets: list[list[int]]) -> torch.Tensor:
    rows = torch.full((len(targets), max(map(len, targets))), -1)
    for row, target in zip(rows, targets, strict=True):
        row[:len(target)] = torch.tensor(target, dtype=torch.long)
    return rows


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [gloss for t, gloss in enumerate(path) if gloss and (t == 0 or gloss != path[t - 1])]


def likelihood(logits: torch.Tensor, target: list[int]) -> float:
    """Sum over every path of (T, classes) logits that collapses to the glosses."""
    p = logits.softmax(1)
    return sum(torch.stack([p[t, c] for t, c in enumerate(path)]).prod().item()
               for path in product(range(CLASSES), repeat=len(p)) if collapsed(path) == target)


@given(st.lists(st.tuples(st.integers(1, 5), glosses), min_size=1, max_size=3), st.integers(0, 1000))
def test_ctc_is_the_sum_over_paths_of_the_clips_that_have_any(clips, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths, targets = torch.tensor([length for length, _ in clips]), padded([target for _, target in clips])
    logits = torch.randn(len(clips), 6, CLASSES, generator=generator, dtype=torch.float64, requires_grad=True)
    found = [likelihood(logits[i, :length], target) for i, (length, target) in enumerate(clips)]
    assert too_short(lengths, targets, target_lengths(targets)).tolist() == [value == 0 for value in found]
    told = [-torch.tensor(value).log().item() for value in found if value]
    loss = ctc(logits, lengths, targets)
    assert loss.item() == pytest.approx(sum(told) / len(told) if told else 0, abs=1e-4, rel=1e-4)
    loss.backward()
    assert logits.grad.isfinite().all()
    for i, (length, _) in enumerate(clips):  # neither what is left out nor padding learns from it
        assert not logits.grad[i, 0 if found[i] == 0 else length:].any()


def test_too_short_counts_repeats_and_nothing_behind_the_glosses():
    targets = torch.tensor([[1, 1, 2], [1, 2, 3], [2, 2, -1], [3, -1, -1], [-1, -1, -1]])
    sizes = target_lengths(targets)
    assert sizes.tolist() == [3, 3, 2, 1, 0]
    assert too_short(torch.tensor([3, 3, 3, 1, 1]), targets, sizes).tolist() == [True, False, False, False, False]
    assert too_short(torch.tensor([4, 2, 2, 1, 1]), targets, sizes).tolist() == [False, True, True, False, False]


def test_distillation_is_the_divergence_of_glosses_in_own_frames():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 5, CLASSES, dtype=torch.float64), torch.randn(2, 5, CLASSES, dtype=torch.float64)
    lengths, expected = [5, 2], []
    for i, length in enumerate(lengths):
        for t in range(length):
            p, q = ((x[i, t, 1:] / 8).exp() / (x[i, t, 1:] / 8).exp().sum() for x in (teacher, student))
            expected.append(float((p * (p / q).log()).sum()) * 64)
    found = distillation(student, teacher, torch.tensor(lengths), 8)
    assert found.item() == pytest.approx(sum(expected) / len(expected), rel=1e-4)
    student.requires_grad_(), teacher.requires_grad_()
    distillation(student, teacher, torch.tensor(lengths), 8).backward()
    assert teacher.grad is None and student.grad[..., 0].eq(0).all() and not student.grad[1, 2:].any()
    assert distillation(student, student, torch.tensor(lengths), 8).item() == pytest.approx(0, abs=1e-6)


def terms(weights: dict[str, float], targets: list[list[int]], **settings) -> dict[str, torch.Tensor]:
    batch = batch_of(*[13, 4, 1][:len(targets)], targets=targets)
    return CtcCriterion(CtcParams(**weights))(network(**settings)(batch), batch)


def test_terms_are_weighed_and_named_and_those_without_weight_or_subject_left_out():
    targets = [[1, 2], [3]]
    full, names = terms({}, targets), {"sequence": "sequence_ctc", "convolutional": "conv_ctc", "lift": "lift",
                                       "distillation": "distillation", "alignment": "alignment_ctc"}
    assert set(full) == set(names.values())
    for setting, name in names.items():
        weight = getattr(CtcParams(), setting)
        assert terms({setting: 3 * weight}, targets)[name].item() == pytest.approx(3 * full[name].item(), rel=1e-5)
        assert set(terms({setting: 0}, targets)) == set(full) - {name}
    assert "alignment_ctc" not in terms({}, targets, alignment=False)
    assert terms({}, targets, pooling="max")["lift"] == 0
    batch = batch_of(13, 4, targets=targets)
    outputs = network()(batch)
    only = CtcCriterion(CtcParams())({name: outputs[name] for name in ("sequence_logits", "lengths")}, batch)
    assert set(only) == {"sequence_ctc"}
    heads = [ctc(logits, outputs["lengths"], batch.targets) for logits in outputs["alignment_logits"]]
    assert full["alignment_ctc"].item() == pytest.approx(sum(heads).item(), rel=1e-5)
    assert full["lift"].item() == pytest.approx(0.0005 * outputs["lift_losses"].sum().item(), rel=1e-5)


def test_the_published_weights():
    assert CtcParams().model_dump() == {"sequence": 1, "convolutional": 1, "distillation": 25,
                                        "distillation_over": "clips", "temperature": 8, "alignment": 1, "lift": 0.0005,
                                        "frames": 0}


@pytest.mark.parametrize("targets", [
    [[1, 2, 3, 4, 5, 6], [1, 1], [2, 3]],  # all too short
    [[1, 2], [1, 1], []],  # one too short, one of no gloss
    [[], [], []],
])
def test_no_loss_and_no_gradient_is_ever_infinite_and_what_is_left_out_is_counted(targets):
    model, batch = network().train(), batch_of(13, 4, 1, targets=targets)
    criterion = CtcCriterion(CtcParams())
    found = criterion(model(batch), batch)
    assert all(term.isfinite() for term in found.values())
    sum(found.values()).backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())
    count = sum(len(target) + target.count(1) // 2 > length for target, length in zip(targets, (4, 1, 1), strict=True))
    assert criterion.report() == {"too_short": count} and criterion.report() == {"too_short": 0}


def test_frames_are_told_their_labels_at_the_moments_of_the_logits():
    batch = replace(batches.batch_of(2, 6), targets=torch.tensor([[1, 2], [3, -1]]), frame_targets=torch.tensor(
        [[1, 0, 0, 2, 2, 2], [3, 3, 3, 3, -1, -1]]))
    outputs = {name: torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0)) for name in (
        "sequence_logits", "frame_logits")} | {"lengths": torch.tensor([3, 2])}
    terms = CtcCriterion(CtcParams(frames=2))(outputs, batch)
    told = outputs["frame_logits"].log_softmax(2)
    wanted = [told[0, 0, 1], told[0, 1, 0], told[0, 2, 2], told[1, 0, 3], told[1, 1, 3]]
    assert terms["frames"].item() == pytest.approx(-2 * torch.stack(wanted).mean().item(), rel=1e-5)
    unknown = replace(batch, frame_targets=None)
    assert list(CtcCriterion(CtcParams(frames=2))(outputs, unknown)) == ["sequence_ctc"]
