"""SCA-STGCN's losses, as far as ours are the same: classification, and the signers' adversary."""

import torch
from torch import nn

from slr.losses.classification import Adversary, Criterion
from slr.params.families.spoter import SpoterParams
from tests.helpers.reference import batch_of, fill, given, linear, norm

CASE, GAIN = "sca_losses", 1.5


def classification(logits, labels, counts=None, **losses):
    """The loss for these labels, and its gradient by the logits; `counts` are training clips of each class."""
    params = SpoterParams(losses=losses, label_smoothing=0)
    criterion = Criterion(params, 1, torch.ones(logits.shape[1]) if counts is None else counts, 0)
    logits = logits.requires_grad_()
    loss = criterion.classification({"logits": logits}, batch_of(torch.zeros(8, 1, 1, 2), targets=labels.tolist()))
    loss.backward()
    return loss, logits.grad


def test_cross_entropy_and_focal_loss_are_their_authors(theirs):
    logits, labels = given(1005, 8, 5, scale=2), theirs.given(CASE, "labels").long()
    plain, _ = classification(logits, labels)
    focal, gradient = classification(given(1005, 8, 5, scale=2), labels, focal=True)
    theirs.agree(CASE, cross_entropy=plain, focal=focal, focal_grad=gradient)


def test_balanced_classes_weigh_as_the_authors_of_a_batch_with_the_shares_of_all_clips(theirs):
    """They divide by the weights of the batch, we by those of all training clips: here both are the same."""
    labels = theirs.given(CASE, "binary_labels").long()
    loss, gradient = classification(given(1006, 8, 2, scale=2), labels, labels.bincount(), class_weights="balanced")
    theirs.agree(CASE, weighted=loss, weighted_grad=gradient)


class NarrowAdversary(Adversary):
    HIDDEN = 12


def test_the_adversary_is_its_authors_forwards_and_backwards(theirs):
    adversary = NarrowAdversary(24, 4, 0.5).eval()
    fill(adversary.classify, [*norm("net.0", "0"), *linear("net.1", "1"), *linear("net.4", "4")], GAIN)
    z = given(1004, 8, 24, scale=1.5).requires_grad_()
    loss = adversary(z, theirs.given(CASE, "signers").long())
    loss.backward()
    first = adversary.classify[1]
    assert isinstance(first, nn.Linear)
    theirs.agree(CASE, adversarial=loss, adversarial_grad_z=z.grad, adversarial_grad_first_weight=first.weight.grad,
                 signer_head_logits=adversary.classify(z))
