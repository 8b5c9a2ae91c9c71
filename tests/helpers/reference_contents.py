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
SCA = Held("adjacency stats block1 block2 block3 pooled signer_embedding attention_weights attended gru_steps "
           "embedding logits signer_logits parameters parameters_without_signer_head train_logits train_signer_logits "
           "train_block3_first train_bn1_running_mean train_bn1_running_var train_loss grad_block1_gc grad_res1 "
           "grad_class_last_bias grad_signer_head_bias",
           "backbone signer_enc attn temporal cls_head signer_head", "train_labels train_signers")
STFNET = Held(
    "input_checks input_corner lengths alpha mean_stage1 mean_stage2 mean_stage3 mean_stage4 mean_fusion2 mean_fusion3 "
    "mean_fusion4 frame_features clip_features lstm_output out_lengths conv_logits sequence_logits alignment_logits1 "
    "alignment_logits2 alignment_logits3 beam_sentences beam_conv_sentences greedy_sentences loss_p loss_u term_Cp "
    "term_Cu term_ConvCTC term_SeqCTC term_Dist total_loss weights_12 weights_1296",
    "conv2d.conv1 conv2d.bn1 conv2d.layer1 conv2d.layer2 conv2d.layer3 conv2d.layer4 conv2d.shift1 conv2d.shift2 "
    "conv2d.shift3 conv1d.temporal_conv temporal_model conv1d.fc csa")
TRIPLETS = [f"{batch}_{which}_margin{margin}" for batch in ("mixed", "few_hard", "no_positive")
            for which in ("hard", "all") for margin in (1, 0.5)]
