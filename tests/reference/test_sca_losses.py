"""SCA-STGCN's losses as published: classification, the signers' adversary, between clips, and of the attention."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from slr.losses.classification import Adversary
from slr.losses.sca_published import PublishedCriterion, partners
from slr.params.families.stgcn import ScaStgcnParams
from tests.helpers.reference import batch_of, fill, given, linear, norm

CASE, GAIN = "sca_losses", 1.5
WIDTH, SIGNER, SIGNERS = 24, 16, 4


def criterion(classes: int = 5, counts: Tensor | None = None, **losses) -> PublishedCriterion:
    params = ScaStgcnParams(published=True, losses=losses).model_copy(update={"signer_width": SIGNER})
    return PublishedCriterion(params, WIDTH, torch.ones(classes) if counts is None else counts, SIGNERS)


def classification(logits, labels, **settings):
    """The loss for these labels, and its gradient by the logits."""
    logits = logits.requires_grad_()
    batch = batch_of(torch.zeros(len(labels), 1, 1, 2), targets=labels.tolist())
    loss = criterion(logits.shape[1], **settings).classification({"logits": logits}, batch)
    loss.backward()
    return loss, logits.grad


def logits_of_five() -> Tensor:
    return given(1005, 8, 5, scale=2)


def test_cross_entropy_and_focal_loss_are_their_authors(theirs):
    labels = theirs.given(CASE, "labels").long()
    plain, _ = classification(logits_of_five(), labels)
    focal, gradient = classification(logits_of_five(), labels, focal=True)
    theirs.agree(CASE, cross_entropy=plain, focal=focal, focal_grad=gradient)


def test_focal_loss_with_an_alpha_for_each_class_is_its_authors(theirs):
    labels, alphas = theirs.given(CASE, "labels").long(), theirs.given(CASE, "focal_alphas").tolist()
    each = [classification(logits_of_five()[i:i + 1], labels[i:i + 1], focal=True, focal_gamma=1.5,
                           focal_alpha=alphas)[0] for i in range(8)]
    theirs.agree(CASE, focal_per_class_alpha_each=torch.stack(each))


def test_balanced_classes_weigh_as_their_authors(theirs):
    """The weights are of all training clips, here with three clips without signing for one with, as theirs."""
    labels = theirs.given(CASE, "binary_labels").long()
    loss, gradient = classification(given(1006, 8, 2, scale=2), labels, counts=torch.tensor([30, 10]),
                                    class_weights="balanced")
    theirs.agree(CASE, weighted=loss, weighted_grad=gradient)


class NarrowAdversary(Adversary):
    HIDDEN = 12


def test_the_adversary_is_its_authors_forwards_and_backwards(theirs):
    adversary = NarrowAdversary(WIDTH, SIGNERS, 0.5).eval()
    fill(adversary.classify, [*norm("net.0", "0"), *linear("net.1", "1"), *linear("net.4", "4")], GAIN)
    z = given(1004, 8, WIDTH, scale=1.5).requires_grad_()
    loss = adversary(z, theirs.given(CASE, "signers").long())
    loss.backward()
    first = adversary.classify[1]
    assert isinstance(first, nn.Linear)
    theirs.agree(CASE, adversarial=loss, adversarial_grad_z=z.grad, adversarial_grad_first_weight=first.weight.grad,
                 signer_head_logits=adversary.classify(z))


def terms(theirs, made: PublishedCriterion) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms of a criterion, and the outputs of a network that they are of."""
    outputs = {"logits": logits_of_five(), "features": given(1004, 8, WIDTH, scale=1.5).requires_grad_(),
               "signer": given(1008, 8, SIGNER).requires_grad_()}
    batch = replace(batch_of(torch.zeros(8, 1, 1, 2), targets=theirs.given(CASE, "labels").tolist()),
                    signers=theirs.given(CASE, "signers").long())
    return made(outputs, batch), outputs


def test_the_contrastive_loss_and_its_pairs_are_their_authors(theirs):
    found, of = terms(theirs, criterion(contrastive=1))
    found["contrastive"].backward()
    theirs.agree(CASE, infonce=found["contrastive"], infonce_grad=of["features"].grad,
                 infonce_partner=partners(theirs.given(CASE, "labels").long()))


@pytest.mark.parametrize(("kind", "case"), [("embedding", "club_embedding"), ("signers", "club_onehot")])
def test_the_term_of_mutual_information_is_its_authors(kind, case, theirs, monkeypatch):
    shuffled = theirs.given(CASE, "club_permutation").long()
    monkeypatch.setattr(torch, "randperm", lambda count: shuffled)
    made = criterion(mutual_information=1, mutual_information_with=kind, mutual_information_hidden=64)
    fill(made.estimator.layers, [*linear("net.0", "0"), *linear("net.2", "2"), *linear("net.4", "4")], GAIN)
    found, of = terms(theirs, made)
    found["mutual_information"].backward()
    assert all(weight.grad is not None for weight in made.estimator.parameters())  # nothing else trains it
    theirs.agree(CASE, **{case: found["mutual_information"], f"{case}_grad_x": of["features"].grad})
    if kind == "embedding":
        theirs.agree(CASE, club_embedding_grad_y=of["signer"].grad)


def test_the_terms_of_the_attention_are_their_authors(theirs):
    attended, batch = given(1007, 2, 5, 6).requires_grad_(), batch_of(torch.zeros(2, 5, 1, 2))
    outputs = {"logits": torch.zeros(2, 5), "features": torch.zeros(2, WIDTH), "attended": attended}
    alone = criterion(attention_sparsity=1, attention_smoothness=1)(outputs, batch)
    theirs.agree(CASE, attention_reg_sparse_alone=alone["attention_sparsity"],
                 attention_reg_smooth_alone=alone["attention_smoothness"])
    both = criterion(attention_sparsity=0.01, attention_smoothness=0.02)(outputs, batch)
    loss = both["attention_sparsity"] + both["attention_smoothness"]
    loss.backward()
    theirs.agree(CASE, attention_reg=loss, attention_reg_grad=attended.grad)
