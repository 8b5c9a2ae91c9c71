"""Settings of the plain transformer, and those it shares with SPOTER and SiLT."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Layers, Positive

PUBLISHED_HEADS = {"spoter-54": 9, "holistic-75": 10, "right-hand-21": 7}
"""Attention heads of the published networks, by their skeleton."""
PUBLISHED_EPOCHS = 350
"""Epochs of the published runs, none of which stops early."""


class AttentionParams(ModelParams):
    """Settings of all networks made of attention layers over the frames of a clip."""

    published: bool = False
    """Replace all settings of this block with the paper's, except `joints`, `epochs`, `patience` and those that select
    among its variants."""
    missing: Literal["learned", "zero", "outside"] = "learned"
    """Value of a missing joint: a learned point, or before .5 is subtracted zero (as SPOTER's) or -2, outside the frame
    (as SiLT's)."""
    positions: Literal["none", "published", "sinusoidal", "learned"] = "sinusoidal"
    """Positional encoding; `published` is SPOTER's: one vector for all frames, so it carries no information about
    order."""
    d_model: Positive | None = 128
    """Width after a linear projection; null uses the coordinates themselves, as published."""
    heads: Positive = 8
    """Attention heads; they must divide the width."""
    feedforward: Positive = 256
    """Hidden width of the feed-forward layers."""
    norm_first: bool = True
    """Pre-norm; post-norm (false), as published, needs smaller learning rates."""
    dropout: Dropout = 0.1
    """Dropout in each layer."""

    @classmethod
    def published_run(cls, settings: dict[str, Any], *, fractions: bool) -> dict[str, Any]:
        """What the published networks have in common, and their training.

        Parameters
        ----------
        settings : dict
            Of the block. `epochs`, `patience`, `missing: zero` or `outside` and, for joints that no published network
            has, `heads` stay.
        fractions : bool
            Train as SiLT's code does: on fractions of the frame, with noise as the only augmentation. False: as
            SPOTER's, in its boxes and with its augmentation.
        """
        def of_block(name: str, default: Any = None) -> Any:
            return settings.get(name, cls.model_fields[name].default if default is None else default)

        joints = str(of_block("joints"))
        missing = of_block("missing") if of_block("missing") in ("zero", "outside") else (
            "zero" if joints == "spoter-54" else "outside")
        return {
            "channels": 2, "frames": None, "units": "frame" if fractions else "height",
            "normalise": "none" if fractions else "published", "missing": missing,
            "d_model": None, "heads": PUBLISHED_HEADS.get(joints, of_block("heads")), "feedforward": 2048,
            "norm_first": False, "dropout": 0.1, "batch_size": 1, "optimizer": "sgd", "lr": 0.001, "weight_decay": 0,
            "warmup_epochs": 0, "schedule": "constant", "label_smoothing": 0, "gradient_clip": 0,
            "epochs": of_block("epochs", PUBLISHED_EPOCHS), "patience": of_block("patience", PUBLISHED_EPOCHS),
            "augment": {"probability": 0, "noise_std": 0.001} if fractions else
            {"one_at_a_time": True, "views": "published"}, "losses": {}, "batching": {},
        }

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        from slr.dataset.skeleton import skeleton

        width = self.d_model or self.channels * len(skeleton(self.joints))
        if width % self.heads:
            raise ValueError(f"heads: {self.heads} heads don't divide the width of {width}; "
                             f"{'change d_model or heads' if self.d_model else 'set d_model or change heads'}")
        return self


class TransformerParams(AttentionParams):
    """Transformer encoder with sinusoidal positions, averaged over time; `published: true` gives the baseline of
    Luna-Jimenez et al., ICMI 2023, which also has a decoder."""

    network: ClassVar[str] = "slr.models.transformer:Transformer"
    family: Literal["transformer"] = "transformer"
    """Network family."""
    layers: Layers = 3
    """Self-attention layers over the frames."""
    decoder_layers: Annotated[int, Field(ge=0, le=100)] = 0
    """Layers of a decoder whose queries are the embedded frames, and which attends to the encoded ones; 6 as
    published."""
    input_dropout: Dropout = 0
    """Dropout of the embedded frames, the same for encoder and decoder; .5 as published."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The baseline's settings in SiLT's repository."""
        return {**cls.published_run(settings, fractions=True), "positions": "sinusoidal", "layers": 6,
                "decoder_layers": 6, "input_dropout": 0.5}
