"""Downloading a corpus's videos from the URLs in its annotations: resumable, verified, with a list of dead URLs.

Beside the videos' folder are `checksums.csv` (file, bytes, sha256, url; written when a file is first seen, verified
ever after) and `dead.csv` (video_id, url, reason; what the last run could not download). No downloaded content is ever
executed, and file names come from validated ids, never from a URL.
"""

import csv
import importlib.util
import io
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from slr.errors import ClipError
from slr.io.fetch import Connection, Dead, innermost, partial_file, size_and_hash
from slr.io.files import disk_errors, write_text
from slr.io.progress import progress, warn
from slr.io.video import VIDEO_SUFFIXES, read_video

CHECKSUMS = "checksums.csv"
DEAD = "dead.csv"
NEEDS_YT_DLP = "needs yt-dlp (pip install yt-dlp)"
_REASONS = 10
_SILENT = logging.getLogger(f"{__name__}.yt_dlp")  # it would print into the progress bar; its errors are also raised
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class Item(NamedTuple):
    """A video to download: `stem` is its file name without suffix, `needed_by` the ids of its clips."""

    stem: str
    url: str
    needed_by: tuple[str, ...]
    youtube: bool = False


class Checksum(NamedTuple):
    """A line of checksums.csv."""

    file: str
    bytes: int
    sha256: str
    url: str


@dataclass
class Summary:
    """Result of a run, by stem; `dead` has the reasons."""

    fetched: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    dead: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"videos: {len(self.fetched)} fetched, {len(self.present)} there already and unchanged, "
                 f"{len(self.dead)} not to be had"]
        lines += [f"  {count:5} {reason}" for reason, count in Counter(self.dead.values()).most_common(_REASONS)]
        return "\n".join(lines)


def download(items: Sequence[Item], root: Path, folder: str, *, workers: int = 4, attempts: int = 4,
             pause_s: float = 1.0, timeout_s: float = 30.0) -> Summary:
    """Download videos to `root/folder` in parallel; existing ones are verified and not downloaded again.

    Parameters
    ----------
    items : sequence of Item
        With unique stems.
    root : Path
        Created if necessary; also the folder of the two CSVs.
    workers : int, default 4
        Number of parallel downloads.
    attempts : int, default 4
        Attempts per URL; each resumes where the last one stopped, if the server supports it and the video is unchanged.
    pause_s : float, default 1
        Pause before the second attempt, doubled before each further one.
    timeout_s : float, default 30
        Timeout without a response, or without data.

    Returns
    -------
    Summary

    Raises
    ------
    SlrError
        If the disk is full, or a file can't be written; finished and partial videos are kept for the next run.
    """
    root = Path(root)
    with disk_errors("download", root / folder):
        (root / folder).mkdir(parents=True, exist_ok=True)
        ledger = _Ledger(root / CHECKSUMS, folder)
        fetcher = _Fetcher(root / folder, ledger, attempts, pause_s, timeout_s)
        summary = Summary()
        with progress("download", len(items), unit="video") as advance, ThreadPoolExecutor(workers) as pool:
            running = {pool.submit(fetcher.get, item): item for item in _interleaved(items)}
            try:
                for done in as_completed(running):
                    item = running[done]
                    try:
                        (summary.fetched if done.result() else summary.present).append(item.stem)
                    except Dead as error:
                        summary.dead[item.stem] = str(error)
                    advance(note=f"{len(summary.dead)} dead" if summary.dead else None)
            finally:  # on a full disk or Ctrl-C: pending downloads aren't started
                fetcher.stop.set()
                pool.shutdown(cancel_futures=True)
                ledger.save()
        _write_csv(root / DEAD, [("video_id", "url", "reason"), *sorted(
            (video_id, item.url, summary.dead[item.stem]) for item in items if item.stem in summary.dead
            for video_id in item.needed_by)])
    return summary


class _Ledger:
    """checksums.csv: read once, a line appended per new file, sorted at the end. Thread-safe."""

    def __init__(self, path: Path, folder: str):
        self.path = path
        self.folder = folder
        self.lock = threading.Lock()
        self.known: dict[str, Checksum] = {}
        if path.exists():
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                for number, line in enumerate(list(csv.reader(file))[1:], start=2):
                    if len(line) != 4 or not line[1].isdecimal() or len(line[2]) != 64:
                        warn(f"{path} line {number} is not file,bytes,sha256,url and is left out")
                        continue
                    self.known[line[0]] = Checksum(line[0], int(line[1]), line[2], line[3])
        else:
            _write_csv(path, [Checksum._fields])

    def expected(self, file: Path) -> str | None:
        """The recorded sha256 of a file of the folder."""
        entry = self.known.get(f"{self.folder}/{file.name}")
        return None if entry is None else entry.sha256

    def add(self, file: Path, size: int, sha256: str, url: str) -> None:
        entry = Checksum(f"{self.folder}/{file.name}", size, sha256, url)
        with self.lock:
            self.known[entry.file] = entry
            with open(self.path, "a", encoding="utf-8", newline="") as stream:
                csv.writer(stream, lineterminator="\n").writerow(entry)

    def save(self) -> None:
        with self.lock:
            _write_csv(self.path, [Checksum._fields, *sorted(self.known.values())])


