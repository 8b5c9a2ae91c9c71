"""Videos annotated in ELAN: `.eaf` files anywhere below the root, each with its video.

Layout
------
A file's video is the first that it links: below the root by the link's relative path, else by its name in the file's
folder, or anywhere in the root if only one video has it; or the one beside it with the file's own name. Each annotation
of the tier of glosses is a clip. With a tier of sentences, each of its annotations is one, of the glosses whose middle
lies in it; if that is the same tier, its annotations hold several glosses, separated by `|`, or by spaces where there
is no `|`. The signer is the tier's participant.
"""

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    cut_by_time,
    is_video,
    missing,
    nfc,
    require_folder,
    row,
    stays_inside,
    videos_by_stem,
)
from slr.errors import CorpusError
from slr.io.files import entries
from slr.segments.elan_reading import Annotation, Document, Tier, read_eaf

LAYOUT = "ROOT/<video>.eaf beside ROOT/<video>.mp4, and corpus.tier: the tier of glosses"


def scan(root: str | Path, *, tier: str | None = None, sentence_tier: str | None = None, workers: int = 1) -> Scan:
    """Read the annotations of all files whose videos exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
    tier : str
        Name of the tier of glosses.
    sentence_tier : str, optional
        Name of the tier of sentences.
    workers : int, default 1
        Processes that read frame times; 0 for one per core.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the video's path without suffix, `@` and the times in seconds.
    problems : list of Problem
        Kinds: `unreadable`, `tier-missing`, `gloss-missing`, `time-range`, `outside-sentence`, `outside-root`,
        `duplicate-id`, and one `missing-video` for all files without a video.

    Raises
    ------
    CorpusError
        If the root is missing or has no such files, or none has the tiers; the message names those that there are.
    """
    root = require_folder(root)
    problems: list[Problem] = []
    documents = _documents(root, problems)
    tiers = [_existing(documents, "tier", tier)]
    tiers += [] if sentence_tier is None else [_existing(documents, "sentence_tier", sentence_tier)]
    found = [path for path in entries(root, "**/*") if is_video(path)]
    times_named = Counter(path.name for path in found)
    videos = {path.name: path for path in found if times_named[path.name] == 1}
    rows: list[dict[str, Any]] = []
    times: dict[str, tuple[float, float]] = {}
    absent = []
    for file, document in documents.items():
        where = file.relative_to(root).as_posix()
        if lacking := [name for name in tiers if name not in document.tiers]:
            problems.append(Problem(where, "tier-missing", "error", f"it has no tier '{lacking[0]}' (its tiers: "
                                    f"{', '.join(document.tiers) or 'none'})", "rename its tier, or remove the file"))
            continue
        video = _video(root, file, document, videos)
        if video is None:
            absent.append(where)
        elif stays_inside(root, media := Path(os.path.relpath(video, root)).as_posix(), where, problems):
            for clip, span in _rows(where, media, document, tiers, problems):
                rows.append(clip)
                times[clip["clip_id"]] = span
    if absent:
        problems.append(missing("missing-video", absent, len(documents), f"have no video in {root}",
                                "put the video beside its .eaf, with the same name, or set corpus.on_error: skip"))
    return collect(cut_by_time(root, rows, times, workers, problems), problems), problems


def _documents(root: Path, problems: list[Problem]) -> dict[Path, Document]:
    """The files that can be read."""
    files = [path for path in entries(root, "**/*") if path.suffix.lower() == ".eaf" and path.is_file()]
    if not files:
        raise CorpusError(f"{root} holds no .eaf files; expected {LAYOUT}")
    documents = {}
    for file in files:
        try:
            documents[file] = read_eaf(file)
        except CorpusError as error:
            reason, _, way_out = str(error).partition("; ")
            problems.append(Problem(file.relative_to(root).as_posix(), "unreadable", "error", reason, way_out))
    return documents


