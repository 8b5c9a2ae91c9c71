"""Corpora of the package `sign-language-datasets` (Moryossef and Müller, 2021), written out as `.pose` files and a CSV.

The package loads a corpus through TensorFlow Datasets, with MediaPipe Holistic's landmarks if they were published for
it. It isn't a dependency: it brings TensorFlow. What `fetch` writes is read by the reader of `.pose` files
(`slr.corpora.imported.pose_files`), without the package.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.exporting import LIST, file_names
from slr.dataset.manifest import SPLIT_NAMES
from slr.errors import CorpusError
from slr.io.files import atomic_path
from slr.io.progress import progress, warn

POSES = "holistic"
LABELS = ("gloss", "glosses", "gloss_id", "text")
"""Features that may have the gloss, the first of them that the corpus has."""
SIGNERS = ("signer", "signer_id")


def fetch(name: str, root: str | Path, *, label: str | None = None, sentences: bool = False) -> Path:
    """Download a corpus and write its clips below `root`, unless that was done before.

    Parameters
    ----------
    name : str
        The package's name of the corpus, such as `asl_citizen` or `rwth_phoenix2014_t`.
    root : path
        The package's downloads go to `ROOT/tfds`, the clips to `ROOT/<name>`: `.pose` files and `clips.csv`.
    label : str, optional
        The feature with the gloss; default: the first of `LABELS`.
    sentences : bool
        Whether it is a sentence: glosses separated by spaces.

    Returns
    -------
    Path
        The folder of the clips.

    Raises
    ------
    CorpusError
        If the package isn't installed, doesn't know the corpus, has no landmarks or no glosses of it.
    """
    out = Path(root) / name
    if (out / LIST).is_file():
        return out
    builder = _builder(name, Path(root) / "tfds")
    features = builder.info.features
    label = label or next((found for found in LABELS if found in features), LABELS[0])
    if label not in features or "pose" not in features:
        raise CorpusError(f"{name} has {', '.join(features)}, but no 'pose', or no gloss among them; choose another "
                          "corpus, or name the feature with the gloss: --label")
    rows, empty = [], 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(out) as temporary:
        for split in sorted(builder.info.splits):
            (temporary / split).mkdir(parents=True)
            with progress(f"{name}, {split}", builder.info.splits[split].num_examples, unit="clip") as advance:
                for number, example in enumerate(_examples(builder, split)):
                    advance()
                    if not len(example["pose"]["data"]):
                        empty += 1
                        continue
                    stem = f"{number:06}-{_text(example['id'])}"
                    path = f"{split}/{file_names([stem])[stem]}.pose"
                    _write_pose(temporary / path, features["pose"], example["pose"])
                    rows.append(_line(example, path, split, label, sentences=sentences))
        with open(temporary / LIST, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([["path", "gloss", "glosses", "signer", "split"], *rows])
    if empty:
        warn(f"left out: {empty} clips of {name} without landmarks")
    return out


def _builder(name: str, data: Path) -> Any:
    """The corpus's builder, after its download."""
    try:
        import tensorflow_datasets as tfds
        from sign_language_datasets.datasets import SignDatasetConfig
    except ImportError as error:
        raise CorpusError(f"sign-language-datasets can't be imported ({error}); install it in this environment: pip "
                          "install sign-language-datasets tensorflow") from None
    config = SignDatasetConfig(name=POSES, include_video=False, include_pose=POSES)
    try:
        builder = tfds.builder(name, data_dir=str(data), config=config)
        builder.download_and_prepare()
    except Exception as error:  # builders raise arbitrary errors: an unknown name, a dead address, a missing key
        raise CorpusError(f"sign-language-datasets can't load '{name}' ({type(error).__name__}: {error}); its corpora "
                          "are listed at github.com/sign-language-processing/datasets") from error
    return builder


def _examples(builder: Any, split: str) -> Iterator[Mapping[str, Any]]:
    """The examples of a split, as arrays."""
    import tensorflow_datasets as tfds

    yield from tfds.as_numpy(builder.as_dataset(split=split))


def _write_pose(path: Path, feature: Any, pose: Mapping[str, np.ndarray]) -> None:
    """A `.pose` file of a pose feature: its header, and (T, people, points, axes) and their confidence."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody

    body = NumPyPoseBody(float(pose["fps"]), pose["data"].astype(np.float32), pose["conf"].astype(np.float32))
    with open(path, "wb") as file:
        Pose(feature._header, body).write(file)  # the package has no other way to it


def _line(example: Mapping[str, Any], path: str, split: str, label: str, *, sentences: bool) -> list[str]:
    """The clip's line of the CSV."""
    value = example[label]
    glosses = [_text(gloss) for gloss in value] if getattr(value, "ndim", 0) else [_text(value)]
    if sentences:
        glosses = [gloss for text in glosses for gloss in text.split()]
    signer = next((_text(example[name]) for name in SIGNERS if name in example), "")
    one = len(glosses) == 1
    return [path, glosses[0] if one else "", "" if one else "|".join(glosses), signer, SPLIT_NAMES.get(split, "")]


def _text(value: Any) -> str:
    """A feature's value: TensorFlow's texts are bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
