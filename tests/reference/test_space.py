"""SPOTER's space: boxes of body and hands, and changes of the view, of ours and as published."""

import math

import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.params import AugmentParams
from slr.preprocessing.augment.published import AugmentAsPublished
from slr.preprocessing.augment.space import perspective, rotate, squeeze
from slr.preprocessing.batch import Batch
from slr.preprocessing.normalise import in_hand_box, in_published_body_box, normaliser
from slr.preprocessing.points import points
from tests.helpers.reference import batch_of

CASE, BODY, JOINTS = "spoter_space", slice(0, 12), skeleton("spoter-54")
HANDS = [slice(12, 33), slice(33, 54)]
MEASURES = [JOINTS.index(joint) for joint in ("neck", "nose", "left_eye", "left_shoulder", "right_shoulder")]


@pytest.fixture
def person(files) -> torch.Tensor:
    """(1, 6, 54, 2) float64 in fractions of the frame, 0 where missing; y upwards."""
    return files.given(CASE, "skeleton").double()[None]


def clip_of(person: torch.Tensor, down: bool = False) -> Batch:
    """A batch as our pipeline has it: around the centre, y downwards, with a mask; the person's y points `down`, or
    up."""
    mask = person[..., 0] != 0
    landmarks = torch.stack([person[..., 0] - 0.5, (person[..., 1] - 0.5) * (1 if down else -1)], -1)
    return batch_of(landmarks).with_landmarks(landmarks, mask)


def in_theirs(body, files, name):
    """The body's joints where they were found, and all other joints as the authors' code leaves them."""
    expected = files.given(CASE, name).double()
    found = files.given(CASE, "skeleton")[:, BODY].ne(0).any(-1, keepdim=True)
    expected[:, BODY] = torch.where(found, body[0, :, BODY], expected[:, BODY])
    return expected


@pytest.mark.parametrize(("name", "normalised"), [
    ("skeleton", "body_normalised"), ("wide", "wide_body_normalised"),
    ("first_frame_bad", "first_frame_bad_body_normalised")])
def test_the_published_box_of_the_body_is_its_authors(name, normalised, files):
    person = files.given(CASE, name).double()[None]
    expected = person.clone()
    expected[:, :, BODY] = in_published_body_box(person[:, :, BODY], person[:, :, MEASURES])
    files.agree(CASE, **{normalised: expected})


@pytest.mark.parametrize("how", ["published", "published_down"])
def test_what_the_published_network_reads_is_its_authors(how, person, files):
    """For their code, which has numbers alone, it's the same person, standing or upside down."""
    clip = normaliser(how, JOINTS)(clip_of(person, how == "published_down"))
    files.agree(CASE, network_input=clip.landmarks.masked_fill(~clip.mask[..., None], -0.5))


def test_hands_in_their_boxes_are_their_authors(person, files):
    expected = files.given(CASE, "normalised").double()
    for hand in HANDS:
        found = person[:, :, hand, 0] != 0
        expected[:, hand] = in_hand_box(person[:, :, hand], found)[0].masked_fill(~found[0, ..., None], 0)
    files.agree(CASE, normalised=expected)


class Drawn(AugmentAsPublished):
    """Published augmentation with the authors' draws (0 to 1), in the order in which ours come."""

    def __init__(self, views: str, only: str, draws: list[float]):
        off = {"rotate_degrees": 0, "squeeze": 0, "perspective": 0, "arm_degrees": 0}
        default = AugmentParams.model_fields[only].default
        super().__init__(AugmentParams(**off | {only: default}, probability=1, views=views), JOINTS, torch.Generator())
        self.draws = iter([0.0, *draws])  # the first: this change is chosen

    def _uniform(self, *shape):
        return torch.tensor([next(self.draws) for _ in range(math.prod(shape))]).double().view(shape)


MISSED = 0.9
ARMS = [MISSED, 0, 0.1, 0.9, 0.2, 0.2, 0.05, 0.6, MISSED, 0, MISSED, 0]  # chance and angle of each joint
CHANGES = {
    "rotate": ("rotate_degrees", [0.8]), "squeeze": ("squeeze", [0.8, 0.3]),
    "perspective_left": ("perspective", [0.8, 0.2]), "perspective_right": ("perspective", [0.8, 0.7]),
    "arms": ("arm_degrees", ARMS), "random_pick0": ("arm_degrees", [0, 0.9, *[MISSED, 0] * 5]),
    "random_pick1": ("perspective", [0.8, 0.2]), "random_pick2": ("squeeze", [0.8, 0.3]),
    "random_pick3": ("rotate_degrees", [0.8])}
"""By the authors' name: ours, and its draws."""


@pytest.mark.parametrize("views", ["published", "published_down"])
@pytest.mark.parametrize("name", CHANGES)
def test_published_changes_of_the_view_are_their_authors(name, views, person, files):
    """Also of what becomes of missing joints: those that a rotation moves are there from then on."""
    down = views == "published_down"
    changed = Drawn(views, *CHANGES[name]).before(clip_of(person, down))
    files.agree(CASE, **{name: points(changed, down)})


def test_a_rotation_is_its_authors(person, files):
    """Of all joints; theirs turn those that are missing, too, which ours hide afterwards."""
    files.agree(CASE, rotate=rotate(person - 0.5, torch.tensor([math.radians(7.8)]).double()) + 0.5)


def test_the_squeezed_body_is_its_authors(person, files):
    squeezed = squeeze(person - 0.5, torch.tensor([0.12]).double(), torch.tensor([0.045]).double()) + 0.5
    files.agree(CASE, squeeze=in_theirs(squeezed, files, "squeeze"))


@pytest.mark.parametrize(("side", "sign"), [("left", -1), ("right", 1)])
def test_the_body_in_perspective_is_its_authors(side, sign, person, files):
    seen = perspective(person - 0.5, torch.tensor([0.08 * sign]).double()) + 0.5
    files.agree(CASE, **{f"perspective_{side}": in_theirs(seen, files, f"perspective_{side}")})
