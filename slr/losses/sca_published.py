"""The criterion of clip models with SCA-STGCN's losses as in its author's code.

C. Chaabani, "Signer-conditioned attention ST-GCN", 2024. docs/graph-models.md says how they differ from
`slr.losses.classification`, which has them as they are meant.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.losses.classification import Criterion
from slr.preprocessing.batch import Batch


class PublishedCriterion(Criterion):
    """`Criterion` with the published class weights, contrastive, mutual-information and attention terms."""

    def mean(self, loss: Tensor, batch: Batch) -> Tensor:
        """Divided by the class weights of the batch, not by the number of its clips."""
        if self.class_weights is None:
            return loss.mean()
        weights = self.class_weights[batch.targets]
        if batch.mixed_targets is not None and batch.mixed_share is not None:
            weights = torch.lerp(weights, self.class_weights[batch.mixed_targets], batch.mixed_share)
        return loss.sum() / weights.sum()

    def contrastive(self, features: Tensor, targets: Tensor) -> Tensor:
        return one_positive(features, targets, self.losses.contrastive_temperature)

    def make_estimator(self, width: int, described: int) -> nn.Module:
        return PairNetwork(width, described, self.losses.mutual_information_hidden)

    def information(self, estimator: nn.Module, features: Tensor, outputs: dict[str, Tensor], signers: Tensor,
                    known: Tensor) -> dict[str, Tensor]:
        """One term: the estimator and the features, and through it the signer embedding, make it smaller together."""
        if self.losses.mutual_information_with == "signers":
            x, y = features[known], F.one_hot(signers[known], cast(PairNetwork, estimator).described).to(features)
        else:
            x, y = features, outputs["signer"].float()
        shuffled = torch.randperm(len(x)).to(x.device)
        return {"mutual_information": self.losses.mutual_information * information(estimator, x, y, shuffled)}

    def sparsity(self, outputs: dict[str, Tensor], frames: Tensor) -> Tensor:
        return mean_size(outputs["attended"].float(), frames)

    def smoothness(self, outputs: dict[str, Tensor], frames: Tensor) -> Tensor:
        return mean_size(outputs["attended"].float().diff(dim=1), frames[:, 1:])


def partners(targets: Tensor) -> Tensor:
    """(B,) the next clip of the batch with the same target (B,), after the last the first; a clip alone has itself."""
    clips = torch.arange(len(targets), device=targets.device)
    ahead = (clips - clips[:, None] - 1) % len(targets)  # 0 for the next clip, the most for the clip itself
    return ahead.masked_fill(targets[:, None] != targets, len(targets)).argmin(1)


def one_positive(features: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Contrastive loss of features (B, D) in which each clip is to find its partner, as `partners`, among all clips.

    InfoNCE (van den Oord et al., 2018) by cosine similarity; all clips include the clip itself, which is always the
    most similar.
    """
    if not len(features):
        return features.new_zeros(())
    z = F.normalize(features, dim=1)
    return F.cross_entropy(z @ z.T / temperature, partners(targets))


class PairNetwork(nn.Module):
    """A number (B, 1) for each pair of features (B, inputs) and a signer's description (B, described)."""

    def __init__(self, inputs: int, described: int, hidden: int):
        super().__init__()
        self.described = described
        self.layers = nn.Sequential(nn.Linear(inputs + described, hidden), nn.ReLU(), nn.Linear(hidden, hidden),
                                    nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.layers(torch.cat([x, y], -1))


def information(network: nn.Module, x: Tensor, y: Tensor, shuffled: Tensor) -> Tensor:
    """Mean of a network over the pairs (x_i, y_i), less that over (x_i, y_j) with j = shuffled[i].

    It is called CLUB, but nothing fits the network to the pairs, so that it doesn't bound their mutual information.

    Parameters
    ----------
    network : nn.Module
        As `PairNetwork`.
    x : Tensor (B, D)
    y : Tensor (B, E)
    shuffled : Tensor (B,) int64
    """
    if not len(x):
        return x.new_zeros(())
    return network(x, y).mean() - network(x, y[shuffled]).mean()


def mean_size(values: Tensor, frames: Tensor) -> Tensor:
    """Mean magnitude of values (B, T, D), over the clips' own frames (B, T) bool."""
    return (values.abs().mean(2) * frames).sum() / frames.sum().clamp_min(1)
