"""The models of the study: each family with settings for 12 joints in metres, at a stated budget."""

from slr.params import (
    AttentionStgcnParams,
    AugmentParams,
    ModelParams,
    MultistreamParams,
    ScaStgcnParams,
    SiltParams,
    SpoterParams,
    TransformerParams,
)

BEST = "best"
"""The project's own design, `multistream`: up to 5 CPU minutes a fold; the others have 40 CPU seconds."""
DATA = {"joints": "kinect-12", "channels": 3, "frames": 32, "normalise": "shoulders"}
"""The upper body, in shoulder widths from the neck."""
VARIED = AugmentParams(crop=0.2, rotate_degrees=8, squeeze=0, perspective=0, arm_degrees=8, yaw_degrees=20, scale=0.1,
                       shift=0.05, noise_std=0.01)
"""Every signer is right-handed, so nothing is mirrored; the rooms differ in where the Kinect stood."""
QUICK = {**DATA, "augment": VARIED, "batch_size": 64, "lr": 0.002, "warmup_epochs": 1}


MODELS: dict[str, ModelParams] = {
    BEST: MultistreamParams(
        **{**DATA, "augment": VARIED.model_copy(update={"yaw_degrees": 0, "arm_degrees": 8})}, facing=True,
        turn_degrees=20, seeds=2, epochs=32, batch_size=64, lr=0.002, weight_decay=0.02, warmup_epochs=4),
    "spoter": SpoterParams(**QUICK, d_model=64, heads=4, encoder_layers=2, decoder_layers=1, feedforward=128, epochs=8),
    "transformer": TransformerParams(**QUICK, d_model=64, heads=4, layers=2, feedforward=128, epochs=8),
    "silt_query": SiltParams(**QUICK, weights="query", epochs=8),
    "silt_sequence": SiltParams(**QUICK, weights="sequence", epochs=8),
    "sca_stgcn": ScaStgcnParams(**QUICK, widths=[32, 64, 64], hidden=64, epochs=8),
    "attention_stgcn": AttentionStgcnParams(**QUICK, widths=[32, 48, 64, 64], hidden=64, epochs=8),
}
