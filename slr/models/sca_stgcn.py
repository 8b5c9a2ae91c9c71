"""SCA-STGCN, repaired: graph blocks, temporal attention conditioned on the signer, and a GRU.

C. Chaabani, "Signer-conditioned attention ST-GCN", 2024. `slr.models.sca_published` has the published network;
docs/graph-models.md describes the differences and their reasons.
"""

import torch
from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.graph import Input, JointPooling, graph_blocks
from slr.models.layers import Dropout, mean_over_time, sinusoids
from slr.models.recurrent import reversed_within_length
from slr.params.families.stgcn import ScaStgcnParams
from slr.preprocessing.batch import Batch


class ScaStgcn(nn.Module):
    """Landmarks of a clip -> gloss logits.

    Parameters
    ----------
    params : ScaStgcnParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Number of glosses.
    """

    def __init__(self, params: ScaStgcnParams, skeleton: Skeleton, classes: int):
        super().__init__()
        self.input = Input(len(skeleton), params.channels, params.presence, params.motion, params.identity)
        self.blocks = graph_blocks(params, skeleton, self.input.width, dilations=params.block_dilations)
        width = params.widths[-1]
        self.pool = JointPooling(len(skeleton), width, params.joint_sums)
        self.signer_encoder, self.attend_joints, self.attend_time, self.attend_across = None, None, None, None
        if params.attention != "none":
            self.signer_encoder = (StatisticsEncoder(params, skeleton) if params.signer_encoder == "statistics"
                                   else LearnedEncoder(params))
            conditioned = (width, params.heads, params.signer_width, params.attention, params.bare_attention)
            self.attend_time = SignerAttention(*conditioned)
            if params.attention == "hierarchical":
                self.attend_joints = JointAttention(width, params.signer_width)
                self.attend_across = SignerAttention(*conditioned, across=True)
        self.gru = ClipGRU(width, params.hidden, params.read)
        self.width = 2 * params.hidden
        self.classify = classifier(self.width, classes, params.dropout)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes); `features` (B, width) of the GRU, from which they are computed; and unless
            `attention` is none: `signer` (B, signer_width), the signer embedding, `attention`, a list of attention
            weights (B, heads, T, T), zero where query or key is padding, and `attended` (B, T, D), the attended frames.
        """
        frames = batch.frames
        x = early = self.blocks[0](self.input(batch), frames)[0]
        for block in self.blocks[1:]:
            x, _ = block(x, frames)  # (B, T, J, D)
        h = self.pool(x, frames)  # (B, T, D)
        if self.signer_encoder is None or self.attend_time is None:
            features = self.gru(h, batch.lengths)
            return {"logits": self.classify(features), "features": features}
        signer = self.signer_encoder(batch, early)
        if self.attend_joints is not None:
            h = h + self.attend_joints(x, signer)
        h, over_time = self.attend_time(h, None, signer, frames)
        if self.attend_across is not None:
            joints = mean_over_time(x.flatten(2), frames).unflatten(1, x.shape[2:])  # (B, J, D)
            h, _ = self.attend_across(h, joints, signer, torch.ones_like(joints[..., 0], dtype=torch.bool))
        features = self.gru(h, batch.lengths)
        return {"logits": self.classify(features), "features": features, "signer": signer,
                "attention": [over_time * frames[:, None, :, None]], "attended": h}


def classifier(width: int, classes: int, dropout: float) -> nn.Sequential:
    """Features (B, width) -> logits (B, classes)."""
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), Dropout(dropout),
                         nn.Linear(width, classes))


class SignerAttention(nn.Module):
    """Multi-head attention whose keys and values are conditioned on the signer.

    As published (`bare`), the output replaces the input, and the conditioning term is the same for all keys: softmax is
    invariant to it, so the signer had no effect in additive attention, nor had FiLM's shift of the keys. Repaired,
    additive keys are tanh(W [h; s]) (Bahdanau et al., ICLR 2015), FiLM shifts only the values, and there are a norm,
    positions and a residual.

    Parameters
    ----------
    width, heads, signer_width : int
    kind : {"additive", "film", "hierarchical"}
        `hierarchical` conditions like `film` (Perez et al., AAAI 2018), with 1 + tanh as the scale.
    bare : bool
        As published.
    across : bool, default False
        Whether the source differs from the input (cross-attention).
    """

    def __init__(self, width: int, heads: int, signer_width: int, kind: str, bare: bool, across: bool = False):
        super().__init__()
        self.heads, self.bare, self.additive = heads, bare, kind == "additive"
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width + signer_width * self.additive, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=not bare)
        if not self.additive:
            # Scale and shift of the values and scale of the keys; as published, the keys' shift too.
            self.modulate = nn.Linear(signer_width, (4 if bare else 3) * width)
        self.norm = nn.Identity() if bare else nn.LayerNorm(width)
        self.source_norm = nn.LayerNorm(width) if across and not bare else nn.Identity()

    def forward(self, x: Tensor, source: Tensor | None, signer: Tensor, attend: Tensor) -> tuple[Tensor, Tensor]:
        """Attend from each frame to all frames, or to another source.

        Parameters
        ----------
        x : Tensor (B, T, D)
        source : Tensor (B, M, D) or None
            Keys and values, in any order; None for x itself.
        signer : Tensor (B, S)
        attend : Tensor (B, M) bool
            Mask of the source: True where it may be attended to.

        Returns
        -------
        Tensor (B, T, D), and the weights, Tensor (B, heads, T, M).
        """
        h = x if self.bare else self.norm(x) + sinusoids(x.shape[1], x.shape[2]).to(x)
        memory = h if source is None else self.source_norm(source)
        query, value = self.query(h), self.value(memory)
        if self.additive:
            key = self.key(torch.cat([memory, signer[:, None].to(memory).expand(-1, memory.shape[1], -1)], -1))
            key = key if self.bare else key.tanh()
        else:
            by_key, by_value, shift, *shift_key = self.modulate(signer)[:, None].split(x.shape[-1], -1)
            key = self.key(memory) * (1 + by_key.tanh())
            key = key + shift_key[0] if shift_key else key
            value = value * (1 + by_value.tanh()) + shift
        query, key, value = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (query, key, value))
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5  # (B, H, T, M)
        weights = scores.float().masked_fill(~attend[:, None, None], -torch.inf).softmax(-1)
        answer = self.out((weights.to(value) @ value).transpose(1, 2).flatten(2))
        return answer if self.bare else x + answer, weights


class JointAttention(nn.Module):
    """Pools all joints of a frame into one vector, by attention with a signer-dependent query."""

    def __init__(self, width: int, signer_width: int):
        super().__init__()
        self.query = nn.Linear(signer_width, width)
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, signer: Tensor) -> Tensor:
        """x: (B, T, J, D); signer: (B, S) -> (B, T, D)"""
        scores = torch.einsum("btjd,bd->btj", self.key(x).tanh(), self.query(signer)) * x.shape[-1] ** -0.5
        return torch.einsum("btj,btjd->btd", scores.float().softmax(-1).to(x), x)


class StatisticsEncoder(nn.Module):
    """Signer embedding from statistics of the clip's landmarks."""

    bones: Tensor

    def __init__(self, params: ScaStgcnParams, skeleton: Skeleton):
        super().__init__()
        self.published = params.signer_statistics == "published"
        part_of = {joint: part for part, where in skeleton.part_slices.items()
                   for joint in range(*where.indices(len(skeleton)))}
        # A bone between parts has no meaningful length if each part is normalised in its own box.
        bones = [bone for bone in skeleton.bone_indices.tolist() if part_of[bone[0]] == part_of[bone[1]]]
        self.register_buffer("bones", torch.tensor(bones).reshape(-1, 2), persistent=False)
        self.encode = _signer_layers(4 if self.published else len(bones) + len(skeleton), params.signer_width)

    def forward(self, batch: Batch, early: Tensor) -> Tensor:
        """(B, S)"""
        return self.encode(framing(batch) if self.published else body(batch, self.bones))


