"""The clean-up of PHOENIX's glosses: case by case, and beside the corpora's own scripts."""

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.inputs.phoenix_wer import CASES as PUBLISHED_CASES
from benchmarks.inputs.phoenix_wer import official, ours, recognised, released
from slr.metrics.phoenix import (
    MERGED,
    PUBLISHED,
    clean_2014,
    cleanup_for,
    hypothesis_2014t,
    merged_2014,
    merged_2014t,
    reference_2014t,
)
from slr.metrics.sclite import read_stm
from slr.metrics.wer import align_sentences, count
from tests.helpers.references import needs_sclite, real_references

CASES = [  # as annotated, merged of PHOENIX-2014, merged of PHOENIX-2014-T
    ("loc-NORD REGEN", "NORD REGEN", None),
    ("cl-KOMMEN", "KOMMEN", None),
    ("qu-WAS", "WAS", "qu-WAS"),
    ("poss-MEIN", "MEIN", "poss-MEIN"),
    ("lh-SELBST", "SELBST", "lh-SELBST"),
    ("cl-loc-HAUS", "HAUS", None),
    ("neg-HABEN negalp-KEIN", "neg-HABEN negalp-KEIN", None),
    ("REGEN __EMOTION__ WIND-PLUSPLUS", "REGEN WIND", None),
    ("SONNE __PU__", "SONNE", None),
    ("__LEFTHAND__ SONNE __EPENTHESIS__", "SONNE", None),
    ("__ON__ SONNE __OFF__", "__ON__ SONNE __OFF__", "SONNE"),
    ("WIE AUSSEHEN WETTER", "WIE-AUSSEHEN WETTER", None),
    ("AUSSEHEN WIE", "AUSSEHEN WIE", None),
    ("ZEIGEN JETZT ZEIGEN", "ZEIGEN-BILDSCHIRM JETZT ZEIGEN-BILDSCHIRM", "ZEIGEN JETZT ZEIGEN"),
    ("ZEIGEN-BILDSCHIRM", "ZEIGEN-BILDSCHIRM", None),
    ("S0NNE HABEN2", "SONNE HABEN", "S0NNE HABEN2"),
    ("NORDRAUM ALPENRAUM RAUM", "NORD ALPEN RAUM", None),
    ("REGEN-PLUSPLUS", "REGEN", None),
    ("K U N A KOMMEN", "K+U+N+A KOMMEN", None),
    ("ORT S+H A", "ORT S+H+A", None),
    ("SCH A M", "SCH+A+M", None),
    ("T A NN", "T+A+NN", None),
    ("A SCH", "A SCH", None),
    ("A __EMOTION__ B-PLUSPLUS", "A+B", None),
    ("IX A IX", "IX A IX", None),
    ("SELBST SELBST-PLUSPLUS SELBST", "SELBST", None),
    ("NICHT-VIEL NICHT-VIEL WIND", "NICHT-VIEL WIND", None),
    ("REGEN __EMOTION__ REGEN", "REGEN", None),
    ("loc-REGEN REGEN", "REGEN", None),
    ("WIE AUSSEHEN WIE AUSSEHEN", "WIE-AUSSEHEN", None),
    ("REGEN SONNE REGEN", "REGEN SONNE REGEN", None),
    ("__EMOTION__", "", None),
]


@pytest.mark.parametrize(("annotated", "of_2014", "of_2014t"), CASES)
def test_a_sentence_is_cleaned_and_its_neighbours_merged(annotated, of_2014, of_2014t):
    assert merged_2014(annotated.split()) == of_2014.split()
    assert merged_2014t(annotated.split()) == (of_2014 if of_2014t is None else of_2014t).split()


@pytest.mark.parametrize(("annotated", "of_2014", "said_2014t", "signed_2014t"), [
    ("REGEN REGEN", "REGEN REGEN", "REGEN", "REGEN"),
    ("loc-REGEN REGEN", "REGEN REGEN", "REGEN", "REGEN"),
    ("NICHT-VIEL NICHT-VIEL", "NICHT-VIEL NICHT-VIEL", "NICHT-VIEL", "NICHT-VIEL NICHT-VIEL"),
    ("K U N A", "K U N A", "K U N A", "K+U+N+A"),
    ("WIE AUSSEHEN", "WIE AUSSEHEN", "WIE AUSSEHEN", "WIE-AUSSEHEN"),
    ("lh-SELBST cl-loc-HAUS", "SELBST HAUS", "lh-SELBST loc-HAUS", "lh-SELBST HAUS"),
    ("__ON__ NORDRAUM __PU__", "__ON__ NORD", "NORD", "NORD"),
    ("__EMOTION__", "", "", "")])
