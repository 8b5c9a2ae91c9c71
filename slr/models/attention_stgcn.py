"""ST-GCN with temporal attention: graph blocks, temporal self-attention, mean over time, a linear layer.

M. Huzaifa's network for WLASL-100 and -300. Mixup and label smoothing are training settings, mixed precision is
`train.precision`.
"""

from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.graph import GraphBlock, Input, JointPooling, adjacency
from slr.models.layers import Dropout, Positions, TransformerLayer, TransformerStack, mean_over_time
from slr.params.families.stgcn import AttentionStgcnParams
from slr.preprocessing.batch import Batch


class AttentionStgcn(nn.Module):
    """Landmarks of a clip -> gloss logits.

    Parameters
    ----------
    params : AttentionStgcnParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Number of glosses.
    """

    def __init__(self, params: AttentionStgcnParams, skeleton: Skeleton, classes: int):
        super().__init__()
        self.input = Input(len(skeleton), params.channels, params.presence, params.motion, params.identity)
        graph = adjacency(skeleton, params.graph)
        sizes = [self.input.width, *params.widths]
        self.blocks = nn.ModuleList(
            GraphBlock(graph, sizes[i], sizes[i + 1], params.kernel, stride=stride, dropout=params.dropout,
                       learned_edges=params.learned_edges)
            for i, stride in enumerate(params.strides))
        self.pool = JointPooling(len(skeleton), sizes[-1], params.joint_sums)
        self.positions = Positions(params.positions, sizes[-1])
        self.attention = TransformerStack(
            (TransformerLayer(sizes[-1], params.heads, 2 * sizes[-1], params.dropout, norm_first=True)
             for _ in range(params.attention_layers)), sizes[-1])
        self.width = params.hidden or sizes[-1]
        self.hidden = nn.Sequential(nn.Linear(sizes[-1], self.width), nn.ReLU(),
                                    Dropout(params.dropout)) if params.hidden else nn.Identity()
        self.classify = nn.Linear(self.width, classes)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes), a linear function of `features` (B, width).
        """
        x, frames = self.input(batch), batch.frames
        for block in self.blocks:
            x, frames = block(x, frames)  # (B, T / stride, J, D)
        x = self.attention(self.positions(self.pool(x, frames)), None, frames[:, None, None])  # (B, T', D)
        features = self.hidden(mean_over_time(x, frames))
        return {"logits": self.classify(features), "features": features}
