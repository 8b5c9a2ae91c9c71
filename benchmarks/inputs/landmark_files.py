"""Landmark files of every kind, right and wrong: is the signer in them read, and what is wrong said?

    python -m benchmarks.inputs.landmark_files

- `landmark_file_kinds`: kinds of files tried (`CASES`), in each of which two signs of a made-up signer are written.
- `landmark_files_wrong`: those of which the landmark store holds something else than the signer's landmarks as they
  were made, or `slr check` warns of something else than is wrong with the files (nothing, for most).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks.record import record
from slr.corpora.check import check_corpus
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import SlrError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams
from tests.helpers import signer_files as files
from tests.helpers.signer_files import HANDS, JOINTS, SIZE, People, listed, metres, normalised, padded, signer

SMALL = {"one-clip", "few-signers", "signer-unknown", "too-short", "signing-rare"}
"""What is said of two clips of one signer, whatever their files."""
PIXELS = {"size": SIZE, "units": "pixel", "fps": 25}
PLAIN = {"skeleton": "holistic-75"}
"""Settings of arrays."""
FAR = 1e-3
"""Largest error that is allowed, in frames: a fifteenth of a millimetre on a signer who fills it, and whole pixels."""


def same(values: np.ndarray) -> np.ndarray:
    return values


class Case(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    name : str
    corpus : str
        `corpus.name`.
    write : callable
        Writes the corpus of these people to a folder.
    settings : dict
        `corpus.imported`.
    warnings : set of str
        Kinds of the problems that are to be said.
    shown : callable
        What the files show of a signer: without some joints, or with empty frames besides.
    expected : callable
        What the store is to hold of it, and without empty frames; by default the same.
    refused : str
        Part of the reason, of files that can't be read.
    corpus_settings : dict
        Other settings of `corpus`.
    """

    name: str
    corpus: str
    write: Callable[[Path, People], None]
    settings: dict[str, Any] = {}
    warnings: frozenset[str] | set[str] = frozenset()
    shown: Callable[[np.ndarray], np.ndarray] = same
    expected: Callable[[np.ndarray], np.ndarray] = same
    refused: str = ""
    corpus_settings: dict[str, Any] = {}


def marked(value: float, values: np.ndarray) -> np.ndarray:
    """Missing joints at `value`."""
    return np.nan_to_num(values, nan=value)


def upside_down(values: np.ndarray) -> np.ndarray:
    return values * (1, -1, 1) + (0, 1, 0)


def exchanged(values: np.ndarray) -> np.ndarray:
    """The hands in each other's place."""
    return np.concatenate([values[:, :33], values[:, 54:], values[:, 33:54]], 1)


def in_the_middle(values: np.ndarray) -> np.ndarray:
    """Normalised coordinates in the store: shoulders a fifth of a square frame wide, around its middle."""
    return normalised(values) * 0.2 + (0.5, 0.5, 0)


def with_visibility(values: np.ndarray) -> np.ndarray:
    """Flat vectors (T, 258): four numbers of a joint of the pose, three of one of a hand."""
    pose = np.concatenate([values[:, :33], np.ones_like(values[:, :33, :1])], -1)
    return np.concatenate([pose.reshape(len(values), -1), values[:, HANDS].reshape(len(values), -1)], 1)


