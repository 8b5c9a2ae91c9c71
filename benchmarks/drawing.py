"""How fast the built-in corpus is drawn, beside an older commit's code.

    python -m benchmarks.drawing [--before b931ace] [--repeats 3]

Writes `benchmarks/results/drawing.json`, for some clips of every signer and kind, from the plan to the finished files:

- `draw_fps`: frames per CPU second, in one process, its start left out; the best of `--repeats` runs.
- `draw_before_fps`: the same of the commit `before`, run in turns with it.
- `draw_ratio`: `draw_fps / draw_before_fps`.

CPU seconds, because others may be using the machine.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks.record import record

REPOSITORY = Path(__file__).parents[1]
CORPUS = {"parts": ["isolated", "sentences", "streams"], "signs": 4, "signers": 8, "repetitions": 1, "sentences": 8,
          "streams": 1}
DRAW = """
import json, sys, tempfile, time
from slr.corpora.sample import render
from slr.corpora.sample.truth import read_truth
from slr.params import SampleParams

with tempfile.TemporaryDirectory() as temporary:
    begin = time.process_time()
    render(SampleParams(**json.loads(sys.argv[1])), temporary + "/corpus", workers=1)
    cpu_s = time.process_time() - begin
    parts = json.loads(sys.argv[1])["parts"]
    clips = [clip for part in parts for clip in read_truth(f"{temporary}/corpus/truth/{part}.parquet").values()]
print(json.dumps({"frames": sum(len(clip.joints) for clip in clips), "cpu_s": cpu_s}))
"""


def unpack(commit: str, folder: Path) -> None:
    """The package as it was at a commit."""
    archive = subprocess.run(["git", "archive", commit, "slr"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder)


def draw(code: Path) -> dict[str, float]:
    """Draw `CORPUS` with the package that lies in a folder: `frames`, `cpu_s`."""
    done = subprocess.run([sys.executable, "-c", DRAW, json.dumps(CORPUS)], cwd=code, capture_output=True, text=True,
                          check=True, env={**os.environ, "PYTHONPATH": str(code)})
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", default="b931ace", help="an older commit")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as before:
        unpack(arguments.before, Path(before))
        turns = [(draw(Path(before)), draw(REPOSITORY)) for _ in range(arguments.repeats)]
    before_fps, fps = (max(run["frames"] / run["cpu_s"] for run in runs) for runs in zip(*turns, strict=True))
    record("drawing", {
        "draw_fps": fps,
        "draw_before_fps": before_fps,
        "draw_ratio": fps / before_fps,
        "before": arguments.before,
        "frames": turns[0][1]["frames"],
    })


if __name__ == "__main__":
    main()
