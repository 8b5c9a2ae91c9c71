"""How much memory `slr transcribe` needs for short and long videos, and how fast it is.

    python -m benchmarks.transcribe [--minutes 1 10] [--detector FOLDER] [--recogniser FOLDER]

The videos are a drawn stream (signing, idling, speaking-like gestures), again and again. Writes into
`benchmarks/results/continuous.json`:

- `transcribe_peak_mib_1min`, `transcribe_peak_mib_10min`: the most memory that a process held that did nothing else,
  libraries and models included, for videos of so many minutes.
- `transcribe_realtime_factor`: length of the longest video by the time that the process took for it, its models loaded;
  above 1 is faster than the signer.
- `transcribe_signing_share`: how much of the longest video was found to be signing, and so was recognised.
"""

import argparse
import itertools
import multiprocessing
import tempfile
import time
from pathlib import Path

from benchmarks.record import peak_mib, record
from slr.corpora.sample import render
from slr.inference.transcribe import SIGNING, Transcriber
from slr.io.video import read_video, write_video
from slr.params import SampleParams

STREAM = SampleParams(parts=["streams"], signers=1, streams=1)


def looped(stream: Path, out: Path, minutes: float) -> None:
    """Write a video of so many minutes."""
    images = [frame.image for frame in read_video(stream)]
    write_video(out, itertools.islice(itertools.cycle(images), round(minutes * 60 * STREAM.fps)), fps=STREAM.fps)


def transcribed(video: Path, detector: Path, recogniser: Path) -> tuple[float, float, float]:
    """Peak memory in MiB, seconds, and seconds of signing; in a process that has done nothing else."""
    transcriber = Transcriber(detector, recogniser)
    begin = time.perf_counter()
    tiers = transcriber(video)
    return peak_mib(), time.perf_counter() - begin, sum(segment.length_s for segment in tiers[SIGNING])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--detector", type=Path, default=Path("models/sca_stgcn_detection"))
    parser.add_argument("--recogniser", type=Path, default=Path("models/pose_ctc"))
    arguments = parser.parse_args()
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (media,) = render(STREAM, folder / "sample").media
        for minutes in sorted(arguments.minutes):
            video = folder / "video.mp4"
            looped(folder / "sample" / media, video, minutes)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                peak, seconds, signing_s = pool.apply(transcribed, (video, arguments.detector, arguments.recogniser))
            results |= {f"transcribe_peak_mib_{minutes:g}min": peak,
                        "transcribe_realtime_factor": minutes * 60 / seconds,
                        "transcribe_signing_share": signing_s / (minutes * 60)}
    record("continuous", results, part="transcribe")


if __name__ == "__main__":
    main()
