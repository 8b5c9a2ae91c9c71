"""What a user should know of an answer: where a video, or the person in it, is unlike what the model was made for."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from slr.corpora.check import few_frames
from slr.corpora.sample.signs import SIGNS
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.extraction.persons import PeopleCheck
from slr.inference.model import TrainedModel

FAR = 2.0
"""A clip is far longer or shorter than those of training if it is so many times as long as nearly all, or as short."""
FEW = 0.5
"""A person is found in few frames if it is in less than this share of them."""
FEW_HANDS = 0.25
"""The same for hands, which are missed in motion blur, and before and after a sign."""
SMALL = 0.3
"""A person is small in the picture if the arms reach less than this share of its short side; it is .6 where head and
hips fill the height."""
HANDS = ("left_hand", "right_hand")


class Note(NamedTuple):
    """A note on an answer: a word for scripts, and a sentence."""

    kind: str
    text: str


def model_notes(trained: TrainedModel) -> list[Note]:
    """Notes on a model, whatever the video."""
    if trained.labels and {sign.gloss for sign in SIGNS}.issuperset(trained.labels):
        return [Note("invented-signs", "the model was trained on the drawn corpus and knows its invented signs only: "
                     "what it says of other videos means nothing; train one on recordings (`slr use`)")]
    return []


def frame_notes(n_frames: int, cut: int) -> list[Note]:
    """Whether a clip has few frames, without the `cut` ones at its ends in which nobody was found."""
    notes = [Note("empty-ends", f"nobody was found in {cut} of its {n_frames + cut} frames, at its ends; they are left "
                  "out")] if cut else []
    if reason := few_frames(n_frames):
        notes.append(Note("too-short", f"it has {reason}, too short to show a sign"))
    return notes


def length_notes(trained: TrainedModel, seconds: float) -> list[Note]:
    """Whether a clip is far longer or shorter than those of training; nothing for models that don't record them."""
    if not (of_training := trained.config.get("clip_seconds")):
        return []
    shortest, usual, longest = of_training
    told = f"the clip lasts {seconds:.1f} s, and nearly all training clips {shortest:.1f} to {longest:.1f} s (median " \
           f"{usual:.1f} s)"
    if seconds > FAR * longest:
        return [Note("long", f"{told}; cut it to one sign, or use `slr transcribe`")]
    if seconds < shortest / FAR:
        return [Note("short", f"{told}; give the whole sign")]
    return []


class Seen:
    """Counts in how many frames the person and the hands were found.

    Parameters
    ----------
    source : Skeleton
        Joints of the landmarks.
    wanted : iterable of Skeleton
        Joints of the models that read them: parts that none of them uses aren't missed.

    Attributes
    ----------
    frames, person, hands : int
        Frames; those in which any joint was found; those with any hand.
    """

    def __init__(self, source: Skeleton, wanted: Iterable[Skeleton]):
        used = {part for joints in wanted for part in joints.parts}
        self._hands = [source.part_slices[part] for part in HANDS if part in source.parts and part in used]
        self.frames = self.person = self.hands = 0

    def add(self, coordinates: np.ndarray) -> None:
        """Count one frame's landmarks (J, C), or several (T, J, C)."""
        found = ~np.isnan(coordinates[..., 0]).reshape(-1, coordinates.shape[-2])
        self.frames += len(found)
        self.person += int(found.any(1).sum())
        self.hands += int(np.any([found[:, part].any(1) for part in self._hands], axis=0).sum()) if self._hands else 0

    def notes(self) -> list[Note]:
        """What was found in few frames."""
        if self.person < FEW * self.frames:
            return [Note("person-missing", f"a person was found in {self.person} of {self.frames} frames; film one "
                         "signer, from head to hips, in good light")]
        if self._hands and self.hands < FEW_HANDS * self.frames:
            return [Note("hands-missing", f"hands were found in {self.hands} of {self.frames} frames; they may be out "
                         "of the picture, too small or blurred")]
        return []


def picture_notes(people: PeopleCheck, cropped: bool) -> list[Note]:
    """Whether the person is small in the picture, or one of several; `cropped`: the picture is that of one already."""
    persons, notes = people.persons, []
    if persons and max(person.reach for person in persons) < SMALL * people.short_side:
        notes.append(Note("small", "the person is small in the picture" + (
            "" if cropped else "; --crop crops it to the person first")))
    if len(persons) > 1 and not cropped:
        notes.append(Note("several-persons", f"{len(persons)} people are in the picture, and MediaPipe follows one of "
                          "them; say which one signs: --person largest, left, right, or a box X,Y,WIDTH,HEIGHT"))
    return notes


def clip_notes(trained: TrainedModel, clip: ClipLandmarks, source: Skeleton, people: PeopleCheck) -> list[Note]:
    """All notes on a clip of one sign, from its landmarks and the pictures that were looked at."""
    seen = Seen(source, [trained.skeleton])
    seen.add(clip.coordinates)
    span_s = float(clip.timestamps_s[-1] - clip.timestamps_s[0])
    seconds = span_s * len(clip) / (len(clip) - 1) if len(clip) > 1 and span_s else len(clip) / clip.fps
    return [*model_notes(trained), *length_notes(trained, seconds), *seen.notes(),
            *picture_notes(people, trained.frames.person is not None)]


def print_notes(notes: Mapping[str, Sequence[Note]]) -> None:
    """Print the notes on each video on standard error; one that several share once, without their names."""
    videos: dict[str, list[str]] = {}
    for video, of_video in notes.items():
        for note in of_video:
            videos.setdefault(note.text, []).append(video)
    for text, named in videos.items():
        print(f"note: {text}" if len(named) > 1 else f"note: {named[0]}: {text}", file=sys.stderr)


def as_dicts(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Notes for JSON."""
    return [note._asdict() for note in notes]
