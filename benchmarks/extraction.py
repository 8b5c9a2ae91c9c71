"""The landmarks stage beside MediaPipe Holistic as it comes, and what a second worker adds.

    python -m benchmarks.extraction [--frames data/frames] [--max-frames 3000] [--repeats 3]

Writes `benchmarks/results/extraction.json`, for the first clips of a folder of frames (default: the pipeline's):

- `bare_fps`: frames a second of MediaPipe's own `Holistic` in one loop in one process, over frames that lie decoded in
  memory, reset between clips (or a clip's landmarks would depend on the one before it), the results thrown away;
  `bare_no_reset_fps` without the resets, each of which costs three to four frames.
- `worker_fps`: frames a second of `extract_landmarks` with the face (`holistic-553`) and one worker, from frames on
  disk to the finished store; `worker_without_face_fps` of `holistic-75`.
- `fraction_of_bare`: `worker_fps / bare_fps`; `fraction_of_bare_no_reset` and `fraction_of_bare_without_face` beside
  it. They are above 1: the stage computes only what its joints follow from.
- `scaling_2`: frames a second of two workers with the face (`workers_2_fps`, their start included) against one.
- `bare_scaling_2`: the same of bare loops in two processes at once (`bare_2_fps`, their start left out): what the
  machine's second core gives Holistic at best. `scaling_of_bare`: `scaling_2 / bare_scaling_2`.

Each speed is the best of `--repeats` runs, taken in turns, so that a busy moment of the machine hits all alike.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.record import record
from slr.dataset.frames import SCHEMA, decode_jpegs
from slr.extraction.extractor import extractor_metadata
from slr.extraction.landmarks import extract_landmarks
from slr.io.shards import Shards, with_clip, write_shards
from slr.io.workers import map_unordered
from slr.params import LandmarksParams

WITH_FACE, WITHOUT_FACE = LandmarksParams(skeleton="holistic-553"), LandmarksParams(skeleton="holistic-75")


def choose_clips(shards: Shards, max_frames: int) -> list[str]:
    """The first clips with at most that many frames together."""
    total = np.cumsum([clip["n_frames"] for clip in shards.clips.values()])
    return list(shards.clips)[:max(1, int((total <= max_frames).sum()))]


def copy_clips(shards: Shards, clip_ids: list[str], folder: Path) -> None:
    """A folder of frames with these clips alone."""
    folder.mkdir()
    tables = (with_clip(shards.read(clip_id), shards.clips[clip_id]) for clip_id in clip_ids)
    write_shards(folder, tables, SCHEMA, metadata=shards.metadata, clips_per_shard=64)


def bare_s(clips: list[list[np.ndarray]], reset: bool) -> float:
    """Seconds that Holistic takes for these frames, once it is warm."""
    from mediapipe.python.solutions.holistic import Holistic

    with Holistic(**extractor_metadata(WITH_FACE)["settings"]) as holistic:
        for image in clips[0][:2]:
            holistic.process(image)
        begin = time.perf_counter()
        for images in clips:
            if reset:
                holistic.reset()
            for image in images:
                holistic.process(image)
        return time.perf_counter() - begin


def bare_fps_alone(place: tuple[Path, list[str]]) -> float:
    """Frames a second of a bare loop over some clips of a folder of frames."""
    folder, clip_ids = place
    clips = read_clips(Shards(folder), clip_ids)
    return sum(map(len, clips)) / bare_s(clips, reset=True)


def bare_2_s(frames: Path, clip_ids: list[str], n_frames: int) -> float:
    """Seconds that two processes at once take for these frames, their start left out."""
    halves = [(frames, clip_ids[::2]), (frames, clip_ids[1::2])]
    return n_frames / sum(done.result for done in map_unordered(bare_fps_alone, halves, workers=2))


def read_clips(shards: Shards, clip_ids: list[str]) -> list[list[np.ndarray]]:
    """The clips' frames, decoded."""
    return [list(decode_jpegs(shards.read(clip_id, ["jpeg"])["jpeg"])) for clip_id in clip_ids]


def stage_s(frames: Path, params: LandmarksParams, workers: int) -> float:
    """Seconds that the landmarks stage takes for a folder of frames, with nothing to resume from."""
    with tempfile.TemporaryDirectory() as temporary:
        begin = time.perf_counter()
        extract_landmarks(frames, Path(temporary) / "landmarks", params, workers=workers,
                          on_error="skip", max_failures=1, work=Path(temporary) / "work")
        return time.perf_counter() - begin


def runs(frames: Path, clip_ids: list[str], repeats: int) -> Iterator[tuple[float, ...]]:
    """Seconds of each way to do the same, taken in turns."""
    clips = read_clips(Shards(frames), clip_ids)
    n_frames = sum(map(len, clips))
    for _ in range(repeats):
        yield (bare_s(clips, reset=True), stage_s(frames, WITH_FACE, workers=1),
               stage_s(frames, WITHOUT_FACE, workers=1), bare_s(clips, reset=False),
               bare_2_s(frames, clip_ids, n_frames), stage_s(frames, WITH_FACE, workers=2))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=Path, default=Path("data/frames"))
    parser.add_argument("--max-frames", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    shards = Shards(arguments.frames)
    clip_ids = choose_clips(shards, arguments.max_frames)
    with tempfile.TemporaryDirectory() as temporary:
        frames = Path(temporary) / "frames"
        copy_clips(shards, clip_ids, frames)
        best = np.min(list(runs(frames, clip_ids, arguments.repeats)), axis=0)
    n_frames = sum(shards.clips[clip_id]["n_frames"] for clip_id in clip_ids)
    bare, worker, without_face, bare_no_reset, bare_2, workers_2 = (float(n_frames / seconds) for seconds in best)
    record("extraction", {
        "fraction_of_bare": worker / bare,
        "fraction_of_bare_no_reset": worker / bare_no_reset,
        "fraction_of_bare_without_face": without_face / bare,
        "scaling_2": workers_2 / worker,
        "bare_scaling_2": bare_2 / bare,
        "scaling_of_bare": (workers_2 / worker) / (bare_2 / bare),
        "bare_fps": bare,
        "bare_no_reset_fps": bare_no_reset,
        "worker_fps": worker,
        "worker_without_face_fps": without_face,
        "workers_2_fps": workers_2,
        "bare_2_fps": bare_2,
        "clips": len(clip_ids),
        "frames": n_frames,
    })


if __name__ == "__main__":
    main()
