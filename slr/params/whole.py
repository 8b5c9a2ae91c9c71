"""The whole of `params.yaml`, with the models of `zoo/params.yaml`."""

import difflib
from typing import Any, Self

from pydantic import model_validator

from slr.params.families import ModelParams
from slr.params.families.spoter import SpoterParams
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
    """The whole of `params.yaml`; `zoo` and the models that it names are those of `zoo/params.yaml`."""

    corpus: CorpusParams = CorpusParams()
    frames: FramesParams = FramesParams()
    landmarks: LandmarksParams = LandmarksParams()
    splits: SplitsParams = SplitsParams()
    signers: SignersParams = SignersParams()
    train: TrainParams = TrainParams()
    models: dict[str, ModelParams] = {"spoter": SpoterParams()}
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
        if self.train.model not in trained:
            unknown = self.train.model not in self.models
            raise ValueError(
                f"train.model: there is no model '{self.train.model}'{nearest(self.train.model, trained)}" if unknown
                else f"train.model: '{self.train.model}' is not in train.models, so nothing would train it; add it "
                     f"there or select one of {', '.join(trained)}")
        return self


def nearest(name: str, names: Any) -> str:
    """A hint at what was meant: the nearest of the known names, or all of them."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(names))}"