class _Fetcher(Connection):
    """Downloads one item at a time; thread-safe."""

    def __init__(self, folder: Path, ledger: _Ledger, attempts: int, pause_s: float, timeout_s: float):
        super().__init__(attempts, pause_s, timeout_s)
        self.folder, self.ledger = folder, ledger

    def get(self, item: Item) -> bool:
        """Whether the video was downloaded now (True) or already existed (False); raises Dead."""
        try:
            urlsplit(item.url)
        except ValueError as error:  # such as unmatched brackets
            raise Dead(f"the address is not valid: {error}") from None
        there = [file for suffix in VIDEO_SUFFIXES if (file := self.folder / f"{item.stem}{suffix}").exists()]
        if any(self._is_intact(file, item.url) for file in there):
            return False
        try:
            self._replace(item)
        except Dead as error:
            if not there:
                raise
            raise Dead(f"{there[0].name} is there but damaged, or not what {CHECKSUMS} recorded, and can't be fetched "
                        f"again: {error}") from None
        return True

    def _replace(self, item: Item) -> None:
        """Download a video, validate it, and move it into place."""
        if item.youtube:
            file, size, sha256 = _from_youtube(item, self.folder)
        else:
            file = self.folder / f"{item.stem}{_suffix(item.url)}"
            size, sha256 = self.fetch(item.url, file)
        partial = partial_file(file)
        expected = self.ledger.expected(file)
        if expected not in (None, sha256):
            partial.unlink()
            raise Dead(f"its content is not what {CHECKSUMS} recorded (sha256 {sha256[:12]}..., expected "
                        f"{expected[:12]}...); delete its line there to accept it")
        if reason := _why_no_video(partial):
            partial.unlink()
            raise Dead(reason)
        os.replace(partial, file)
        if expected is None:
            self.ledger.add(file, size, sha256, item.url)

    def _is_intact(self, file: Path, url: str) -> bool:
        """Whether an existing file has its recorded checksum; a valid video without one gets it recorded."""
        size, sha256 = size_and_hash(file)
        expected = self.ledger.expected(file)
        if expected is None and _why_no_video(file) is None:
            self.ledger.add(file, size, sha256, url)
            return True
        return expected == sha256


def _from_youtube(item: Item, folder: Path) -> tuple[Path, int, str]:
    """Download by yt-dlp, if installed: one file that needs no merging, so no other program is started."""
    if importlib.util.find_spec("yt_dlp") is None:
        raise Dead(NEEDS_YT_DLP)
    import yt_dlp

    file = folder / f"{item.stem}.mp4"
    options = {"outtmpl": str(partial_file(file)).replace("%", "%%"), "format": "best[ext=mp4]", "noplaylist": True,
               "fixup": "never", "noprogress": True, "logger": _SILENT}
    try:
        with yt_dlp.YoutubeDL(options) as youtube:
            youtube.download([item.url])
    except yt_dlp.utils.DownloadError as error:
        raise Dead(f"yt-dlp: {innermost(error)}") from None
    return file, *size_and_hash(partial_file(file))


def _interleaved(items: Sequence[Item]) -> list[Item]:
    """The items in round-robin order of hosts, so that none gets many requests at once."""
    seen: Counter[str] = Counter()
    turns = []
    for item in items:
        host = "/".join(item.url.split("/")[2:3])
        turns.append(seen[host])
        seen[host] += 1
    return [items[index] for index in sorted(range(len(items)), key=turns.__getitem__)]


def _suffix(url: str) -> str:
    """The video suffix of a URL, .mp4 if it has none."""
    suffix = Path(urlsplit(url).path).suffix.lower()
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"


def _why_no_video(file: Path) -> str | None:
    """Why the first frame can't be decoded, or None."""
    try:
        next(iter(read_video(file)))
    except ClipError as error:
        return f"what the address gives is not a video: {error}"
    return None


def _write_csv(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
