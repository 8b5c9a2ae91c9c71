"""The artefacts of the stages, as one object constructed from paths."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from slr.dataset import paths
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.signers import read_signers
from slr.dataset.splits import read_splits


@dataclass(frozen=True)
class Dataset:
    """A corpus as written by the pipeline below `data/`; each part is opened on demand.

    Attributes
    ----------
    manifest, frames, landmarks, splits, signers : Path
        Outputs of the stages corpus, frames, landmarks, splits and signers; by default this project's. A part that
        isn't used may be missing.
    """

    manifest: Path = paths.MANIFEST
    frames: Path = paths.FRAMES
    landmarks: Path = paths.LANDMARKS
    splits: Path = paths.SPLITS
    signers: Path = paths.SIGNERS

    @classmethod
    def below(cls, folder: str | Path) -> Self:
        """The parts of any `data` folder with the pipeline's layout."""
        folder = Path(folder)
        return cls(*(folder / path.name for path in (paths.MANIFEST, paths.FRAMES, paths.LANDMARKS, paths.SPLITS,
                                                     paths.SIGNERS)))

    @cached_property
    def landmark_store(self) -> LandmarkStore:
        """Raises CorpusError if there are no landmarks."""
        return LandmarkStore(self.landmarks)

    @cached_property
    def frame_store(self) -> FrameStore:
        """Raises CorpusError if there are no frames."""
        return FrameStore(self.frames)

    def rows(self) -> pd.DataFrame:
        """The manifest's rows; raises CorpusError if it is missing."""
        return read_manifest(self.manifest)

    def split_rows(self) -> pd.DataFrame:
        """The manifest rows of the clips in this `split`, sorted by `clip_id`.

        Raises
        ------
        CorpusError
            If there is no manifest, or there are no splits.
        """
        rows = read_splits(self.splits)[["clip_id", "split"]].merge(self.rows().drop(columns="split"), on="clip_id")
        return rows.sort_values("clip_id", ignore_index=True)

    def pseudo_signers(self) -> pd.DataFrame:
        """`clip_id` and `pseudo_signer`; raises CorpusError if they are missing."""
        return read_signers(self.signers)