def test_neighbours_are_joined_only_where_the_script_sees_them(annotated, of_2014, said_2014t, signed_2014t):
    for clean, expected in ((clean_2014, of_2014), (hypothesis_2014t, said_2014t), (reference_2014t, signed_2014t)):
        assert clean(annotated.split()) == expected.split()


@needs_sclite
@pytest.mark.parametrize("case", PUBLISHED_CASES, ids=lambda case: f"{case.corpus}-{case.repeats}")
def test_wer_is_that_of_the_corpus_script(shared_data, case):
    sentences = released(real_references(shared_data, case.references))
    references = list(sentences.values())
    said = recognised(references, case.corpus, case.repeats)
    if case.repeats == 0.01 and case.corpus == "phoenix2014t":  # as annotated, which the script cleans too
        references = recognised(references, case.corpus, repeats=0.1)
        references[7] = ["REGEN"]
    published = official(list(sentences), references, said, case.corpus)
    assert ours(references, said, case.corpus) == pytest.approx(published, abs=1e-12)
    if case.corpus == "phoenix2014":
        assert published - ours(references, said, case.corpus, merged=True) > 0.8 * case.repeats


@given(st.lists(st.sampled_from(sorted({gloss for case in CASES for gloss in case[0].split()})), max_size=8),
       st.sampled_from([merged_2014, merged_2014t, clean_2014]))
def test_what_is_clean_stays(glosses, clean):
    assert clean(clean(glosses)) == clean(glosses)


@pytest.mark.parametrize(("name", "corpus", "merged"), [("phoenix2014-dev.stm", "phoenix2014", 5),
                                                        ("phoenix2014T-dev.stm", "phoenix2014t", 1)])
def test_released_references_are_clean(shared_data, name, corpus, merged):
    sentences = [list(utterance.glosses) for utterance in read_stm(real_references(shared_data, name))]
    assert [*map(PUBLISHED[corpus].reference, sentences)] == sentences
    different = [glosses for glosses in sentences if MERGED[corpus].reference(glosses) != glosses]
    assert len(different) == merged
    for glosses in different:
        assert MERGED[corpus].reference(glosses) == [
            gloss for i, gloss in enumerate(glosses) if i == 0 or gloss != glosses[i - 1]]


@pytest.mark.parametrize(("cleanup", "corpus", "expected"), [
    ("auto", "phoenix2014", "phoenix2014"), ("auto", "phoenix2014t", "phoenix2014t"), ("auto", "csl_daily", None),
    ("none", "phoenix2014", None), ("phoenix2014t", "folder", "phoenix2014t")])
def test_the_corpus_or_the_setting_chooses(cleanup, corpus, expected):
    assert cleanup_for(cleanup, corpus) is PUBLISHED.get(expected)
    assert cleanup_for(cleanup, corpus, merged=True) is MERGED.get(expected)


@pytest.mark.parametrize(("name", "corpus", "marks"), [
    ("phoenix2014-dev.stm", "phoenix2014", ["loc-{}", "cl-{}", "lh-{}", "{}-PLUSPLUS", "__EMOTION__ {}", "{} __PU__"]),
    ("phoenix2014T-dev.stm", "phoenix2014t", ["loc-{}", "cl-{}", "{}-PLUSPLUS", "__ON__ {} __OFF__", "{} __PU__"])])
def test_marks_are_no_errors_in_the_real_references_and_lost_glosses_are(shared_data, name, corpus, marks):
    """Sentences are read with the annotators' marks: an error in each, but for the clean-up."""
    rng = random.Random(0)
    references = [list(utterance.glosses) for utterance in read_stm(real_references(shared_data, name))]
    marked = [" ".join(rng.choice(marks).format(gloss) if len(gloss) > 3 else gloss for gloss in glosses).split()
              for glosses in references]
    total, cleaned = (count(chain.from_iterable(align_sentences(references, marked, clean)))
                      for clean in (None, MERGED[corpus]))
    assert total.wer > 0.8 and cleaned.errors == 0
    lost = [glosses[1:] for glosses in references]
    cleaned = count(chain.from_iterable(align_sentences(references, lost, MERGED[corpus])))
    repeated = sum(glosses[:1] == glosses[1:2] for glosses in references)  # the other one stays
    assert (cleaned.deleted, cleaned.inserted, cleaned.substituted) == (len(references) - repeated, 0, 0)
