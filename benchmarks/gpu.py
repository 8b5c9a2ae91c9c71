"""What only a machine with a GPU can show: that it gives the same answers, and how much faster it trains.

    python -m benchmarks.gpu [--rounds 3]

First the tests that need a GPU run; nothing is recorded unless all of them pass. Then `benchmarks/results/gpu.json`:

- `gpu_epoch_s`, `cpu_epoch_s`: an epoch of SPOTER, as in `benchmarks.training`, on the GPU and on all cores, in the
  precision that `train.precision: auto` takes there.
- `gpu_epoch_ratio`: the second over the first.
- `gpu_name`, `gpu_precision`.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from benchmarks.record import record
from benchmarks.training import SPOTER, in_turns, made_up_clips, ours
from slr.training.device import choose_precision, use_cores

TESTS = ("tests/inference/test_device.py", "tests/training/test_device.py", "tests/training/test_parallel.py")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    if not torch.cuda.is_available():
        sys.exit("this machine has no GPU that torch can use")
    if pytest.main(["--quiet", "-p", "no:cacheprovider", *TESTS]) != pytest.ExitCode.OK:
        sys.exit("the tests that need a GPU failed; nothing is recorded")
    use_cores()
    clips = made_up_clips()
    with tempfile.TemporaryDirectory() as temporary:
        seconds = in_turns(rounds, **{device: ours(Path(temporary) / device, clips, device)
                                      for device in ("cuda", "cpu")})
    record("gpu", {
        "gpu_epoch_ratio": seconds["cpu"] / seconds["cuda"], "gpu_epoch_s": seconds["cuda"],
        "cpu_epoch_s": seconds["cpu"], "gpu_name": torch.cuda.get_device_name(),
        "gpu_precision": choose_precision("auto", torch.device("cuda"), SPOTER["batch_size"]), "rounds": rounds,
    })


if __name__ == "__main__":
    main()
