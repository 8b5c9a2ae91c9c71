"""The persons in a picture, and the part of it in which one of them signs.

Holistic begins with a detector of persons, and goes on with the first that it finds. Here that detector runs alone, on
a few frames, and gives them all: it finds several people side by side, also from the side, down to about a quarter of
the picture's height (`docs/landmarks.md`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from slr.errors import ClipError, ParamsError
from slr.extraction.bundled import PRUNABLE, package, quiet
from slr.io.video import Frame
from slr.params.persons import Box, Person, Which

PICTURES = 8
"""Pictures with a person by which one is chosen."""
SEARCHED = 120
"""Pictures that are searched for these, at most."""
SEARCH_FPS = 2.0
_NODES = "poselandmarkcpu__posedetectioncpu__"
_OUT = "poselandmarkcpu__pose_detections"
_SHOULDERS, _REACH = 2, 3  # the detector's keypoints: a circle around the upper body with the arms
_BESIDE = 0.3  # nearer to each other, in parts of the reach, two people can't be told apart by a vertical line


class Found(NamedTuple):
    """A person in a picture: the point between the shoulders, and how far the arms reach from it, in pixels."""

    x: float
    y: float
    reach: float


class PersonFinder:
    """Finds the persons in a picture; pictures are independent of each other.

    Raises
    ------
    ParamsError
        If the installed MediaPipe is another one than that whose graph is known.
    """

    def __init__(self) -> None:
        if package() != PRUNABLE:
            raise ParamsError(f"persons are found with MediaPipe {PRUNABLE[0]} only, and {package()[0]} is installed; "
                              "install that one, or give a box x, y, width, height instead (frames.person)")
        from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
        from mediapipe.python.solution_base import SolutionBase

        from slr.extraction.pruned import whole_graph

        graph = CalculatorGraphConfig(input_stream=["image"], output_stream=[_OUT])
        for node in whole_graph().node:
            if node.name.startswith(_NODES):
                node.input_stream[:] = ["IMAGE:image" if name.endswith("image_for_pose_detection") else name
                                        for name in node.input_stream]
                graph.node.append(node)
        with quiet():
            self._graph: Any = SolutionBase(graph_config=graph, outputs=[_OUT])
            self._graph.process(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, image: np.ndarray) -> list[Found]:
        """The persons in an RGB image (H, W, 3), from left to right."""
        height, width = image.shape[:2]
        persons = []
        for detection in getattr(self._graph.process(image), _OUT) or []:
            (x, y), (to_x, to_y) = ((point.x * width, point.y * height) for point in (
                detection.location_data.relative_keypoints[i] for i in (_SHOULDERS, _REACH)))
            persons.append(Found(x, y, float(np.hypot(to_x - x, to_y - y))))
        return sorted(persons)


@cache
def finder() -> PersonFinder:
    """The process's finder."""
    return PersonFinder()


def usual(pictures: Sequence[Sequence[Found]]) -> list[Found]:
    """The persons in several pictures of one scene, each at the median of its places: as many as are in a third of the
    pictures, since the detector misses somebody now and then, and hardly ever finds one too many."""
    counts = Counter(map(len, pictures))
    count = max((count for count, times in counts.items() if times >= len(pictures) / 3), default=0)
    places = np.array([persons for persons in pictures if len(persons) == count])
    return [Found(*place) for place in np.median(places, axis=0).tolist()] if count else []


def signing_space(persons: Sequence[Found], which: Which, size: tuple[int, int]) -> Box:
    """The box x0, y0, x1, y1 (pixels, half-open) in which one of the persons signs, within a picture of this width and
    height: as far as the arms reach, but not into the space of the persons beside."""
    chosen = {"left": persons[0], "right": persons[-1], "largest": max(persons, key=lambda person: person.reach)}[which]
    x, y, reach = chosen
    left, right = x - reach, x + reach
    for other in persons:
        between = x + (other.x - x) * reach / (reach + other.reach)
        if other.x - x > _BESIDE * reach:
            right = min(right, between)
        elif x - other.x > _BESIDE * reach:
            left = max(left, between)
    low, high = np.clip([[left, y - reach], [right, y + reach]], 0, size).round().astype(int).tolist()
    return low[0], low[1], high[0], high[1]


class PersonSearch:
    """Looks for a person in a video's pictures, one by one, until it is known what to crop to.

    Parameters
    ----------
    person : str or tuple
        `largest`, `left`, `right`; or the box itself as x, y, width, height.
    """

    def __init__(self, person: Person):
        self.person = person
        self._found: list[list[Found]] = []
        self._number = 0
        self._size = (0, 0)

    @property
    def done(self) -> bool:
        """Whether no more pictures are needed."""
        return not isinstance(self.person, str) or len(self._found) == PICTURES or self._number == SEARCHED

    def look(self, image: np.ndarray) -> None:
        """Look at one more picture, RGB (H, W, 3); raises ParamsError like `PersonFinder`."""
        self._number += 1
        self._size = image.shape[1], image.shape[0]
        if persons := finder()(image):
            self._found.append(persons)

    def box(self) -> Box:
        """The box x0, y0, x1, y1 (pixels, half-open) to crop to; raises ClipError if no person was found."""
        if not isinstance(self.person, str):
            x, y, width, height = self.person
            return x, y, x + width, y + height
        if not self._found:
            raise ClipError(f"no person to crop to was found in {self._number} of its pictures; give a box x, y, "
                            "width, height instead (frames.person, --person)")
        return signing_space(usual(self._found), self.person, self._size)


def box_of(person: Person, frames: Iterable[Frame]) -> Box:
    """The box x0, y0, x1, y1 (pixels, half-open) that a video is cropped to: a `PersonSearch` in some of its frames.

    Raises
    ------
    ClipError
        If no person is found, or there is no frame.
    ParamsError
        See `PersonFinder`.
    """
    search = PersonSearch(person)
    if not search.done:
        for frame in frames:
            search.look(frame.image)
            if search.done:
                break
    return search.box()


class PeopleCheck:
    """Looks for persons in a few of a video's frames, as they pass.

    Attributes
    ----------
    pictures : list of lists of Found
        The persons in each frame that was looked at.
    short_side : int
        Of the frames, in pixels.
    """

    EVERY_S = 0.6
    AT_MOST = 4

    def __init__(self) -> None:
        self.pictures: list[list[Found]] = []
        self.short_side = 0
        self._known = package() == PRUNABLE
        self._next_s = 0.0

    def __call__(self, timestamp_s: float, image: np.ndarray) -> None:
        if self._known and len(self.pictures) < self.AT_MOST and timestamp_s >= self._next_s:
            self.pictures.append(finder()(image))
            self.short_side = min(image.shape[:2])
            self._next_s = timestamp_s + self.EVERY_S

    @property
    def persons(self) -> list[Found]:
        """The persons in the pictures in which any was found."""
        return usual([persons for persons in self.pictures if persons])