def without_left_hand(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[:, 33:54] = np.nan
    return values


def frozen(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[-1:], len(values), 0)


def beside(values: np.ndarray) -> np.ndarray:
    """A bystander at the edge, of whom only some joints are found."""
    other = values * 0.3 + 0.02
    other[:, 10:] = np.nan
    return other


def _with_bystander(write: Callable[..., str], path: Path, values: np.ndarray) -> str:
    return write(path, values, others=(beside(values),))


def _sidecars(root: Path, people: People) -> None:
    listed(files.pose, root, people)
    (root / "._a.pose").write_bytes(bytes(224))


def _cut(path: Path, values: np.ndarray) -> str:
    """The first file whole, the second one without its end."""
    files.pose(path, values)
    whole = path.with_suffix(".pose")
    whole.write_bytes(whole.read_bytes()[:-500 if path.name == "b" else None])
    return ".pose"


def _sentences(root: Path, people: People) -> None:
    listed(files.npy, root, people)
    lines = [f"{name}.npy,GO HOME,s1" for name in people]
    (root / "clips.csv").write_text("\n".join(["path,glosses,signer", *lines]))


def pose(name: str, write: Callable[[Path, np.ndarray], str], **rest: Any) -> Case:
    return Case(f".pose {name}", "pose", partial(listed, write), **rest)


def arrays(name: str, write: Callable[[Path, np.ndarray], str] = files.npy, **rest: Any) -> Case:
    return Case(f"arrays {name}", "arrays", partial(listed, write), **{"settings": PLAIN, **rest})


def shaped(name: str, change: Callable[[np.ndarray], np.ndarray], **rest: Any) -> Case:
    return arrays(name, partial(files.npy, change=change), **rest)


longer = partial(padded, before=20, after=170)
CASES = [
    pose("in pixels", files.pose),
    pose("in fractions", partial(files.pose, units="fraction"), warnings={"units"}),
    pose("in fractions, without a frame size", partial(files.pose, units="fraction", size=(0, 0)), warnings={"units"}),
    pose("in pixels, without a frame size", partial(files.pose, size=(0, 0)), refused="has no frame size"),
    pose("in pixels, its size in the settings", partial(files.pose, size=(0, 0)), settings={"size": SIZE}),
    pose("normalised", partial(files.pose, units="normalised"), expected=in_the_middle, warnings={"units"}),
    pose("normalised, times 100", partial(files.pose, units="normalised", factor=100), warnings={"units"},
         expected=in_the_middle),
    pose("normalised, as the settings say", partial(files.pose, units="normalised"), expected=in_the_middle,
         settings={"units": "normalised"}),
    pose("with a bystander first", partial(_with_bystander, files.pose)),
    pose("of 1000 fps", partial(files.pose, fps=1000), warnings={"frame-rate"}),
    pose("without a rate", partial(files.pose, fps=0)),
    pose("padded to 204 frames", files.pose, shown=longer, warnings={"empty-ends"}),
    pose("with zeros for missing", partial(files.pose, zeros=True), expected=partial(marked, 0),
         warnings={"missing-mark"}),
    pose("with zeros, as the settings say", partial(files.pose, zeros=True), settings={"missing": 0}),
    pose("cut off", _cut, refused="can't be read"),
    Case(".pose beside macOS sidecars", "pose", _sidecars),
    Case("OpenPose in pixels", "openpose", partial(listed, files.openpose), PIXELS),
    Case("OpenPose in fractions", "openpose", partial(listed, partial(files.openpose, scale=(1, 1))), {"size": SIZE}),
    Case("OpenPose in fractions, taken for pixels", "openpose", partial(listed, partial(files.openpose, scale=(1, 1))),
         PIXELS, {"geometry"}, expected=lambda values: values / (*SIZE, 1)),
    Case("OpenPose in pixels, taken for fractions", "openpose", partial(listed, files.openpose), {"size": SIZE},
         {"geometry"}, expected=lambda values: values * (*SIZE, 1)),
    Case("OpenPose with a bystander", "openpose", partial(listed, partial(_with_bystander, files.openpose)), PIXELS),
    Case("OpenPose, nobody there at the ends", "openpose", partial(listed, files.openpose), PIXELS, {"empty-ends"},
         shown=partial(padded, before=3, after=2)),
    Case("COCO-WholeBody by MMPose", "coco_wholebody", partial(listed, files.coco), PIXELS),
    Case("COCO-WholeBody as results", "coco_wholebody", partial(listed, partial(files.coco, form="coco")), PIXELS),
    Case("COCO of 17 keypoints", "coco_wholebody", partial(listed, partial(files.coco, n_joints=17)), PIXELS,
         refused="17 keypoints a person"),
    arrays("of frames, joints, channels"),
    shaped("of x and y", lambda values: values[..., :2]),
    shaped("flat", lambda values: values.reshape(len(values), -1)),
    shaped("flat, with the pose's visibility", with_visibility),
    shaped("with one person", lambda values: values[:, None]),
    shaped("with a batch of one", lambda values: values[None]),
    shaped("with channels first", lambda values: values.transpose(2, 0, 1), refused="not (frames, 75 joints"),
    shaped("of other joints", lambda values: values[:, :60], refused="not (frames, 75 joints"),
    arrays("by parts", files.npz),
    arrays("by parts, flat", partial(files.npz, flat=True)),
    arrays("by parts, one hand never there", partial(files.npz, parts="pose right_hand"), shown=without_left_hand,
           warnings={"geometry"}),
    shaped("with zeros for missing", partial(marked, 0), expected=partial(marked, 0), warnings={"missing-mark"}),
    shaped("with zeros, as the settings say", partial(marked, 0), settings=PLAIN | {"missing": 0}),
    shaped("with -1 for missing", partial(marked, -1), expected=partial(marked, -1), warnings={"missing-mark"}),
    shaped("with -1, as the settings say", partial(marked, -1), settings=PLAIN | {"missing": -1}),
    shaped("in pixels", lambda values: values * (*SIZE, SIZE[0]), settings=PLAIN | PIXELS),
    shaped("in pixels, taken for fractions", lambda values: values * (*SIZE, 1), warnings={"geometry"},
           expected=lambda values: values * (*SIZE, 1)),
    shaped("normalised", normalised, settings=PLAIN | {"units": "normalised"}, expected=in_the_middle),
    shaped("normalised, taken for fractions", normalised, expected=normalised, warnings={"geometry"}),
    shaped("with y upwards", upside_down, settings=PLAIN | {"y_axis": "up"}),
    shaped("with y upwards, taken for down", upside_down, expected=upside_down, warnings={"geometry"}),
    shaped("with the hands exchanged", exchanged, expected=exchanged, warnings={"geometry"}),
    shaped("in which nothing moves", frozen, expected=frozen, warnings={"geometry"}),
    arrays("padded to 204 frames", shown=longer, warnings={"empty-ends"}),
    Case("arrays of sentences, padded", "arrays", _sentences, PLAIN, shown=longer, expected=longer),
    Case("SPOTER's CSV, y down", "spoter_csv", files.spoter),
    Case("SPOTER's CSV, y up", "spoter_csv", partial(files.spoter, up=True)),
    Case("SPOTER's CSV, lists of two lengths", "spoter_csv", partial(files.spoter, cut=True),
         refused="different lengths"),
    Case("SPOTER's CSV, -1 for missing", "spoter_csv", partial(files.spoter, missing=-1), warnings={"missing-mark"},
         expected=partial(marked, -1)),
    Case("SiLT's CSV", "spoter_csv", files.silt),
    Case("Google's Parquet", "asl_signs", files.asl_signs),
    Case("Google's Parquet, empty ends", "asl_signs", files.asl_signs, shown=partial(padded, before=4, after=9),
         warnings={"empty-ends"}),
    Case("Kinect's Parquet", "isl_kinect", files.kinect, expected=metres),
    Case("Kinect's Parquet, y down", "isl_kinect", partial(files.kinect, down=True), warnings={"geometry"},
         expected=lambda values: metres(values) * (1, -1, 1)),
    Case("BOSTON-104's tracks", "boston104", files.boston, expected=lambda values: np.rint(values * (320, 256, 1)) / (
        320, 256, 1)),
    Case("SCA-STGCN's arrays", "sca_npz", files.sca, corpus_settings={"windows": {"frames": None}}),
    Case("SCA-STGCN's arrays, flat, empty ends", "sca_npz", partial(files.sca, flat=True), shown=longer,
         expected=longer, corpus_settings={"windows": {"frames": None}}),
]


def wrong_with(case: Case, folder: Path) -> str:
    """What is read or said otherwise than it should be; empty if nothing."""
    people = {name: signer(seed) for seed, name in enumerate("ab")}
    root = folder / "root"
    root.mkdir()
    case.write(root, {name: case.shown(values) for name, values in people.items()})
    params = CorpusParams(name=case.corpus, root=str(root), imported=case.settings, **case.corpus_settings)
    problems = [problem for problem in check_corpus(params, workers=1) if problem.kind not in SMALL]
    if case.refused:
        if not any(problem.severity == "error" and case.refused in problem.reason for problem in problems):
            return f"said: {[str(problem) for problem in problems]}"
        return ""
    if {problem.kind for problem in problems} != set(case.warnings):
        return f"said: {[(problem.kind, str(problem)) for problem in problems]}"
    try:
        prepare(params, folder / "manifest.parquet", workers=1)
        import_landmarks(folder / "manifest.parquet", folder / "landmarks", params)
    except SlrError as error:
        return f"refused: {error}"
    store = LandmarkStore(folder / "landmarks")
    for clip, values in zip(sorted(store.clip_ids), people.values(), strict=True):
        shown = case.shown(values)
        if different := _difference(store, clip, case.expected(shown if len(shown) == len(values) else values)):
            return f"clip {clip}: {different}"
    return ""


def _difference(store: LandmarkStore, clip: str, expected: np.ndarray) -> str:
    """Joints of the same names are compared: which are found, and where."""
    joints = [joint for joint in store.skeleton.joints if joint in JOINTS]
    found = store[clip].coordinates[:, [store.skeleton.index(joint) for joint in joints], :2]
    wanted = expected[:, [JOINTS.index(joint) for joint in joints], :2]
    if found.shape != wanted.shape:
        return f"{len(found)} frames, not {len(wanted)}"
    if not np.array_equal(np.isnan(found[..., 0]), np.isnan(wanted[..., 0])):
        return "other joints are missing"
    error = np.nanmax(np.abs(found - wanted)) / max(1, np.nanmax(np.abs(wanted)))
    return "" if error < FAR else f"a joint is {error:.2g} away"


def main() -> None:
    wrong = 0
    for case in CASES:
        with TemporaryDirectory() as folder:
            said = wrong_with(case, Path(folder))
        wrong += bool(said)
        print(f"{case.name:45}{said or 'right'}")
    record("inputs", {"landmark_file_kinds": len(CASES), "landmark_files_wrong": wrong}, part="landmark_files")


if __name__ == "__main__":
    main()