class LearnedEncoder(nn.Module):
    """Signer embedding from the first block's features, pooled over joints and time."""

    def __init__(self, params: ScaStgcnParams):
        super().__init__()
        width = params.widths[0]
        self.pooling = params.signer_pooling
        if self.pooling == "attention":
            self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))
        self.encode = _signer_layers(width, params.signer_width)

    def forward(self, batch: Batch, early: Tensor) -> Tensor:
        """early: (B, T, J, D) -> (B, S)"""
        h, padding = early.mean(2), ~batch.frames[..., None]
        if self.pooling == "attention":
            pooled = (self.score(h).float().masked_fill(padding, -torch.inf).softmax(1) * h).sum(1)
        elif self.pooling == "max":
            pooled = h.masked_fill(padding, -torch.inf).amax(1)
        else:
            pooled = mean_over_time(h, batch.frames)
        return self.encode(pooled)


def _signer_layers(statistics: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(statistics), nn.Linear(statistics, width), nn.ReLU(), nn.Linear(width, width),
                         nn.ReLU(), nn.Linear(width, width))


def framing(batch: Batch) -> Tensor:
    """(B, 4): mean and standard deviation of x and of y over all joints and frames, missing joints as zeros.

    The signer statistics published with SCA-STGCN; they describe where the person is in the frame.
    """
    own = batch.frames[..., None, None]
    xy = batch.landmarks[..., :2].masked_fill(~batch.mask[..., None], 0)
    count = (batch.lengths * xy.shape[2]).clamp_min(1)[:, None]
    mean = xy.sum((1, 2)) / count
    spread = ((xy - mean[:, None, None]).square() * own).sum((1, 2)) / count
    return torch.stack([mean, (spread + 1e-12).sqrt()], -1).flatten(1)


