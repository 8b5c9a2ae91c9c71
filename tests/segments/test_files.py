"""Files of segments: what was written comes back, and other programs' rules for each format hold."""

import json
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import etree
from pympi import Eaf

from slr.errors import CorpusError, ParamsError, SlrError
from slr.segments import Segment
from slr.segments.files import WRITERS, as_dict, read, write

OWN_SCHEMA = Path(__file__).parent / "eaf.xsd"
TIERS = {"signing": [Segment(0.5, 3.25, "S", 0.9)],
         "glosses": [Segment(0.52, 1.0, "BUCH", 0.75), Segment(1.0, 3.0, "a < b & \"c\" --> 🤟")]}
words = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs", "Cc", "Cn"]), max_size=8)
segments = st.builds(lambda start, length, label, score: Segment(start / 1000, (start + length) / 1000, label, score),
                     st.integers(0, 10_000), st.integers(1, 3_000), words,
                     st.none() | st.integers(0, 100).map(lambda percent: percent / 100))
tiers = st.dictionaries(words.filter(bool), st.lists(segments, max_size=6), max_size=3)
in_one_folder = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@pytest.fixture(params=["own", "ELAN's"])
def schema(request) -> etree.XMLSchema:
    """What an EAF has to be: by the rules written here, and by ELAN's own schema where it is."""
    path = os.environ.get("SLR_EAF_SCHEMA") if request.param == "ELAN's" else OWN_SCHEMA
    if path is None:
        pytest.skip("ELAN's schema is not here; set SLR_EAF_SCHEMA to the path of EAFv3.0.xsd")
    return etree.XMLSchema(etree.parse(path))


def in_order(found: dict[str, list[Segment]]) -> dict[str, list[Segment]]:
    return {tier: sorted(listed, key=repr) for tier, listed in found.items()}


# Round trips


@in_one_folder
@given(tiers)
def test_json_comes_back_whole(tmp_path, given_tiers):
    write(tmp_path / "s.json", given_tiers)
    assert read(tmp_path / "s.json") == given_tiers


@in_one_folder
@given(tiers)
def test_csv_comes_back_but_for_empty_tiers(tmp_path, given_tiers):
    write(tmp_path / "s.csv", given_tiers)
    assert read(tmp_path / "s.csv") == {tier: listed for tier, listed in given_tiers.items() if listed}


@in_one_folder
@given(tiers)
def test_eaf_comes_back_in_tiers_without_overlaps(tmp_path, given_tiers):
    write(tmp_path / "s.eaf", given_tiers)
    found = read(tmp_path / "s.eaf")
    assert given_tiers.keys() <= found.keys()
    assert all(a.end_s <= b.start_s for listed in found.values() for a, b in pairwise(listed))
    times = [[(s.start_s, s.end_s, s.label) for listed in which.values() for s in listed]
             for which in (found, given_tiers)]
    assert sorted(times[0]) == sorted(times[1])


def test_times_are_whole_milliseconds_and_no_segment_vanishes(tmp_path):
    for suffix in (".csv", ".json", ".eaf"):
        write(tmp_path / f"s{suffix}", {"t": [Segment(0.12345, 0.12349, "a"), Segment(1.99951, 2, "b")]})
        (found,) = read(tmp_path / f"s{suffix}").values()
        assert [(s.start_s, s.end_s) for s in found] == [(0.123, 0.124), (2.0, 2.001)]


# EAF


@in_one_folder
@given(tiers)
def test_an_eaf_is_valid(tmp_path, schema, given_tiers):
    write(tmp_path / "s.eaf", given_tiers, media=tmp_path / "a video.mp4")
    schema.assertValid(etree.parse(tmp_path / "s.eaf"))


