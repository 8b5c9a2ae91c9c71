"""Skeletons as data: named joints, parts, bones, and mirrored joints.

Graphs, mirroring and the selection of body parts are derived from them; joint indices are hard-coded nowhere else.
Names of the 33 pose landmarks and 21 hand landmarks are MediaPipe's. A user's own skeleton is a YAML or JSON file:

    name: upper-body
    space: image                       # or metric
    parts:
      pose: [nose, left_wrist, right_wrist]
    bones:
      - [nose, left_wrist]
      - [nose, right_wrist]
"""

from collections import Counter
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from slr.errors import ParamsError
from slr.io.files import parse_yaml, read_named_text

POSE = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)
HAND = (
    "wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip", "index_mcp", "index_pip", "index_dip", "index_tip",
    "middle_mcp", "middle_pip", "middle_dip", "middle_tip", "ring_mcp", "ring_pip", "ring_dip", "ring_tip",
    "pinky_mcp", "pinky_pip", "pinky_dip", "pinky_tip",
)
FACE = tuple(f"face_{i}" for i in range(478))
FACE_MIDDLE = (0, 1, 2, 4, 5, 6, *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)
"""Face points on the midline. MediaPipe numbers the signer's right half and the midline up to 247, then the left half
in the same order up to 467, then the right iris and the left one (centre, right, top, left, bottom)."""
HAND_BONES = tuple(
    (chain[i], chain[i + 1])
    for finger in ("thumb_cmc thumb_mcp thumb_ip thumb_tip", "index_mcp index_pip index_dip index_tip",
                   "middle_mcp middle_pip middle_dip middle_tip", "ring_mcp ring_pip ring_dip ring_tip",
                   "pinky_mcp pinky_pip pinky_dip pinky_tip")
    for chain in [["wrist", *finger.split()]] for i in range(4)
)
POSE_BONES = (
    ("nose", "left_eye_inner"), ("left_eye_inner", "left_eye"), ("left_eye", "left_eye_outer"),
    ("left_eye_outer", "left_ear"), ("nose", "right_eye_inner"), ("right_eye_inner", "right_eye"),
    ("right_eye", "right_eye_outer"), ("right_eye_outer", "right_ear"), ("mouth_left", "mouth_right"),
    ("nose", "mouth_left"), ("nose", "mouth_right"), ("nose", "left_shoulder"), ("nose", "right_shoulder"),
    ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"), ("left_wrist", "left_pinky"),
    ("left_wrist", "left_index"), ("left_wrist", "left_thumb"), ("right_wrist", "right_pinky"),
    ("right_wrist", "right_index"), ("right_wrist", "right_thumb"), ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"), ("left_hip", "right_hip"), ("left_hip", "left_knee"),
    ("right_hip", "right_knee"), ("left_knee", "left_ankle"), ("right_knee", "right_ankle"),
    ("left_ankle", "left_heel"), ("right_ankle", "right_heel"), ("left_ankle", "left_foot_index"),
    ("right_ankle", "right_foot_index"),
)
# Joints that an extractor doesn't provide but that are derived as the mean of the named ones.
DERIVED = {"neck": ("left_shoulder", "right_shoulder")}


