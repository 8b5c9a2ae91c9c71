"""Copies of a recording under another name: found although they were encoded anew, scaled, cropped a little or trimmed.

In a studio, pictures of two takes are nearly the same; what differs is what moves when. A recording is described by
small grey pictures of its first seconds. How much each of their pixels varies (its movement) is compared for all pairs
at once, and finds few that could be copies. Of these, the pictures are aligned in time and correlated, pixel by pixel
after subtraction of the means, as a whole and in each third: recordings with one title agree in one part, copies in
all. (The hashes of OpenCV's img_hash see the studio: five pHash of copies differ in up to 65 of 320 bits, of other
takes in 43 and more.)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from slr.dataset.landmarks import ClipLandmarks
from slr.io.progress import progress
from slr.io.video import Frame

SIDE = 32
"""Side of the pictures that are compared, in pixels."""
SPAN_S = 10.0
"""Seconds of a recording that are compared, from its start."""
_MOST_ALIKE = 5
"""A clip is looked at closely with this many others at most, so that the time grows with the number of clips."""
_LAG_S, _COARSE_S, _FINE_S = 1.0, 0.08, 0.01  # a copy may lack up to a second at its start
_SLACK_S = 0.02
_MIN_FRAMES = 5
_MIN_OVERLAP = 0.6
_THIRDS = 3
_GREY = 3.0  # root mean square of a picture's change below which noise of the encoders counts: 3 of 255
_STILL = 0.01  # the same of landmarks, as a share of the spread of all coordinates
_ROWS = 1024


class Likeness(NamedTuple):
    """Correlation of two films, -1 to 1: of all that they show, and of the third in which it is least."""

    whole: float
    least: float


class Bars(NamedTuple):
    """From when on a pair is looked at closely, by the cosine of its movements, and is a copy, by its likeness."""

    movement: float
    likeness: Likeness


PICTURES = Bars(0.96, Likeness(0.935, 0.82))
"""For videos; docs/your-own-recordings.md has the margins."""
LANDMARKS = Bars(0.99, Likeness(0.99, 0.99))
"""For landmarks, which no encoder blurs, and whose takes are more alike: there are fewer numbers."""


class Film(NamedTuple):
    """What is compared of a recording: `pictures` (T, D) float32 at increasing `times_s` (T,), and what counts as
    stillness: the root mean square change of a picture of which nothing moved."""

    times_s: np.ndarray
    pictures: np.ndarray
    still: float


class Filming:
    """Takes the film of a video while its frames pass to whoever else reads them."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._pictures: list[np.ndarray] = []

    def passing(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames."""
        for frame in frames:
            if not self._times or frame.timestamp_s - self._times[0] <= SPAN_S:
                self._times.append(frame.timestamp_s)
                self._pictures.append(_thumbnail(frame.image))
            yield frame

    def film(self) -> Film:
        """Of the frames so far."""
        return Film(np.array(self._times), np.array(self._pictures, np.float32).reshape(len(self._times), -1), _GREY)


def film_of(frames: Iterable[Frame]) -> Film:
    """The film of a video's frames, of which no more are taken than needed."""
    filming = Filming()
    first = None
    for frame in filming.passing(frames):
        first = frame.timestamp_s if first is None else first
        if frame.timestamp_s - first > SPAN_S:
            break
    return filming.film()


def film_of_landmarks(clip: ClipLandmarks) -> Film:
    """The film of a recording that comes as landmarks: its coordinates; a missing joint stands at its mean."""
    times = np.asarray(clip.timestamps_s, float)
    shown = times - times[0] <= SPAN_S
    points = clip.coordinates[shown].reshape(shown.sum(), -1).astype(np.float64)
    found = np.isfinite(points)
    mean = np.where(found, points, 0).sum(axis=0) / np.maximum(found.sum(axis=0), 1)
    return Film(times[shown], np.where(found, points - mean, 0).astype(np.float32),
                _STILL * float(np.std(points[found])) if found.any() else 0.0)


def movement(film: Film) -> np.ndarray:
    """(D,) float32 of length 1: the standard deviation of each pixel or coordinate over time; 0 if nothing moves."""
    spread = film.pictures.std(axis=0) if len(film.pictures) >= _MIN_FRAMES else np.zeros(film.pictures.shape[1:])
    length = float(np.linalg.norm(spread))
    moves = length and length / np.sqrt(len(spread)) >= film.still
    return (spread / length if moves else np.zeros_like(spread)).astype(np.float32)


def likeness(one: Film, other: Film) -> Likeness:
    """How well two films agree, by the correlation of their pictures.

    They are shifted against each other for the best correlation. Thirds in which nothing moves are left out. Each frame
    of the film with fewer frames a second is compared with the nearest of the other.
    """
    if _rate(one) > _rate(other):
        one, other = other, one
    pair = _Pair(one, other)
    coarse = pair.best_lag(np.arange(-_LAG_S, _LAG_S + _FINE_S, _COARSE_S))
    if coarse is None:
        return Likeness(-1.0, -1.0)
    lag = pair.best_lag(coarse + _FINE_S * np.arange(-7, 8))
    at = None if lag is None else pair.aligned(lag)
    assert at is not None  # they can be aligned at the coarse lag, which is among the fine ones
    whole = pair.correlation(*at)
    parts = zip(*(np.array_split(frames, _THIRDS) for frames in at), strict=True)
    return Likeness(whole, min([whole, *(pair.correlation(*part) for part in parts if pair.moves(*part))]))


class _Pair:
    """Two films: inner products of all their pictures, from which correlations at any shift follow."""

    def __init__(self, one: Film, other: Film):
        self._times = one.times_s - one.times_s[0], other.times_s - other.times_s[0]
        self._still = max(one.still, other.still)
        self._size = one.pictures.shape[1]
        centre = one.pictures.mean(axis=0)  # products of small numbers keep their digits
        a, b = one.pictures - centre, other.pictures - centre
        self._products = a @ a.T, a @ b.T, b @ b.T

    def best_lag(self, lags_s: np.ndarray) -> float | None:
        """The lag with the highest correlation; None if the films overlap too little at all of them."""
        found = [(self.correlation(*at), float(lag)) for lag in lags_s if (at := self.aligned(float(lag))) is not None]
        return max(found)[1] if found else None

    def aligned(self, lag_s: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Frames of both that show the same moment if the second film is `lag_s` late; None if they are too few."""
        times, others = self._times
        at = times + lag_s
        here = np.flatnonzero((at >= -_SLACK_S) & (at <= others[-1] + _SLACK_S))
        if len(here) < _MIN_FRAMES or (
                times[here[-1]] - times[here[0]] < _MIN_OVERLAP * min(times[-1], others[-1])):
            return None
        return here, np.searchsorted((others[1:] + others[:-1]) / 2, at[here])

    def correlation(self, here: np.ndarray, there: np.ndarray) -> float:
        one, both, other = self._covariances(here, there)
        return float(both / np.sqrt(max(one * other, 1e-12)))

    def moves(self, here: np.ndarray, there: np.ndarray) -> bool:
        """Whether something moves in both."""
        one, _, other = self._covariances(here, there)
        return bool(min(one, other) > self._size * len(here) * self._still ** 2)

    def _covariances(self, here: np.ndarray, there: np.ndarray) -> tuple[float, float, float]:
        rows = (here, here), (here, there), (there, there)
        one, both, other = (float(product[i, j].sum() - product[np.ix_(i, j)].sum() / len(i))
                            for product, (i, j) in zip(self._products, rows, strict=True))
        return one, both, other


def near_copies(movements: Mapping[str, np.ndarray], films: Callable[[Sequence[str]], Mapping[str, Film]],
                bars: Bars, same: Callable[[str, str], bool]) -> list[tuple[str, str]]:
    """The pairs of recordings that are copies of each other.

    Parameters
    ----------
    movements : dict of str to (D,) array
        Of each recording (`movement`).
    films : callable
        Gives the films of the few recordings that are looked at closely; those that it leaves out are no copies.
    bars : Bars
    same : callable
        Whether a pair needs no look: both are parts of one file, or known to be copies.

    Returns
    -------
    list of tuple of str
        Each pair once and in order, sorted.
    """
    names = sorted(movements)
    pairs = [(names[i], names[j]) for i, j in _alike(np.stack([movements[name] for name in names]), bars.movement)
             if not same(names[i], names[j])] if names else []
    taken = films(sorted({name for pair in pairs for name in pair}))
    found = []
    with progress("copies", total=len(pairs), unit="pair") as advance:
        for pair in pairs:
            if all(name in taken for name in pair):
                whole, least = likeness(*(taken[name] for name in pair))
                if whole >= bars.likeness.whole and least >= bars.likeness.least:
                    found.append(pair)
            advance()
    return found


def _alike(movements: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Index pairs of rows (N, D) of which one is among the most alike of the other, and alike enough; i < j, sorted."""
    pairs: set[tuple[int, int]] = set()
    for start in range(0, len(movements), _ROWS):
        cosines = movements[start:start + _ROWS] @ movements.T
        here = np.arange(len(cosines))
        cosines[here, start + here] = -1
        kept = min(_MOST_ALIKE, len(movements))
        nearest = np.argpartition(-cosines, kept - 1, axis=1)[:, :kept]
        for row, columns in zip(here, nearest, strict=True):
            pairs.update((min(start + row, column), max(start + row, column)) for column in columns.tolist()
                         if cosines[row, column] >= least)
    return sorted((int(i), int(j)) for i, j in pairs)


def _rate(film: Film) -> float:
    """Frames per second."""
    return (len(film.times_s) - 1) / max(float(film.times_s[-1] - film.times_s[0]), 1e-6)


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) uint8 of an RGB image."""
    import cv2

    return cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
