"""How long a training step of STF-Net takes and how much memory it needs, beside the published network.

    python -m benchmarks.stfnet [--rounds 3]

Writes into `benchmarks/results/continuous.json`. One clip of 64 frames of 224 x 224, ResNet-34, every part switched on,
1,200 classes, float32, Adam, on all cores: forward, all losses, backward, and the optimiser's step.

Every number is of a process of its own, which makes two steps: the first takes the memory that optimiser and library
keep, the second is timed. Ours and the published are run in turns; each number is the median of the rounds.

- `stfnet_published_step_s`, `stfnet_published_peak_mib`: `benchmarks/published_stfnet.py`, the published network with
  3-D convolutions and without checkpointing. That it gives the same as that of `published: true`, which is held to the
  authors' numbers, is checked by `tests/models/stfnet/test_published.py`.
- `stfnet_step_s`, `stfnet_peak_mib`: ours, repaired, without checkpointing; `stfnet_checkpointing_step_s`,
  `stfnet_checkpointing_peak_mib`: with it, and with `slr.io.workers.return_freed_memory`.
- `stfnet_step_ratio`, `stfnet_checkpointing_step_ratio`: ours over the published step.
- `stfnet_memory_ratio`: ours with checkpointing over the published one's.

Peaks are the largest resident memory of the process, less what it was after the imports: weights, gradients and the
optimiser's averages are in them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from benchmarks.record import peak_mib, record
from slr.io.workers import cores, return_freed_memory

FRAMES, SIDE, GLOSSES, CLASSES = 64, 224, 8, 1200
ARRANGEMENTS = ("published", "ours", "checkpointing")


def measure(arrangement: str) -> dict[str, float]:
    """Seconds of the second step, and MiB at most, in this process."""
    import torch

    from benchmarks.published_stfnet import SolidStfnet, batch_of
    from slr.losses.ctc import CtcCriterion
    from slr.models.stfnet import Stfnet
    from slr.params.families.stfnet import StfnetParams

    torch.set_num_threads(cores())
    if arrangement == "checkpointing":
        return_freed_memory()
    begin = peak_mib()
    torch.manual_seed(0)
    published = arrangement == "published"
    params = StfnetParams(published=published, backbone="resnet34", checkpointing=arrangement == "checkpointing")
    model = (SolidStfnet if published else Stfnet)(params, None, CLASSES - 1)
    criterion, batch = CtcCriterion(params.ctc), batch_of(FRAMES, SIDE, GLOSSES, CLASSES)
    optimizer = torch.optim.Adam(model.parameters(), params.lr, weight_decay=params.weight_decay)
    for _ in range(2):
        started = time.perf_counter()
        optimizer.zero_grad()
        sum(criterion(model(batch), batch).values()).backward()
        optimizer.step()
    return {"step_s": time.perf_counter() - started, "peak_mib": peak_mib() - begin}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=ARRANGEMENTS, help="measure one in this process and print it as JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only)))
        return
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ARRANGEMENTS}
    for _ in range(options.rounds):
        for name in ARRANGEMENTS:
            done = subprocess.run([sys.executable, "-m", "benchmarks.stfnet", "--only", name], check=True,
                                  capture_output=True, text=True)
            found[name].append(json.loads(done.stdout))
    step, peak = ({name: statistics.median(round[number] for round in found[name]) for name in ARRANGEMENTS}
                  for number in ("step_s", "peak_mib"))
    record("continuous", {
        "stfnet_step_ratio": step["ours"] / step["published"],
        "stfnet_checkpointing_step_ratio": step["checkpointing"] / step["published"],
        "stfnet_memory_ratio": peak["checkpointing"] / peak["published"],
        "stfnet_published_step_s": step["published"], "stfnet_step_s": step["ours"],
        "stfnet_checkpointing_step_s": step["checkpointing"], "stfnet_published_peak_mib": peak["published"],
        "stfnet_peak_mib": peak["ours"], "stfnet_checkpointing_peak_mib": peak["checkpointing"],
        "stfnet_rounds": options.rounds,
    }, part="stfnet")


if __name__ == "__main__":
    main()