def test_a_broken_eaf_is_not_valid(tmp_path, schema):
    write(tmp_path / "s.eaf", TIERS)
    for old, new in {'TIME_SLOT_REF1="ts1"': 'TIME_SLOT_REF1="ts99"', "<HEADER": "<HEAD", ' AUTHOR="slr"': "",
                     'TIER_ID="glosses"': 'TIER_ID="signing"', 'ANNOTATION_ID="a2"': 'ANNOTATION_ID="a1"',
                     'TIME_VALUE="500"': 'TIME_VALUE="0.5"'}.items():
        text = (tmp_path / "s.eaf").read_text(encoding="utf-8")
        assert old in text
        broken = text.replace(old, new).replace("</HEADER", "</HEAD" if new == "<HEAD" else "</HEADER")
        assert not schema.validate(etree.fromstring(broken.encode())), new


def test_another_library_reads_the_eaf(tmp_path):
    write(tmp_path / "out/s.eaf", TIERS, media=tmp_path / "videos/ein Film.mp4")
    document = Eaf(tmp_path / "out/s.eaf")
    assert list(document.get_tier_names()) == ["signing", "glosses"]
    assert document.get_annotation_data_for_tier("signing") == [(500, 3250, "S")]
    assert document.get_annotation_data_for_tier("glosses") == [
        (520, 1000, "BUCH"), (1000, 3000, "a < b & \"c\" --> 🤟")]
    (media,) = document.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "../videos/ein Film.mp4" and media["MIME_TYPE"] == "video/mp4"
    assert media["MEDIA_URL"] == f"file://{tmp_path}/videos/ein Film.mp4"
    assert list(document.timeslots.values()) == sorted(document.timeslots.values())


def test_overlapping_segments_get_a_tier_of_their_own(tmp_path):
    overlapping = [Segment(0, 2, "a"), Segment(1, 3, "b"), Segment(2, 4, "c")]
    write(tmp_path / "s.eaf", {"glosses": overlapping, "glosses (2)": [Segment(0, 1, "d")]})
    labels = {tier: [segment.label for segment in listed] for tier, listed in read(tmp_path / "s.eaf").items()}
    assert labels == {"glosses": ["a", "c"], "glosses (2)": ["b"], "glosses (2) (2)": ["d"]}


def test_what_xml_cannot_hold_is_replaced(tmp_path):
    write(tmp_path / "s.eaf", {"t\0": [Segment(0, 1, "a\x01b\ufffe")]})
    assert read(tmp_path / "s.eaf") == {"t\ufffd": [Segment(0, 1, "a\ufffdb\ufffd")]}


def test_an_annotation_without_times_takes_those_that_it_refers_to(tmp_path):
    (tmp_path / "s.eaf").write_text("""<?xml version="1.0"?><ANNOTATION_DOCUMENT><TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="x1" TIME_VALUE="40"/><TIME_SLOT TIME_SLOT_ID="x2" TIME_VALUE="1040"/></TIME_ORDER>
        <TIER TIER_ID="parent"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="x1"
        TIME_SLOT_REF2="x2"><ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
        <TIER TIER_ID="child"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1">
        <ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>""")
    assert read(tmp_path / "s.eaf") == {"parent": [Segment(0.04, 1.04, "")], "child": [Segment(0.04, 1.04, "x")]}


# WebVTT


