"""Graph units: what is joined, and that the fast arrangement computes what the published one does."""

import numpy as np
import pytest
import torch

from benchmarks.published_sca_stgcn import both, published_blocks, windows
from slr.dataset.skeleton import SKELETONS, Skeleton, skeleton
from slr.models.graph import GraphBlock, Input, adjacency, edges
from tests.helpers.batches import batch_of, with_rubbish

FRAMES = torch.arange(11) < torch.tensor([11, 8, 1])[:, None]  # (3, 11)


def names(bones: list[tuple[int, int]], of: Skeleton) -> list[tuple[str, str]]:
    return [(of.joints[a], of.joints[b]) for a, b in bones]


@pytest.mark.parametrize("name", ["holistic-75", "holistic-67", "spoter-54"])
def test_hands_hang_on_the_wrists(name):
    joints = skeleton(name)
    bones = names(edges(joints), joints)
    for side in ("left", "right"):
        assert bones.count((f"{side}_wrist", f"{side}_hand_wrist")) == 1


def test_hands_without_a_bone_to_the_body_are_joined_to_its_wrists():
    hand = ("left_hand_wrist", "left_hand_index_mcp")
    apart = Skeleton("apart", {"pose": ("left_elbow", "left_wrist"), "left_hand": hand},
                     (("left_elbow", "left_wrist"), hand))
    assert names(edges(apart), apart)[2:] == [("left_wrist", "left_hand_wrist")]
    alone = Skeleton("alone", {"left_hand": hand}, (hand,))
    assert names(edges(alone), alone) == [hand]


@pytest.mark.parametrize("kind", ["bones", "chain"])
@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_an_adjacency_is_symmetric_with_self_loops_and_its_largest_eigenvalue_is_one(name, kind):
    matrix = adjacency(skeleton(name), kind).numpy()
    assert np.array_equal(matrix, matrix.T) and (np.diag(matrix) > 0).all()
    assert np.linalg.eigvalsh(matrix)[-1] == pytest.approx(1, abs=1e-5)


def test_an_adjacency_joins_bones_and_nothing_else():
    joints = skeleton("kinect-20")
    matrix = adjacency(joints)
    joined = {frozenset(pair) for pair in matrix.nonzero().tolist() if pair[0] != pair[1]}
    assert joined == {frozenset(bone) for bone in joints.bone_indices.tolist()}
    degree = (matrix > 0).sum(1)
    a, b = joints.bone_indices[0]
    assert matrix[a, b] == pytest.approx(1 / (degree[a] * degree[b]).sqrt().item())


def test_a_chain_joins_neighbours_in_storage_order():
    matrix = adjacency(skeleton("boston-3"), "chain")
    assert (matrix > 0).tolist() == [[True, True, False], [True, True, True], [False, True, True]]


def test_input_is_zero_where_missing_and_says_what_was_found():
    batch = with_rubbish(batch_of(2, 5, channels=3))
    x = Input(54, 2, presence=True, motion=False, identity=0)(batch)
    assert x.shape == (2, 5, 54, 3)
    assert torch.equal(x[..., 2] == 1, batch.mask) and (x[~batch.mask] == 0).all()
    assert torch.equal(Input(54, 2, presence=False, motion=False, identity=0)(batch), x[..., :2])


def test_input_adds_the_motion_and_the_identity_of_joints():
    batch = batch_of(2, 5, channels=4)
    layer = Input(54, 4, presence=False, motion=True, identity=6)
    x = layer(with_rubbish(batch))
    assert x.shape == (2, 5, 54, layer.width) and layer.width == 4 + 3 + 6
    moves = batch.mask[:, 2:] & batch.mask[:, :-2]
    speed = (batch.landmarks[:, 2:, :, :3] - batch.landmarks[:, :-2, :, :3]) / 2
    torch.testing.assert_close(x[:, 1:-1, :, 4:7], speed.masked_fill(~moves[..., None], 0) / Input.FAST)
    assert torch.equal(x[1, 3, :, 7:], layer.identity)


