"""The criterion: its terms against plain references, and whom each of them trains."""

import math
from dataclasses import replace

import pytest
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.nn import functional as F

from slr.errors import ParamsError
from slr.losses.classification import (
    Adversary,
    Criterion,
    GaussianEstimator,
    SignerEstimator,
    club,
    contrastive,
    entropy,
    estimator_nll,
    roughness,
)
from slr.losses.triplet import all_triplets
from slr.params import ModelParams
from slr.params.families.stgcn import ScaStgcnParams
from slr.preprocessing.batch import Batch

CLIPS, CLASSES, SIGNERS, WIDTH = 12, 4, 3, 10


def batch(**changes) -> Batch:
    """Clips without landmarks; the first clip's signer isn't known."""
    signers = torch.arange(CLIPS) % SIGNERS
    signers[0] = -1
    empty = Batch(torch.zeros(CLIPS, 5, 1, 2), torch.zeros(CLIPS, 5, 1, dtype=torch.bool), torch.full((CLIPS,), 5),
                  torch.arange(CLIPS) % CLASSES, signers, tuple(map(str, range(CLIPS))))
    return replace(empty, **changes)


def outputs(seed: int = 0) -> dict[str, Tensor | list[Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    logits, features, signer = (torch.randn(CLIPS, n, generator=generator).requires_grad_()
                                for n in (CLASSES, WIDTH, 64))
    return {"logits": logits, "features": features, "signer": signer,
            "attention": [torch.randn(CLIPS, 2, 5, 5, generator=generator).softmax(-1)]}


def criterion(counts: tuple[int, ...] = (1,) * CLASSES, label_smoothing: float = 0, signers: int = SIGNERS,
              **losses) -> Criterion:
    torch.manual_seed(0)
    params = ScaStgcnParams(losses=losses, label_smoothing=label_smoothing)
    return Criterion(params, WIDTH, torch.tensor(counts), signers).eval()


def test_without_further_losses_there_is_cross_entropy_and_nothing_to_learn():
    found, made = outputs(), criterion(label_smoothing=0.1)
    terms = made(found, batch())
    assert list(terms) == ["cross_entropy"] and not list(made.parameters())
    expected = F.cross_entropy(found["logits"], batch().targets, label_smoothing=0.1)
    torch.testing.assert_close(terms["cross_entropy"], expected)


def test_mixed_clips_are_told_by_their_shares():
    found, others, share = outputs(), (torch.arange(CLIPS) + 1) % CLASSES, torch.linspace(0, 1, CLIPS)
    mixed = batch(mixed_targets=others, mixed_share=share)
    one, other = (F.cross_entropy(found["logits"], targets, reduction="none") for targets in (mixed.targets, others))
    torch.testing.assert_close(criterion()(found, mixed)["cross_entropy"], ((1 - share) * one + share * other).mean())


def test_the_loss_of_an_ensemble_is_the_mean_of_its_members():
    members = torch.randn(CLIPS, 3, CLASSES)
    found = {**outputs(), "members": members}
    expected = sum(F.cross_entropy(members[:, i], batch().targets) for i in range(3)) / 3
    torch.testing.assert_close(criterion()(found, batch())["cross_entropy"], expected)


def test_balanced_weights_make_every_gloss_count_the_same():
    counts = (6, 3, 2, 1)
    targets = torch.arange(CLASSES).repeat_interleave(torch.tensor(counts))
    found = outputs()
    terms = criterion(counts, class_weights="balanced")(found, batch(targets=targets))
    each = F.cross_entropy(found["logits"], targets, reduction="none")
    expected = sum(each[targets == gloss].mean() for gloss in range(CLASSES)) / CLASSES
    torch.testing.assert_close(terms["cross_entropy"], expected)


def test_focal_loss_is_lins():
    found = outputs()
    told = found["logits"].softmax(1)[range(CLIPS), batch().targets]
    expected = (-0.25 * (1 - told) ** 2 * told.log()).mean()
    terms = criterion(focal=True)(found, batch())
    assert list(terms) == ["focal"]
    torch.testing.assert_close(terms["focal"], expected)


# Between clips


def test_a_weight_multiplies_its_term_and_nothing_is_told_without_one():
    found = outputs()
    whole = criterion()(found, batch())["cross_entropy"]
    assert criterion(classification=0.25)(found, batch())["cross_entropy"] == 0.25 * whole
    params = ScaStgcnParams(losses={"classification": 0, "triplet": 2, "triplet_margin": 0.5}, embedding={})
    terms = Criterion(params, WIDTH, torch.ones(CLASSES), 0)(found, batch())
    assert list(terms) == ["triplet"]
    torch.testing.assert_close(terms["triplet"], 2 * all_triplets(found["features"], batch().targets, 0.5).loss)


def by_hand(kind: str, features: Tensor, proxies: Tensor, targets: Tensor) -> Tensor:
    """Proxy-Anchor (Kim et al., eq. 4; margin .1, scale 32) or Proxy-NCA (Movshovitz-Attias et al., eq. 4)."""
    mine = F.one_hot(targets, CLASSES).bool()
    if kind == "nca":  # all proxies in the denominator
        distances = (F.normalize(features)[:, None] - F.normalize(proxies)).square().sum(2)
        return F.cross_entropy(-distances, targets)
    cosine = F.normalize(features) @ F.normalize(proxies).T
    pull = torch.where(mine, (-32 * (cosine - 0.1)).exp(), 0).sum(0).log1p()
    push = torch.where(mine, 0, (32 * (cosine + 0.1)).exp()).sum(0).log1p()
    return pull[mine.any(0)].mean() + push.mean()


@pytest.mark.parametrize("kind", ["anchor", "nca"])
def test_proxy_losses_are_the_papers_and_learn_a_vector_for_each_class(kind):
    made, found = criterion(proxy=0.5, proxy_loss=kind), outputs()
    some = batch(targets=torch.arange(CLIPS) % (CLASSES - 1))  # a class without clips
    term = made(found, some)["proxy"]
    (proxies,) = made.parameters()
    assert proxies.shape == (CLASSES, WIDTH)
    torch.testing.assert_close(term, 0.5 * by_hand(kind, found["features"], proxies, some.targets))
    term.backward()
    assert proxies.grad.abs().sum(1).min() > 0 and found["features"].grad.abs().sum() > 0


def test_the_contrastive_loss_is_that_of_pytorch_metric_learning():
    features = outputs()["features"]
    theirs = SupConLoss(temperature=0.07)(features, batch().targets)
    torch.testing.assert_close(contrastive(features, batch().targets, 0.07), theirs)


def test_the_criterion_reports_the_triplets_of_an_epoch():
    assert criterion().report() == {}
    params = ScaStgcnParams(losses={"triplet": 1})
    made = Criterion(params, WIDTH, torch.ones(CLASSES), 0)
    made(outputs(), batch())
    assert 0 < made.report()["triplets_share"] <= 1


# The adversary


def test_gradient_reversal_has_the_right_sign_and_size():
    features, signers = torch.randn(CLIPS, WIDTH, requires_grad=True), torch.arange(CLIPS) % SIGNERS
    adversary = Adversary(WIDTH, SIGNERS, factor=0.5).eval()
    adversary(features, signers).backward()
    reversed_gradient, of_weights = features.grad.clone(), [w.grad.clone() for w in adversary.parameters()]
    features.grad = None
    adversary.zero_grad()
    F.cross_entropy(adversary.classify(features), signers).backward()
    torch.testing.assert_close(reversed_gradient, -0.5 * features.grad)
    assert features.grad.abs().max() > 1e-3
    torch.testing.assert_close(of_weights, [weight.grad for weight in adversary.parameters()])


def test_the_adversary_counts_known_signers_alone():
    made, found = criterion(adversary=0.5), outputs()
    expected = 0.5 * F.cross_entropy(made.adversary.classify(found["features"][1:]), batch().signers[1:])
    torch.testing.assert_close(made(found, batch())["adversary"], expected)
    nobody = batch(signers=torch.full((CLIPS,), -1))
    assert made(found, nobody)["adversary"] == 0


@pytest.mark.parametrize(("signers", "losses", "problem"), [
    (1, {"adversary": 1}, r"losses.adversary.*have 1 pseudo-signers; set signers.clusters to a number"),
    (0, {"adversary": 1, "signers": "true"}, r"losses.adversary.*no known signers; set losses.signers: pseudo"),
    (1, {"mutual_information": 1, "mutual_information_with": "signers"}, "losses.mutual_information tells signers"),
])
def test_one_signer_cannot_be_told_apart(signers, losses, problem):
    with pytest.raises(ParamsError, match=problem):
        Criterion(ModelParams(losses=losses), WIDTH, torch.ones(CLASSES), signers)


# Supervised contrastive


def khosla(features: Tensor, targets: Tensor, temperature: float) -> float:
    """Equation 2 of the paper, in plain loops."""
    z = [f / f.norm() for f in features.double()]
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if targets[p] == targets[i]]
        if positives:
            total = sum(math.exp(z[i] @ z[a] / temperature) for a in others)
            losses.append(-sum(math.log(math.exp(z[i] @ z[p] / temperature) / total) for p in positives)
                          / len(positives))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("targets", [[0, 1, 2, 3] * 3, [0] * 5 + [1] * 4 + [2, 3, 3], [0] * 12])
def test_the_contrastive_loss_is_khoslas(targets):
    features, targets = torch.randn(12, WIDTH, generator=torch.Generator().manual_seed(1)), torch.tensor(targets)
    assert contrastive(features, targets, 0.07).item() == pytest.approx(khosla(features, targets, 0.07), rel=1e-4)


def test_clips_without_positives_are_no_anchors():
    features = torch.randn(4, WIDTH, requires_grad=True)
    nothing = contrastive(features, torch.arange(4), 0.07)
    nothing.backward()
    assert nothing == 0 and (features.grad == 0).all()
    assert contrastive(features[:0], torch.arange(0), 0.07) == 0


def test_mixed_clips_are_left_out_of_what_is_about_one_gloss_or_signer():
    made, found = criterion(contrastive=0.1, adversary=0.5), outputs()
    whole = torch.arange(CLIPS) >= 4
    terms = made(found, batch(mixed_targets=batch().targets, mixed_share=torch.where(whole, 0.0, 0.3)))
    features = found["features"][whole]
    torch.testing.assert_close(terms["contrastive"], 0.1 * contrastive(features, batch().targets[whole], 0.07))
    torch.testing.assert_close(terms["adversary"], 0.5 * made.adversary(features, batch().signers[whole]))


# Mutual information


def fitted(estimator: nn.Module, x: Tensor, y: Tensor, steps: int = 200) -> nn.Module:
    optimizer = torch.optim.Adam(estimator.parameters(), 0.01)
    size = min(256, len(x))
    for step in range(steps):
        some = torch.arange(step * size, step * size + size) % len(x)
        optimizer.zero_grad()
        estimator_nll(estimator, x[some], y[some]).backward()
        optimizer.step()
    return estimator


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.3])
def test_club_is_at_most_a_tenth_of_a_nat_above_the_information_of_normal_variables(correlation):
    torch.manual_seed(0)
    x, noise = torch.randn(2, 12_000, 1)
    y = correlation * x + (1 - correlation**2) ** 0.5 * noise
    estimator = fitted(GaussianEstimator(1, 1, 128), x[4000:], y[4000:])
    information = -0.5 * math.log(1 - correlation**2)
    bound = club(estimator, x[:4000], y[:4000]).item()
    assert bound == pytest.approx(correlation**2 / (1 - correlation**2), abs=0.03)
    assert information - 0.02 < bound < information + 0.1


