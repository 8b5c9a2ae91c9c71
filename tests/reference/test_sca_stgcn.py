"""SCA-STGCN as published: networks, signer encoders and attentions with the formula's weights."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.losses.sca_published import PublishedCriterion
from slr.models.checkpoints import sca_stgcn
from slr.models.checkpoints.sca_stgcn import HEAD, STATISTICS, attention
from slr.models.layers import Dropout
from slr.models.sca_published import FeatureEncoder, HybridEncoder, JointAttention, PublishedScaStgcn, statistics
from slr.models.sca_stgcn import SignerAttention
from slr.params.families.stgcn import ScaStgcnParams
from slr.params.lookup import locate
from slr.partition.signers import published_statistics
from slr.preprocessing.batch import Batch
from tests.helpers.reference import (
    batch_of,
    below,
    fill,
    given,
    linear,
    size,
    watched,
)

GAIN = 1.5
CHAIN = Skeleton("seven", {"pose": tuple("abcdefg")}, ())
CASES = {"sca_additive": "additive", "sca_film": "film"}
FEATURES = [*STATISTICS, *linear("5", "5")]
POOLING = [*linear("attn_pool.0", "score.0"), *linear("attn_pool.2", "score.2")]


def network_of(**settings) -> PublishedScaStgcn:
    params = ScaStgcnParams(published=True, **settings)
    return locate(params.network)(params, CHAIN, 10).eval()


def whole(attends: str) -> tuple[PublishedScaStgcn, PublishedCriterion]:
    """Network and criterion, with the signers' adversary, as the family builds them; without dropout."""
    losses = {"adversary": 0.5}
    network = network_of(attention=attends, losses=losses)
    criterion = PublishedCriterion(ScaStgcnParams(published=True, losses=losses), network.width, torch.ones(10), 4)
    fill(nn.ModuleDict({"network": network, "criterion": criterion}), [
        *below("", "network.", sca_stgcn.network(attends == "film")),
        *below("signer_head.", "criterion.adversary.classify.", HEAD)], GAIN)
    for module in (*network.modules(), *criterion.modules()):
        if isinstance(module, Dropout):
            module.p = 0
    return network, criterion.eval()


def clips(targets: Sequence[int] | None = None) -> Batch:
    return batch_of(given(1001, 3, 12, 7, 2, scale=0.4) + 0.5, targets=targets)


@pytest.mark.parametrize("case", CASES)
def test_the_network_is_its_authors(case, theirs):
    network, criterion = whole(CASES[case])
    blocks = {f"block{i + 1}": part for i, part in enumerate(network.blocks)}
    with torch.no_grad(), watched(**blocks, there=network.gru.there, back=network.gru.back) as found:
        outputs = network(clips())
        signer_logits = criterion.adversary.classify(outputs["features"])
    layers = {name: found[name][0] for name in blocks} if case == "sca_additive" else {}
    steps = torch.cat([found["there"][0], found["back"][0].flip(1)], -1)
    theirs.agree(case, adjacency=network.blocks[0].adjacency, stats=statistics(clips()), **layers,
                 pooled=found["block3"][0].mean(2), signer_embedding=outputs["signer"],
                 attention_weights=outputs["attention"][0], attended=outputs["attended"],
                 gru_steps=steps, embedding=outputs["features"], logits=outputs["logits"], signer_logits=signer_logits,
                 parameters=size(network, criterion), parameters_without_signer_head=size(network))
    theirs.sizes(case, {"backbone": size(network.blocks), "signer_enc": size(network.signer_encoder),
                        "attn": size(network.attend_time), "temporal": size(network.gru),
                        "cls_head": size(network.classify), "signer_head": size(criterion)})


def test_pseudo_signers_are_clusters_of_their_authors_statistics(theirs):
    found = [published_statistics(ClipLandmarks("", 25, 1, 1, clip.numpy())) for clip in clips().landmarks]
    theirs.agree("sca_additive", stats=torch.tensor(np.array(found)))


