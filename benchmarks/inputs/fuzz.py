"""Damaged files for every parser, and damaged model folders, by hypothesis: no crash, no hang, no swollen memory.

    python -m benchmarks.inputs.fuzz                # 100,000 inputs for each parser, 10,000 folders: hours
    python -m benchmarks.inputs.fuzz 1000 100       # fewer

An input is a file that is as it should be, changed in a few places. A parser may read it or refuse it by an SlrError,
within 2 s and 1 GiB; `fuzz_failures` counts the inputs of which neither is true, and prints the first of each kind. The
seeds are those of this file, so every run has the same inputs.
"""

import faulthandler
import io
import json
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import hypothesis
import numpy as np
from hypothesis import strategies as st
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

from benchmarks.inputs import hostile_models
from benchmarks.record import record
from slr.corpora import folder as recordings
from slr.corpora import lsa64, msasl, sentences, wlasl
from slr.corpora.imported import coco_wholebody, openpose, spoter_csv
from slr.corpora.imported.pose_files import read_pose
from slr.corpora.imported.recordings import read_arrays
from slr.corpora.imported.sca_npz import read_groundtruth
from slr.corpora.splits_json import read_splits_json
from slr.dataset.manifest import SCHEMA, read_manifest
from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.dataset.skeleton import SKELETONS, skeleton
from slr.decoding.ngram import load_ngrams, train_ngrams
from slr.errors import SlrError
from slr.gallery.entries import entries
from slr.gallery.gallery import make_gallery, read_gallery, write_gallery
from slr.inference.checkpoints import read_labels
from slr.io.files import write_parquet
from slr.metrics.sclite import read_stm
from slr.params import ImportedParams, load
from slr.segments import Segment
from slr.segments.files import read, write

INPUTS, FOLDERS = 100_000, 10_000
SEED = 17
LONGEST_S = 2
LARGEST = 1 << 30
"""Bytes of memory that a parser may take."""


class Parser(NamedTuple):
    """What reads a file of this name, and the content of one that is as it should be."""

    name: str
    parse: Callable[[Path], object]
    content: bytes


class Late(BaseException):
    """The time is over; no handler of errors takes it for one."""


def parsers(folder: Path) -> list[Parser]:
    """All parsers; what they need besides the file is made in `folder`."""
    (folder / "A").mkdir()
    (folder / "A" / "one.jpg").write_bytes(b"")
    segments = {"glosses": [Segment(0.5, 1.25, "HOUSE", 0.5), Segment(2, 3, "RAIN")]}
    csv = b"path,gloss,signer,split,start_s,end_s\nA/one.jpg,HOUSE,anna,train,0.5,2\nA/two.mp4,RAIN,ben,test,,\n"
    settings = ImportedParams(size=(640, 480), units="pixel")
    return [
        Parser("params.yaml", load,
               b"corpus: {name: folder, root: recordings}\nframes:\n  fps: 25\n  size: null  # native\n"
               b"train:\n  model: own\n  models: [own]\nmodels:\n  own:\n    family: multistream\n    frames: 32\n"
               b"    lr: 0.001\n    streams:\n      - [joints, bones]\n    widths: [16, 32]\n    strides: [2, 1]\n"),
        Parser("skeleton.yaml", _skeleton, b"name: own\nspace: image\nparts:\n  pose: [nose, hand]\n"
                                           b"bones:\n  - [nose, hand]\n"),
        *(Parser(f"segments{suffix}", read, _written(suffix, lambda path: write(path, segments)))
          for suffix in (".csv", ".json", ".eaf")),
        Parser("clips.csv", lambda path: recordings.scan(folder, path), csv),
        Parser("gallery.csv", lambda path: entries([str(path)], None, None), csv),
        Parser("WLASL_v0.3.json", lambda path: wlasl.read_entries(path), json.dumps([{"gloss": "book", "instances": [
            {"bbox": [1, 2, 30, 40], "fps": 25, "frame_end": -1, "frame_start": 1, "instance_id": 0, "signer_id": 118,
             "source": "x", "split": "train", "url": "http://x/y.mp4", "variation_id": 0, "video_id": "69241"}
        ]}]).encode()),
        Parser("MSASL_train.json", lambda path: list(msasl._instances(path, [])), json.dumps([
            {"url": "https://www.youtube.com/watch?v=abcdefghijk", "start_time": 0.0, "end_time": 2.5, "label": 1,
             "signer_id": 0, "box": [0.1, 0.2, 0.9, 0.8], "text": "hello", "width": 640, "height": 360, "fps": 30.0,
             "start": 0, "end": 75}]).encode()),
        Parser("glosses.csv", lambda path: lsa64.scan(folder / "A", path), b"001,Opaque\n002,Red\n"),
        Parser("train.corpus.csv", lambda path: list(sentences.read_table(path, ("id", "folder"), [])),
               b"id|folder|signer|annotation\n01|01/1/*.png|Signer01|ABEND WOLKE\n"),
        Parser("groundtruth.txt", read_groundtruth, b"video1 0 S\nvideo1 1 P\nvideo2 0 n\n"),
        Parser("splits.json", read_splits_json,
               b'{"splits": {"train": {"videos": ["a", "b"]}, "test": {"videos": ["c"]}}}'),
        Parser("spoter.csv", _each_line, _spoter()),
        Parser("one_keypoints.json", lambda path: openpose.load(path.parent.parent, path.parent.name, settings),
               json.dumps({"people": [{
                   "pose_keypoints_2d": [10, 20, 0.9] * 25, "hand_left_keypoints_2d": [1, 2, 0.5] * 21,
                   "hand_right_keypoints_2d": [1, 2, 0.5] * 21}]}).encode()),
        Parser("coco.json", lambda path: coco_wholebody.load(path.parent, path.name, settings), json.dumps(
            [{"image_id": 0, "category_id": 1, "keypoints": [10, 20, 0.9] * 133, "score": 0.9}]).encode()),
        Parser("clip.npy", read_arrays, _saved(lambda file: np.save(file, np.zeros((4, 3, 2), np.float32)))),
        Parser("clip.npz", read_arrays, _saved(lambda file: np.savez_compressed(file, x=np.zeros((4, 3, 2))))),
        Parser("clip.pose", read_pose, _pose()),
        Parser("ngrams.json", lambda path: load_ngrams(path, ["A", "B"]),
               _written(".json", lambda path: train_ngrams([["A", "B"], ["B"]], ["A", "B"], 2).save(path))),
        Parser("test.stm", read_stm, b";; comment\nclip1 1 anna 0.0 1.79e308 <o> HOUSE RAIN\nclip2 1 ben 0.0 2.0 A\n"),
        Parser("labels.txt", read_labels, b"HOUSE\nRAIN\n"),
        Parser("labels.json", read_labels, b'{"0": "HOUSE", "1": "RAIN"}'),
        Parser("gallery.parquet", read_gallery, _written(".parquet", lambda path: write_gallery(path, make_gallery(
            ["a", "b"], ["HOUSE", "RAIN"], [None, "ben"], np.ones((2, 3), np.float32), model="m", model_hash="h")))),
        Parser("manifest.parquet", read_manifest, _written(".parquet", _manifest)),
    ]


