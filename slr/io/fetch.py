"""Downloading a file: with retries that resume, and verification."""

import hashlib
import os
import threading
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3

from slr.errors import SlrError
from slr.io.files import disk_errors

MAX_BYTES = 2 << 30
"""Larger responses are refused."""
_BLOCK = 1 << 16
_LONGEST_WAIT_S = 60
_FINAL = (400, 401, 403, 404, 405, 410, 451)  # permanent; any other status may be temporary
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; slr)", "Accept-Encoding": "identity"}
_REFERERS = {"www.aslpro.com": "http://www.aslpro.com/cgi-bin/aslpro/aslpro.cgi"}  # rejects requests without it


class Dead(Exception):
    """The reason why a file is unavailable; retrying in this run is pointless."""


class _Retry(Exception):
    """The reason why an attempt failed; the next may succeed, after at least `wait_s`."""

    def __init__(self, reason: str, wait_s: float = 0):
        super().__init__(reason)
        self.wait_s = wait_s


def fetch(url: str, path: Path, sha256: str, *, attempts: int = 4, pause_s: float = 1.0,
          timeout_s: float = 30.0) -> None:
    """Download one file with a known hash; afterwards it is complete and verified, or absent.

    Parameters
    ----------
    url : str
        http or https.
    path : Path
        Path of the file; an existing one is replaced.
    sha256 : str
        64 hex digits.
    attempts : int, default 4
        Attempts; each resumes where the last one stopped, if the server supports it and the file is unchanged.
    pause_s : float, default 1
        Pause before the second attempt, doubled before each further one.
    timeout_s : float, default 30
        Timeout without a response, or without data.

    Raises
    ------
    SlrError
        If it can't be downloaded or written, or has a different hash.
    """
    path = Path(path)
    with disk_errors("download", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _, found = Connection(attempts, pause_s, timeout_s).fetch(url, path)
        except Dead as error:
            raise SlrError(f"{url} can't be fetched: {error}; fetch it by other means, and give the file's "
                           "path") from None
        if found != sha256:
            partial_file(path).unlink()
            raise SlrError(f"{url} gives a file with the sha256 {found}, not {sha256}; correct the hash, or don't "
                           "use it")
        os.replace(partial_file(path), path)


class Connection:
    """Downloads URLs with retries; thread-safe."""

    def __init__(self, attempts: int, pause_s: float, timeout_s: float):
        self.attempts, self.pause_s, self.timeout_s = attempts, pause_s, timeout_s
        self.stop = threading.Event()

    def fetch(self, url: str, file: Path) -> tuple[int, str]:
        """Download to the partial file, with retries; returns its size and sha256."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise Dead(f"the address is not http or https: {url[:80]!r}")
        for attempt in range(self.attempts):
            try:
                self._try(url, partial_file(file))
                return size_and_hash(partial_file(file))
            except Dead:
                if not self.stop.is_set():
                    partial_file(file).unlink(missing_ok=True)
                    _validator_file(partial_file(file)).unlink(missing_ok=True)
                raise
            except _Retry as error:
                reason, pause_s = str(error), max(error.wait_s, self.pause_s * 2 ** attempt)
            if attempt + 1 < self.attempts and self.stop.wait(pause_s):
                raise Dead("stopped")
        raise Dead(f"{reason} (tried {self.attempts} times)")

    def _try(self, url: str, partial: Path) -> None:
        """Download the missing rest of the partial file; raises _Retry or Dead."""
        validator = _validator_file(partial)
        have = partial.stat().st_size if partial.exists() and validator.exists() else 0
        headers = dict(_HEADERS)
        if referer := _REFERERS.get(urlsplit(url).hostname or ""):
            headers["Referer"] = referer
        if have:  # the rest, only if the file is unchanged; else the server sends all of it
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
            raise Dead(f"no secure connection: {innermost(error)}") from None
        except requests.exceptions.InvalidURL as error:
            raise Dead(f"the address is not valid: {innermost(error)}") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Retry(innermost(error)) from None
        validator.unlink(missing_ok=True)

    def _receive(self, answer: requests.Response, stream: BinaryIO, start: int) -> None:
        length = answer.headers.get("Content-Length")
        received = 0
        while block := answer.raw.read1(_BLOCK):  # flushed, so that a broken connection loses nothing
            stream.write(block)
            received += len(block)
            if start + received > MAX_BYTES:
                raise Dead(f"the answer is longer than {MAX_BYTES >> 30} GiB")
            if self.stop.is_set():
                raise Dead("stopped")
        if length is not None and received != int(length):
            raise _Retry(f"the connection broke off after {received} of {length} bytes")


def _check_status(answer: requests.Response) -> None:
    """Accept 200, 206, and 416: there is no such rest."""
    if answer.status_code in _FINAL:
        raise Dead(f"HTTP {answer.status_code} {answer.reason}")
    if answer.status_code not in (200, 206, 416):
        wait = answer.headers.get("Retry-After", "")
        raise _Retry(f"HTTP {answer.status_code} {answer.reason}", min(int(wait), _LONGEST_WAIT_S) if wait.isdigit()
                     else 0)
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise Dead("a web page in place of a file")


def _start_of(answer: requests.Response, have: int, validator: Path) -> int:
    """Offset of the response's bytes in the file; raises _Retry, for the whole file, if it isn't at its end."""
    if answer.status_code == 200:
        return 0
    place = answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    if answer.status_code == 206 and place == str(have):
        return have
    validator.unlink(missing_ok=True)
    raise _Retry("the server didn't send the rest")


def _remember(answer: requests.Response, validator: Path) -> None:
    """Store the validator that identifies this version of the file (without one, downloads aren't resumed)."""
    tag = answer.headers.get("ETag", "")
    known = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    validator.write_text(known) if known else validator.unlink(missing_ok=True)


def partial_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _validator_file(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.version")


def size_and_hash(file: Path) -> tuple[int, str]:
    with open(file, "rb") as stream:
        return file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()


def innermost(error: Exception) -> str:
    """The innermost reason of a network error, in one line."""
    while isinstance(getattr(error, "reason", None) or (error.args or [None])[0], Exception):
        error = getattr(error, "reason", None) or error.args[0]
    return " ".join(str(error).split())[:200]
