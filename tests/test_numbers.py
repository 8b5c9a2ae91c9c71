"""The numbers of the documentation are those of the committed metrics."""

import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from docs.numbers import PAGES, NumbersError, like, refresh, undescribed
from tests.helpers import REPOSITORY

PAGES_HERE = sorted(path for pattern in PAGES for path in REPOSITORY.glob(pattern))
RESULTS = {
    "boston104": """<!-- numbers: studies/boston104/metrics.json
greedy | wer_greedy - - | wer_greedy_repeated | wer_greedy_new
beam | wer_beam - - | wer_beam_repeated | wer_beam_new
beam, language model | wer_language - - | wer_language_repeated | wer_language_new
beam, language model, templates | wer wer_ci_low wer_ci_high | wer_repeated | wer_new
-->
""",
    "slovak_sentences": """<!-- numbers: studies/slovak_sentences/metrics.json
all | wer wer_ci_low wer_ci_high | wer_greedy | wer_del wer_ins wer_sub | boundary_error_ms | \
linked_words_found linked_words | linked_words_by_chance linked_words_by_chance_most
first50 | first50_wer first50_wer_ci_low first50_wer_ci_high | first50_wer_greedy | \
first50_wer_del first50_wer_ins first50_wer_sub | first50_boundary_error_ms | \
first50_linked_words_found first50_linked_words | first50_linked_words_by_chance first50_linked_words_by_chance_most
-->
"""}
"""Descriptions of the first tables of results that have other columns than the study's README."""


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The metrics and settings as they are committed: what a run on this machine has just written may differ."""
    files = subprocess.run(["git", "archive", "HEAD"], cwd=REPOSITORY, check=True, capture_output=True).stdout
    folder = tmp_path_factory.mktemp("committed")
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(folder, [member for member in archive if member.name.endswith((".json", ".yaml"))])
    return folder


@pytest.mark.parametrize("page", PAGES_HERE, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_a_page_tells_the_committed_metrics(page: Path, committed: Path):
    text = page.read_text(encoding="utf-8")
    assert refresh(text, committed) == text, "run `make numbers`"


@pytest.mark.parametrize("page", [page for page in PAGES_HERE if page.name != "results.md"],
                         ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_table_with_measured_numbers_says_where_they_are_from(page: Path):
    """Put `<!-- numbers: FILES ... -->` or `<!-- numbers: measured once -->` above it: see docs/numbers.py."""
    assert undescribed(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("study", sorted(path.parent for path in REPOSITORY.glob("studies/*/results.md")),
                         ids=lambda study: study.name)
def test_the_results_of_a_study_are_its_metrics(study: Path, committed: Path):
    results, readme = (study / "results.md").read_text(), (study / "README.md").read_text()
    if study.name in RESULTS:
        described = RESULTS[study.name] + results
        assert refresh(described, committed) == described
    else:
        table = re.search(r"^\|.*", results, re.MULTILINE | re.DOTALL)
        assert table and table[0].strip() in readme


def test_every_committed_model_has_a_row_in_the_readme_or_the_zoo(committed: Path):
    models = {path.stem for path in committed.rglob("metrics/models/*.json")}
    pages = [(REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "docs/zoo.md")]
    rows = re.findall(r"^\| `(\w+)` \|", "\n".join(pages), re.MULTILINE)
    assert sorted(rows) == sorted(models) != []


TABLE = """<!-- numbers: m/{row}.json
* | top1 low high | parameters
by hand | - | parameters
-->
| model | top-1 | parameters |
| --- | --- | --- |
| `spoter` | 0.5 (0.25-1.000) | 9 |
| SPOTER, longer (`other`) | 1.0 (.1-.9) | 8 |
| something else, `never` measured | .7 | 7 |
| by hand | .7 | 6 |

Text with .123 stays.
"""


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    for name, metrics in {"spoter": {"top1": 0.8649, "low": 0.78251, "high": 0.9185, "parameters": 1136418},
                          "other": {"top1": 0.25, "low": 1, "high": 0.9, "parameters": 12.6},
                          "by hand": {"parameters": 5}}.items():
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / f"m/{name}.json").write_text(json.dumps(metrics))
    return tmp_path


def test_a_table_gets_its_numbers_in_the_form_that_they_had(measured: Path):
    new = refresh(TABLE, measured)
    assert new.splitlines()[6:] == [
        "| `spoter` | 0.9 (0.78-.918) | 1,136,418 |",  # 1.000 has no zero to show; others of the table have none
        "| SPOTER, longer (`other`) | .2 (1.0-.9) | 13 |",
        "| something else, `never` measured | .7 | 7 |",
        "| by hand | .7 | 5 |",
        "", "Text with .123 stays."]
    assert refresh(new, measured) == new


@pytest.mark.parametrize("old, new, complaint", [
    ("`spoter` |", "`sponter` |", "nothing measured for the row `sponter`"),
    ("| 9 |", "| 9 of 10 |", "2 numbers in '9 of 10', 1 metrics"),
    ("top1 low high", "top1 low higher", "no metric higher"),
    ("by hand | -", "by hnad | -", "no row by hnad"),
    ("| - | parameters", "| parameters", "has 2 cells, the comment describes 1"),
])
def test_a_description_that_does_not_fit_is_refused(measured: Path, old: str, new: str, complaint: str):
    with pytest.raises(NumbersError, match=re.escape(complaint)):
        refresh(TABLE.replace(old, new, 1), measured)


def test_text_gets_its_numbers_too(measured: Path):
    page = """<!-- numbers: m/spoter.json
> top-1 {top1} of 96 clips, {low} % and {high-low} more
-->
With top-1 .9 of 96
clips, 70 % and +.1 more; 0.5 elsewhere.
"""
    assert refresh(page, measured).splitlines()[3:] == [
        "With top-1 .9 of 96", "clips, 78 % and +.1 more; 0.5 elsewhere."]
    with pytest.raises(NumbersError, match="0 times in the text below"):
        refresh(page.replace("elsewhere", "there").replace("With top-1", "With WER"), measured)


@pytest.mark.parametrize("shown, value, expected", [
    ("0.865", 1, "1.000"), (".865", 0.0004, ".000"), ("+0.034", -0.01, "-0.010"), ("-.5", 0.25, "+.2"),
    ("561", 1561.4, "1,561"), ("3.5e-05", 0.00041, "4.1e-04"), ("99", 7.5, "8"),
])
def test_a_number_keeps_its_form(shown: str, value: float, expected: str):
    assert like(shown, value) == expected


def test_tables_of_decimals_without_a_description_are_found():
    assert undescribed(TABLE) == []
    assert undescribed(TABLE.replace("<!-- numbers", "<!-- about")) == ["| model | top-1 | parameters |"]
    assert undescribed("| model | `a.b` |\n| --- | --- |\n| 5 | [x](y1.5.md), `0.5` |\n") == []
