"""STF-Net on the sentences of CSL-Daily, as published.

    python -m studies.csl_daily.run ROOT

ROOT holds sentence_label and sentence/frames_512x512. See README.md beside this file.
"""

from functools import partial
from pathlib import Path

from studies.headline import main, reproduce
from studies.stfnet import study

STUDY = study(Path(__file__).parent, "csl-daily", development=0.248, test=0.241)

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
