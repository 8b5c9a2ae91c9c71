"""STF-Net on the sentences of PHOENIX-2014-T, as published.

    python -m studies.phoenix2014t.run ROOT

ROOT holds annotations/manual and features/fullFrame-210x260px. See README.md beside this file.
"""

from pathlib import Path

from studies.headline import Headline, main

STUDY = Headline(Path(__file__).parent, ("phoenix2014t",),
                 {"stfnet": {"family": "stfnet", "published": True, "backbone": "resnet34"}},
                 {"stfnet": {"wer": 0.177, "dev_wer": 0.169}}, {"splits": {"by": "official"}})

if __name__ == "__main__":
    main(STUDY, __doc__)
