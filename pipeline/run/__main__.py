"""`dvc repro` with progress: python -m pipeline.run [arguments of `dvc repro`].

The output of DVC and the stages is passed through. Each stage that runs adds a line, as in "stage 3 of 19: landmarks,
about 4 min left (of 9 min)". The times are those of the last run on this machine (`data/.work/durations.json`), or else
those of the machine of `benchmarks/results/stages.json`; without either there are none. Interrupts are forwarded to
DVC, and its exit code is returned.
"""

import sys
from collections.abc import Sequence

from pipeline.run.durations import corpus, known_durations, remember
from pipeline.run.follow import follow
from pipeline.run.plan import DvcException, plan
from pipeline.run.watch import Watch


def main(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    try:
        planned = plan(arguments)
    except DvcException:  # DVC will report what it can't read
        return follow(command, lambda _: None)
    of = corpus()
    watch = Watch(planned, known_durations(of), say=lambda text: print(text, flush=True))
    code = follow(command, watch.line)
    watch.end(succeeded=code == 0)
    if not {"--dry", "-k", "--keep-going", "-i", "--ignore-errors"} & set(arguments):
        remember(of, watch.durations)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
