"""A real HTTP server on this machine that serves videos as well, and as badly, as the web does."""

import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch


class VideoServer:
    """What is served, by path, and what was asked for.

    Attributes
    ----------
    content : dict of str to bytes
        Served whole, or from where a `Range` says if `If-Range` names the content's tag; other paths give 404.
    cut : dict of str to list of int
        Each answer to the path breaks off after so many bytes, one of these after the other; then no more.
    failures : dict of str to list of int
        Statuses that come before the content.
    types : dict of str to str
        Content types other than video/mp4.
    stalls : set of str
        Paths whose cut answers stay open, silent, for a second.
    chunked : set of str
        Paths whose answers come in chunks, without a length.
    untagged : set of str
        Paths whose answers carry no ETag.
    requests : list of (path, Range or None)
    """

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.cut: dict[str, list[int]] = {}
        self.failures: dict[str, list[int]] = {}
        self.types: dict[str, str] = {}
        self.stalls: set[str] = set()
        self.chunked: set[str] = set()
        self.untagged: set[str] = set()
        self.requests: list[tuple[str, str | None]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.address = ""

    @property
    def asked(self) -> Counter:
        return Counter(path for path, _ in self.requests)

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    served: VideoServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.served.counted():
            self._answer()

    def _answer(self) -> None:
        served, wanted = self.served, self.headers.get("Range")
        served.requests.append((self.path, wanted))
        if failures := served.failures.get(self.path):
            return self._fail(failures.pop(0))
        content = served.content.get(self.path)
        if content is None:
            return self._fail(404)
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = 0
        if wanted and self.headers.get("If-Range") == tag:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        if start >= len(content) > 0:
            return self._fail(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", served.types.get(self.path, "video/mp4"))
        chunked = self.path in served.chunked
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else
                           ("Content-Length", str(len(content) - start))))
        if self.path not in served.untagged:
            self.send_header("ETag", tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        body = content[start:]
        if chunked:
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in
                            [*(body[at:at + 1000] for at in range(0, len(body), 1000)), b""])
        if cuts := served.cut.get(self.path):
            body = body[:cuts.pop(0)]
            self.close_connection = True
            self.wfile.write(body)
            if self.path in served.stalls:
                self.wfile.flush()
                time.sleep(1)
            return
        self.wfile.write(body)

    def _fail(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_videos() -> Iterator[VideoServer]:
    """A running server; `address` is what paths are appended to."""
    served = VideoServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"served": served}))
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with patch.dict(os.environ, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}):
            yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
