"""CSL-Daily: 20,654 sentences of Chinese Sign Language by 10 signers (Zhou et al., CVPR 2021).

Layout
------
`sentence_label/video_map.txt` with the columns `index|name|length|gloss|char|word|postag` and
`sentence_label/split_1.txt` with `name|split`; frames in `sentence_frames-512x512/frames_512x512/<name>/*.jpg` or
`sentence/frames_512x512/<name>`, 30 per second. Videos are also accepted: `sentence/<name>.mp4`, `videos/<name>.mp4`.

The translation in the manifest is `char`, the Chinese sentence, without the spaces between its characters.

The signer is in the name: `S000123_P0004_T00` is sentence 123 by person 4, take 0. The official split lists
S000005_P0004_T00, which doesn't exist, and omits S000007_P0003_T00, which does; as in others' code the latter takes the
place of the former.
"""

import re
from pathlib import Path

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, missing, require_folder
from slr.corpora.sentences import Sentence, read_table, sentence_rows
from slr.dataset.manifest import SPLIT_NAMES
from slr.errors import CorpusError

LAYOUT = ("ROOT/sentence_label/video_map.txt, ROOT/sentence_label/split_1.txt and "
          "ROOT/sentence_frames-512x512/frames_512x512/<name>/*.jpg")
FPS = 30.0
_FRAMES = ("sentence_frames-512x512/frames_512x512", "sentence/frames_512x512", "frames_512x512", "sentence", "videos",
           "sentence/videos")
_MAP, _SPLIT = "video_map.txt", "split_1.txt"
_MISNAMED = {"S000005_P0004_T00": "S000007_P0003_T00"}
_NAME = re.compile(r"S\d+_(P\d+)_T\d+")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the sentences whose frames (or videos) exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        Folder with the frames.
    annotations : path, optional
        Folder of `video_map.txt` and `split_1.txt`; default: `sentence_label`.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the sentence's name.
    problems : list of Problem
        Kinds: `bad-line`, `gloss-missing`, `duplicate-id`, `outside-root`; one `split-missing` for all sentences that
        are in no split, and for each split one `missing-video`.

    Raises
    ------
    CorpusError
        If the root or a list is missing, or a list lacks a column.
    """
    root = require_folder(root)
    folder = root / "sentence_label" if annotations is None else Path(annotations)
    for name in (_MAP, _SPLIT):
        if not (folder / name).is_file():
            raise CorpusError(f"{folder} has no {name}; set corpus.root to the release, or corpus.annotations to the "
                              f"folder of {_MAP} and {_SPLIT}")
    problems: list[Problem] = []
    split_of = _splits(folder / _SPLIT, problems)
    sentences, unsplit = [], []
    for number, line in enumerate(read_table(folder / _MAP, ("name", "gloss"), problems), start=1):
        name = line["name"]
        signer = _NAME.fullmatch(name)
        if signer is None:
            problems.append(Problem(f"{_MAP} sentence {number}", "bad-line", "error",
                                    f"'{name[:80]}' is not S<sentence>_P<signer>_T<take>", "use the released file"))
        elif name not in split_of:
            unsplit.append(name)
        else:
            sentences.append(Sentence(name, line["gloss"], signer[1], split_of[name],
                                      [root / frames / name for frames in _FRAMES],
                                      "".join(line.get("char", "").split())))
    if unsplit:
        problems.append(missing("split-missing", unsplit, len(unsplit) + len(sentences), f"are in no split of {_SPLIT}",
                                "use the released lists, or set corpus.on_error: skip"))
    if unknown := sorted(split_of.keys() - {sentence.name for sentence in sentences}):
        problems.append(missing("gloss-missing", unknown, len(split_of), f"of {_SPLIT} are not in {_MAP}",
                                "use the released lists, or set corpus.on_error: skip"))
    rows = sentence_rows(root, sentences, FPS, problems, way_out="put the released frames_512x512 there, or set "
                                                                 "corpus.on_error: skip")
    return collect(rows, problems), problems


def _splits(path: Path, problems: list[Problem]) -> dict[str, str]:
    """The manifest's split by name of sentence."""
    found = {}
    for number, line in enumerate(read_table(path, ("name", "split"), problems), start=1):
        split = SPLIT_NAMES.get(line["split"])
        if split is None:
            problems.append(Problem(f"{path.name} sentence {number}", "bad-line", "error",
                                    f"'{line['split'][:80]}' is no split", "use train, dev or test"))
        else:
            found[_MISNAMED.get(line["name"], line["name"])] = split
    return found
