"""STF-Net on the sentences of PHOENIX-2014-T, as published.

    python -m studies.phoenix2014t.run ROOT

ROOT holds annotations/manual and features/fullFrame-210x260px. See README.md beside this file.
"""

from functools import partial
from pathlib import Path

from studies.headline import main, reproduce
from studies.stfnet import study

STUDY = study(Path(__file__).parent, "phoenix2014t", development=0.169, test=0.177)

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
