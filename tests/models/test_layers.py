"""Transformer parts: positions, attention, and a dropout that is right in the mean and for each seed."""

import pytest
import torch
from torch.nn import functional as F

from slr.models.layers import Attention, Dropout, FrameEmbedding, Positions, mean_over_time, sinusoids
from tests.helpers.batches import batch_of


def test_sinusoids_are_vaswanis():
    table = sinusoids(50, 10)
    assert table.shape == (50, 10) and sinusoids(3, 7).shape == (3, 7)
    assert table[3, 4] == pytest.approx(torch.sin(torch.tensor(3 / 10000 ** (4 / 10))).item(), abs=1e-6)
    assert table[3, 5] == pytest.approx(torch.cos(torch.tensor(3 / 10000 ** (4 / 10))).item(), abs=1e-6)


def test_learned_positions_repeat_the_last_beyond_their_table():
    positions = Positions("learned", 4)
    added = positions(torch.zeros(1, Positions.LEARNED + 5, 4))[0]
    assert torch.equal(added[-1], positions.table[-1]) and torch.equal(added[0], positions.table[0])


def test_attention_is_the_same_in_training_and_in_testing():
    torch.manual_seed(0)
    attention = Attention(12, 3, dropout=0)
    x, source = torch.randn(2, 4, 12), torch.randn(2, 6, 12)
    attend = (torch.arange(6) < torch.tensor([[6], [3]]))[:, None, None]
    torch.testing.assert_close(attention.train()(x, source, attend), attention.eval()(x, source, attend))


def test_attention_is_torchs():
    torch.manual_seed(0)
    attention, reference = Attention(12, 3, dropout=0).eval(), torch.nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat([attention.query.weight, attention.key_value.weight]))
        reference.in_proj_bias.copy_(torch.cat([attention.query.bias, attention.key_value.bias]))
        reference.out_proj.load_state_dict(attention.out.state_dict())
    x, source = torch.randn(2, 4, 12), torch.randn(2, 6, 12)
    attend = torch.arange(6) < torch.tensor([[6], [3]])
    expected, _ = reference(x, source, source, key_padding_mask=~attend)
    torch.testing.assert_close(attention(x, source, attend[:, None, None]), expected)


def test_attention_drops_weights_in_training_alone():
    torch.manual_seed(0)
    attention, x, attend = Attention(8, 2, dropout=0.5), torch.randn(1, 5, 8), torch.ones(1, 1, 1, 5, dtype=torch.bool)
    assert not torch.equal(attention.train()(x, x, attend), attention(x, x, attend))
    assert torch.equal(attention.eval()(x, x, attend), attention(x, x, attend))


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5])
def test_dropout_drops_its_share_everywhere_and_keeps_the_mean(p):
    torch.manual_seed(0)
    x = torch.ones(401, 1003)  # not a multiple of the eight bytes of a word
    dropped = Dropout(p)(x)
    share = round(256 * p) / 256
    tolerance = 5 * (share * (1 - share) / x.numel()) ** 0.5
    assert abs((dropped == 0).double().mean() - share) < tolerance and abs(share - p) <= 1 / 512
    assert abs(dropped.mean() - 1) < tolerance / (1 - share)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / (1 - share)])
    for dim in (0, 1):  # no row and no column has a share of its own
        part = (dropped == 0).double().mean(dim)
        sd = (share * (1 - share) / x.shape[dim]) ** 0.5
        assert (part - share).abs().max() < 5 * sd and part.std() == pytest.approx(sd, rel=0.15)


def test_dropout_is_independent_of_the_neighbours():
    torch.manual_seed(0)
    zero = (Dropout(0.5)(torch.ones(400_000)) == 0).double() - 0.5
    for lag in (1, 2, 3, 7, 8, 9, 64):  # bytes of one word, and of the next
        assert abs((zero[:-lag] * zero[lag:]).mean() * 4) < 0.01


def test_dropouts_gradient_is_of_what_was_kept():
    torch.manual_seed(0)
    x = torch.randn(50, 70, dtype=torch.float64).requires_grad_()
    dropped = Dropout(0.3)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad * x, dropped)


def test_dropout_follows_the_seed_and_the_type_and_rests_in_testing():
    layer, x = Dropout(0.1), torch.randn(5, 60).bfloat16()
    draws = [(torch.manual_seed(seed), layer(x))[1] for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2]) and draws[0].dtype == x.dtype
    assert layer.eval()(x) is x and Dropout(0)(x) is x


def test_the_mean_over_time_is_of_a_clips_own_frames():
    x = torch.arange(12.0).reshape(2, 3, 2)
    frames = torch.tensor([[True, True, True], [True, False, False]])
    assert mean_over_time(x, frames).tolist() == [[2, 3], [6, 7]]


def test_a_frames_weights_multiply_its_coordinates():
    torch.manual_seed(0)
    batch = batch_of(2, 5, joints=3)
    plain, weighted = FrameEmbedding(6, None, "zero", "none"), FrameEmbedding(6, None, "zero", "none", weighted=True)
    torch.testing.assert_close(plain(batch), weighted(batch))
    with torch.no_grad():
        weighted.weights.copy_(torch.arange(6.0))
    torch.testing.assert_close(plain(batch) * torch.arange(6.0), weighted(batch))
    assert (plain(batch).reshape(2, 5, 3, 2)[~batch.mask] == -0.5).all()


def test_a_projection_cannot_take_a_weights_place():
    torch.manual_seed(0)
    frames, batch = FrameEmbedding(6, 4, "learned", "none", weighted=True), batch_of(2, 5, joints=3)
    before = frames(batch)
    with torch.no_grad():
        frames.project.weight *= torch.rand(6) + 0.5  # of columns, only the direction counts
    torch.testing.assert_close(frames(batch), before)
    assert F.mse_loss(FrameEmbedding(6, 4, "learned", "none")(batch), before) > 0