def cues(text: str) -> list[tuple[str, str, str]]:
    """(start, end, payload) of each cue, by WebVTT's rules: blocks between blank lines, the first line's magic word."""
    head, *blocks = text.split("\n\n")
    assert head == "WEBVTT"
    parsed = []
    for block in blocks:
        if block.startswith("NOTE"):
            assert "-->" not in block
            continue
        times, payload = block.rstrip("\n").split("\n")
        start, end = times.split(" --> ")
        assert all(re.fullmatch(r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}", time) for time in (start, end)) and start < end
        assert "-->" not in payload
        parsed.append((start, end, payload))
    return parsed


def test_subtitles_show_every_tier_in_the_order_of_time(tmp_path):
    write(tmp_path / "s.vtt", {**TIERS, "late": [Segment(3661.5, 3662, "x")]})
    text = (tmp_path / "s.vtt").read_text(encoding="utf-8")
    assert cues(text) == [
        ("00:00:00.500", "00:00:03.250", "<c.tier1>S</c>"), ("00:00:00.520", "00:00:01.000", "<c.tier2>BUCH</c>"),
        ("00:00:01.000", "00:00:03.000", "<c.tier2>a &lt; b &amp; \"c\" --&gt; 🤟</c>"),
        ("01:01:01.500", "01:01:02.000", "<c.tier3>x</c>")]
    assert "NOTE tier2: glosses\n" in text


@in_one_folder
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.lists(segments, max_size=4), max_size=2),
       st.text(max_size=8))
def test_no_text_breaks_the_subtitles(tmp_path, given_tiers, label):
    write(tmp_path / "s.vtt", {**given_tiers, "more": [Segment(0, 1, label)]})
    found = cues((tmp_path / "s.vtt").read_text(encoding="utf-8"))
    assert len(found) == sum(map(len, {**given_tiers, "more": [0]}.values()))
    assert [start for start, *_ in found] == sorted(start for start, *_ in found)


# All of them


def test_json_is_what_the_command_prints(tmp_path):
    write(tmp_path / "s.json", TIERS, media="a.mp4")
    content = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert content == as_dict(TIERS, "a.mp4") and content["media"] == "a.mp4"
    assert content["tiers"]["signing"] == [{"start_s": 0.5, "end_s": 3.25, "label": "S", "score": 0.9}]
    assert "score" not in content["tiers"]["glosses"][1]


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_video_without_segments_is_a_file_too(tmp_path, suffix):
    write(tmp_path / f"s{suffix.upper()}", {"signing": []}, media="a.mp4")
    assert (tmp_path / f"s{suffix.upper()}").stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [f"s{suffix.upper()}"]


@pytest.mark.parametrize("name, action, message", [
    ("s.srt", lambda path: write(path, TIERS), "segments are written as .csv, .json, .vtt, .eaf, not as '.srt'"),
    ("s.vtt", read, "segments are read from .csv, .json, .eaf, not from '.vtt'"),
])
def test_other_formats_are_refused(tmp_path, name, action, message):
    with pytest.raises(ParamsError, match=message):
        action(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cant_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SlrError, match=r"s\.csv can't be written \(.*\); choose another place"):
        write(tmp_path / "file/s.csv", TIERS)


@pytest.mark.parametrize("name, text", [
    ("s.csv", "tier,start_s,end_s\nt,0,1\n"), ("s.csv", "tier,start_s,end_s,label\nt,0,x,a\n"),
    ("s.csv", "tier,start_s,end_s,label\nt,2,1,a\n"), ("s.json", "{"), ("s.json", "[]"),
    ("s.json", '{"tiers": {"t": [{}]}}'),
    ("s.eaf", "<a>"), ("s.eaf", '<a><TIER TIER_ID="t"><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="x"/></TIER></a>'),
    ("s.eaf", None),
])
def test_files_that_cannot_be_read(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(CorpusError, match=f"{name} can't be read {'as' if text else ''}"):
        read(tmp_path / name)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".vtt", ".eaf"])
def test_the_name_of_a_video_may_be_no_text(tmp_path, suffix):
    video = tmp_path / os.fsdecode(b"gr\xfc\x01n.mp4")
    write(tmp_path / f"s{suffix}", TIERS, video)
    assert "\ufffd" in (tmp_path / f"s{suffix}").read_text(encoding="utf-8") or suffix in (".csv", ".vtt")
    if suffix != ".vtt":
        assert [segment.label for segment in read(tmp_path / f"s{suffix}")["glosses"]] == [
            segment.label for segment in sorted(TIERS["glosses"], key=lambda of: of.start_s)]
