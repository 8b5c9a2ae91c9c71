"""The criterion of clip models: named loss terms of a model's outputs.

Signer-aware losses skip clips whose signer is unknown (-1). They and the losses between clips skip clips changed by
mixup, which have no single gloss or signer.
"""

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from slr.errors import ParamsError
from slr.losses.triplet import TripletLoss
from slr.models.layers import Dropout
from slr.params import ModelParams
from slr.preprocessing.batch import Batch


class Criterion(nn.Module):
    """The classification loss, and the additional terms that have a weight in `losses`.

    The loop sums the terms; they are named, so that one that isn't finite can be reported. Trainable parts of a term
    (the adversary, an estimator) are parameters of the criterion and not of the model.

    Parameters
    ----------
    params : ModelParams
    width : int
        Width of the model's features.
    class_counts : Tensor (classes,)
        Training clips of each class.
    signers : int
        Number of signers of the training clips; 0 if no loss uses them.

    Raises
    ------
    ParamsError
        If a loss needs signer labels and the training clips have fewer than two signers, or if `focal_alpha` lists
        another number of classes.
    """

    class_weights: Tensor | None
    focal_alpha: Tensor | None

    def __init__(self, params: ModelParams, width: int, class_counts: Tensor, signers: int):
        super().__init__()
        losses = self.losses = params.losses
        self.label_smoothing = params.label_smoothing
        by_signers = losses.mutual_information_with == "signers"
        for name in ("adversary", "mutual_information"):
            if getattr(losses, name) and (name == "adversary" or by_signers) and signers < 2:
                raise ParamsError(_too_few(name, losses.signers, signers))
        weights = class_counts.sum() / (len(class_counts) * class_counts.clamp_min(1))
        self.register_buffer("class_weights", weights if losses.class_weights == "balanced" else None, persistent=False)
        self.register_buffer("focal_alpha", _alpha_of_each(losses.focal_alpha, len(class_counts)), persistent=False)
        self.adversary = Adversary(width, signers, losses.adversary_lambda) if losses.adversary else None
        self.triplet = TripletLoss(losses.triplet_margin, losses.triplets) if losses.triplet else None
        self.proxy = proxy_loss(losses.proxy_loss, len(class_counts), width) if losses.proxy else None
        described = signers if by_signers else params.signer_embedding
        self.estimator = self.make_estimator(width, described) if losses.mutual_information else None

    def make_estimator(self, width: int, described: int) -> nn.Module:
        """The trainable part of the mutual information: of features, and of so many signers or so wide an embedding."""
        kind = SignerEstimator if self.losses.mutual_information_with == "signers" else GaussianEstimator
        return kind(width, described, self.losses.mutual_information_hidden)

    def forward(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Weighted loss terms, means over the batch.

        Returns
        -------
        dict
            Of the terms with a weight: `cross_entropy` or `focal`, `adversary`, `contrastive`, `triplet`, `proxy`,
            `mutual_information` with `mutual_information_estimator`, `attention_sparsity`, `attention_smoothness`.
        """
        losses, features = self.losses, outputs["features"].float()
        whole = torch.ones_like(batch.targets, dtype=torch.bool)
        if batch.mixed_share is not None:
            whole = batch.mixed_share == 0
        known = whole & (batch.signers >= 0)
        terms = {}
        if losses.classification:
            name = "focal" if losses.focal else "cross_entropy"
            terms[name] = losses.classification * self.classification(outputs, batch)
        if self.adversary is not None:
            terms["adversary"] = losses.adversary * self.adversary(features[known], batch.signers[known])
        if losses.contrastive:
            terms["contrastive"] = losses.contrastive * self.contrastive(features[whole], batch.targets[whole])
        if self.triplet is not None:
            terms["triplet"] = losses.triplet * self.triplet(features[whole], batch.targets[whole])
        if self.proxy is not None:
            terms["proxy"] = losses.proxy * self.proxy(features[whole], batch.targets[whole])
        if self.estimator is not None:
            terms |= self.information(self.estimator, features, outputs, batch.signers, known)
        if losses.attention_sparsity:
            terms["attention_sparsity"] = losses.attention_sparsity * self.sparsity(outputs, batch.frames)
        if losses.attention_smoothness:
            terms["attention_smoothness"] = losses.attention_smoothness * self.smoothness(outputs, batch.frames)
        return terms

    def contrastive(self, features: Tensor, targets: Tensor) -> Tensor:
        """Supervised contrastive loss of features (B, D) for targets (B,)."""
        return contrastive(features, targets, self.losses.contrastive_temperature)

    def information(self, estimator: nn.Module, features: Tensor, outputs: dict[str, Tensor], signers: Tensor,
                    known: Tensor) -> dict[str, Tensor]:
        """The terms of the mutual information and of its estimator; `known` (B,) bool is False for unusable signers."""
        # Features of one scale: growing beyond the estimator's reach doesn't reduce information.
        x, y = F.layer_norm(features, features.shape[1:]), signers
        if self.losses.mutual_information_with == "signers":
            x, y = x[known], y[known]
        else:  # detached: otherwise a signer embedding without information would be the easiest minimum
            y = F.layer_norm(outputs["signer"].float().detach(), outputs["signer"].shape[1:])
        return {"mutual_information": self.losses.mutual_information * club(estimator, x, y).clamp_min(0),
                "mutual_information_estimator": estimator_nll(estimator, x, y)}

    def sparsity(self, outputs: dict[str, Tensor], frames: Tensor) -> Tensor:
        """What `attention_sparsity` is the weight of; `frames` (B, T) bool."""
        return _mean(map(entropy, outputs["attention"]))

    def smoothness(self, outputs: dict[str, Tensor], frames: Tensor) -> Tensor:
        """What `attention_smoothness` is the weight of; `frames` (B, T) bool."""
        return _mean(roughness(weights, frames) for weights in outputs["attention"])

    def report(self) -> dict[str, float | None]:
        """Statistics of the steps since the last report, for the history: `TripletLoss.report`."""
        return {} if self.triplet is None else self.triplet.report()

    def classification(self, outputs: dict[str, Tensor], batch: Batch) -> Tensor:
        """Cross-entropy or focal loss; for an ensemble, the mean over its members."""
        logits = outputs.get("members", outputs["logits"][:, None]).float()  # (B, members, classes)
        loss = self._of_targets(logits, batch.targets)
        if batch.mixed_targets is not None:
            assert batch.mixed_share is not None
            loss = torch.lerp(loss, self._of_targets(logits, batch.mixed_targets), batch.mixed_share)
        return self.mean(loss, batch)

    def mean(self, loss: Tensor, batch: Batch) -> Tensor:
        """The loss of a batch, from its clips' (B,), which are multiplied by their class weights."""
        return loss.mean()

    def _of_targets(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(B,) loss of logits (B, members, classes) for targets (B,)."""
        targets = targets[:, None].expand(logits.shape[:2])
        loss = F.cross_entropy(logits.transpose(1, 2), targets, self.class_weights, reduction="none",
                               label_smoothing=self.label_smoothing)
        if self.losses.focal:
            of_target = logits.softmax(2).gather(2, targets[..., None])[..., 0]
            alpha = cast(float, self.losses.focal_alpha) if self.focal_alpha is None else self.focal_alpha[targets]
            loss = alpha * (1 - of_target) ** self.losses.focal_gamma * loss
        return loss.mean(1)


def _alpha_of_each(alpha: float | list[float], classes: int) -> Tensor | None:
    """(classes,); None if all have the same."""
    if not isinstance(alpha, list):
        return None
    if len(alpha) != classes:
        raise ParamsError(f"losses.focal_alpha: {len(alpha)} numbers for {classes} classes; give one for each, in the "
                          "order of their names, or one number")
    return torch.tensor(alpha)


def _too_few(name: str, kind: str, signers: int) -> str:
    out = "signers.clusters to a number" if kind == "pseudo" else "losses.signers: pseudo"
    return (f"losses.{name} tells signers apart, but the training clips have {signers or 'no'} "
            f"{'pseudo-signers' if kind == 'pseudo' else 'known signers'}; set {out}, or losses.{name}: 0")


def _mean(values: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean()


class Adversary(nn.Module):
    """Adversarial signer classifier with gradient reversal: it learns to recognise signers, the features to hide them.

    Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015.

    Parameters
    ----------
    width : int
        Width of the features.
    signers : int
    factor : float
        Factor of the reversed gradient to the features; the paper's lambda.
    """

    HIDDEN = 256

    def __init__(self, width: int, signers: int, factor: float):
        super().__init__()
        self.factor = factor
        self.classify = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, self.HIDDEN), nn.ReLU(), Dropout(0.1),
                                      nn.Linear(self.HIDDEN, signers))

    def forward(self, features: Tensor, signers: Tensor) -> Tensor:
        """Mean cross-entropy of features (B, D) for signers (B,); zero without clips."""
        if not len(features):
            return features.new_zeros(())
        turned = _Reverse.apply(features, self.factor)  # type: ignore[no-untyped-call]  # untyped in torch
        return F.cross_entropy(self.classify(turned), signers)


class _Reverse(torch.autograd.Function):
    """Identity in the forward pass; multiplies the gradient by -factor in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.factor * gradient, None


def contrastive(features: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss: clips of one gloss close to each other, others far, by cosine similarity.

    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, eq. 2 (the mean over positives outside the
    logarithm). Every other clip of the batch with the same gloss is a positive; a clip without any isn't an anchor.

    Parameters
    ----------
    features : Tensor (B, D)
    targets : Tensor (B,)
    temperature : float

    Returns
    -------
    Tensor ()
        Mean over the anchors; zero without any.
    """
    others = ~torch.eye(len(features), dtype=torch.bool, device=features.device)
    positives = (targets[:, None] == targets) & others
    count = positives.sum(1)
    z = F.normalize(features, dim=1)
    similar = (z @ z.T / temperature).masked_fill(~others, -torch.inf)
    log_share = (similar - similar.logsumexp(1, keepdim=True)).masked_fill(~positives, 0)
    anchors = count > 0
    return -(log_share.sum(1) / count.clamp_min(1))[anchors].sum() / anchors.sum().clamp_min(1)


def proxy_loss(kind: str, classes: int, width: int) -> nn.Module:
    """Features (B, D), targets (B,) -> loss, with a learned vector per class: `LossParams.proxy_loss`."""
    from pytorch_metric_learning import losses

    return {"anchor": losses.ProxyAnchorLoss, "nca": losses.ProxyNCALoss}[kind](classes, width)


class GaussianEstimator(nn.Module):
    """log q(y | x) of vectors y: a normal distribution whose mean and variances are predicted from x.

    Parameters
    ----------
    inputs, outputs, hidden : int
        Width of x, of y, and of the hidden layer.
    """

    def __init__(self, inputs: int, outputs: int, hidden: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 2 * outputs))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, B): log q(y_j | x_i), without the constant."""
        mean, log_variance = self.layers(x)[:, None].chunk(2, -1)
        log_variance = 6 * (log_variance / 6).tanh()  # prevents a variance of 0
        return -0.5 * ((y - mean).square() * (-log_variance).exp() + log_variance).sum(-1)


class SignerEstimator(nn.Module):
    """log q(y | x) of signer labels y: a distribution predicted from x.

    Parameters
    ----------
    inputs, signers, hidden : int
    """

    def __init__(self, inputs: int, signers: int, hidden: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, signers))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, B): log q(y_j | x_i)."""
        return self.layers(x).log_softmax(1)[:, y]


def club(estimator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Upper bound of the mutual information of x and y, in nats, given a fitted estimator.

    Cheng et al., "CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information", ICML 2020: the mean of log q(y_i |
    x_i) minus that of log q(y_j | x_i) over other clips j. The estimator's parameters are held constant, so that
    minimising the bound changes x and not the estimator.

    Even with a perfect estimator the bound is loose: for two normal variables with correlation r it is r^2 / (1 - r^2),
    where the mutual information is -log(1 - r^2) / 2.

    Parameters
    ----------
    estimator : nn.Module
        Returns log q(y_j | x_i) (B, B), up to a constant.
    x : Tensor (B, D)
    y : Tensor (B, ...)

    Returns
    -------
    Tensor ()
        Zero with fewer than two clips.
    """
    if len(x) < 2:
        return x.new_zeros(())
    log_q = functional_call(estimator, {name: weight.detach() for name, weight in estimator.named_parameters()}, (x, y))
    own = log_q.diagonal()
    return own.mean() - (log_q.sum() - own.sum()) / (len(x) * (len(x) - 1))


def estimator_nll(estimator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The estimator's negative log-likelihood, -log q(y_i | x_i), mean over clips; no gradient flows into x and y."""
    if not len(x):
        return x.new_zeros(())
    return -estimator(x.detach(), y.detach()).diagonal().mean()


def entropy(weights: Tensor) -> Tensor:
    """Mean entropy in nats of attention weights (..., T); rows sum to 1, or to 0 for padding, which is left out."""
    return -torch.xlogy(weights, weights).sum() / weights.sum().clamp_min(1e-6)


def roughness(weights: Tensor, frames: Tensor) -> Tensor:
    """Sum of squared steps from frame to frame of attention weights (B, ..., T), mean over rows as in `entropy`.

    The step from a clip's last frame into padding, by `frames` (B, T) bool, is excluded.
    """
    inside = frames[:, 1:].view(len(frames), *[1] * (weights.ndim - 2), -1)
    return (weights.diff(dim=-1) * inside).square().sum() / weights.sum().clamp_min(1e-6)
