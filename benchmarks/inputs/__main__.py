"""How people's files are taken: `benchmarks/results/inputs.json`, every part of it.

    python -m benchmarks.inputs          # or one part: python -m benchmarks.inputs.media
"""

import importlib
import pkgutil
from pathlib import Path


def main() -> None:
    for part in sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if part != "__main__":
            print(f"== {part}")
            importlib.import_module(f"benchmarks.inputs.{part}").main()


if __name__ == "__main__":
    main()
