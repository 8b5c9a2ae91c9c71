"""Folders of videos that are annotated in ELAN. Times and frames (ten a second) are worked out by hand."""

from collections.abc import Mapping, Sequence

from benchmarks.inputs.layout_cases.case import VIDEO, Case, Clip

_GLOSSES = {"tier": "Gloss"}


def _eaf(slots: Sequence[int | None], tiers: Mapping[str, Sequence[str]], *, media: str = "a.mp4", header: str = "",
         unit: str = "milliseconds", linked: str = "") -> str:
    """A document; slots are named t0, t1, ..., annotations a0, a1, ... in the order of the tiers.

    An annotation is written `0-1 VALUE`, from slot 0 to slot 1, `a0 VALUE`, referring to a0, or `a0<a1 VALUE`,
    following a1; a tier's attributes stand behind its name.
    """
    lines = [f'<ANNOTATION_DOCUMENT><HEADER MEDIA_FILE="" TIME_UNITS="{unit}">{linked}',
             f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/{media}" RELATIVE_MEDIA_URL="./{media}" MIME_TYPE="video/mp4" '
             f'{header}/></HEADER><TIME_ORDER>']
    lines += [f'<TIME_SLOT TIME_SLOT_ID="t{i}"' + ("" if time is None else f' TIME_VALUE="{time}"') + "/>"
              for i, time in enumerate(slots)]
    lines.append("</TIME_ORDER>")
    number = 0
    for tier, annotations in tiers.items():
        name, _, attributes = tier.partition(" ")
        lines.append(f'<TIER LINGUISTIC_TYPE_REF="x" TIER_ID="{name}" {attributes}>')
        for annotation in annotations:
            place, _, value = annotation.partition(" ")
            if place.startswith("a"):
                parent, _, previous = place.partition("<")
                kind, where = "REF", f'ANNOTATION_REF="{parent}"' + (
                    f' PREVIOUS_ANNOTATION="{previous}"' if previous else "")
            else:
                start, end = place.split("-")
                kind, where = "ALIGNABLE", f'TIME_SLOT_REF1="t{start}" TIME_SLOT_REF2="t{end}"'
            lines.append(f'<ANNOTATION><{kind}_ANNOTATION ANNOTATION_ID="a{number}" {where}><ANNOTATION_VALUE>{value}'
                         f'</ANNOTATION_VALUE></{kind}_ANNOTATION></ANNOTATION>')
            number += 1
        lines.append("</TIER>")
    return "\n".join([*lines, "</ANNOTATION_DOCUMENT>"])


def _case(kind: str, document: str, clips: dict[str, Clip] | None = None, *, options: dict[str, str] | None = None,
          problems: tuple[str, ...] = (), error: str = "", files: dict[str, str | bytes | None] | None = None) -> Case:
    return Case(kind, {"a.mp4": VIDEO, "a.eaf": document, **(files or {})}, clips or {}, problems, error=error,
                corpus="eaf", options=options or _GLOSSES)


def _part(gloss: str, start: int, end: int, signer: str | None = None) -> Clip:
    return Clip(gloss, signer, frames=(start, end))


_BOTH = {"a@1-2": _part("A", 10, 20), "a@2-3": _part("B", 20, 30)}
_TIER = {"Gloss": ["0-1 A", "1-2 B"]}