@pytest.mark.parametrize("case", CASES)
def test_a_training_step_is_its_authors(case, theirs):
    network, criterion = whole(CASES[case])
    labels, signers = (theirs.given(case, f"train_{name}").long() for name in ("labels", "signers"))
    batch = replace(clips(labels.tolist()), signers=signers)
    with watched(block3=network.train().blocks[2], signer_logits=criterion.train().adversary.classify) as found:
        outputs = network(batch)
        loss = sum(criterion(outputs, batch).values())
    loss.backward()
    gradients = {"grad_block1_gc": network.blocks[0].linear.weight, "grad_res1": network.blocks[1].norm.weight,
                 "grad_class_last_bias": network.classify[-1].bias,
                 "grad_signer_head_bias": criterion.adversary.classify[-1].bias}
    if case == "sca_film":
        gradients["grad_signer_first"] = network.signer_encoder.encode[1].weight
    norm_of_first = network.blocks[0].norm
    theirs.agree(case, train_loss=loss, train_logits=outputs["logits"], train_signer_logits=found["signer_logits"],
                 train_block3_first=found["block3"][0][0, ..., :16], train_bn1_running_mean=norm_of_first.running_mean,
                 train_bn1_running_var=norm_of_first.running_var,
                 **{name: weight.grad for name, weight in gradients.items()})


POOLINGS = {"attention": "attention", "mean": "avg", "max": "max"}


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_signer_encoder_from_features_is_its_authors(pooling, theirs):
    encoder = network_of(signer_encoder="learned", signer_pooling=pooling).signer_encoder
    assert isinstance(encoder, FeatureEncoder)
    fill(encoder, [*(POOLING if pooling == "attention" else []), *below("encoder.", "encode.", FEATURES)], GAIN)
    with torch.no_grad():
        embedding = encoder(batch_of(torch.zeros(3, 6, 5, 2)), given(1002, 3, 6, 5, 64))
    theirs.agree("sca_adaptive", **{f"embedding_{POOLINGS[pooling]}": embedding})


def with_statistics(wanted: torch.Tensor) -> Batch:
    """Clips of six frames with these means and deviations (B, 4): of two joints, one above the mean, one below."""
    mean, deviation = (part[:, None, None].expand(-1, 6, -1, -1) for part in wanted.split(2, 1))
    return batch_of(torch.cat([mean + deviation - 1e-6, mean - deviation + 1e-6], 2))


def test_the_hybrid_signer_encoder_is_its_authors(theirs):
    encoder = network_of(signer_encoder="hybrid").signer_encoder
    assert isinstance(encoder, HybridEncoder)
    fill(encoder, [*below("stats_encoder.", "statistics.encode.", STATISTICS),
                   *below("feat_encoder.", "features.", [*POOLING, *below("encoder.", "encode.", FEATURES)]),
                   *linear("fusion.0", "fuse.0"), *linear("fusion.2", "fuse.2")], GAIN)
    batch, features = with_statistics(theirs.given("sca_adaptive", "stats")), given(1002, 3, 6, 5, 64)
    with torch.no_grad(), watched(statistics=encoder.statistics, features=encoder.features) as found:
        embedding = encoder(batch, features)
    theirs.agree("sca_adaptive", hybrid_stats_half=found["statistics"], hybrid_feature_half=found["features"],
                 embedding_hybrid=embedding)


def test_hierarchical_attention_is_its_authors(theirs):
    network = network_of(attention="hierarchical")
    narrow = JointAttention(64, 4, 64), SignerAttention(64, 4, 64, "hierarchical", bare=True)
    assert [type(part) for part in narrow] == [type(network.attend_joints), type(network.attend_time)]
    joints, time = narrow
    fill(nn.ModuleDict({"joints": joints, "time": time}), [
        *linear("scale_net.0", "joints.scale"), *linear("shift_net", "joints.shift"),
        *below("", "joints.", attention(False, 64)), *below("", "time.", attention(True, 64))], GAIN)
    signer = given(1003, 3, 64)
    with torch.no_grad():
        spatial = joints(given(1002, 3, 6, 5, 64), signer)
        output, _ = time(spatial.mean(2), None, signer, torch.ones(3, 6, dtype=torch.bool))
    theirs.agree("sca_hierarchical", spatial=spatial, output=output)
    theirs.sizes("sca_hierarchical", {"spatial_attn": size(joints), "temporal_attn": size(time)})
