"""SCA-STGCN's parts that are the authors': graph, statistics, attention, recurrent layers, classifiers."""

import pytest
import torch
from torch import nn

from slr.dataset.skeleton import Skeleton
from slr.losses.classification import Adversary
from slr.models import build
from slr.models.graph import JointPooling, adjacency
from slr.models.sca_stgcn import ClipGRU, SignerAttention, framing
from slr.params.families.stgcn import ScaStgcnParams
from tests.helpers.reference import Theirs, batch_of, fill, given, linear, norm, recurrent, size

GAIN = 1.5
FIRST = {"sca_additive": 31, "sca_film": 31, "sca_hierarchical": 8}
"""Number of the first tensor of the attention over time."""
CASES = ("sca_additive", "sca_film")
WIDTH, SIGNER = 128, 64
HEAD = [*norm("net.0", "0"), *linear("net.1", "1"), *linear("net.4", "4")]


def matrix(theirs: str, ours: str) -> Theirs:
    return Theirs(f"{theirs}.weight", "matrix", (f"{ours}.weight",))


@torch.no_grad()
def attention(case: str, width: int) -> SignerAttention:
    """The published attention over time with the formula's weights; what ours has and theirs hasn't is zero."""
    film = case != "sca_additive"
    module = SignerAttention(width, 4, SIGNER, "film" if film else "additive", bare=True)
    conditions = module.modulate if film else None
    if film:
        del module.modulate
    fill(module, [matrix("q_proj", "query"), matrix("k_proj", "key"), matrix("v_proj", "value"),
                  matrix("out_proj", "out")], GAIN, FIRST[case], zero=["out.bias"])
    if conditions is not None:
        names = ("k_scale_net.0", "k_shift_net", "v_scale_net.0", "v_shift_net")
        parts = nn.ModuleList(nn.Linear(SIGNER, width) for _ in names)
        fill(parts, [tensor for i, name in enumerate(names) for tensor in linear(name, str(i))], GAIN, FIRST[case] + 4)
        ours = [parts[i] for i in (0, 2, 3, 1)]  # scale of the keys, scale and shift of the values, shift of the keys
        conditions.weight.copy_(torch.cat([part.weight for part in ours]))
        conditions.bias.copy_(torch.cat([part.bias for part in ours]))
        module.modulate = conditions
    return module


@pytest.mark.parametrize("case", CASES)
def test_the_chain_of_joints_and_the_statistics_of_a_signer_are_their_authors(case, theirs):
    x = given(1001, 3, 12, 7, 2, scale=0.4) + 0.5
    chain = Skeleton("seven", {"pose": tuple("abcdefg")}, ())
    theirs.agree(case, adjacency=adjacency(chain, "chain"), stats=framing(batch_of(x))[:, [0, 2, 1, 3]])


@pytest.mark.parametrize("case", CASES)
def test_attention_over_time_is_its_authors(case, files):
    pooled, signer = files.given(case, "pooled"), files.given(case, "signer_embedding")
    with torch.no_grad():
        answer, weights = attention(case, WIDTH)(pooled, None, signer, torch.ones(3, 12, dtype=torch.bool))
    files.agree(case, attention_weights=weights, attended=answer)


def test_hierarchical_attention_over_time_is_its_authors(files):
    """Of the joints' vectors as theirs are; ours of the joints isn't: docs/published.md."""
    joints = files.given("sca_hierarchical", "spatial").mean(2)
    with torch.no_grad():
        answer, _ = attention("sca_hierarchical", 64)(joints, None, given(1003, 3, SIGNER),
                                                      torch.ones(3, 6, dtype=torch.bool))
    files.agree("sca_hierarchical", output=answer)


@pytest.mark.parametrize("case", CASES)
def test_recurrent_layer_and_classifiers_are_their_authors(case, files):
    first = FIRST[case] + (4 if case == "sca_additive" else 12)
    model = build(ScaStgcnParams(published=True, joints="hands-42"), 10).eval()
    adversary = Adversary(512, 4, 0.5).eval()
    fill(model.gru, [*recurrent("gru", "there"), *recurrent("gru", "back", reverse=True)], GAIN, first)
    fill(model.classify, HEAD, GAIN, first + 8)
    fill(adversary.classify, HEAD, GAIN, first + 14)
    assert isinstance(model.gru, ClipGRU)
    with torch.no_grad():
        embedding = model.gru(files.given(case, "attended"), torch.full((3,), 12))
        files.agree(case, embedding=embedding, logits=model.classify(embedding),
                    signer_logits=adversary.classify(embedding))
    files.sizes(case, {"temporal": size(model.gru), "cls_head": size(model.classify),
                       "signer_head": size(adversary)})


def test_the_joints_of_a_frame_are_pooled_as_by_their_authors(files):
    frames = torch.ones(3, 12, dtype=torch.bool)
    files.agree("sca_additive", pooled=JointPooling(7, WIDTH, 0)(files.given("sca_additive", "block3"), frames))
