"""`dvc repro`, saying how far it is: python -m pipeline.run [what `dvc repro` takes].

What DVC and the stages print comes through as it is. Each stage that runs adds a line, as in "stage 3 of 19: landmarks,
about 4 min left (of 9 min)". The times are those of the last run here (`data/.work/durations.json`), or else those of
the machine of `benchmarks/results/stages.json`; where nothing is known there are none. Interrupts reach DVC, and its
exit code is this one's.
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
    except DvcException:  # DVC will say what it can't read
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
