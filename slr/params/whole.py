"""The whole of `params.yaml`, with the models of `zoo/params.yaml`."""

from typing import Self

from pydantic import SerializeAsAny, model_validator

from slr.params.families.spoter import SpoterParams
from slr.params.families.training import ModelParams
from slr.params.nearest import nearest
from slr.params.pipeline import (
    ComputeParams,
    CorpusParams,
    EvaluationParams,
    FramesParams,
    LandmarksParams,
    SignersParams,
    SplitsParams,
    TrainParams,
    ZooParams,
)
from slr.params.section import Section


class Params(Section):
    """The whole of `params.yaml`; `zoo` and its models come from `zoo/params.yaml`."""

    corpus: CorpusParams = CorpusParams()
    frames: FramesParams = FramesParams()
    landmarks: LandmarksParams = LandmarksParams()
    splits: SplitsParams = SplitsParams()
    signers: SignersParams = SignersParams()
    train: TrainParams = TrainParams()
    models: dict[str, SerializeAsAny[ModelParams]] = {"spoter": SpoterParams()}
    zoo: ZooParams = ZooParams()
    evaluation: EvaluationParams = EvaluationParams()
    compute: ComputeParams = ComputeParams()

    @model_validator(mode="after")
    def _models_exist(self) -> Self:
        for where, names in [("train.models", self.train.models), ("zoo.models", self.zoo.models)]:
            for name in names:
                if name not in self.models:
                    raise ValueError(f"{where}: there is no model '{name}' under models{nearest(name, self.models)}")
        trained = [*self.train.models, *self.zoo.models]
        selectable = trained if self.train.models else self.models  # of a gallery nothing is trained
        if self.train.model not in selectable:
            unknown = self.train.model not in self.models
            raise ValueError(
                f"train.model: there is no model '{self.train.model}'{nearest(self.train.model, trained)}" if unknown
                else f"train.model: '{self.train.model}' is not in train.models, so nothing would train it; add it "
                     f"there or select one of {', '.join(trained)}")
        return self