def blocks(graph: torch.Tensor, **options) -> torch.nn.ModuleList:
    """Three blocks as SCA-STGCN's, with statistics of the norm that aren't 0 and 1, and dropout off."""
    torch.manual_seed(0)
    made = torch.nn.ModuleList(GraphBlock(graph, a, b, dilation=i + 1, dropout=0, linear_bias=True, **options)
                               for i, (a, b) in enumerate(((2, 64), (64, 128), (128, 128))))
    for block in made:
        block.norm.running_mean.normal_()
        block.norm.running_var.uniform_(0.5, 2)
    return made


def through(made: torch.nn.ModuleList, x: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    for block in made:
        x, frames = block(x, frames)
    return x


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_the_fast_arrangement_gives_what_the_published_one_does(training):
    graph = adjacency(skeleton("holistic-75"), "chain")
    ours, published = blocks(graph), published_blocks(graph, dropout=0)
    published.load_state_dict(ours.state_dict())
    ours.train(training)
    published.train(training)
    x = torch.randn(2, 12, 75, 2)  # few: beside more, rounding puts one on the other side of a ReLU's bend
    fast, slow = (through(made, x, torch.ones(2, 12, dtype=torch.bool)) for made in (ours, published))
    # In training, the norm divides by the batch's own small spreads, and rounding with it.
    assert (fast - slow).abs().max() <= 1e-5 * (slow.abs().max() if training else 1)
    fast.square().mean().backward()
    slow.square().mean().backward()
    # Sums over thousands of frames and joints, added up in another order.
    torch.testing.assert_close({name: weight.grad for name, weight in ours.named_parameters()},
                               {name: weight.grad for name, weight in published.named_parameters()},
                               atol=1e-5, rtol=1e-3)


def test_the_whole_network_gives_what_the_published_one_does():
    batch = windows(count=4)
    ours, published = (model.eval()(batch)["logits"] for model in both())
    assert (ours - published).abs().max() <= 1e-5


def test_a_clip_in_a_padded_batch_gives_what_it_gives_alone():
    block = blocks(adjacency(skeleton("boston-3")))[0].eval()
    x = torch.randn(3, 11, 3, 2).masked_fill(~FRAMES[..., None, None], 1e3)
    found = block(x, FRAMES)[0]
    for clip, own, answer in zip(x, FRAMES, found, strict=True):
        torch.testing.assert_close(block(clip[None, own], own[None, own])[0][0], answer[own], atol=1e-5, rtol=0)


def test_padding_does_not_change_the_statistics_of_the_norm():
    block = blocks(adjacency(skeleton("boston-3")))[0].train()
    x, whole = torch.randn(3, 11, 3, 2), torch.ones(3, 11, dtype=torch.bool)
    alone = block(x, whole)[0]
    mean = block.norm.running_mean.clone()
    again = blocks(adjacency(skeleton("boston-3")))[0].train()
    rubbish = torch.cat([x, torch.full((3, 5, 3, 2), 1e3)], 1)
    beside = again(rubbish, torch.nn.functional.pad(whole, (0, 5)))[0]
    torch.testing.assert_close(beside[:, :11], alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(again.norm.running_mean, mean, atol=1e-6, rtol=0)


def test_strides_keep_the_frames_of_a_clip():
    block = GraphBlock(adjacency(skeleton("boston-3")), 2, 8, kernel=5, stride=2).eval()
    x = torch.randn(3, 11, 3, 2)
    found, kept = block(x, FRAMES)
    assert found.shape == (3, 6, 3, 8) and kept.sum(1).tolist() == [6, 4, 1]
    alone, _ = block(x[1:2, :8], FRAMES[1:2, :8])
    torch.testing.assert_close(found[1, :4], alone[0], atol=1e-5, rtol=0)


def test_learned_edges_start_without_effect_and_learn():
    graph = adjacency(skeleton("boston-3"))
    with_edges, without = GraphBlock(graph, 2, 8, learned_edges=True), GraphBlock(graph, 2, 8)
    without.load_state_dict(with_edges.state_dict(), strict=False)
    x, frames = torch.randn(2, 4, 3, 2), torch.ones(2, 4, dtype=torch.bool)
    found = with_edges.eval()(x, frames)[0]
    torch.testing.assert_close(found, without.eval()(x, frames)[0])  # the products are summed in another order
    found.sum().backward()
    assert with_edges.edges.grad[1, 2] != 0  # joints that no bone joins