def test_club_knows_signers_that_features_tell_and_no_others():
    torch.manual_seed(0)
    signers = torch.randint(SIGNERS, (4000,))
    x = torch.randn(4000, WIDTH)
    nothing = club(fitted(SignerEstimator(WIDTH, SIGNERS, 32), x, signers, 60), x[:1000], signers[:1000])
    x[:, 0] += 6 * signers
    all_of_it = club(fitted(SignerEstimator(WIDTH, SIGNERS, 32), x, signers, 60), x[:1000], signers[:1000])
    assert abs(nothing) < 0.1 and all_of_it > math.log(SIGNERS)


@pytest.mark.parametrize("about", ["embedding", "signers"])
def test_the_bound_trains_the_features_and_the_fit_trains_the_estimator(about):
    made, found = criterion(mutual_information=0.1, mutual_information_with=about), outputs(3)
    x = F.layer_norm(found["features"].detach(), (WIDTH,))[1:]
    y = batch().signers[1:] if about == "signers" else F.layer_norm(found["signer"].detach(), (64,))[1:]
    fitted(made.estimator, x, y, 60)
    made.zero_grad()
    terms = made(found, batch())
    assert terms["mutual_information"] > 0

    terms["mutual_information"].backward(retain_graph=True)
    assert found["features"].grad.abs().max() > 0 and found["signer"].grad is None
    assert all(weight.grad is None for weight in made.parameters())
    found["features"].grad = None
    terms["mutual_information_estimator"].backward()
    assert found["features"].grad is None and found["signer"].grad is None
    assert all(weight.grad.abs().max() > 0 for weight in made.parameters())


