"""Folders named after glosses or splits, lists beside folders of videos, and files that are none of a corpus's."""

from benchmarks.inputs.layout_cases.case import Case, Clip

_TWO = {"A/1": Clip("A"), "B/1": Clip("B")}
_GLOSSES = {"A/1.mp4": None, "B/1.mp4": None}
_VIDEOS = {f"videos/{number}.mp4": None for number in range(1, 5)}
_SPLIT_CLIPS = {"videos/1": Clip("A", split="train"), "videos/2": Clip("B", split="train"),
                "videos/3": Clip("A", split="val"), "videos/4": Clip("B", split="test")}


def _lists(start: str, where: str = "", names: tuple[str, str, str] = ("train", "val", "test")) -> dict[str, str]:
    train, val, test = (f"{where}{name}.csv" for name in names)
    return {train: f"path,gloss\n{start}1.mp4,A\n{start}2.mp4,B\n", val: f"path,gloss\n{start}3.mp4,A\n",
            test: f"path,gloss\n{start}4.mp4,B\n"}


FOLDERS = [
    Case("folders of glosses", _GLOSSES, _TWO),
    Case("clips as folders of images", {"A/1/0.jpg": None, "A/1/1.jpg": None, "B/1/0.png": None}, _TWO),
    Case("folders of splits, each with folders of glosses",
         {"train/A/1.mp4": None, "train/B/1.mp4": None, "test/A/2.mp4": None},
         {"train/A/1": Clip("A", split="train"), "train/B/1": Clip("B", split="train"),
          "test/A/2": Clip("A", split="test")}),
    Case("folders of splits, named otherwise, with clips as folders of images",
         {"Train/A/1/0.jpg": None, "dev/B/2/0.jpg": None, "Test/B/3/0.jpg": None},
         {"Train/A/1": Clip("A", split="train"), "dev/B/2": Clip("B", split="val"),
          "Test/B/3": Clip("B", split="test")}),
    Case("a gloss named like a split beside others", {"TEST/1.mp4": None, "HOUSE/1.mp4": None},
         {"TEST/1": Clip("TEST"), "HOUSE/1": Clip("HOUSE")}),
    Case("an archive unpacked from a Mac",
         {**_GLOSSES, ".DS_Store": "x", "A/._1.mp4": "x", "__MACOSX/A/._1.mp4": "x", "__MACOSX/A/1.mp4": "x"}, _TWO),
    Case("a folder copied from Windows", {**_GLOSSES, "desktop.ini": "x", "A/Thumbs.db": "x", "B/Desktop.ini": "x"},
         _TWO),
    Case("a folder of a Synology disk station", {**_GLOSSES, "@eaDir/A/1.mp4": "x", "A/@eaDir/1.mp4/SYNO.jpg": "x"},
         _TWO),
    Case("folders of images with what systems leave in them",
         {"A/1/0.jpg": None, "A/1/._0.jpg": "x", "A/1/Thumbs.db": "x", "B/1/0.jpg": None, "B/2/.hidden.jpg": "x"},
         _TWO, problems=("layout",)),
    Case("videos directly in the root", {"house1.mp4": None, "tree1.mp4": None}, error="in no gloss's folder"),
    Case("videos directly in folders of splits", {"train/1.mp4": None, "test/2.mp4": None},
         error=r"train/1.mp4|test/2.mp4: this video is in no gloss's folder"),
    Case("a folder too deep", {"A/1.mp4": None, "B/1.mp4": None, "A/signer1/2.mp4": None}, _TWO, problems=("layout",)),
    Case("one folder of videos and nothing else", {f"videos/{i}.mp4": None for i in range(5)},
         {f"videos/{i}": Clip("videos") for i in range(5)}, told="all of them are 'videos', and one gloss is no",
         checked={"one-gloss": "all its training clips are 'videos', which is no choice"}),
    Case("a list beside its folder of videos", {**_VIDEOS, "clips.csv": (
        "path,gloss,signer\nvideos/1.mp4,A,Ana\nvideos/2.mp4,B,Bo\nvideos/3.mp4,A,Bo\nvideos/4.mp4,B,Ana\n")},
        {"videos/1": Clip("A", "Ana"), "videos/2": Clip("B", "Bo"), "videos/3": Clip("A", "Bo"),
         "videos/4": Clip("B", "Ana")}),
    Case("a list of names without their folder", {**_VIDEOS, "clips.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}),
    Case("train, val and test lists beside videos/", {**_VIDEOS, **_lists("videos/")}, _SPLIT_CLIPS),
    Case("such lists with names alone", {**_VIDEOS, **_lists("")}, _SPLIT_CLIPS),
    Case("such lists in a folder of their own", {**_VIDEOS, **_lists("", "splits/")}, _SPLIT_CLIPS),
    Case("such lists with paths from their folder on", {**_VIDEOS, **_lists("../videos/", "splits/")}, _SPLIT_CLIPS),
    Case("such lists with longer names", {**_VIDEOS, **_lists(
        "videos/", names=("signs_training", "signs-dev", "Signs Test"))}, _SPLIT_CLIPS),
    Case("such lists that name a split on a line",
         {**_VIDEOS, "train.csv": "path,gloss,split\n1.mp4,A,\n2.mp4,B,val\n", "test.csv": "path,gloss\n3.mp4,A\n"},
         {"videos/1": Clip("A", split="train"), "videos/2": Clip("B", split="val"),
          "videos/3": Clip("A", split="test")}),
    Case("a single list that is named after a split", {**_VIDEOS, "train.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}),
    Case("two lists that are given", {**_VIDEOS, "a.csv": "path,gloss\n1.mp4,A\n", "b.csv": "path,gloss\n2.mp4,B\n",
                                      "c.csv": "path,gloss\n3.mp4,C\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}, options={"annotations": ["rec/a.csv", "rec/b.csv"]}),
    Case("several lists, none given", {**_VIDEOS, "a.csv": "path,gloss\n1.mp4,A\n", "b.csv": "path,gloss\n2.mp4,B\n"},
         error=r"2 ways(.|\n)*--csv rec/a.csv(.|\n)*--csv rec/b.csv"),
    Case("two sets of split lists", {**_VIDEOS, **_lists("videos/"), "small_train.csv": "path,gloss\n1.mp4,A\n",
                                     "small_test.csv": "path,gloss\n2.mp4,B\n"},
         error=r"2 ways(.|\n)*--csv rec/small_test.csv --csv rec/small_train.csv"),
    Case("a list and folders of glosses", {**_GLOSSES, "clips.csv": "path,gloss\nA/1.mp4,X\nB/1.mp4,Y\n"},
         error=r"2 ways(.|\n)*--csv rec/clips.csv(.|\n)*--folders +2 folders named after glosses: A, B"),
    Case("the same, with --folders", {**_GLOSSES, "clips.csv": "path,gloss\nA/1.mp4,X\n"}, _TWO,
         options={"folders": True}),
    Case("folders of glosses and a table of something else", {**_GLOSSES, "signers.csv": "name,age\nAna,30\n"}, _TWO),
    Case("a table of something else beside one folder", {**_VIDEOS, "labels.csv": "file,label\n1.mp4,A\n"},
         error="no column 'path'"),
    Case("the list as root", {**_VIDEOS, "clips.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}, root="rec/clips.csv"),
    Case("a list with the sidecar of a Mac",
         {**_VIDEOS, "._clips.csv": "path,gloss\nnone.mp4,Z\n", "clips.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}),
    Case("a list that is open in Excel and in LibreOffice",
         {**_VIDEOS, "~$clips.csv": "x", ".~lock.clips.csv#": "x", "clips.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}),
    Case("a list made by a script that saw hidden files",
         {**_VIDEOS, "videos/._1.mp4": "x", "clips.csv": "path,gloss\nvideos/._1.mp4,A\nvideos/1.mp4,A\n2.mp4,B\n"},
         {"videos/1": Clip("A"), "videos/2": Clip("B")}, problems=("missing-file",)),
    Case("names that are in two folders", {"day1/1.mp4": None, "day2/1.mp4": None, "day2/2.mp4": None,
                                           "clips.csv": "path,gloss\n1.mp4,A\n2.mp4,B\n"},
         {"day2/2": Clip("B")}, problems=("missing-file",), options={"annotations": "rec/clips.csv"}),
    Case("a list beside folders of days", {"day1/1.mp4": None, "day1/2.mp4": None, "day2/1.mp4": None, "clips.csv": (
        "path,gloss\nday1/1.mp4,A\nday1/2.mp4,B\nday2/1.mp4,A\n")},
        {"day1/1": Clip("A"), "day1/2": Clip("B"), "day2/1": Clip("A")}),
]
