"""STF-Net on the sentences of PHOENIX-2014-T, as published.

    python -m studies.phoenix2014t.run ROOT

ROOT holds annotations/manual and features/fullFrame-210x260px. See README.md beside this file.
"""

from functools import partial
from pathlib import Path

from studies.headline import Headline, main, reproduce

STUDY = Headline(Path(__file__).parent, ("phoenix2014t",),
                 {"stfnet": {"family": "stfnet", "published": True, "backbone": "resnet34"}},
                 {"stfnet": {"wer": 0.177, "val_wer_beam": 0.169}}, {"splits": {"by": "official"}})

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
