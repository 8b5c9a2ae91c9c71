"""Fetching a corpus's videos from the addresses in its annotations: resumed, checked, and the dead ones listed.

`fetch` gets one other file, whose content is known, in the same way.

Beside the videos' folder stand `checksums.csv` (file, bytes, sha256, url; written when a file is first seen, compared
ever after) and `dead.csv` (video_id, url, reason; what the last run could not get). Nothing that is fetched is ever
run, and file names come from checked ids, never from an address.
"""

import csv
import hashlib
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
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from slr.clipwise import disk_errors
from slr.errors import ClipError, SlrError
from slr.files import write_text
from slr.progress import progress, warn
from slr.video import VIDEO_SUFFIXES, read_video

CHECKSUMS = "checksums.csv"
DEAD = "dead.csv"
MAX_BYTES = 2 << 30
"""A longer answer is no sign's video."""
NEEDS_YT_DLP = "needs yt-dlp (pip install yt-dlp)"
_BLOCK = 1 << 16
_LONGEST_WAIT_S = 60
_REASONS = 10
_SILENT = logging.getLogger(f"{__name__}.yt_dlp")  # it would print into the progress bar; its errors are raised too
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_FINAL = (400, 401, 403, 404, 405, 410, 451)  # the same tomorrow; any other status may pass
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; slr)", "Accept-Encoding": "identity"}
_REFERERS = {"www.aslpro.com": "http://www.aslpro.com/cgi-bin/aslpro/aslpro.cgi"}  # refuses requests without


class Item(NamedTuple):
    """A video to fetch: `stem` is its file's name without suffix, `needed_by` the ids of the clips that it shows."""

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
    """What a run did, by stem; `dead` has the reason."""

    fetched: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    dead: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"videos: {len(self.fetched)} fetched, {len(self.present)} there already and unchanged, "
                 f"{len(self.dead)} not to be had"]
        lines += [f"  {count:5} {reason}" for reason, count in Counter(self.dead.values()).most_common(_REASONS)]
        return "\n".join(lines)


class _Dead(Exception):
    """Why a video can't be had; trying again in this run is no use."""


class _Retry(Exception):
    """Why an attempt failed; the next may succeed, after at least `wait_s`."""

    def __init__(self, reason: str, wait_s: float = 0):
        super().__init__(reason)
        self.wait_s = wait_s


