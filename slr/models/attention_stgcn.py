"""ST-GCN with temporal attention: graph blocks, temporal self-attention, mean over time, a linear layer.

M. Huzaifa's network for WLASL-100 and -300. Mixup and label smoothing are training settings, mixed precision is
`train.precision`.
"""

from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.graph import Input, JointPooling, graph_blocks
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
        self.blocks = graph_blocks(params, skeleton, self.input.width, strides=params.strides)
        width = params.widths[-1]
        self.pool = JointPooling(len(skeleton), width, params.joint_sums)
        self.positions = Positions(params.positions, width)
        self.attention = TransformerStack(
            (TransformerLayer(width, params.heads, 2 * width, params.dropout, norm_first=True)
             for _ in range(params.attention_layers)), width)
        self.width = params.hidden or width
        self.hidden = nn.Sequential(nn.Linear(width, self.width), nn.ReLU(),
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
