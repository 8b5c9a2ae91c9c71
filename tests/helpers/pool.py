"""What worker processes are given to do in tests; a module of its own, so that they load nothing else."""

import time
from pathlib import Path


def begin_and_end(pipe: Path) -> None:
    """Write "b", and a minute later "e"."""
    with open(pipe, "w") as file:
        file.write("b")
        file.flush()
        time.sleep(60)
        file.write("e")