def test_a_bound_below_zero_is_none():
    """An estimator that doesn't fit says less than nothing; there is nothing to minimise then."""
    made = criterion(mutual_information=0.1)
    terms = [made(outputs(seed), batch())["mutual_information"] for seed in range(8)]
    assert all(term >= 0 for term in terms) and any(term == 0 for term in terms)


# Attention


def test_entropy_is_that_of_the_rows_that_are_not_padding():
    even = torch.full((1, 1, 4, 4), 0.25)
    assert entropy(even).item() == pytest.approx(math.log(4))
    assert entropy(torch.eye(4)[None, None]).item() == 0
    some = F.pad(torch.full((1, 1, 2, 2), 0.5), (0, 2, 0, 2))
    assert entropy(some).item() == pytest.approx(math.log(2))


def test_roughness_is_the_squared_steps_within_a_clip():
    frames = torch.tensor([[True, True, True, False]])
    rows = torch.tensor([[0.5, 0.1, 0.4, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])[None, None]
    assert roughness(rows, frames).item() == pytest.approx((0.16 + 0.09 + 1 + 1) / 2)


def test_terms_of_attention_have_their_weights_and_a_gradient():
    weights = torch.randn(CLIPS, 2, 5, 5, requires_grad=True)
    found = {**outputs(), "attention": [weights.softmax(-1)]}
    terms = criterion(attention_sparsity=0.3, attention_smoothness=0.2)(found, batch())
    assert terms["attention_sparsity"].item() == pytest.approx(0.3 * entropy(found["attention"][0]).item())
    expected = 0.2 * roughness(found["attention"][0], batch().frames)
    assert terms["attention_smoothness"].item() == pytest.approx(expected.item())
    sum(terms.values()).backward()
    assert weights.grad.abs().max() > 0
