"""Networks that read both ways, beside torch's own on packed sequences."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from slr.models.recurrent import Bidirectional, reversed_within_length


def torchs(ours: Bidirectional, kind: str) -> torch.nn.Module:
    """Torch's bidirectional network with the same weights."""
    inputs, hidden = ours.forward_layers[0].input_size, ours.forward_layers[0].hidden_size
    theirs = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](inputs, hidden, len(ours.forward_layers),
                                                                batch_first=True, bidirectional=True)
    with torch.no_grad():
        for layer, ways in enumerate(zip(ours.forward_layers, ours.backward_layers, strict=True)):
            for way, end in zip(ways, ("", "_reverse"), strict=True):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(theirs, f"{name}_l{layer}{end}").copy_(getattr(way, f"{name}_l0"))
    return theirs


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_says_what_torch_says_of_packed_sequences(kind, layers):
    torch.manual_seed(0)
    ours = Bidirectional(kind, 8, 6, layers, 0.3).eval()
    x, lengths = torch.randn(4, 7, 8), torch.tensor([4, 7, 1, 6])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(torchs(ours, kind)(packed)[0], batch_first=True)
    found = ours(x, lengths)
    torch.testing.assert_close(found, expected)
    assert found.shape == (4, 7, ours.width)


def test_what_lies_behind_a_clip_changes_nothing_and_gets_no_gradient():
    torch.manual_seed(0)
    network = Bidirectional("lstm", 5, 4, 2, 0)
    x, lengths = torch.randn(2, 6, 5, requires_grad=True), torch.tensor([3, 6])
    network(x, lengths).square().sum().backward()
    assert not x.grad[0, 3:].any() and x.grad[0, :3].any(1).all()


def test_turning_twice_gives_the_clip_itself():
    x, lengths = torch.randn(3, 5, 2), torch.tensor([5, 2, 1])
    twice = reversed_within_length(reversed_within_length(x, lengths), lengths)
    assert all(torch.equal(clip[:length], back[:length])
               for clip, back, length in zip(x, twice, lengths.tolist(), strict=True))