@dataclass(frozen=True)
class Skeleton:
    """A named set of joints.

    Attributes
    ----------
    name : str
    parts : dict of str to tuple of str
        Joint names by part (`pose`, `left_hand`, `right_hand`, `face`, or a user's own), in storage order.
        Hand joints are prefixed with their part: `left_hand_wrist`.
    bones : tuple of (str, str)
        Parent and child.
    space : {"image", "metric"}
        `image`: x and y in fractions of the frame's width and height, y down. `metric`: metres, y up.
    """

    name: str
    parts: dict[str, tuple[str, ...]] = field(hash=False)
    bones: tuple[tuple[str, str], ...]
    space: Literal["image", "metric"] = "image"

    @cached_property
    def joints(self) -> tuple[str, ...]:
        return tuple(joint for joints in self.parts.values() for joint in joints)

    def __len__(self) -> int:
        return len(self.joints)

    @cached_property
    def part_slices(self) -> dict[str, slice]:
        """Slice of each part along the joint axis."""
        slices, start = {}, 0
        for part, joints in self.parts.items():
            slices[part] = slice(start, start + len(joints))
            start += len(joints)
        return slices

    def index(self, joint: str) -> int:
        """Index of a joint along the joint axis; raises ValueError for an unknown name."""
        return self.joints.index(joint)

    @cached_property
    def bone_indices(self) -> np.ndarray:
        """(bones, 2) int: parent and child of each bone."""
        return np.array([(self.index(a), self.index(b)) for a, b in self.bones], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def mirror(self) -> np.ndarray:
        """(J,) int: for each joint, its counterpart in a mirrored image."""
        swap = {"left": "right", "right": "left"}

        def mirrored(joint: str) -> str:
            return _FACE_MIRROR.get(joint) or "_".join(swap.get(word, word) for word in joint.split("_"))

        return np.array([self.joints.index(mirrored(j)) if mirrored(j) in self.joints else i
                         for i, j in enumerate(self.joints)])

    def definition(self) -> dict[str, Any]:
        """Its complete definition, JSON-ready: the input of `define`."""
        return {"name": self.name, "space": self.space, "bones": [list(bone) for bone in self.bones],
                "parts": {part: list(joints) for part, joints in self.parts.items()}}

    def selector(self, target: "Skeleton") -> np.ndarray:
        """(J_target, J_self) float32 matrix that converts this skeleton's joints to `target`'s.

        A row has a single 1, or equal weights for a derived joint (the neck is the midpoint of the shoulders).

        Raises
        ------
        ParamsError
            If a joint of `target` is neither present nor derivable.
        """
        matrix = np.zeros((len(target), len(self)), np.float32)
        for row, joint in enumerate(target.joints):
            sources = (joint,) if joint in self.joints else DERIVED.get(joint, ())
            if not sources or any(source not in self.joints for source in sources):
                raise ParamsError(f"skeleton '{target.name}' needs joint '{joint}', which '{self.name}' hasn't; "
                                  "choose another `joints` for this model")
            matrix[row, [self.index(source) for source in sources]] = 1 / len(sources)
        return matrix


def _face_mirror() -> dict[str, str]:
    """The counterpart of each face point off the midline."""
    right = [i for i in range(248) if i not in FACE_MIDDLE] + [468, 469, 470, 471, 472]
    left = [*range(248, 468), 473, 476, 475, 474, 477]
    return {FACE[a]: FACE[b] for a, b in [*zip(right, left, strict=True), *zip(left, right, strict=True)]}


_FACE_MIRROR = _face_mirror()


def _hand(side: str) -> tuple[str, ...]:
    return tuple(f"{side}_hand_{joint}" for joint in HAND)


def _hand_bones(side: str, wrist: str | None) -> tuple[tuple[str, str], ...]:
    """Bones of a hand, connected to the body's wrist if there is one."""
    bones = tuple((f"{side}_hand_{a}", f"{side}_hand_{b}") for a, b in HAND_BONES)
    return bones if wrist is None else ((wrist, f"{side}_hand_wrist"), *bones)


_HANDS = {"left_hand": _hand("left"), "right_hand": _hand("right")}
_HAND_BONES = _hand_bones("left", "left_wrist") + _hand_bones("right", "right_wrist")
_SPOTER_BODY = ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear", "right_shoulder", "left_shoulder",
                "right_elbow", "left_elbow", "right_wrist", "left_wrist")
_SPOTER_BONES = (("neck", "nose"), ("nose", "right_eye"), ("nose", "left_eye"), ("right_eye", "right_ear"),
                 ("left_eye", "left_ear"), ("neck", "right_shoulder"), ("neck", "left_shoulder"),
                 ("right_shoulder", "right_elbow"), ("left_shoulder", "left_elbow"), ("right_elbow", "right_wrist"),
                 ("left_elbow", "left_wrist"))


# Kinect SDK 1, the first generation of the camera. The joint names were inferred from mean positions and motion.
_KINECT = ("head", "neck", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
           "left_hand", "right_hand", "spine", "hip_centre", "left_hip", "right_hip", "left_knee", "right_knee",
           "left_ankle", "right_ankle", "left_foot", "right_foot")