def _skeleton(path: Path) -> object:
    """Skeletons are registered by their names; this one is forgotten again."""
    known = dict(SKELETONS)
    try:
        return skeleton(path)
    finally:
        SKELETONS.clear()
        SKELETONS.update(known)


def _written(suffix: str, make: Callable[[Path], object]) -> bytes:
    with TemporaryDirectory() as folder:
        make(Path(folder) / f"file{suffix}")
        return (Path(folder) / f"file{suffix}").read_bytes()


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _manifest(path: Path) -> None:
    import pandas as pd

    row = dict.fromkeys(SCHEMA.names) | {"clip_id": "a", "media": "a.mp4", "glosses": ["A"], "segments": []}
    write_parquet(path, pd.DataFrame([row]), SCHEMA)


def _spoter() -> bytes:
    columns = [f"{spoter_csv.column(joint)}_{axis}" for joint in skeleton("spoter-54").joints for axis in "XY"]
    cells = ",".join(['"[0.5, 0.25]"'] * len(columns))
    return f"{','.join(columns)},labels\n{cells},1\n{cells},2\n".encode()


def _each_line(path: Path) -> object:
    found = spoter_csv.scan(path.parent, str(path))
    return [spoter_csv.load(path.parent, media, ImportedParams()) for media in found[0].media]


def _pose() -> bytes:
    parts = [PoseHeaderComponent("body", ["Nose", "Neck"], [(0, 1)], [(0, 0, 0)], "XYC")]
    body = NumPyPoseBody(30, np.ones((4, 1, 2, 2), np.float32), np.ones((4, 1, 2), np.float32))
    pose = Pose(PoseHeader(0.2, PoseHeaderDimensions(640, 480), parts), body)
    return _saved(pose.write)


_TOKENS = st.sampled_from([
    b"", b"\0", b"\n", b",", b'"', b"'", b"[", b"{", b"}", b"]", b":", b"<", b"&", b"\xff", b"\xe2\x80\xae", b"-1",
    b"1e9", b"1e400", b"NaN", b"null", b"true", b"9" * 30, b"9" * 5000, b"\xc2\xb2", b"../../x", b"*a", b"&a ",
    b"!!int x", b"[" * 2000, b"A" * 3000, b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\xed\xa0\x80", b"&x;", b"0x",
    b"=", b"\r"])
_EDIT = st.tuples(st.integers(0, 1 << 16), st.integers(0, 12), st.one_of(_TOKENS, st.binary(max_size=4)))
"""Where, how many bytes are replaced, and by which."""


