"""The committed extract of the authors' numbers, and the page that tells how far ours are from them."""

import json
import re

from tests.helpers import REPOSITORY
from tests.helpers.reference_contents import CONTENTS
from tests.helpers.reference_files import EXTRACT, FOLDER, extract

CASES = re.findall(r"^\| `(\w+)` \| \**(exact|differs)", (REPOSITORY / "docs/published.md").read_text(), re.MULTILINE)


def test_the_extract_is_of_the_authors_files(files):
    assert json.loads(EXTRACT.read_text()) == extract(), "run: python -m tests.helpers.reference_files"


def test_the_page_tells_of_every_case(files):
    assert sorted(case for case, _ in CASES) == sorted(path.stem for path in FOLDER.glob("*.npz"))


def test_our_code_is_held_to_every_case_that_the_page_calls_exact():
    assert len(dict(CASES)) == len(CASES) == 33
    assert {case for case, how in CASES if how == "exact"} <= set(CONTENTS) <= set(dict(CASES))
