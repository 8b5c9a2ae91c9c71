"""Writing ELAN's annotation format, EAF 3.0 (https://www.mpi.nl/tools/elan/EAFv3.0.xsd).

Each tier of segments becomes a tier of time-aligned annotations; times are whole milliseconds. Annotations of one ELAN
tier can't overlap, so overlapping segments are distributed over further tiers, `glosses (2)` and so on. EAF doesn't
support scores.
"""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

from slr.segments import Segment

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_TYPE = "segments"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_eaf(tiers: Mapping[str, Sequence[Segment]], media: Path | None, folder: Path) -> bytes:
    """The document as UTF-8.

    Parameters
    ----------
    tiers : dict of str to sequence of Segment
    media : Path, optional
        The video to link, by its absolute path and its path relative to `folder`.
    folder : Path
        The folder of the document.
    """
    lanes = _lanes(tiers)
    root = ElementTree.Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "slr", "DATE": datetime.now(UTC).isoformat(timespec="seconds"), "FORMAT": "3.0", "VERSION": "3.0",
        f"{_INSTANCE}noNamespaceSchemaLocation": _SCHEMA})
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if media is not None:
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", _media_attributes(media, folder))
    annotations = [annotation for lane in lanes.values() for annotation in lane]
    ElementTree.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(annotations))
    order = ElementTree.SubElement(root, "TIME_ORDER")
    slots = sorted((time_ms, is_start, number) for number, (start_ms, end_ms, _) in enumerate(annotations)
                   for time_ms, is_start in ((start_ms, True), (end_ms, False)))
    names = {}
    for i, (time_ms, is_start, number) in enumerate(slots, start=1):
        names[number, is_start] = f"ts{i}"
        ElementTree.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{i}", "TIME_VALUE": str(time_ms)})
    number = 0
    for name, lane in lanes.items():
        tier = ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _TYPE, "TIER_ID": name})
        for _, _, label in lane:
            annotation = ElementTree.SubElement(ElementTree.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", {
                "ANNOTATION_ID": f"a{number + 1}", "TIME_SLOT_REF1": names[number, True],
                "TIME_SLOT_REF2": names[number, False]})
            ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = _valid(label)
            number += 1
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE,
                                                     "TIME_ALIGNABLE": "true"})
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _lanes(tiers: Mapping[str, Sequence[Segment]]) -> dict[str, list[tuple[int, int, str]]]:
    """(start, end, label) in ms by ELAN tier name: as few tiers as possible without overlaps."""
    named: dict[str, list[tuple[int, int, str]]] = {}
    for tier, segments in tiers.items():
        lanes = [named.setdefault(_new_name(tier, named), [])]
        for start_ms, end_ms, label in sorted(milliseconds(segment) for segment in segments):
            lane = next((lane for lane in lanes if not lane or lane[-1][1] <= start_ms), None)
            if lane is None:
                lane = named.setdefault(_new_name(tier, named), [])
                lanes.append(lane)
            lane.append((start_ms, end_ms, label))
    return named


def _new_name(tier: str, taken: Container[str]) -> str:
    name = tier = _valid(tier)
    number = 1
    while name in taken:
        number += 1
        name = f"{tier} ({number})"
    return name


def _valid(text: str) -> str:
    """The text without characters that are invalid in XML."""
    return _NOT_XML.sub("\ufffd", text)


def milliseconds(segment: Segment) -> tuple[int, int, str]:
    """Start, end and label; the end is at least 1 ms after the start."""
    start_ms = round(segment.start_s * 1000)
    return start_ms, max(start_ms + 1, round(segment.end_s * 1000)), segment.label


def _media_attributes(media: Path, folder: Path) -> dict[str, str]:
    """As ELAN writes them: `file://` URLs that aren't percent-encoded."""
    path = os.path.abspath(media)
    near = os.path.relpath(path, folder.resolve()).replace(os.sep, "/")
    return {"MEDIA_URL": _valid(f"file://{path}"), "MIME_TYPE": guess_type(path)[0] or "video/*",
            "RELATIVE_MEDIA_URL": _valid(near if near.startswith("..") else f"./{near}")}