def _existing(documents: Mapping[Path, Document], setting: str, name: str | None) -> str:
    """The tier's name; raises CorpusError if no file has it."""
    found = Counter(tier for document in documents.values() for tier in document.tiers)
    if name is not None and (name in found or not documents):
        return name
    near = difflib.get_close_matches(name or "", found, 1)
    listed = ", ".join(f"'{tier}' ({count} file{'s' * (count > 1)})" for tier, count in found.most_common()) or "none"
    raise CorpusError((f"none of {len(documents)} .eaf files has a tier '{name}'" if name else "no tier is named")
                      + (f"; did you mean '{near[0]}'?" if near else f"; set corpus.{setting} (--"
                         f"{setting.replace('_', '-')}) to one of theirs:") + f" tiers: {listed}")


def _video(root: Path, file: Path, document: Document, videos: Mapping[str, Path]) -> Path | None:
    """The video that a file annotates."""
    for linked in document.media:
        places = [file.parent / url.replace("\\", "/") for url in linked.urls if "://" not in url]
        places += [file.parent / name for name in sorted(linked.names)]
        places += [videos[name] for name in sorted(linked.names) if name in videos]
        if found := next((place for place in places if is_video(place) and _is_below(place, root)), None):
            return found
    return videos_by_stem(file.parent).get(file.stem)


def _is_below(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _rows(where: str, media: str, document: Document, tiers: list[str],
          problems: list[Problem]) -> Iterator[tuple[dict[str, Any], tuple[float, float]]]:
    """The clips of a file, with their times in its video in seconds."""
    origin_ms = document.origin_ms(Path(media).name)
    clips = _glosses(document.tiers[tiers[0]]) if len(tiers) == 1 else _sentences(where, document, tiers, problems)
    signer = next((nfc(name) for tier in tiers if (name := document.tiers[tier].participant)), None)
    for annotation, glosses, translation in clips:
        start_s, end_s = ((time_ms + origin_ms) / 1000 for time_ms in annotation[:2])
        place = f"{where} at {start_s - origin_ms / 1000:.3f} s"
        if not glosses:
            problems.append(Problem(place, "gloss-missing", "error", f"this annotation of '{tiers[-1]}' has no gloss",
                                    "fill it in, or delete the annotation"))
        elif not 0 <= start_s < end_s:
            problems.append(Problem(place, "time-range", "error", f"'{annotation.value}' has no length, or starts "
                                    "before the video", "correct the annotation, or delete it"))
        else:
            clip_id = f"{nfc(Path(media).with_suffix('').as_posix())}@{_number(start_s)}-{_number(end_s)}"
            yield row(clip_id, media, glosses, signer=signer, translation=translation), (start_s, end_s)


def _glosses(tier: Tier) -> Iterator[tuple[Annotation, list[str], str | None]]:
    for annotation in tier.annotations:
        gloss = nfc(annotation.value.strip())
        yield annotation, [gloss] if gloss else [], None


def _sentences(where: str, document: Document, tiers: list[str],
               problems: list[Problem]) -> Iterator[tuple[Annotation, list[str], str | None]]:
    """Each sentence with its glosses and, if these are in a tier of their own, its text."""
    of_glosses, sentences = (document.tiers[name] for name in tiers)
    if of_glosses is sentences:
        for sentence in sentences.annotations:
            separator = "|" if "|" in sentence.value else None
            yield sentence, [nfc(gloss.strip()) for gloss in sentence.value.split(separator) if gloss.strip()], None
        return
    inside = 0
    glosses = [annotation for annotation, gloss, _ in _glosses(of_glosses) if gloss]
    for sentence in sentences.annotations:
        found = [gloss for gloss in glosses
                 if sentence.start_ms <= (gloss.start_ms + gloss.end_ms) / 2 < sentence.end_ms]
        inside += len(found)
        yield sentence, [nfc(gloss.value.strip()) for gloss in found], nfc(sentence.value.strip()) or None
    if inside < len(glosses):
        problems.append(Problem(where, "outside-sentence", "warning", f"{len(glosses) - inside} of {len(glosses)} "
                                f"glosses of '{tiers[0]}' are in no sentence of '{tiers[1]}'",
                                "nothing to do, unless they should be"))


def _number(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
