"""The committed extract of the authors' numbers, the page that lists their cases, and what of these is tested."""

import json
import re

from tests.helpers import REPOSITORY
from tests.helpers.reference_contents import CONTENTS
from tests.helpers.reference_files import EXTRACT, FOLDER, WEIGHTS, extract, wanted

CASES = re.findall(r"^\| `(\w+)` \| exact", (REPOSITORY / "docs/published.md").read_text(), re.MULTILINE)


def test_the_extract_is_of_the_authors_files(files):
    assert json.loads(EXTRACT.read_text()) == extract(), "run: python -m tests.helpers.reference_files"


def test_the_page_tells_of_every_case(files):
    assert sorted(CASES) == sorted(path.stem for path in FOLDER.glob("*.npz"))


def test_our_code_is_held_to_every_case_that_the_page_calls_exact():
    assert len(set(CASES)) == len(CASES) == 33
    assert set(CASES) == set(CONTENTS)


def test_our_code_is_held_to_every_array_of_a_case(files):
    for case, held in CONTENTS.items():
        assert wanted(case) - {WEIGHTS} <= set(f"{held.outputs} {held.files_only}".split()), case
