"""STF-Net on the sentences of CSL-Daily, as published.

    python -m studies.csl_daily.run ROOT

ROOT holds sentence_label and sentence/frames_512x512. See README.md beside this file.
"""

from functools import partial
from pathlib import Path

from studies.headline import Headline, main, reproduce

STUDY = Headline(Path(__file__).parent, ("csl-daily",),
                 {"stfnet": {"family": "stfnet", "published": True, "backbone": "resnet34"}},
                 {"stfnet": {"wer": 0.241, "val_wer_beam": 0.248}}, {"splits": {"by": "official"}})

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
