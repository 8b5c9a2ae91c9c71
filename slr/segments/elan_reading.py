"""Reading ELAN's annotation format, EAF 2.x and 3.0 (https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf).

Every annotation gets times. A time slot without one lies between its neighbours on the tier, all such slots at equal
distances, as ELAN draws them. An annotation of a tier without times of its own takes those of the annotation that it
refers to; several that refer to the same one divide it evenly, in their order.
"""

import bisect
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

from slr.errors import CorpusError
from slr.io.files import read_named
from slr.segments import Segment

_UNITS_MS = {"milliseconds": 1.0, "PAL-frames": 40.0, "NTSC-frames": 1001 / 30}
_READ_ERRORS = (OSError, ElementTree.ParseError, LookupError, TypeError, ValueError, RecursionError)


class Annotation(NamedTuple):
    """An annotation, in milliseconds of the document."""

    start_ms: float
    end_ms: float
    value: str


@dataclass
class Tier:
    """The annotations of a tier in the order of time, and the person that it is about, if that is noted."""

    annotations: list[Annotation] = field(default_factory=list)
    participant: str | None = None


class Media(NamedTuple):
    """A linked recording: its addresses, decoded, and the time in it at which the document's time starts."""

    urls: tuple[str, ...]
    mime_type: str
    origin_ms: float

    @property
    def names(self) -> set[str]:
        return {PurePosixPath(url.replace("\\", "/")).name for url in self.urls}


@dataclass
class Document:
    """What a file holds: its tiers by name, and the recordings that it links, videos first."""

    tiers: dict[str, Tier]
    media: list[Media]

    def origin_ms(self, name: str | None = None) -> float:
        """The time in a recording, by its file's name, at which the document's time starts; default: in the first."""
        linked = [media for media in self.media if name in media.names] or self.media
        return linked[0].origin_ms if linked else 0.0


def read_eaf(path: str | Path) -> Document:
    """Read a file.

    Raises
    ------
    CorpusError
        If it can't be read, or an annotation refers to a slot or an annotation that isn't there.
    """
    try:
        root = ElementTree.fromstring(read_named(path, CorpusError))
        header = root.find("HEADER")
        unit_ms = _UNITS_MS[(header.get("TIME_UNITS") if header is not None else None) or "milliseconds"]
        slots = _Slots(root.iter("TIME_SLOT"), unit_ms)
        return Document(_tiers(list(root.iter("TIER")), slots), _media(root))
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from None


def from_eaf(path: str | Path) -> dict[str, list[Segment]]:
    """The annotations of each tier as segments of the (first) linked video, ordered by start.

    Raises
    ------
    CorpusError
        As `read_eaf`; or if an annotation has no length, or starts before the video.
    """
    document = read_eaf(path)
    origin_ms = document.origin_ms()
    try:
        return {name: [Segment((start_ms + origin_ms) / 1000, (end_ms + origin_ms) / 1000, value)
                       for start_ms, end_ms, value in tier.annotations] for name, tier in document.tiers.items()}
    except ValueError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str | Path, error: Exception) -> CorpusError:
    return CorpusError(f"{path} can't be read as EAF ({type(error).__name__}: {error}); open it in ELAN and save it "
                       "again")


def _media(root: ElementTree.Element) -> list[Media]:
    found = [Media(tuple(unquote(url) for key in ("RELATIVE_MEDIA_URL", "MEDIA_URL") if (url := linked.get(key))),
                   linked.get("MIME_TYPE", ""), float(linked.get("TIME_ORIGIN") or 0))
             for linked in root.iter("MEDIA_DESCRIPTOR")]
    return sorted(found, key=lambda media: not media.mime_type.startswith("video"))


