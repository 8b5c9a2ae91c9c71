"""Segments in files: CSV, JSON, WebVTT (subtitles) and ELAN's EAF, by the file's suffix.

A file holds tiers, each with a name and segments: `{"signing": [...], "glosses": [...]}`. Times are rounded to
milliseconds.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slr.errors import CorpusError, ParamsError, SlrError
from slr.io.files import atomic_path, parse_json, read_named_text
from slr.segments import Segment
from slr.segments.elan import milliseconds, to_eaf
from slr.segments.elan_reading import from_eaf

COLUMNS = ("tier", "start_s", "end_s", "label", "score")
Tiers = Mapping[str, Sequence[Segment]]


def write(path: str | Path, tiers: Tiers, media: str | Path | None = None) -> None:
    """Write segments atomically, in the format given by the suffix.

    Parameters
    ----------
    path : path
        A file `.csv`, `.json`, `.vtt` or `.eaf`.
    tiers : dict of str to sequence of Segment
    media : path, optional
        The video of the segments, which EAF links and JSON names.

    Raises
    ------
    ParamsError
        For another suffix.
    SlrError
        If the file can't be written.
    """
    path, media = Path(path), None if media is None else Path(media)
    content = format_of(path)(tiers, media, path.parent)
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise SlrError(f"{path} can't be written ({error.strerror}); choose another place, or make room") from None


def read(path: str | Path) -> dict[str, list[Segment]]:
    """The tiers of a `.csv`, `.json` or `.eaf` written by `write` (EAF also as written by ELAN).

    Raises
    ------
    ParamsError
        For another suffix.
    CorpusError
        If the file can't be read.
    """
    readers = {".csv": _read_csv, ".json": _read_json, ".eaf": from_eaf}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise ParamsError(f"{path}: segments are read from {', '.join(readers)}, not from '{suffix}'")
    try:
        return readers[suffix](path)
    except (AttributeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(f"{path} can't be read as segments ({type(error).__name__}: {error}); write it like "
                          "`slr segments` does") from None


def as_dict(tiers: Tiers, media: str | Path | None = None) -> dict[str, Any]:
    """The segments JSON-ready: `media` and, by tier, dicts with `start_s`, `end_s`, `label` and, if known, `score`."""
    return {"media": None if media is None else os.fsencode(media).decode(errors="replace"),
            "tiers": {tier: [_fields(segment) for segment in segments] for tier, segments in tiers.items()}}


def _fields(segment: Segment) -> dict[str, Any]:
    start_ms, end_ms, label = milliseconds(segment)
    fields = {"start_s": start_ms / 1000, "end_s": end_ms / 1000, "label": label}
    return fields if segment.score is None else {**fields, "score": round(segment.score, 6)}


def _to_csv(tiers: Tiers, media: Path | None, folder: Path) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"tier": tier, **_fields(segment)} for tier, segments in tiers.items() for segment in segments)
    return text.getvalue().encode()


def _to_json(tiers: Tiers, media: Path | None, folder: Path) -> bytes:
    return (json.dumps(as_dict(tiers, media), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _to_vtt(tiers: Tiers, media: Path | None, folder: Path) -> bytes:
    """One cue per segment, ordered by time; its class is the number of its tier, which a comment names."""
    cues = sorted((*milliseconds(segment)[:2], number, segment.label) for number, segments in
                  enumerate(tiers.values(), start=1) for segment in segments)
    names = [f"NOTE tier{number}: {_one_line(tier)}" for number, tier in enumerate(tiers, start=1)]
    blocks = [f"{_vtt_time(start_ms)} --> {_vtt_time(end_ms)}\n<c.tier{number}>{_one_line(label)}</c>"
              for start_ms, end_ms, number, label in cues]
    return ("\n\n".join(["WEBVTT", *names, *blocks]) + "\n").encode()


def _one_line(text: str) -> str:
    """Escaped for WebVTT: no line breaks, which would end the cue, and nothing that reads as a tag or an arrow."""
    text = " ".join(text.replace("\0", "\ufffd").split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _vtt_time(time_ms: int) -> str:
    minutes, rest_ms = divmod(time_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest_ms // 1000:02d}.{rest_ms % 1000:03d}"


WRITERS: dict[str, Callable[[Tiers, Path | None, Path], bytes]] = {
    ".csv": _to_csv, ".json": _to_json, ".vtt": _to_vtt, ".eaf": to_eaf}
"""Writers by format: tiers, the video and the document's folder to the file's bytes."""


def format_of(path: Path) -> Callable[[Tiers, Path | None, Path], bytes]:
    """The format in `WRITERS` for a file's suffix; raises ParamsError for another suffix."""
    if path.suffix.lower() not in WRITERS:
        raise ParamsError(f"{path}: segments are written as {', '.join(WRITERS)}, not as '{path.suffix}'")
    return WRITERS[path.suffix.lower()]


def _read_csv(path: str | Path) -> dict[str, list[Segment]]:
    tiers: dict[str, list[Segment]] = {}
    for line in csv.DictReader(io.StringIO(read_named_text(path, CorpusError), newline="")):
        segment = Segment(float(line["start_s"]), float(line["end_s"]), line["label"],
                          float(line["score"]) if line.get("score") else None)
        tiers.setdefault(line["tier"], []).append(segment)
    return tiers


def _read_json(path: str | Path) -> dict[str, list[Segment]]:
    content = parse_json(read_named_text(path, CorpusError))
    return {tier: [Segment(**fields) for fields in segments] for tier, segments in content["tiers"].items()}