def body(batch: Batch, bones: Tensor) -> Tensor:
    """(B, bones + J): body proportions and joint speeds, in units of the person.

    The logarithm of each bone's mean length relative to the mean bone, and each joint's mean speed in mean bones per
    frame; over the frames in which both ends were found, 0 if there are none.

    Parameters
    ----------
    bones : Tensor (bones, 2) int64
    """
    xy, mask = batch.landmarks[..., :2].masked_fill(~batch.mask[..., None], 0), batch.mask

    def over_time(values: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
        """Masked mean of (B, T, N) over time, and whether (B, N) any frame is valid."""
        count = found.sum(1)
        return (values * found).sum(1) / count.clamp_min(1), count > 0

    lengths, some = over_time((xy[:, :, bones[:, 0]] - xy[:, :, bones[:, 1]]).norm(dim=-1),
                              mask[:, :, bones[:, 0]] & mask[:, :, bones[:, 1]])
    unit = (lengths.sum(1) / some.sum(1).clamp_min(1)).clamp_min(1e-3)[:, None]
    speeds, _ = over_time((xy[:, 1:] - xy[:, :-1]).norm(dim=-1), mask[:, 1:] & mask[:, :-1])
    proportions = (lengths / unit).clamp_min(1e-2).log().masked_fill(~some, 0)
    return torch.cat([proportions, speeds / unit], 1)


class ClipGRU(nn.Module):
    """A bidirectional GRU over each clip's own frames, ignoring padding.

    Two unidirectional networks, the backward one on clips reversed within their length: the weights are those of
    torch's bidirectional GRU, without packing.

    Parameters
    ----------
    inputs, hidden : int
    read : {"ends", "last", "mean"}
        See `ScaStgcnParams.read`.
    """

    def __init__(self, inputs: int, hidden: int, read: str):
        super().__init__()
        self.read = read
        self.there = nn.GRU(inputs, hidden, batch_first=True)
        self.back = nn.GRU(inputs, hidden, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, D); lengths: (B,) -> (B, 2 * hidden)"""
        steps = torch.arange(x.shape[1], device=x.device)
        last = (lengths - 1).clamp_min(0)
        there, _ = self.there(x)
        back, _ = self.back(reversed_within_length(x, lengths))
        if self.read == "mean":
            return mean_over_time(torch.cat([there, back], -1), steps < lengths[:, None])
        return torch.cat([_at(there, last), _at(back, torch.zeros_like(last) if self.read == "last" else last)], -1)


def _at(x: Tensor, step: Tensor) -> Tensor:
    """x (B, T, D) at one step (B,) per clip: (B, D)."""
    return x[torch.arange(len(x), device=x.device), step]
