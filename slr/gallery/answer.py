"""Queries to a gallery: the nearest glosses, and whether the sign is known at all."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import GalleryError
from slr.figures.draw import draw_strip
from slr.figures.sheet import TILE_HEIGHT, sheet_path, sheet_row, write_sheet
from slr.gallery import FALSE_ACCEPT_RATE, INDEX
from slr.gallery.approximate import open_search
from slr.gallery.build import embedder_of
from slr.gallery.gallery import read_gallery, scaled
from slr.gallery.openset import Calibration
from slr.gallery.search import Neighbour

if TYPE_CHECKING:
    from PIL.Image import Image

_POSES = 6
_PAPER = 255


@dataclass(frozen=True)
class Answer:
    """Result of a query.

    Attributes
    ----------
    query : str
        Clip id or file.
    neighbours : list of Neighbour
        Of different glosses, nearest first.
    confidence : float, optional
        Confidence that the sign is in the gallery: the share of the gallery's glosses that, if left out, would be
        farther away (see `slr.gallery.openset`). None if the gallery has too few glosses.
    in_gallery : bool, optional
        Whether the confidence reaches the threshold; False means "none of these".
    landmarks : (ClipLandmarks, Skeleton)
        Landmarks of the query.
    """

    query: str
    neighbours: list[Neighbour]
    confidence: float | None
    in_gallery: bool | None
    landmarks: tuple[ClipLandmarks, Skeleton]

    def to_json(self) -> dict[str, Any]:
        """Everything except the landmarks."""
        return {"query": self.query, "neighbours": [asdict(neighbour) for neighbour in self.neighbours],
                "confidence": self.confidence, "in_gallery": self.in_gallery}


class Finder:
    """A gallery and its model, ready for queries.

    Parameters
    ----------
    index : path
        The gallery.
    model : path, optional
        Folder of the model that made it; by default the one recorded in the gallery.
    false_accept_rate : float
        Share of unknown signs that may be accepted as known.
    any_extractor : bool, default False
        Read videos although this machine's extractor differs from that of training.
    dataset : Dataset, optional
        Data set of the clip ids.

    Raises
    ------
    GalleryError
        If the gallery is missing, invalid, or made by another model.
    ModelError
        If the model can't be read.

    Examples
    --------
    >>> Finder("index.parquet").find("hello.mp4").neighbours[0].gloss
    'hello'
    """

    def __init__(self, index: str | Path = INDEX, model: str | Path | None = None, *,
                 false_accept_rate: float = FALSE_ACCEPT_RATE, any_extractor: bool = False,
                 dataset: Dataset | None = None):
        self.dataset = dataset or Dataset()
        self.gallery = read_gallery(index)
        self.calibration = Calibration.of_json(self.gallery.calibration)
        self.false_accept_rate = false_accept_rate
        self.embedder = embedder_of(self.gallery, model, self.dataset, any_extractor)
        self.search = open_search(index, self.gallery)
        self._row_of = {clip_id: row for row, clip_id in enumerate(self.gallery.clip_ids)}

    def find(self, clip: str, top: int = 5) -> Answer:
        """The nearest different glosses of a video, or of a clip of the landmark store.

        A clip that is itself in the gallery is excluded from its own search.

        Raises
        ------
        ClipError
            If a video can't be read, or no person is in it.
        CorpusError
            If there is no such clip or file, or no landmark store.
        """
        landmarks = self.embedder.landmarks(clip)
        vector = scaled(self.embedder.vector(*landmarks)[None], self.gallery.metric)[0]
        if len(vector) != self.gallery.vectors.shape[1]:
            raise GalleryError(f"the gallery's vectors have {self.gallery.vectors.shape[1]} numbers, the model's "
                               f"{len(vector)}; build the gallery again")
        nearest = self.search.nearest(vector, max(top, 2), self._itself(clip, vector))
        if self.calibration is None or len(nearest) < 2:
            return Answer(clip, nearest[:top], None, None, landmarks)
        confidence = self.calibration.confidence([neighbour.distance for neighbour in nearest])
        known = confidence >= self.calibration.threshold(self.false_accept_rate)
        return Answer(clip, nearest[:top], confidence, known, landmarks)

    def sheet(self, answers: Sequence[Answer], out: str | Path) -> Path:
        """Draw a contact sheet: a strip of skeletons for each query, followed by one for each neighbour.

        A neighbour whose landmarks aren't available (it came from a video) is shown by name only.

        Raises
        ------
        SlrError
            If `out` isn't a PNG.
        """
        out = sheet_path(out)
        rows = []
        for answer in answers:
            rows.append(_row(answer.landmarks, verdict(answer), [answer.query]))
            for place, neighbour in enumerate(answer.neighbours, start=1):
                rows.append(_row(self._landmarks(neighbour.clip_id), f"{place}. {neighbour.gloss}",
                                 [f"distance {neighbour.distance:.3g}", f"clip {neighbour.clip_id}",
                                  f"signer {neighbour.signer or 'unknown'}"]))
        write_sheet(out, rows)
        return out

    def _itself(self, clip: str, vector: np.ndarray) -> list[int]:
        """The query's own row of the gallery; none if a file of that name now contains another recording."""
        row = self._row_of.get(clip)
        if row is None or Path(clip).exists() and not np.allclose(self.gallery.vectors[row], vector, 1e-3, 1e-3):
            return []
        return [row]

    def _landmarks(self, clip_id: str) -> tuple[ClipLandmarks, Skeleton] | None:
        if not self.dataset.landmarks.exists() or clip_id not in self.embedder.store:
            return None
        return self.embedder.store[clip_id], self.embedder.store.skeleton


def verdict(answer: Answer) -> str:
    """The result in a few words."""
    if answer.in_gallery is None:
        return f"{answer.neighbours[0].gloss}?"
    return f"{answer.neighbours[0].gloss if answer.in_gallery else 'none of these'} ({answer.confidence:.0%})"


def print_answers(answers: Sequence[Answer]) -> None:
    """Print a table: for each query the decision, and its nearest glosses with their distances."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("query", "answer (confidence)", "nearest gloss", "distance", "clip", "signer")
    for answer in answers:
        for place, neighbour in enumerate(answer.neighbours):
            head = (escape(answer.query), escape(verdict(answer))) if place == 0 else ("", "")
            table.add_row(*head, escape(neighbour.gloss), f"{neighbour.distance:.4g}", escape(neighbour.clip_id),
                          escape(neighbour.signer or ""), end_section=place == len(answer.neighbours) - 1)
    Console().print(table)


def _row(landmarks: tuple[ClipLandmarks, Skeleton] | None, title: str, lines: Sequence[str]) -> "Image":
    if landmarks is None:
        return sheet_row([], title, [*lines, "its landmarks are not here"])
    clip, joints = landmarks
    strip = draw_strip(clip.coordinates, joints, count=_POSES, tile=(round(TILE_HEIGHT * 0.9), TILE_HEIGHT),
                       aspect=clip.width / clip.height)
    alpha = strip[..., 3:].astype(np.float32) / 255
    return sheet_row([(strip[..., :3] * alpha + _PAPER * (1 - alpha)).astype(np.uint8)], title, lines)