ELAN = [
    _case("a tier of glosses", _eaf([1000, 2000, 3000], _TIER), _BOTH),
    _case("a slot without a time", _eaf([1000, None, 3000], _TIER), _BOTH),
    _case("three slots without times", _eaf([1000, None, None, None, 5000],
                                            {"Gloss": ["0-1 A", "1-2 B", "2-3 C", "3-4 D"]}),
          {f"a@{i}-{i + 1}": _part(gloss, 10 * i, 10 * i + 10) for i, gloss in enumerate("ABCD", start=1)}),
    _case("slots without times on two tiers, among each other",
          _eaf([1000, None, None, 3000], {"Gloss": ["0-1 A", "1-3 B"], "Other": ["0-2 x", "2-3 y"]}), _BOTH),
    _case("a tier whose first slot has no time", _eaf([1000, None, 2000, 3000], {
        "Parent": ["0-3 x"], "Gloss": ["1-2 A", "2-3 B"]}), _BOTH),
    _case("a recording that starts before the annotations", _eaf([0, 1000, 2000], _TIER, header='TIME_ORIGIN="1000"'),
          _BOTH),
    _case("two recordings, each with a start of its own", _eaf(
        [0, 1000, 2000], _TIER, header='TIME_ORIGIN="1000"',
        linked='<MEDIA_DESCRIPTOR MEDIA_URL="file:///a.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="4000"/>'), _BOTH),
    _case("a slot without a time, and a start", _eaf([0, None, 2000], _TIER, header='TIME_ORIGIN="1000"'), _BOTH),
    _case("a tier that refers to one with times",
          _eaf([1000, 2000, 3000], {"Other": ["0-1 x", "1-2 y"], "Gloss": ["a0 A", "a1 B"]}), _BOTH),
    _case("a tier that refers to one that refers to one with times", _eaf(
        [1000, 2000, 3000], {"Gloss": ["a2 A", "a3 B"], "Other": ["a4 x", "a5 y"], "Base": ["0-1 u", "1-2 v"]}), _BOTH),
    _case("a tier that divides another, without times",
          _eaf([1000, 3000], {"Sentence": ["0-1 x"], "Gloss": ["a0<a2 B", "a0 A"]}), _BOTH),
    _case("times in frames of PAL", _eaf([25, 50, 75], _TIER, unit="PAL-frames"), _BOTH),
    _case("a participant", _eaf([1000, 2000, 3000], {'Gloss PARTICIPANT="Ana"': ["0-1 A", "1-2 B"]}),
          {"a@1-2": _part("A", 10, 20, "Ana"), "a@2-3": _part("B", 20, 30, "Ana")}),
    _case("an annotation without a value and one without a length",
          _eaf([1000, 2000, 3000, 3000], {"Gloss": ["0-1 A", "1-2  ", "2-3 B"]}), {"a@1-2": _part("A", 10, 20)},
          problems=("gloss-missing", "time-range")),
    _case("sentences with a tier of glosses",
          _eaf([500, 1000, 2000, 3000, 3500, 5000, 6000],
               {"Gloss": ["1-2 A", "2-3 B", "5-6 C"], "Sentence": ["0-4 a and b"]}),
          {"a@0.5-3.5": _part("A|B", 5, 35)}, options={"tier": "Gloss", "sentence_tier": "Sentence"},
          problems=("outside-sentence",)),
    _case("sentences whose glosses divide them, without times",
          _eaf([1000, 3000, 4000], {"Sentence": ["0-1 x", "1-2 y"], "Gloss": ["a0 A", "a0<a2 B", "a1 C"]}),
          {"a@1-3": _part("A|B", 10, 30), "a@3-4": _part("C", 30, 40)},
          options={"tier": "Gloss", "sentence_tier": "Sentence"}),
    _case("sentences of glosses in one tier", _eaf([1000, 2000, 3000], {"Sentence": ["0-1 A B", "1-2 C D|E"]}),
          {"a@1-2": _part("A|B", 10, 20), "a@2-3": _part("C D|E", 20, 30)},
          options={"tier": "Sentence", "sentence_tier": "Sentence"}),
    _case("no tier named", _eaf([1000, 2000, 3000], _TIER), options={"sentence_tier": "Gloss"},
          error=r"no tier is named; .*--tier.* tiers: 'Gloss' \(1 file\)"),
    _case("a tier that is in no file", _eaf([1000, 2000, 3000], {"GlossR": ["0-1 A"], "Mouth": []}),
          error=r"none of 1 .eaf files has a tier 'Gloss'; did you mean 'GlossR'\? tiers: 'GlossR' \(1 file\), 'Mo"),
    _case("a tier that one file lacks", _eaf([1000, 2000, 3000], _TIER), _BOTH, problems=("tier-missing",),
          files={"b.mp4": VIDEO, "b.eaf": _eaf([1000, 2000], {"Glosses": ["0-1 A"]}, media="b.mp4")}),
    _case("a link to a file that has been renamed", _eaf([1000, 2000, 3000], _TIER, media="old%20name.mp4"), _BOTH),
    _case("a link with blanks in it", _eaf([1000, 2000, 3000], _TIER, media="my%20film.mp4"),
          {"my film@1-2": _part("A", 10, 20), "my film@2-3": _part("B", 20, 30)}, files={"my film.mp4": VIDEO}),
    Case("annotations in a folder of their own, linked by another machine's path",
         {"videos/a.mp4": VIDEO, "eaf/1.eaf": _eaf([1000, 2000, 3000], _TIER)},
         {"videos/a@1-2": _part("A", 10, 20), "videos/a@2-3": _part("B", 20, 30)}, corpus="eaf", options=_GLOSSES),
    _case("a file without a video", _eaf([1000, 2000, 3000], _TIER), _BOTH, problems=("missing-video",),
          files={"b.eaf": _eaf([1000, 2000, 3000], _TIER, media="c.mp4")}),
    _case("sidecars and files that are no annotations", _eaf([1000, 2000, 3000], _TIER), _BOTH,
          problems=("unreadable",), files={"._a.eaf": "x", "b.eaf": "x"}),
]