def download(items: Sequence[Item], root: Path, folder: str, *, workers: int = 4, attempts: int = 4,
             pause_s: float = 1.0, timeout_s: float = 30.0) -> Summary:
    """Fetch videos to `root/folder`, several at a time; those that are there are checked and not fetched again.

    Parameters
    ----------
    items : sequence of Item
        With different stems.
    root : Path
        Made if it isn't there; takes the two CSVs.
    workers : int, default 4
        Videos fetched at a time.
    attempts : int, default 4
        Tries of each address; a try goes on where the last one broke off, if the server can and the video is the same.
    pause_s : float, default 1
        Before the second try, doubled before each further one.
    timeout_s : float, default 30
        Without an answer, or without a byte.

    Returns
    -------
    Summary

    Raises
    ------
    SlrError
        If the disk is full, or a file can't be written; finished videos and partial ones stay for the next run.
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
                    except _Dead as error:
                        summary.dead[item.stem] = str(error)
                    advance(note=f"{len(summary.dead)} dead" if summary.dead else None)
            finally:  # a full disk or Ctrl-C: what hasn't begun doesn't begin
                fetcher.stop.set()
                pool.shutdown(cancel_futures=True)
                ledger.save()
        _write_csv(root / DEAD, [("video_id", "url", "reason"), *sorted(
            (video_id, item.url, summary.dead[item.stem]) for item in items if item.stem in summary.dead
            for video_id in item.needed_by)])
    return summary


def fetch(url: str, path: Path, sha256: str, *, attempts: int = 4, pause_s: float = 1.0,
          timeout_s: float = 30.0) -> None:
    """Fetch one file whose content is known; it is there whole and right, or not at all.

    Parameters
    ----------
    url : str
        http or https.
    path : Path
        Of the file; one that is there is replaced.
    sha256 : str
        64 hex digits.
    attempts, pause_s, timeout_s
        As of `download`.

    Raises
    ------
    SlrError
        If it can't be fetched or written, or is another file.
    """
    path = Path(path)
    with disk_errors("download", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _, found = _Connection(attempts, pause_s, timeout_s).fetch(url, path)
        except _Dead as error:
            raise SlrError(f"{url} can't be fetched: {error}; fetch it by other means, and give the file's "
                           "path") from None
        if found != sha256:
            _partial(path).unlink()
            raise SlrError(f"{url} gives a file with the sha256 {found}, not {sha256}; correct the hash, or don't "
                           "use it")
        os.replace(_partial(path), path)


class _Ledger:
    """checksums.csv: read once, a line appended for each new file, sorted at the end. Safe to use from threads."""

    def __init__(self, path: Path, folder: str):
        self.path = path
        self.folder = folder
        self.lock = threading.Lock()
        self.known: dict[str, Checksum] = {}
        if path.exists():
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                for number, line in enumerate(list(csv.reader(file))[1:], start=2):
                    if len(line) != 4 or not line[1].isdigit() or len(line[2]) != 64:
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


class _Connection:
    """Gets the content of addresses, in several tries; used from several threads."""

    def __init__(self, attempts: int, pause_s: float, timeout_s: float):
        self.attempts, self.pause_s, self.timeout_s = attempts, pause_s, timeout_s
        self.stop = threading.Event()

    def fetch(self, url: str, file: Path) -> tuple[int, str]:
        """Fetch to the partial file, in several tries; its size and sha256."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise _Dead(f"the address is not http or https: {url[:80]!r}")
        for attempt in range(self.attempts):
            try:
                self._try(url, _partial(file))
                return _hash(_partial(file))
            except _Dead:
                if not self.stop.is_set():
                    _partial(file).unlink(missing_ok=True)
                    _validator_file(_partial(file)).unlink(missing_ok=True)
                raise
            except _Retry as error:
                reason, pause_s = str(error), max(error.wait_s, self.pause_s * 2 ** attempt)
            if attempt + 1 < self.attempts and self.stop.wait(pause_s):
                raise _Dead("stopped")
        raise _Dead(f"{reason} (tried {self.attempts} times)")

    def _try(self, url: str, partial: Path) -> None:
        """Fetch what is missing of the partial file; raises _Retry or _Dead."""
        validator = _validator_file(partial)
        have = partial.stat().st_size if partial.exists() and validator.exists() else 0
        headers = dict(_HEADERS)
        if referer := _REFERERS.get(urlsplit(url).hostname or ""):
            headers["Referer"] = referer
        if have:  # the rest, only if the video is still the same; else the server sends it whole
            headers |= {"Range": f"bytes={have}-", "If-Range": validator.read_text()}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout_s) as answer:
                _check_status(answer)
                start = _start_of(answer, have, validator)
                with open(partial, "r+b" if start else "wb") as stream:
                    stream.seek(start)
                    stream.truncate()
                    if not start:
                        _remember(answer, validator)
                    self._receive(answer, stream, start)
        except requests.exceptions.SSLError as error:
            raise _Dead(f"no secure connection: {_short(error)}") from None
        except requests.exceptions.InvalidURL as error:
            raise _Dead(f"the address is not valid: {_short(error)}") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Retry(_short(error)) from None
        validator.unlink(missing_ok=True)

    def _receive(self, answer: requests.Response, stream: io.BufferedRandom, start: int) -> None:
        length = answer.headers.get("Content-Length")
        received = 0
        while block := answer.raw.read1(_BLOCK):  # what has come, so that a connection that breaks off loses none
            stream.write(block)
            received += len(block)
            if start + received > MAX_BYTES:
                raise _Dead(f"the answer is longer than {MAX_BYTES >> 30} GiB")
            if self.stop.is_set():
                raise _Dead("stopped")
        if length is not None and received != int(length):
            raise _Retry(f"the connection broke off after {received} of {length} bytes")