def changed(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with up to six places replaced, cut or repeated; or any bytes."""
    def edited(edits: list[tuple[int, int, bytes]]) -> bytes:
        made = content
        for place, length, into in edits:
            place %= len(made) + 1
            made = made[:place] + into + made[place + length:]
        return made
    return st.one_of(*[st.lists(_EDIT, min_size=1, max_size=6).map(edited)] * 8, st.binary(max_size=40),
                     st.integers(0, len(content)).map(lambda end: content[:end]))


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 1 << 40), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.sampled_from([1e9, -1e308, "S", "spoter-54", "holistic-75", "../x.yaml", "os:system", [[1]], {"": 0}, 10**400]))


@st.composite
def changed_config(draw: st.DrawFn, content: bytes) -> bytes:
    """A config.json with up to three of its values replaced, or removed, at any depth."""
    config = json.loads(content)
    for _ in range(draw(st.integers(1, 3))):
        at: Any = config
        while True:
            keys = sorted(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and at[key] and draw(st.integers(0, 3)):
                at = at[key]
                continue
            if draw(st.integers(0, 4)):
                at[key] = draw(_VALUES)
            else:
                del at[key]
            break
    return json.dumps(config).encode()


@contextmanager
def _bounds(seconds: float) -> Iterator[None]:
    """Raise Late after so many seconds of computing, whatever else the machine does."""
    def stop(*_: object) -> None:
        raise Late

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)  # again, where a handler has swallowed the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def failure(work: Callable[[], object]) -> str | None:
    """None if the work ends well, or with an SlrError, in time; else what went wrong."""
    try:
        with _bounds(LONGEST_S), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work()
    except SlrError:
        return None
    except Late:
        return f"more than {LONGEST_S} s"
    except Exception as error:  # what a user would see as a traceback
        return f"{type(error).__name__}: {error}"[:200]
    return None


def fuzz_parser(parser: Parser, inputs: int, folder: Path) -> dict[str, bytes]:
    """The first input of each kind of failure."""
    place = folder / "fuzzed"
    place.mkdir(exist_ok=True)

    def attempt(content: bytes) -> str | None:
        (place / parser.name).write_bytes(content)
        return failure(lambda: parser.parse(place / parser.name))

    try:
        return _failures(changed(parser.content), attempt, inputs)
    finally:
        shutil.rmtree(place)


def fuzz_folders(model: str, made: Path, folders: int) -> dict[str, tuple[bytes, bytes]]:
    """The first folder of each kind of failure, of one of `hostile_models.MODELS`: config and weights."""
    config, weights = ((made / name).read_bytes() for name in (CONFIG, WEIGHTS))
    work = made.parent / "fuzzed"
    work.mkdir(exist_ok=True)

    def attempt(files: tuple[bytes, bytes]) -> str | None:
        for name, content in zip((CONFIG, WEIGHTS), files, strict=True):
            (work / name).write_bytes(content)
        known = dict(SKELETONS)
        try:
            return failure(lambda: hostile_models.answer(work))
        finally:
            SKELETONS.clear()
            SKELETONS.update(known)

    settings = st.tuples(changed_config(config), st.just(weights))
    both = st.one_of(settings, settings, st.tuples(changed(config), st.just(weights)),
                     st.tuples(st.just(config), changed(weights)))
    return _failures(both, attempt, folders)


def _failures(files: st.SearchStrategy[Any], attempt: Callable[[Any], str | None], count: int) -> dict[str, Any]:
    found: dict[str, Any] = {}

    @hypothesis.seed(SEED)
    @hypothesis.settings(max_examples=count, deadline=None, database=None, phases=[hypothesis.Phase.generate],
                         suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(files)
    def attempts(content: Any) -> None:
        if (wrong := attempt(content)) is not None:
            found.setdefault(wrong, content)

    attempts()
    return found


def main() -> None:
    inputs, folders = map(int, sys.argv[1:3]) if len(sys.argv) == 3 else (INPUTS, FOLDERS)
    faulthandler.dump_traceback_later(24 * 3600, exit=True)
    failures = 0
    with TemporaryDirectory() as temporary:
        every = parsers(Path(temporary))
        models = hostile_models.make_models(Path(temporary) / "models")
        for name, folder in models.items():
            hostile_models.answer(folder)  # loads all that is loaded once
            print(name, "answers", flush=True)
        # What is mapped already, and 1 GiB: an allocation beyond is a MemoryError.
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + LARGEST, mapped + LARGEST))
        for parser in every:
            failures += _told(parser.name, fuzz_parser(parser, inputs, Path(temporary)))
        each = -(-folders // len(models))
        for name, folder in models.items():
            failures += _told(f"model {name}", fuzz_folders(name, folder, each))
    record("inputs", {"fuzzed_folders": each * len(models), "fuzzed_inputs": inputs * len(every),
                      "fuzz_failures": failures}, part="fuzz")


def _told(name: str, found: dict[str, Any]) -> int:
    print(name, "fails" if found else "holds", flush=True)
    for wrong, content in found.items():
        print(f"    {wrong}\n        {str(content)[:300]}", flush=True)
    return len(found)


if __name__ == "__main__":
    main()