SCHEDULES = ("default", "threshold500", "short")
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
    "spoter_embeddings": Held("embedding_alone embedding_as_run embedding_unit embedding_boolean_mask encoder1 memory "
                              "decoder1 decoded parameters", "transformer.encoder transformer.decoder linear_embed"),
    "triplet": Held(f"{each(TRIPLETS, 'loss', 'valid', 'used', 'grad')} random_loss",
                    inputs=f"{each(('mixed', 'few_hard', 'no_positive'), 'embeddings', 'labels')} random_anchor "
                           "random_positive random_negative"),
    "grouping": Held(files_only=each("abcd", "scaled", "sorted_pairs", "order", "groups")),
    "batching_scheduler": Held(each(SCHEDULES, "threshold", "factor"), inputs=each(SCHEDULES, "counts")),
    "spoter_space": Held(files_only="body_normalised first_frame_bad_body_normalised wide_body_normalised normalised "
                                    "network_input rotate squeeze perspective_left perspective_right arms "
                                    "random_pick0 random_pick1 random_pick2 random_pick3"),
    "sca_additive": SCA,
    "sca_film": SCA._replace(outputs=SCA.outputs.replace("block1 block2 block3 ", "") + " grad_signer_first"),
    "sca_adaptive": Held("embedding_attention embedding_avg embedding_max embedding_hybrid hybrid_stats_half "
                         "hybrid_feature_half", inputs="stats"),
    "sca_hierarchical": Held("spatial output", "spatial_attn temporal_attn"),
    "sca_losses": Held("cross_entropy focal focal_grad focal_per_class_alpha_each weighted weighted_grad infonce "
                       "infonce_partner infonce_grad attention_reg attention_reg_grad attention_reg_sparse_alone "
                       "attention_reg_smooth_alone club_embedding club_embedding_grad_x club_embedding_grad_y "
                       "club_onehot club_onehot_grad_x adversarial adversarial_grad_z adversarial_grad_first_weight "
                       "signer_head_logits",
                       inputs="labels binary_labels signers club_permutation focal_alphas"),
    "stf_fusion": Held("output branch3 branch5 after_channel_attention after_spatial_attention after_depthwise "
                       "after_grouped train_output train_grad_x train_grad_fusion_weights train_running_mean "
                       "train_running_var", "t_conv cbam.0 cbam.1 st_conv"),
    "stf_excitation": Held(each(["gate", "output", "train_output"], "layer2", "layer3", "layer4")),
    "stf_alignment": Held(" ".join(f"frame_mean{i} fc{i}_first100 output{i} excited{i}_corner output{i}_without_gate"
                                   for i in (1, 2, 3)), "conv1 conv2 conv3 stf1 stf2 stf3 fc tcn_layers"),
    "stf_lift": Held("output predicted updated weighted_s weighted_d weight1_conv loss_p loss_u",
                     "predictor updater weight1 weight2"),
    "stf_temporal": Held("layer0 layer1 layer2 layer3 features conv_logits out_lengths train_features "
                         "loss_p loss_u train_loss_p train_loss_u",
                         "temporal_conv fc"),
    "stf_bilstm": Held("output", "rnn"),
    "stf_classifier": Held("logits", "weight"),
    "stf_losses": Held("term_SeqCTC term_ConvCTC term_Dist term_Cu term_Cp total grad_conv_logits grad_sequence_logits "
                       "grad_alignment0 ctc_each_conv ctc_each_sequence distillation_T1_no_blank "
                       "distillation_T8_no_blank"),
    "stf_data": Held("padded_frames video_lengths single_video_lengths single_padded single_out_steps",
                     inputs="order rescale_frames_draw_newlength", files_only="centre_crop_7 centre_crop_6"),
    "stf_decode": Held(" ".join([
        each(SMALL, "greedy_labels", "best_labels", "best_logp_exact", "second_logp_exact", "greedy_sentence",
             "beam_sentence", "best_logp_beam10"),
        *(f"long_unmerged{i} long_logp_width3000_{i} long_logp{i}" for i in range(3)), "long_beam long_max"]),
        inputs=f"{each(SMALL, 'logits')} long_logits"),
    "stf_resnet18": STFNET._replace(outputs=STFNET.outputs + (
        " train_running_mean_first train_running_var_first train_conv_logits train_sequence_logits "
        "train_alignment_logits1 train_alignment_logits2 train_alignment_logits3 train_loss train_loss_p train_loss_u "
        "train_grad_alpha train_grad_norms train_grad_fusion_weights1 train_grad_fusion_weights2 "
        "train_grad_fusion_weights3")),
    "stf_resnet34": STFNET,
}
GIVEN = {
    **dict.fromkeys(CONTENTS, "x"),
    "spoter_embeddings": "clip0 clip1 clip2 padded mask",
    "grouping": each("abcd", "embeddings", "labels", "settings"),
    "spoter_space": "skeleton names first_frame_bad wide",
    "sca_adaptive": "features",
    "sca_hierarchical": "features signer",
    "sca_losses": "z logits binary_logits attended signer_embedding",
    "stf_bilstm": "x lengths",
    "stf_temporal": "x lengths",
    "stf_losses": each(["conv", "sequence"], "logits") + " lengths labels label_lengths lift_u lift_p "
                  + " ".join(f"alignment_logits{i}" for i in range(3)),
    "stf_alignment": "input_checks",
    "stf_data": "clip_lengths labels label_lengths single_lengths centre_crop_input",
    "stf_decode": "long_lengths",
    **dict.fromkeys(("stf_resnet18", "stf_resnet34"), "gain lengths labels label_lengths input_checks input_corner"),
}
"""Arrays of the files that the authors' code was given, or that check what is given; `inputs` not repeated."""
UNUSED = {
    "sca_losses": "weighted_weights",
    "stf_bilstm": "hidden",
    "stf_data": "centre_crop_20",
    "stf_lift": "weight1_norm",
    "stf_losses": "distillation_T1_with_blank distillation_T8_with_blank",
}
"""Arrays that ours has nothing to hold against, and that matter through others alone: weights of two classes, which are
in the weighted loss; last states of the LSTM, which no part of the network reads; a crop larger than the picture, which
is refused here; a norm inside the weighting, whose output is held; distillation with the blank, which the authors'
training leaves out."""