_KINECT_BONES = (("head", "neck"), ("neck", "spine"), ("spine", "hip_centre")) + tuple(
    (f"{side}_{a}" if a not in ("neck", "hip_centre") else a, f"{side}_{b}") for side in ("left", "right")
    for a, b in (("neck", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"),
                 ("hip_centre", "hip"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "foot")))


def _within(bones: tuple[tuple[str, str], ...], joints: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, b in bones if a in joints and b in joints)


SKELETONS = {
    skeleton.name: skeleton
    for skeleton in (
        Skeleton("holistic-75", {"pose": POSE, **_HANDS}, POSE_BONES + _HAND_BONES),
        Skeleton("holistic-67", {"pose": POSE[:25], **_HANDS}, _within(POSE_BONES, POSE[:25]) + _HAND_BONES),
        Skeleton("holistic-553", {"pose": POSE, **_HANDS, "face": FACE}, POSE_BONES + _HAND_BONES),
        Skeleton("hands-42", _HANDS, _hand_bones("left", None) + _hand_bones("right", None)),
        Skeleton("right-hand-21", {"right_hand": _hand("right")}, _hand_bones("right", None)),
        Skeleton("kinect-20", {"pose": _KINECT}, _KINECT_BONES, space="metric"),
        Skeleton("kinect-12", {"pose": _KINECT[:12]}, _within(_KINECT_BONES, _KINECT[:12]), space="metric"),
        Skeleton("boston-3", {"pose": ("nose", "left_hand", "right_hand")},
                 (("nose", "left_hand"), ("nose", "right_hand"))),
        Skeleton("spoter-54", {"pose": _SPOTER_BODY, **_HANDS}, _SPOTER_BONES + _HAND_BONES),
    )
}


BUILT_IN = tuple(SKELETONS)
_FILES = (".yaml", ".yml", ".json")


def skeleton(name: str | Path) -> Skeleton:
    """The skeleton with that name, or the one defined by a file (`.yaml`, `.yml` or `.json`).

    Raises
    ------
    ParamsError
        If the name is unknown (the message lists the known ones), or the file is invalid.
    """
    if str(name).lower().endswith(_FILES):
        return _read(Path(name))
    if name not in SKELETONS:
        raise ParamsError(f"skeleton '{name}' is not known; known: {', '.join(sorted(SKELETONS))}")
    return SKELETONS[name]


def define(definition: Any, source: str = "the skeleton") -> Skeleton:
    """A skeleton from the output of `Skeleton.definition`; it is registered by its name.

    Parameters
    ----------
    definition : dict
        `name`, `parts` (dict of lists of joints), `bones` (list of pairs of joints) and, if it isn't image, `space`.
    source : str
        Its source, for messages.

    Raises
    ------
    ParamsError
        If something is missing, unknown or contradictory, or another skeleton has the name.
    """
    from pydantic import TypeAdapter, ValidationError

    shape = "a skeleton has a name, parts (name: [joints]), bones ([joint, joint]) and space (image or metric)"
    try:
        made = TypeAdapter(Skeleton).validate_python(definition)
    except ValidationError as error:
        first = error.errors()[0]
        raise ParamsError(f"{source}: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}; {shape}") from None
    if odd := sorted(map(str, set(definition) - {known.name for known in fields(Skeleton)})):
        raise ParamsError(f"{source}: unknown name '{odd[0]}'; {shape}")
    twice = sorted(joint for joint, count in Counter(made.joints).items() if count > 1)
    unknown = sorted({joint for bone in made.bones for joint in bone} - set(made.joints))
    if not made.joints or twice or unknown:
        what = (f"joint '{twice[0]}' occurs twice" if twice else
                f"a bone names joint '{unknown[0]}', which is in no part" if unknown else "it has no joints")
        raise ParamsError(f"{source}: {what}; correct the skeleton '{made.name}'")
    known = SKELETONS.setdefault(made.name, made)
    if known != made:
        raise ParamsError(f"{source}: '{made.name}' is already the name of another skeleton"
                          f"{' (a built-in one)' if made.name in BUILT_IN else ''}; choose another name")
    return known


def _read(path: Path) -> Skeleton:
    """The skeleton defined by a file."""
    try:
        content = parse_yaml(read_named_text(path, ParamsError, "name a file that defines a skeleton"))  # JSON is YAML
    except ValueError as error:
        raise ParamsError(f"skeleton {path} can't be read: {' '.join(str(error).split())}") from None
    return define(content, f"skeleton {path}")
