"""A real browser for the pages that the project writes: what they show, and what they ask the network for."""

import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Page:
    """A page after its scripts have run: its document as HTML, and the hosts it asked for."""

    dom: str
    requests: list[str]


def open_page(path: Path, profile: Path, screenshot: Path | None = None, width: int = 1200, height: int = 1000) -> Page:
    """Open a local file in headless Chromium, without a network; skips the test where there is no Chromium.

    Whatever the browser wants from the network goes to a proxy that answers nothing and keeps a list.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser to open the page with ({', '.join(NAMES)}); apt-get install chromium")
    with _Proxy() as proxy:
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--disable-default-apps", f"--user-data-dir={profile}", f"--proxy-server=127.0.0.1:{proxy.port}",
            "--proxy-bypass-list=<-loopback>", f"--window-size={width},{height}", "--hide-scrollbars",
            "--virtual-time-budget=5000",
            *([f"--screenshot={screenshot}"] if screenshot else ["--dump-dom"]), path.resolve().as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return Page(done.stdout, [request for request in proxy.requests if not _of_chromium_itself(request)])


def _of_chromium_itself(request: str) -> bool:
    """Chromium's own services, which ask although they are switched off; no page of ours names Google."""
    return any(host in request for host in ("google.com", "googleapis.com", "gvt1.com", "gstatic.com"))


class _Proxy:
    """A port that keeps the first line of every request and hangs up."""

    def __enter__(self) -> "_Proxy":
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection:
                connection.settimeout(5)
                line = connection.recv(4096).decode(errors="replace").splitlines()
                self.requests.extend(line[:1])
