import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from slr.dataset.manifest import read_manifest, write_manifest
from slr.errors import CorpusError
from slr.io.files import read_json, write_json
from slr.report.page import write_report
from tests.helpers import REPOSITORY
from tests.helpers.browser import Page, open_page
from tests.report.conftest import add_models


def written(results) -> str:
    out = results.folder / "report.html"
    write_report(out, **results.arguments())
    return out.read_text(encoding="utf-8")


def test_holds_every_section(results):
    page = written(results)
    assert re.findall(r'<section id="(\w+)"', page) == [
        "models", "leakage", "corpus", "signs", "results", "signers", "provenance"]
    for fact in ("75.0 %", "41.0 – 93.0 %", "123\u202f456", "top-1, pairs", ">50.0<", "abc123.dir", "1.23 MB",
                 "2.13.0", "made up", "label_smoothing: 0.1", "the file is empty (0 bytes)", "cyd/0-0", "0.71",
                 "chance 50.0", ">62.5<", ">25.0<"):
        assert fact in page, fact
    # A strip of each gloss; one confusion and its counterpart; embeddings and two of importance.
    assert page.count("data:image/png;base64,") == 4 + 2 + 3


def test_loads_nothing_and_allows_nothing_to_load(results):
    page = written(results)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|iframe)|url\((?!#)|@import", page)
    assert not re.search(r'(src|href)="(?!data:|#)', page.replace('xlink:href="#', 'href="#'))


def test_names_from_users_stay_text(results):
    page = written(results)
    assert "<b>RAIN</b>" not in page
    assert "&lt;b&gt;RAIN&lt;/b&gt; &amp; $x^2$" in page
    assert "žltý" in page


def test_says_what_is_missing(results):
    for path in ("signers.parquet", "signers.json", "dvc.lock"):
        (results.folder / path).unlink()
    page = written(results)
    assert "clips were not clustered" in page
    assert "There is no dvc.lock" in page
    assert "Not there, so not shown: " in page  # spoter_published has no files at all
    assert "spoter_published/metrics.json" in page


def test_signers_are_unknown(results):
    folder = results.folder
    clips = read_manifest(folder / "manifest.parquet")
    write_manifest(folder / "manifest.parquet", clips.assign(signer=None))
    predictions = pd.read_csv(folder / "reports/spoter/predictions.csv", keep_default_na=False)
    predictions.assign(signer=None).to_csv(folder / "reports/spoter/predictions.csv", index=False)
    page = written(results)
    assert "The signer of 24 clips is unknown." in page
    assert "no test clip has a known signer" in page
    assert "No true signers are known" in page
    assert "clips by unknown signers" in page


def test_only_some_models_are_told_of(results):
    out = results.folder / "report.html"
    write_report(out, **results.arguments(["spoter_published"]))  # and not the selected one
    assert "<summary>spoter: config.json" not in out.read_text(encoding="utf-8")


def test_no_model_has_results_yet(results):
    shutil.rmtree(results.folder / "reports")
    assert "No model has metrics yet" in written(results)


def test_metrics_of_embeddings_have_a_table_where_any_model_has_them(results):
    assert "Signs by their likeness" not in written(results)
    path = results.folder / "reports/spoter/metrics.json"
    write_json(path, {**read_json(path), "one_shot": 0.5, "one_shot_ci_low": 0.25, "one_shot_ci_high": 0.625,
                      "one_shot_ways": 17, "silhouette": -0.125})
    table = re.search(r"<h3>Signs by their likeness.*?</table>", written(results), re.DOTALL)[0]
    assert re.findall(r'<th class="n">(.*?)</th>', table) == ["one example<small>of 17 signs</small>", "silhouette"]
    assert re.findall(r"<tr.*?<td>(.*?)</td>", table) == ["spoter"]  # the other model has none
    for fact in (">50.0<", "25.0 – 62.5", "-0.12"):
        assert fact in table, fact


def test_without_a_probe_the_section_says_why(results):
    path = results.folder / "reports/spoter/metrics.json"
    write_json(path, {name: value for name, value in read_json(path).items() if "probe" not in name})
    page = written(results)
    assert "No model has a signer probe" in page and "Up is better" not in page


def test_pictures_that_a_model_has_not_are_no_fault(results):
    (results.folder / "reports/spoter/importance.png").unlink()
    page = written(results)
    assert "Importance of landmarks" not in page and "Embeddings" in page


def test_outputs_of_dropped_models_are_left_out(results):
    page = written(results)
    assert "models/spoter" in page
    assert "models/dropped" not in page


def test_same_inputs_same_bytes(results):
    assert written(results) == written(results)


@pytest.mark.parametrize("module", ["slr.report.page", "pipeline.report"])
def test_no_network_is_loaded_to_write_it(module):
    loaded = subprocess.run([sys.executable, "-c", f"import {module}, sys; print(*sys.modules)"], cwd=REPOSITORY,
                            capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert not {"torch", "mediapipe", "sklearn", "slr.models", "slr.training.loop"} & set(loaded)


def test_needs_the_manifest(results):
    (results.folder / "manifest.parquet").unlink()
    with pytest.raises(CorpusError, match="manifest"):
        written(results)


def probed(page: str, script: str, probe: Path, width: int) -> Page:
    """What a browser makes of a page, all of it unfolded.

    A script in a copy writes it down in `document.body.dataset`: the report's own policy forbids scripts.
    """
    probe.write_text(page.replace("style-src", "script-src 'unsafe-inline'; style-src").replace("</body>", """<script>
        document.querySelectorAll("details").forEach(part => part.open = true);
        """ + script + "</script></body>"), encoding="utf-8")
    return open_page(probe, probe.with_suffix(".profile"), width=width)


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_it_without_a_network(results, width):
    shown = probed(written(results), """
        const pictures = [...document.images];
        pictures.forEach(picture => picture.loading = "eager");
        document.body.dataset.pictures = pictures.filter(p => p.complete && p.naturalWidth > 500).length;
        document.body.dataset.plots = [...document.querySelectorAll("figure > svg")].filter(
            plot => plot.getBoundingClientRect().height > 50).length;
        document.body.dataset.overflow = document.documentElement.scrollWidth - innerWidth;
        """, results.folder / "probe.html", width)
    assert shown.requests == []
    found = dict(re.findall(r'data-(pictures|plots|overflow)="(-?\d+)"', shown.dom))
    assert int(found["pictures"]) == 9
    assert int(found["plots"]) == 1 + 1 + 2 + 1 + 1  # leakage, durations, curves, confusion, pseudo-signers
    assert int(found["overflow"]) <= 0


@pytest.mark.parametrize(("signs", "width"), [(5, 1280), (20, 1280), (5, 800)])
def test_no_table_has_to_be_scrolled_sideways(results, signs, width):
    out = results.folder / "report.html"
    write_report(out, **results.arguments(add_models(results, signs)))
    shown = probed(out.read_text(encoding="utf-8"), """
        const tables = [...document.querySelectorAll("table")], parents = tables.map(table => table.parentElement);
        document.body.dataset.tables = tables.length;
        document.body.dataset.cut = parents.filter(of => of.scrollWidth > of.clientWidth).map(
            of => of.previousElementSibling?.textContent + ": " + of.scrollWidth + " > " + of.clientWidth).join("; ");
        """, results.folder / "probe.html", width)
    found = dict(re.findall(r'data-(tables|cut)="([^"]*)"', shown.dom))
    assert int(found["tables"]) > 10
    assert found["cut"] == ""


def test_each_task_has_a_table_with_the_columns_that_it_is_measured_by(results):
    out = results.folder / "report.html"
    write_report(out, **results.arguments(["spoter_published", *add_models(results, 2)]))
    section = re.search(r'<section id="models">.*?<h3>Signs by', out.read_text(encoding="utf-8"), re.DOTALL)[0]
    tables = dict(re.findall(r"<h3>(.*?)</h3>(.*?)</table>", section, re.DOTALL))
    assert {title: re.findall(r"<tr.*?<td>(.*?)<", table) for title, table in tables.items()} == {
        "Single signs": ["spoter_published", "multistream_embedding", "sca_hierarchical_1"],
        "Streams": ["sca_stgcn_detection"], "Sentences": ["pose_ctc"]}
    assert re.findall(r'<th class="n">(.*?)</th>', tables["Streams"]) == [
        "PR-AUC", "PR-AUC, worst signer", "F1", "segment F1", "test clips", "parameters", "training"]
    assert "signer probe<small>chance 50.0</small>" in tables["Single signs"]
    assert "12.5 – 100.0" in tables["Sentences"]


def test_the_browser_check_notices_requests(tmp_path):
    (tmp_path / "page.html").write_text('<img src="http://pictures.example/a.png">')
    assert any("pictures.example" in request for request in
               open_page(tmp_path / "page.html", tmp_path / "profile").requests)
