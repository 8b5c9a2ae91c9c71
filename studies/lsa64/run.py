"""SPOTER on the 64 signs of LSA64, as published: all signers train and test.

    python -m studies.lsa64.run ROOT

ROOT holds LSA64's videos. See README.md beside this file.
"""

from functools import partial
from pathlib import Path

from studies.headline import Headline, main, reproduce

STUDY = Headline(Path(__file__).parent, ("lsa64",),
                 {"spoter": {"family": "spoter", "published": True, "joints": "spoter-54"}},
                 {"spoter": {"top1": 1.0}}, {"splits": {"by": "video"}})

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
