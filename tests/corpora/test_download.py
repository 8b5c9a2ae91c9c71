"""Fetching videos from a real server on this machine, which breaks off, lies and forgets as the web does."""

import csv
import hashlib
import json
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from slr.corpora import download as downloading
from slr.corpora.download import CHECKSUMS, DEAD, NEEDS_YT_DLP, Item, Summary
from slr.errors import SlrError
from tests.helpers.recordings import record
from tests.helpers.video_server import VideoServer, serve_videos


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[bytes]:
    """Three different videos."""
    folder = tmp_path_factory.mktemp("videos")
    return [record(folder / f"{seed}.mp4", seed=seed, n_frames=20).read_bytes() for seed in range(3)]


@pytest.fixture
def server(videos):
    with serve_videos() as running:
        running.content = {f"/{number}.mp4": video for number, video in enumerate(videos)}
        yield running


def items(server: VideoServer, *paths: str) -> list[Item]:
    return [Item(path.split(".")[0], f"{server.address}/{path}", (path.split(".")[0],)) for path in paths]


def download(some: list[Item], root: Path, **settings) -> Summary:
    return downloading.download(some, root, "raw_videos", **{"pause_s": 0.01, "timeout_s": 5} | settings)


def table(path: Path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))[1:]


def test_videos_arrive_with_their_checksums_and_are_not_fetched_twice(server, videos, tmp_path):
    summary = download(items(server, "0.mp4", "1.mp4", "2.mp4"), tmp_path)
    assert sorted(summary.fetched) == ["0", "1", "2"] and not summary.dead
    for number, video in enumerate(videos):
        assert (tmp_path / f"raw_videos/{number}.mp4").read_bytes() == video
    assert table(tmp_path / CHECKSUMS) == [
        [f"raw_videos/{number}.mp4", str(len(video)), hashlib.sha256(video).hexdigest(),
         f"{server.address}/{number}.mp4"] for number, video in enumerate(videos)]
    again = download(items(server, "0.mp4", "1.mp4", "2.mp4"), tmp_path)
    assert sorted(again.present) == ["0", "1", "2"] and len(server.requests) == 3
    assert sorted(path.name for path in (tmp_path / "raw_videos").iterdir()) == ["0.mp4", "1.mp4", "2.mp4"]


def test_a_connection_that_breaks_off_is_resumed_where_it_was(server, videos, tmp_path):
    server.cut["/0.mp4"] = [3000, 500]
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert server.requests == [("/0.mp4", None), ("/0.mp4", "bytes=3000-"), ("/0.mp4", "bytes=3500-")]
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


def test_a_later_run_resumes_too(server, videos, tmp_path):
    server.cut["/0.mp4"] = [3000]
    first = download(items(server, "0.mp4"), tmp_path, attempts=1)
    assert "broke off" in first.dead["0"] or "IncompleteRead" in first.dead["0"]
    assert (tmp_path / "raw_videos/0.mp4.part").stat().st_size == 3000
    assert not (tmp_path / "raw_videos/0.mp4").exists()
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert server.requests[-1] == ("/0.mp4", "bytes=3000-")
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


def test_a_connection_that_falls_silent_is_left_and_resumed(server, videos, tmp_path):
    server.cut["/0.mp4"], server.stalls = [3000], {"/0.mp4"}
    assert download(items(server, "0.mp4"), tmp_path, timeout_s=0.2).fetched == ["0"]
    assert server.requests[-1] == ("/0.mp4", "bytes=3000-")
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


