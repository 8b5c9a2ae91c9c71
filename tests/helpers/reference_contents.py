"""What our code is held to, case by case; docs/published.md says what else there is, and how far ours is from it."""

from typing import NamedTuple


class Held(NamedTuple):
    """Of one case, by their names in the authors' files.

    Attributes
    ----------
    outputs : str
        Arrays that our code gives.
    modules : str
        Modules of which ours have as many weights.
    inputs : str
        Arrays that are fed, and that no formula gives.
    files_only : str
        As `outputs`, where what is fed is too large for the extract.
    """

    outputs: str = ""
    modules: str = ""
    inputs: str = ""
    files_only: str = ""


LAYERS = "encoder1 encoder6 memory decoder1 decoder6 decoded logits parameters"
TRANSFORMER = Held(LAYERS, "transformer.encoder transformer.decoder linear_class class_query")
SEQUENCE = Held(LAYERS, "transformer.encoder transformer.decoder linear_class")
POSITIONED = SEQUENCE._replace(outputs=f"{LAYERS} positions")
SCA = Held("adjacency stats", "temporal cls_head signer_head", files_only="attention_weights attended embedding logits "
                                                                          "signer_logits pooled")
RESNET = " ".join(f"conv2d.{part}" for part in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"))
TRIPLETS = [f"{batch}_hard_margin{margin}" for batch in ("mixed", "few_hard", "no_positive") for margin in (1, 0.5)]
SCHEDULES = ("default", "threshold500")
SMALL = [f"small{i}" for i in range(6)]


def each(names: list[str] | tuple[str, ...], *ends: str) -> str:
    """Every name with each of these behind it."""
    return " ".join(f"{name}_{end}" for name in names for end in ends)


CONTENTS = {
    "spoter_108": TRANSFORMER,
    "spoter_mediapipe_150": TRANSFORMER,
    "spoter_mediapipe_42": TRANSFORMER,
    "spoter_nope_150": TRANSFORMER,
    "spoter_nope_42": TRANSFORMER,
    "silt_query_150": TRANSFORMER,
    "silt_query_42": TRANSFORMER,
    "silt_sequence_150": SEQUENCE,
    "silt_sequence_42": SEQUENCE,
    "silt_baseline_150": POSITIONED,
    "silt_baseline_42": POSITIONED,
    "spoter_embeddings": Held("embedding_alone parameters", "transformer.encoder transformer.decoder linear_embed"),
    "triplet": Held(each(TRIPLETS, "loss", "valid", "used", "grad"),
                    inputs=each(("mixed", "few_hard", "no_positive"), "embeddings", "labels")),
    "grouping": Held(files_only=f"{each('abcd', 'scaled')} {each('cd', 'order', 'groups')}"),
    "batching_scheduler": Held(each(SCHEDULES, "threshold", "factor"), inputs=each(SCHEDULES, "counts")),
    "spoter_space": Held(files_only="normalised rotate squeeze perspective_left perspective_right arms"),
    "sca_additive": SCA,
    "sca_film": SCA,
    "sca_hierarchical": Held(files_only="output"),
    "sca_losses": Held("cross_entropy focal focal_grad weighted weighted_grad adversarial adversarial_grad_z "
                       "adversarial_grad_first_weight signer_head_logits", inputs="labels binary_labels signers"),
    "stf_fusion": Held(files_only="after_spatial_attention"),
    "stf_lift": Held("output predicted updated weighted_s weighted_d weight1_conv loss_p loss_u",
                     "predictor updater weight1 weight2"),
    "stf_temporal": Held("layer0 layer1 layer2 layer3 features conv_logits out_lengths train_features "
                         "loss_p loss_u train_loss_p train_loss_u",
                         "temporal_conv fc"),
    "stf_bilstm": Held("output", "rnn"),
    "stf_classifier": Held("logits", "weight"),
    "stf_losses": Held("term_SeqCTC term_ConvCTC term_Dist total grad_conv_logits grad_sequence_logits grad_alignment0 "
                       "ctc_each_conv ctc_each_sequence distillation_T1_no_blank distillation_T8_no_blank"),
    "stf_data": Held("padded_frames video_lengths single_video_lengths single_padded single_out_steps", inputs="order"),
    "stf_decode": Held(" ".join([
        each(SMALL, "greedy_labels", "best_labels", "best_logp_exact", "second_logp_exact"),
        *(f"long_unmerged{i} long_logp_width3000_{i}" for i in range(3))]),
        inputs=f"{each(SMALL, 'logits')} long_logits"),
    "stf_resnet18": Held("mean_stage1 mean_stage2 train_running_mean_first train_running_var_first",
                         f"{RESNET} conv1d.temporal_conv temporal_model conv1d.fc"),
    "stf_resnet34": Held("mean_stage1 mean_stage2", f"{RESNET} conv1d.temporal_conv temporal_model conv1d.fc"),
}
