"""How people's files are taken: `benchmarks/results/inputs.json`, every part of it.

    python -m benchmarks.inputs          # or one part: python -m benchmarks.inputs.media
"""

import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    for part in sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if part != "__main__":
            print(f"== {part}")
            subprocess.run([sys.executable, "-m", f"benchmarks.inputs.{part}"], check=True)  # some limit their process


if __name__ == "__main__":
    main()
