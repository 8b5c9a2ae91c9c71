"""What decoding sentences takes.

    python -m benchmarks.decoding

Writes into `benchmarks/results/continuous.json`:

- `beam_flashlight_s` and `beam_own_s`: 100 sentences decoded by beam search of width 10, with the times of their
  glosses, by flashlight-text and by the project's own search, on one core; 60 frames of 1,200 classes each, half of
  them noise, half with a few certain glosses as trained networks give them. Median of rounds that take turns.
- `beam_same_best`: the share of sentences of which both find the same glosses.
- `beam_model_s`: the same by the own search with a language model of three glosses.
"""

import statistics
import time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.record import record
from slr.decoding.decoder import Decoder
from slr.decoding.ngram import Fusion, train_ngrams

SENTENCES, FRAMES, CLASSES = 100, 60, 1_200
ROUNDS = 3


def made_up() -> list[np.ndarray]:
    """(T, V) log-probabilities of each sentence."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(SENTENCES, FRAMES, CLASSES))
    logits[::2, :, 0] += 9
    for sentence in logits[::2]:
        for t in range(2, FRAMES, 5):
            sentence[t, rng.integers(1, CLASSES)] += rng.uniform(6, 12)
    return list(logits - np.logaddexp.reduce(logits, axis=2, keepdims=True))


def language_model() -> Fusion:
    """Of 1,000 sentences at random."""
    rng = np.random.default_rng(1)
    glosses = [f"g{i}" for i in range(1, CLASSES)]
    return Fusion(train_ngrams([rng.choice(glosses, 8).tolist() for _ in range(1_000)], glosses), 0.5, 1.0)


def decoding() -> dict[str, float]:
    """Beam search of a hundred sentences."""
    sentences = made_up()
    decoders = {"beam_flashlight_s": Decoder(decoder="flashlight"), "beam_own_s": Decoder(decoder="own"),
                "beam_model_s": Decoder(decoder="own", fusion=language_model())}
    taken: dict[str, list[float]] = {name: [] for name in decoders}
    found = {}
    for _ in range(ROUNDS):
        for name, decoder in decoders.items():
            begin = time.perf_counter()
            found[name] = [decoder(log_probs)[0].labels for log_probs in sentences]
            taken[name].append(time.perf_counter() - begin)
    same = [a == b for a, b in zip(found["beam_flashlight_s"], found["beam_own_s"], strict=True)]
    return {name: statistics.median(times) for name, times in taken.items()} | {"beam_same_best": float(np.mean(same))}


def main() -> None:
    with threadpool_limits(1):
        record("continuous", decoding(), part="decoding")


if __name__ == "__main__":
    main()