class _Slots:
    """The time slots of a document, in the order of time, in which some have no time."""

    def __init__(self, slots: Iterable[ElementTree.Element], unit_ms: float):
        values = {slot.attrib["TIME_SLOT_ID"]: slot.get("TIME_VALUE") for slot in slots}
        self.places = {slot: place for place, slot in enumerate(values)}
        self.times = {slot: int(value) * unit_ms for slot, value in values.items() if value is not None}
        self._timed = list(self.times)
        self._timed_places = [self.places[slot] for slot in self._timed]

    def on_tier(self, used: Iterable[str]) -> dict[str, float]:
        """The time of each slot that a tier's annotations use: linear between those that have one, by their number.

        Beyond the tier's first and last that has one, those of the nearest of any tier count.
        """
        order = sorted(set(used), key=self.places.__getitem__)
        known = {place: self.times[slot] for place, slot in enumerate(order) if slot in self.times}
        if order and 0 not in known:
            known[0] = self._nearest(order[0], before=True)
        if order and len(order) - 1 not in known:
            known[len(order) - 1] = self._nearest(order[-1], before=False)
        places = sorted(known)
        filled = np.interp(range(len(order)), places, [known[place] for place in places]) if order else ()
        return dict(zip(order, map(float, filled), strict=True))

    def _nearest(self, slot: str, before: bool) -> float:
        """The time of the nearest slot of any tier that has one, before or after."""
        place = bisect.bisect(self._timed_places, self.places[slot]) - before
        if not 0 <= place < len(self._timed):
            where = "before" if before else "after"
            raise ValueError(f"time slot '{slot}' has no time, and neither has any {where} it")
        return self.times[self._timed[place]]


def _tiers(elements: Sequence[ElementTree.Element], slots: _Slots) -> dict[str, Tier]:
    names = Counter(entry.attrib["ANNOTATION_ID"] for tier in elements for entry in _entries(tier))
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"annotation '{twice[0]}' occurs twice")
    spans: dict[str, tuple[float, float]] = {}
    for tier in elements:
        aligned = [(found.attrib["ANNOTATION_ID"], found.attrib["TIME_SLOT_REF1"], found.attrib["TIME_SLOT_REF2"])
                   for found in tier.iter("ALIGNABLE_ANNOTATION")]
        times = slots.on_tier(slot for _, *ends in aligned for slot in ends)
        spans |= {name: (times[start], times[end]) for name, start, end in aligned}
    shares = {name: share for tier in elements for name, share in _shares(tier).items()}

    def span(name: str) -> tuple[float, float]:
        if name not in spans:
            parent, number, count = shares[name]
            start, end = span(parent)
            spans[name] = (start + (end - start) * number / count, start + (end - start) * (number + 1) / count)
        return spans[name]

    found: dict[str, Tier] = {}
    for tier in elements:
        annotations = [Annotation(*span(entry.attrib["ANNOTATION_ID"]), entry.findtext("ANNOTATION_VALUE") or "")
                       for entry in _entries(tier)]
        found[tier.attrib["TIER_ID"]] = Tier(sorted(annotations, key=lambda annotation: annotation[:2]),
                                             (tier.get("PARTICIPANT") or "").strip() or None)
    return found


def _entries(tier: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """A tier's annotations, with and without times of their own."""
    yield from tier.iter("ALIGNABLE_ANNOTATION")
    yield from tier.iter("REF_ANNOTATION")


def _shares(tier: ElementTree.Element) -> dict[str, tuple[str, int, int]]:
    """For each annotation without times: the one that it refers to, its place among those that do, and their number."""
    referring: dict[str, dict[str | None, list[str]]] = {}
    for entry in tier.iter("REF_ANNOTATION"):
        after = referring.setdefault(entry.attrib["ANNOTATION_REF"], {})
        after.setdefault(entry.get("PREVIOUS_ANNOTATION"), []).append(entry.attrib["ANNOTATION_ID"])
    shares: dict[str, tuple[str, int, int]] = {}
    for parent, after in referring.items():
        names = {name for following in after.values() for name in following}
        order = [name for previous, following in after.items() if previous not in names for name in following]
        for name in order:  # grows while it is read: each is followed by those that name it as the previous one
            order += after.get(name, [])
        shares |= {name: (parent, number, len(order)) for number, name in enumerate(order)}
    return shares
