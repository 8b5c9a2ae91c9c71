"""The clean-up of PHOENIX's glosses, case by case."""

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.metrics.phoenix import CLEAN, clean_2014, clean_2014t, cleanup_for
from slr.metrics.sclite import read_stm
from slr.metrics.wer import align_sentences, count
from tests.helpers.references import real_references

CASES = [  # as annotated, of PHOENIX-2014, of PHOENIX-2014-T
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
def test_a_sentence_is_cleaned(annotated, of_2014, of_2014t):
    assert clean_2014(annotated.split()) == of_2014.split()
    assert clean_2014t(annotated.split()) == (of_2014 if of_2014t is None else of_2014t).split()


@given(st.lists(st.sampled_from(sorted({gloss for case in CASES for gloss in case[0].split()})), max_size=8),
       st.sampled_from(list(CLEAN)))
def test_what_is_clean_stays(glosses, corpus):
    clean = CLEAN[corpus](glosses)
    assert CLEAN[corpus](clean) == clean


@pytest.mark.parametrize(("name", "corpus", "changed"), [("phoenix2014-dev.stm", "phoenix2014", 5),
                                                         ("phoenix2014T-dev.stm", "phoenix2014t", 1)])
def test_released_references_are_clean_but_for_repeats(shared_data, name, corpus, changed):
    sentences = [list(utterance.glosses) for utterance in read_stm(real_references(shared_data, name))]
    different = [(glosses, CLEAN[corpus](glosses)) for glosses in sentences if CLEAN[corpus](glosses) != glosses]
    assert len(different) == changed
    for glosses, cleaned in different:
        assert cleaned == [gloss for i, gloss in enumerate(glosses) if i == 0 or gloss != glosses[i - 1]]


@pytest.mark.parametrize(("cleanup", "corpus", "expected"), [
    ("auto", "phoenix2014", clean_2014), ("auto", "phoenix2014t", clean_2014t), ("auto", "csl_daily", None),
    ("none", "phoenix2014", None), ("phoenix2014t", "folder", clean_2014t)])
def test_the_corpus_or_the_setting_chooses(cleanup, corpus, expected):
    assert cleanup_for(cleanup, corpus) is expected


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
                      for clean in (None, CLEAN[corpus]))
    assert total.wer > 0.8 and cleaned.errors == 0
    lost = [glosses[1:] for glosses in references]
    cleaned = count(chain.from_iterable(align_sentences(references, lost, CLEAN[corpus])))
    repeated = sum(glosses[:1] == glosses[1:2] for glosses in references)  # the other one stays
    assert (cleaned.deleted, cleaned.inserted, cleaned.substituted) == (len(references) - repeated, 0, 0)