def test_an_answer_in_chunks_that_breaks_off_is_not_taken_for_whole(server, videos, tmp_path):
    server.chunked, server.cut["/0.mp4"] = {"/0.mp4"}, [2500]
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert len(server.requests) == 2 and (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on_where_it_was(server, videos, tmp_path, how):
    server.cut["/0.mp4"], server.stalls = [20_000, 1, 1, 1], {"/0.mp4"}
    instances = [{"video_id": str(number), "split": "train", "url": f"{server.address}/{number}.mp4"}
                 for number in range(2)]
    (tmp_path / "wlasl.json").write_text(json.dumps([{"gloss": "book", "instances": instances}]))
    partial = tmp_path / "root/raw_videos/0.mp4.part"
    with subprocess.Popen([sys.executable, "-m", "slr.cli", "download", "wlasl", "--json", "wlasl.json", "--root",
                           "root"], cwd=tmp_path, stderr=subprocess.DEVNULL,
                          # Tests that a shell runs in the background inherit that an interrupt is ignored.
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as run:
        while not (partial.exists() and (tmp_path / "root/raw_videos/1.mp4").exists()):
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(how)
    assert run.returncode != 0
    server.cut.clear()
    have = partial.stat().st_size
    summary = download(items(server, "0.mp4", "1.mp4"), tmp_path / "root")
    assert summary.fetched == ["0"] and summary.present == ["1"]
    assert server.requests[-1] == ("/0.mp4", f"bytes={have}-" if have else None)
    assert (tmp_path / "root/raw_videos/0.mp4").read_bytes() == videos[0]


def test_a_partial_file_that_is_whole_already_or_too_long_is_fetched_again(server, videos, tmp_path):
    server.cut["/0.mp4"] = [3000]
    download(items(server, "0.mp4"), tmp_path, attempts=1)
    (tmp_path / "raw_videos/0.mp4.part").write_bytes(videos[0] + b"more")
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert [wanted for _, wanted in server.requests] == [None, f"bytes={len(videos[0]) + 4}-", None]
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


def test_nothing_is_left_of_an_address_that_dies_half_way(server, tmp_path):
    server.cut["/0.mp4"] = [3000]
    download(items(server, "0.mp4"), tmp_path, attempts=1)
    server.failures["/0.mp4"] = [404]
    assert download(items(server, "0.mp4"), tmp_path).dead == {"0": "HTTP 404 Not Found"}
    assert list((tmp_path / "raw_videos").iterdir()) == []


def test_halves_of_two_versions_are_never_joined(server, videos, tmp_path):
    server.cut["/0.mp4"] = [3000]
    download(items(server, "0.mp4"), tmp_path, attempts=1)
    server.content["/0.mp4"] = videos[1]
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[1]


def test_without_a_tag_to_know_the_version_by_everything_is_fetched_again(server, videos, tmp_path):
    server.untagged.add("/0.mp4")
    server.cut["/0.mp4"] = [3000]
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert [wanted for _, wanted in server.requests] == [None, None]
    assert (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]


def test_dead_addresses_are_listed_with_their_reasons_for_every_clip(server, tmp_path):
    server.content |= {"/page.mp4": b"<html>gone</html>", "/text.mp4": b"no video " * 99, "/empty.mp4": b""}
    server.types["/page.mp4"] = "text/html; charset=utf-8"
    some = [*items(server, "0.mp4", "page.mp4", "text.mp4", "empty.mp4"),
            Item("gone", f"{server.address}/gone.mp4", ("one", "two")),
            Item("local", f"file://{tmp_path}/secret.mp4", ("local",)), Item("odd", "http://[::1/x.mp4", ("odd",))]
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    summary = download(some, tmp_path)
    assert summary.fetched == ["0"]
    reasons = {video_id: reason for video_id, _, reason in table(tmp_path / DEAD)}
    assert sorted(reasons) == ["empty", "local", "odd", "one", "page", "text", "two"]
    assert reasons["one"] == reasons["two"] == "HTTP 404 Not Found"
    assert reasons["page"] == "a web page in place of a file"
    assert "not a video" in reasons["text"] and "0 bytes" in reasons["empty"]
    assert "not http or https" in reasons["local"] and "not valid" in reasons["odd"]
    assert server.asked["/gone.mp4"] == 1  # a 404 isn't tried again
    assert [path.name for path in (tmp_path / "raw_videos").iterdir()] == ["0.mp4"]
    assert "1 fetched" in str(summary) and "HTTP 404" in str(summary)


def test_what_may_pass_is_tried_again_and_not_for_ever(server, tmp_path):
    server.failures = {"/0.mp4": [503, 429], "/1.mp4": [500] * 9}
    summary = download(items(server, "0.mp4", "1.mp4"), tmp_path, attempts=3)
    assert summary.fetched == ["0"] and summary.dead == {"1": "HTTP 500 Internal Server Error (tried 3 times)"}
    assert server.asked == {"/0.mp4": 3, "/1.mp4": 3}
    server.failures.clear()
    assert download(items(server, "0.mp4", "1.mp4"), tmp_path).fetched == ["1"]  # the dead get another chance
    assert table(tmp_path / DEAD) == []


def test_nobody_listening_is_a_reason(tmp_path):
    with serve_videos() as server:
        address = server.address
    summary = download([Item("x", f"{address}/x.mp4", ("x",))], tmp_path, attempts=2)
    assert "refused" in summary.dead["x"] and "tried 2 times" in summary.dead["x"]


def test_a_damaged_file_is_fetched_again_and_an_exchanged_one_is_refused(server, videos, tmp_path):
    download(items(server, "0.mp4", "1.mp4"), tmp_path)
    (tmp_path / "raw_videos/0.mp4").write_bytes(videos[0][:-1])
    (tmp_path / "raw_videos/1.mp4").unlink()
    server.content["/1.mp4"] = videos[2]
    summary = download(items(server, "0.mp4", "1.mp4"), tmp_path)
    assert summary.fetched == ["0"] and (tmp_path / "raw_videos/0.mp4").read_bytes() == videos[0]
    assert f"not what {CHECKSUMS} recorded" in summary.dead["1"] and not (tmp_path / "raw_videos/1.mp4").exists()
    assert len(table(tmp_path / CHECKSUMS)) == 2
    (tmp_path / "raw_videos/0.mp4").write_bytes(videos[2])
    server.failures["/0.mp4"] = [404]
    reason = download(items(server, "0.mp4"), tmp_path).dead["0"]
    assert "0.mp4 is there but damaged, or not what checksums.csv recorded" in reason and "HTTP 404" in reason


def test_a_video_that_was_there_before_is_kept_and_recorded(server, videos, tmp_path):
    record(tmp_path / "raw_videos/0.mkv", seed=9)
    record(tmp_path / "raw_videos/1.mp4", seed=8).write_bytes(b"")
    summary = download(items(server, "0.mp4", "1.mp4"), tmp_path)
    assert summary.present == ["0"] and summary.fetched == ["1"]
    assert [line[0] for line in table(tmp_path / CHECKSUMS)] == ["raw_videos/0.mkv", "raw_videos/1.mp4"]


def test_a_broken_line_of_checksums_is_left_out_loudly(server, tmp_path, capsys):
    (tmp_path / CHECKSUMS).write_text("file,bytes,sha256,url\nraw_videos/0.mp4,12,abc")
    assert download(items(server, "0.mp4"), tmp_path).fetched == ["0"]
    assert "line 2 is not file,bytes,sha256,url" in capsys.readouterr().err
    assert len(table(tmp_path / CHECKSUMS)) == 1


def test_so_many_at_a_time_and_no_more(server, videos, tmp_path):
    server.content = {f"/{number}.mp4": videos[number % 3] for number in range(20)}
    download(items(server, *(f"{number}.mp4" for number in range(20))), tmp_path, workers=2)
    assert server.most_at_once <= 2 and len(server.requests) == 20


def test_an_endless_answer_is_cut(server, tmp_path, monkeypatch):
    monkeypatch.setattr("slr.io.fetch.MAX_BYTES", 1000)
    assert "longer than" in download(items(server, "0.mp4"), tmp_path).dead["0"]


def test_a_folder_that_cannot_be_written_is_one_error(server, tmp_path):
    (tmp_path / "raw_videos").write_text("a file in the way")
    with pytest.raises(SlrError, match="download: a file can't be used"):
        download(items(server, "0.mp4"), tmp_path)


# YouTube


def test_youtube_needs_yt_dlp(tmp_path, monkeypatch):
    monkeypatch.setattr(downloading.importlib.util, "find_spec", lambda name: None)
    summary = download([Item("0UsjUE-TXns", "https://www.youtube.com/watch?v=0UsjUE-TXns", ("a", "b"), True)], tmp_path)
    assert summary.dead == {"0UsjUE-TXns": NEEDS_YT_DLP}
    assert [line[0] for line in table(tmp_path / DEAD)] == ["a", "b"]


def test_yt_dlp_is_used_where_it_is_installed(videos, tmp_path, monkeypatch):
    """By a stand-in with yt-dlp's interface: the real one would ask YouTube."""

    class DownloadError(Exception):
        pass

    class YoutubeDL:
        def __init__(self, options):
            self.path = Path(options["outtmpl"])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def download(self, addresses):
            if "private" in addresses[0]:
                raise DownloadError("ERROR: Private video")
            self.path.write_bytes(videos[0])

    module = types.SimpleNamespace(YoutubeDL=YoutubeDL, utils=types.SimpleNamespace(DownloadError=DownloadError))
    monkeypatch.setitem(sys.modules, "yt_dlp", module)
    monkeypatch.setattr(downloading.importlib.util, "find_spec", lambda name: module)
    summary = download([Item("good", "https://youtu.be/good", ("good",), True),
                        Item("bad", "https://youtu.be/private", ("bad",), True)], tmp_path)
    assert summary.fetched == ["good"] and summary.dead == {"bad": "yt-dlp: ERROR: Private video"}
    assert (tmp_path / "raw_videos/good.mp4").read_bytes() == videos[0]
