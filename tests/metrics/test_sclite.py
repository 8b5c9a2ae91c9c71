"""The real sclite, against our own counting to the last gloss, and its files."""

import random
import subprocess
from pathlib import Path

import pytest

from slr.decoding.records import Gloss
from slr.errors import ScoringError
from slr.metrics import sclite as module
from slr.metrics.phoenix import PUBLISHED
from slr.metrics.sclite import Utterance, read_stm, sclite, write_ctm, write_stm
from slr.metrics.wer import Counts, align_sentences, count
from tests.helpers.references import SCLITE, needs_sclite, real_references

MADE_UP = ["A", "B", "C", "S+H", "IX-1p", "(1h)LIKE", "a/b", "b", "[x]", "ŠKOLA", "__ON__", "X:Y", "1,5", "'S"]


def corrupted(glosses, vocabulary, rng):
    """Glosses of which some are lost, some are others, and between which some are new; now and then none are left."""
    rate = rng.choice([0, 0.1, 0.3, 0.7, 1])
    kept = [rng.choice(vocabulary) if rng.random() < rate else gloss for gloss in glosses if rng.random() > rate / 2]
    return [gloss for kept_one in kept for gloss in ([kept_one] if rng.random() > rate / 2 else
                                                     [kept_one, rng.choice(vocabulary)])]


def timed(glosses):
    return [Gloss(gloss, i / 10, (i + 1) / 10) for i, gloss in enumerate(glosses)]


def both(folder, utterances, hypotheses):
    """(ours, sclite's) alignments of the same sentences."""
    write_stm(folder / "references.stm", utterances)
    write_ctm(folder / "hypotheses.ctm", [(utterance.name, timed(hypothesis))
                                          for utterance, hypothesis in zip(utterances, hypotheses, strict=True)])
    theirs = sclite(folder / "references.stm", folder / "hypotheses.ctm")
    ours = align_sentences([utterance.glosses for utterance in utterances], hypotheses)
    return ours, [theirs[utterance.name] for utterance in utterances]


@needs_sclite
@pytest.mark.parametrize("size", [2, 4, len(MADE_UP)])
def test_made_up_sentences_are_aligned_alike(tmp_path, size):
    rng = random.Random(size)
    utterances = [Utterance(f"clip/{i:03d}", f"signer{i % 3}", tuple(rng.choices(MADE_UP[:size], k=rng.randrange(16))))
                  for i in range(400)]
    hypotheses = [rng.choices(MADE_UP[:size], k=rng.randrange(16)) if i % 2 else
                  corrupted(utterance.glosses, MADE_UP, rng) for i, utterance in enumerate(utterances)]
    ours, theirs = both(tmp_path, utterances, hypotheses)
    assert ours == theirs


@needs_sclite
@pytest.mark.parametrize(("name", "corpus", "glosses"), [("phoenix2014-dev.stm", "phoenix2014", 5540),
                                                         ("phoenix2014T-dev.stm", "phoenix2014t", 3748)])
def test_real_references_are_counted_alike(tmp_path, shared_data, name, corpus, glosses):
    path = real_references(shared_data, name)
    utterances = read_stm(path)
    rng = random.Random(0)
    vocabulary = sorted({gloss for utterance in utterances for gloss in utterance.glosses})
    hypotheses = [corrupted(utterance.glosses, vocabulary, rng) for utterance in utterances]
    ours, theirs = both(tmp_path, utterances, hypotheses)
    assert ours == theirs
    total = count(pair for alignment in ours for pair in alignment)
    assert total.glosses == glosses and 0.1 < total.wer < 0.9
    assert published(path, tmp_path / "hypotheses.ctm") == total

    clean = PUBLISHED[corpus]
    ours, theirs = both(tmp_path, [Utterance(u.name, u.signer, tuple(clean.reference(u.glosses))) for u in utterances],
                        [clean.hypothesis(hypothesis) for hypothesis in hypotheses])
    assert ours == theirs


def published(stm: Path, ctm: Path):
    """Counts of the call of the corpora's own scripts, on the file as released: the sums of its raw report."""
    done = subprocess.run([SCLITE, "-r", stm, "stm", "-h", ctm, "ctm", "-f", "0", "-o", "rsum", "stdout"],
                          capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if line.strip("| ").startswith("Sum"))
    _sentences, _glosses, *numbers = (int(word) for word in line.replace("|", " ").split() if word.isdigit())
    return Counts(*numbers[:4])


def test_files_are_read_as_written(tmp_path):
    utterances = [Utterance("b", "S1", ("A", "B+C")), Utterance("a", "S2", ())]
    write_stm(tmp_path / "x.stm", utterances)
    with open(tmp_path / "x.stm", "a") as file:
        file.write(";; a comment\n\nc 1 S3 0.0 1.5e+2 <o,f0>  A  B\n")
    assert read_stm(tmp_path / "x.stm") == [*utterances, Utterance("c", "S3", ("A", "B"))]
    write_ctm(tmp_path / "x.ctm", [("b", [Gloss("A", 0.5, 0.75)]), ("a", [])])
    assert (tmp_path / "x.ctm").read_text() == "b 1 0.500 0.250 A\n"


@pytest.mark.parametrize("line", ["a 1 S1 A B C", "a 1 S1 0.0", "a 1 S1 0.0 1.0 { A / B }", "a 1 S1 0.0 1.0 @"])
def test_lines_that_are_no_plain_sentences_are_refused(tmp_path, line):
    (tmp_path / "x.stm").write_text(f"a 1 S1 0.0 1.0 A\n{line}\n")
    with pytest.raises(ScoringError, match="line 2"):
        read_stm(tmp_path / "x.stm")


@pytest.mark.parametrize("gloss", ["A B", "{A", "@", "A*", "A;B", "<A>", 'A"', "/", ""])
def test_glosses_that_sclite_reads_otherwise_are_refused(tmp_path, gloss):
    with pytest.raises(ScoringError, match="can't read"):
        write_stm(tmp_path / "x.stm", [Utterance("a", "S1", ("A", gloss))])
    with pytest.raises(ScoringError, match="can't read"):
        write_ctm(tmp_path / "x.ctm", [("a", timed([gloss]))])


@needs_sclite
def test_what_sclite_leaves_out_is_an_error(tmp_path):
    write_stm(tmp_path / "x.stm", [Utterance("a", "S1", ("A",)), Utterance("b", "S1", ("A",))])
    write_ctm(tmp_path / "x.ctm", [("b", timed(["A"])), ("a", timed(["A"]))])
    with pytest.raises(ScoringError):
        sclite(tmp_path / "x.stm", tmp_path / "x.ctm")
    with pytest.raises(ScoringError, match="sclite failed"):
        sclite(tmp_path / "x.stm", tmp_path / "absent.ctm")


def test_a_missing_tool_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "_DEBIAN", str(tmp_path / "sclite"))
    with pytest.raises(ScoringError, match="apt-get install sctk"):
        sclite(tmp_path / "x.stm", tmp_path / "x.ctm")
