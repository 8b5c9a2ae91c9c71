"""Every landmark model of the project as ONNX, beside torch.

    python -m benchmarks.export [--models FOLDER] [--data FOLDER]

Writes `benchmarks/results/export.json`. Trained models of params.yaml and zoo/params.yaml are exported to a temporary
folder, and each is held against torch on 20 test clips and three hostile ones (`slr.inference.export.check`):

- `models`: how many; those that read images aren't exported.
- `failed`: how many of them fail to export, or differ by more than 1e-4 or in the most probable class.
- `max_difference`: the largest difference of any number of any answer of all of them.
- `torch_ms`, `onnx_ms`, `onnx_ratio`: median time of the default model's answer to 4 s at 15 fps, from raw landmarks,
  on one thread, and the second over the first; `torch_mb`, `onnx_mb`: sizes; `torch_top1`, `onnx_top1`: accuracy on
  all test clips.
- `slower`: models whose file takes longer than torch.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.record import record
from slr.dataset.dataset import Dataset
from slr.dataset.paths import MODELS
from slr.errors import SlrError
from slr.inference.export.export import export
from slr.inference.export.report import report_of
from slr.params import load

KIND = "onnx"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--data", type=Path, default=Path("data"))
    given = parser.parse_args()
    params, dataset = load(Path("params.yaml")), Dataset.below(given.data)
    names = [name for name in [*params.train.models, *params.zoo.models] if not params.models[name].needs_video]
    results: dict[str, float | int | str] = {"models": len(names), "failed": 0, "max_difference": 0.0, "slower": 0}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                path, found = export(given.models / name, KIND, Path(folder) / f"{name}.onnx", dataset=dataset)
            except (SlrError, RuntimeError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                results["failed"] += 1
                continue
            results["max_difference"] = max(results["max_difference"], found.max_difference)
            of_model = report_of(given.models / name, KIND, path, dataset)
            results["slower"] += of_model[f"{KIND}_ratio"] > 1
            print(name, found, of_model, file=sys.stderr)
            if name == params.train.model:
                results |= of_model
    record("export", results)


if __name__ == "__main__":
    main()
