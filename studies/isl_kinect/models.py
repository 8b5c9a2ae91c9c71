"""The models of the study: each family with settings for 12 joints in metres, at a stated budget."""

from slr.params import AugmentParams, ModelParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stgcn import AttentionStgcnParams, ScaStgcnParams
from slr.params.families.transformer import TransformerParams

BEST = "best"
"""The project's own design, `multistream`: up to 5 CPU minutes a fold; the others have 40 CPU seconds."""
DATA = {"joints": "kinect-12", "channels": 3, "frames": 32, "normalise": "shoulders"}
"""The upper body, in shoulder widths from the neck."""
VARIED = AugmentParams(crop=0.05, rotate_degrees=8, squeeze=0, perspective=0, arm_degrees=8, yaw_degrees=20, scale=0.1,
                       shift=0.05, noise_std=0.01)
"""Every signer is right-handed, so nothing is mirrored; the body was turned by up to 90 degrees in the recordings."""
QUICK = {**DATA, "augment": VARIED, "batch_size": 64, "lr": 0.002, "warmup_epochs": 2}
SMALL = {"d_model": 64, "heads": 4, "feedforward": 128}

MODELS: dict[str, ModelParams] = {
    BEST: MultistreamParams(
        **DATA, augment=VARIED.model_copy(update={"yaw_degrees": 0}), smooth=True, facing=True, turn_degrees=20,
        streams=[["joints", "joint_motions"], ["reaches", "joint_motions"], ["directions", "direction_motions"],
                 ["joint_motions"]],
        seeds=2, dropout=0.15, epochs=40, batch_size=64, lr=0.002, weight_decay=0.02, warmup_epochs=6),
    "spoter": SpoterParams(**QUICK, **SMALL, encoder_layers=2, decoder_layers=1, epochs=30),
    "transformer": TransformerParams(**QUICK, **SMALL, layers=2, epochs=30),
    "silt_query": SiltParams(**QUICK, **SMALL, weights="query", encoder_layers=2, decoder_layers=1, epochs=28),
    "silt_sequence": SiltParams(**QUICK, **SMALL, weights="sequence", encoder_layers=2, decoder_layers=1, epochs=20),
    "sca_stgcn": ScaStgcnParams(**QUICK, widths=[32, 48, 64], hidden=64, epochs=9),
    "attention_stgcn": AttentionStgcnParams(**QUICK, widths=[32, 48, 64, 64], hidden=64, epochs=16),
}
