"""Times of ELAN's annotations, against another library and numbers worked out by hand."""

from pathlib import Path

import pytest
from pympi import Eaf

from slr.errors import CorpusError
from slr.segments import Segment
from slr.segments.elan_reading import from_eaf, read_eaf

HEAD = '<ANNOTATION_DOCUMENT><HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>'
TWO = '<TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="9"/>'


def aligned(name: str, start: str = "t1", end: str = "t2") -> str:
    return f'<ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{start}" TIME_SLOT_REF2="{end}"/>'


def referring(name: str, parent: str, previous: str = "") -> str:
    after = f'PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return f'<REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{parent}" {after}/>'


def test_the_shared_file_with_a_slot_without_time_a_tier_that_refers_and_a_media_offset(shared_data):
    path = shared_data / "inputs/unaligned.eaf"
    if not path.exists():
        pytest.skip(f"the shared inputs are not here ({path})")
    assert from_eaf(path) == {"GlossR": [Segment(6, 7, "HOUSE"), Segment(7, 8, "TREE")],
                              "Meaning": [Segment(6, 7, "big house")]}
    document = read_eaf(path)
    assert document.origin_ms("c.mp4") == 5000 and document.tiers["GlossR"].annotations[0] == (1000, 2000, "HOUSE")


def test_tiers_that_refer_have_the_times_that_another_library_gives_them(tmp_path):
    document = Eaf()
    for name, constraint in (("gloss", None), ("meaning", "Symbolic_Association")):
        document.add_linguistic_type(name, constraints=constraint, timealignable=constraint is None)
    document.add_tier("Gloss", "gloss")
    document.add_tier("Meaning", "meaning", "Gloss")
    document.add_tier("Note", "meaning", "Meaning")
    for start, value in ((3000, "B"), (500, "A"), (7250, "C")):
        document.add_annotation("Gloss", start, start + 480, value)
        document.add_ref_annotation("Meaning", "Gloss", start + 100, value.lower())
    document.to_file(str(tmp_path / "s.eaf"))
    there = Eaf(str(tmp_path / "s.eaf"))
    for tier, times in (("Gloss", there.get_annotation_data_for_tier("Gloss")),
                        ("Meaning", there.get_ref_annotation_data_for_tier("Meaning"))):
        assert [tuple(annotation) for annotation in read_eaf(tmp_path / "s.eaf").tiers[tier].annotations] == sorted(
            annotation[:3] for annotation in times)
    assert read_eaf(tmp_path / "s.eaf").tiers["Note"].annotations == []


@pytest.mark.parametrize("slots, annotations, message", [
    (TWO, aligned("a") + aligned("a"), "'a' occurs twice"),
    (TWO, aligned("a", "t1", "t7"), "t7"),
    (TWO, referring("a", "b") + referring("b", "a"), "RecursionError"),
    (TWO, referring("a", "nowhere"), "nowhere"),
    (TWO, aligned("p") + referring("a", "p", "b") + referring("b", "p", "a"), "'a'|'b'"),
    (TWO.replace(' TIME_VALUE="0"', ""), aligned("a"), "'t1' has no time, and neither has any before it"),
    (TWO.replace(' TIME_VALUE="9"', ""), aligned("a"), "'t2' has no time, and neither has any after it"),
    (TWO.replace('"9"', '"soon"'), aligned("a"), "soon"),
], ids=["one id twice", "no such slot", "in a circle", "no such annotation", "previous in a circle", "no time before",
        "no time after", "no number"])
def test_documents_that_make_no_sense_are_refused(tmp_path, slots, annotations, message):
    path: Path = tmp_path / "s.eaf"
    path.write_text(f'{HEAD}<TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID="t">{annotations}</TIER>'
                    '</ANNOTATION_DOCUMENT>')
    with pytest.raises(CorpusError, match=f"s.eaf can't be read as EAF(.|\n)*({message})(.|\n)*open it in ELAN"):
        from_eaf(path)