class _Fetcher(_Connection):
    """Gets one item at a time; used from several threads."""

    def __init__(self, folder: Path, ledger: _Ledger, attempts: int, pause_s: float, timeout_s: float):
        super().__init__(attempts, pause_s, timeout_s)
        self.folder, self.ledger = folder, ledger

    def get(self, item: Item) -> bool:
        """Whether the video was fetched now (True) or was there already (False); raises _Dead."""
        try:
            urlsplit(item.url)
        except ValueError as error:  # such as brackets that don't match
            raise _Dead(f"the address is not valid: {error}") from None
        there = [file for suffix in VIDEO_SUFFIXES if (file := self.folder / f"{item.stem}{suffix}").exists()]
        if any(self._is_intact(file, item.url) for file in there):
            return False
        try:
            self._replace(item)
        except _Dead as error:
            if not there:
                raise
            raise _Dead(f"{there[0].name} is there but damaged, or not what {CHECKSUMS} recorded, and can't be fetched "
                        f"again: {error}") from None
        return True

    def _replace(self, item: Item) -> None:
        """Fetch a video, look at it, and put it in its place."""
        if item.youtube:
            file, size, sha256 = _from_youtube(item, self.folder)
        else:
            file = self.folder / f"{item.stem}{_suffix(item.url)}"
            size, sha256 = self.fetch(item.url, file)
        partial = _partial(file)
        expected = self.ledger.expected(file)
        if expected not in (None, sha256):
            partial.unlink()
            raise _Dead(f"its content is not what {CHECKSUMS} recorded (sha256 {sha256[:12]}..., expected "
                        f"{expected[:12]}...); delete its line there to accept it")
        if reason := _why_no_video(partial):
            partial.unlink()
            raise _Dead(reason)
        os.replace(partial, file)
        if expected is None:
            self.ledger.add(file, size, sha256, item.url)

    def _is_intact(self, file: Path, url: str) -> bool:
        """Whether a file that is there has its recorded checksum; one that has none yet gets it, if it is a video."""
        size, sha256 = _hash(file)
        expected = self.ledger.expected(file)
        if expected is None and _why_no_video(file) is None:
            self.ledger.add(file, size, sha256, url)
            return True
        return expected == sha256


def _check_status(answer: requests.Response) -> None:
    """Let pass 200, 206, and 416: there is no such rest."""
    if answer.status_code in _FINAL:
        raise _Dead(f"HTTP {answer.status_code} {answer.reason}")
    if answer.status_code not in (200, 206, 416):
        wait = answer.headers.get("Retry-After", "")
        raise _Retry(f"HTTP {answer.status_code} {answer.reason}", min(int(wait), _LONGEST_WAIT_S) if wait.isdigit()
                     else 0)
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise _Dead("a web page in place of a file")


def _start_of(answer: requests.Response, have: int, validator: Path) -> int:
    """Where in the file the answer's bytes belong; raises _Retry, for the whole file, if that isn't its end."""
    if answer.status_code == 200:
        return 0
    place = answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    if answer.status_code == 206 and place == str(have):
        return have
    validator.unlink(missing_ok=True)
    raise _Retry("the server didn't send the rest")


def _remember(answer: requests.Response, validator: Path) -> None:
    """Keep what tells this version of the video from another (none: then nothing is ever resumed)."""
    tag = answer.headers.get("ETag", "")
    known = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    validator.write_text(known) if known else validator.unlink(missing_ok=True)


def _from_youtube(item: Item, folder: Path) -> tuple[Path, int, str]:
    """Fetch by yt-dlp, where it is installed: one file that needs no merging, so no other program is started."""
    if importlib.util.find_spec("yt_dlp") is None:
        raise _Dead(NEEDS_YT_DLP)
    import yt_dlp

    file = folder / f"{item.stem}.mp4"
    options = {"outtmpl": str(_partial(file)).replace("%", "%%"), "format": "best[ext=mp4]", "noplaylist": True,
               "fixup": "never", "noprogress": True, "logger": _SILENT}
    try:
        with yt_dlp.YoutubeDL(options) as youtube:
            youtube.download([item.url])
    except yt_dlp.utils.DownloadError as error:
        raise _Dead(f"yt-dlp: {_short(error)}") from None
    return file, *_hash(_partial(file))


def _interleaved(items: Sequence[Item]) -> list[Item]:
    """The items with hosts taking turns, so that none is asked for many videos at once."""
    seen: Counter[str] = Counter()
    turns = []
    for item in items:
        host = "/".join(item.url.split("/")[2:3])
        turns.append(seen[host])
        seen[host] += 1
    return [items[index] for index in sorted(range(len(items)), key=turns.__getitem__)]


def _suffix(url: str) -> str:
    """The video suffix of an address, .mp4 where it has none."""
    suffix = Path(urlsplit(url).path).suffix.lower()
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"


def _partial(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _validator_file(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.version")


def _hash(file: Path) -> tuple[int, str]:
    with open(file, "rb") as stream:
        return file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()


def _why_no_video(file: Path) -> str | None:
    """Why the first frame can't be decoded, or None."""
    try:
        next(iter(read_video(file)))
    except ClipError as error:
        return f"what the address gives is not a video: {error}"
    return None


def _short(error: Exception) -> str:
    """The innermost reason of an error of the network, in one line."""
    while isinstance(getattr(error, "reason", None) or (error.args or [None])[0], Exception):
        error = getattr(error, "reason", None) or error.args[0]
    return " ".join(str(error).split())[:200]


def _write_csv(path: Path, rows: Iterable[Sequence]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
