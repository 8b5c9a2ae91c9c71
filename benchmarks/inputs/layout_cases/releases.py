"""Releases of published corpora, with what people's copies of them have besides."""

import io
import json

import numpy as np

from benchmarks.inputs.layout_cases.case import VIDEO, Case, Clip

_CITIZEN = "Participant ID,Video file,Gloss,ASL-LEX Code\n"


def _wlasl(*entries: tuple[str | None, list[dict[str, object]]]) -> str:
    return json.dumps([{"gloss": gloss, "instances": instances} for gloss, instances in entries])


def _instance(video_id: str, **fields: object) -> dict[str, object]:
    return {"video_id": video_id, "split": "train", "signer_id": 3, **fields}


def _msasl(*texts: str | None) -> str:
    return json.dumps([{"url": "https://youtu.be/00000000000", "start_time": 1.0, "end_time": 2.0, "text": text,
                        "label": i, "signer_id": -1 if i else 5} for i, text in enumerate(texts)])


def _array(seed: int) -> bytes:
    content = io.BytesIO()
    np.save(content, np.random.default_rng(seed).random((8, 42, 2)))
    return content.getvalue()


RELEASES = [
    Case("WLASL: blanks around a gloss, signer -1, a gloss that is null",
         {"WLASL_v0.3.json": _wlasl((" book\n", [_instance("1"), _instance("2", signer_id=-1)]),
                                    (None, [_instance("3")]), ("drink", [_instance("4", split="test")])),
          **{f"videos/{i}.mp4": None for i in range(1, 5)}},
         {"1": Clip("book", "3", "train"), "2": Clip("book", None, "train"), "4": Clip("drink", "3", "test")},
         problems=("gloss-missing",), corpus="wlasl"),
    Case("WLASL: unpacked on a Mac",
         {"WLASL_v0.3.json": _wlasl(("book", [_instance("1"), _instance("2")])), "._WLASL_v0.3.json": "x",
          "videos/1.mp4": None, "videos/._1.mp4": "x", "videos/._2.mp4": "x"},
         {"1": Clip("book", "3", "train")}, problems=("missing-video",), corpus="wlasl"),
    Case("MS-ASL: blanks around a gloss, signer -1, a text that is null",
         {"MSASL_train.json": _msasl(" hello ", "book", None), "00000000000.mp4": VIDEO},
         {"train-00000": Clip("hello", "5", "train", (10, 20)), "train-00001": Clip("book", None, "train", (10, 20))},
         problems=("bad-entry",), corpus="msasl"),
    Case("ASL Citizen: sidecars beside tables and videos",
         {"splits/train.csv": _CITIZEN + "P1,1-BOOK.mp4,BOOK,A\n", "splits/._train.csv": "x",
          "splits/test.csv": _CITIZEN + "P2,2-BOOK.mp4,BOOK,A\n", "videos/1-BOOK.mp4": None,
          "videos/2-BOOK.mp4": None, "videos/._1-BOOK.mp4": "x", "__MACOSX/videos/1-BOOK.mp4": "x"},
         {"1-BOOK": Clip("BOOK", "P1", "train"), "2-BOOK": Clip("BOOK", "P2", "test")}, corpus="asl_citizen"),
    Case("INCLUDE: sidecars and @eaDir",
         {"Adjectives/1. loud/a.MOV": None, "Adjectives/1. loud/._a.MOV": "x", "__MACOSX/Adjectives/1. loud/b.MOV": "x",
          "Adjectives/2. quiet/b.MOV": None, "Adjectives/2. quiet/@eaDir/b.MOV": "x"},
         {"Adjectives/1. loud/a": Clip("loud"), "Adjectives/2. quiet/b": Clip("quiet")}, corpus="include"),
    Case("LSA64: unpacked on a Mac",
         {"all/001_002_003.mp4": None, "all/._001_002_003.mp4": "x", "__MACOSX/001_002_003.mp4": "x",
          "all/002_002_001.mp4": None},
         {"001_002_003": Clip("001", "002"), "002_002_001": Clip("002", "002")}, corpus="lsa64"),
    Case("AUTSL: unpacked on a Mac",
         {"train_labels.csv": "signer0_sample1,5\nsigner1_sample2,6\n", "train/signer0_sample1_color.mp4": None,
          "train/._signer0_sample1_color.mp4": "x", "train/signer1_sample2_color.mp4": None, "train/Thumbs.db": "x"},
         {"signer0_sample1": Clip("5", "0", "train"), "signer1_sample2": Clip("6", "1", "train")},
         corpus="autsl"),
    Case("IPN Hand: sidecars of its lists and images",
         {"annotations/trainlistall.txt": "A_1_R_#1 2 1 2\nA_1_R_#1 3 3 4\n", "annotations/vallistall.txt": "",
          "annotations/classIndAll.txt": "1 D0X\n2 B0A\n3 B0B\n", "annotations/._trainlistall.txt": "x",
          "annotations/._classIndAll.txt": "x", **{f"frames/A_1_R_#1/{i}.jpg": None for i in range(1, 5)},
          "frames/A_1_R_#1/._1.jpg": "x"},
         {"A_1_R_#1@1-2": Clip("B0A", "A_1_R", "train", (0, 2)), "A_1_R_#1@3-4": Clip("B0B", "A_1_R", "train", (2, 4))},
         corpus="ipn"),
    Case("PHOENIX-2014: a folder of images with nothing but what systems leave",
         {"annotations/manual/train.corpus.csv": "id|folder|signer|annotation\none|one/1/*.png|S1|A B\n"
                                                 "two|two/1/*.png|S2|B A\n",
          "features/fullFrame-210x260px/train/one/1/0.png": None,
          "features/fullFrame-210x260px/train/two/1/._0.png": "x"},
         {"one": Clip("A|B", "S1", "train")}, problems=("missing-video",), corpus="phoenix2014"),
    Case("arrays: lists for each split, with a sidecar",
         {**{f"{i}.npy": _array(i) for i in range(3)}, "train.csv": "path,gloss\n0.npy,A\n1.npy,B\n",
          "test.csv": "path,gloss\n2.npy,A\n", "._test.csv": "x"},
         {"0": Clip("A", split="train"), "1": Clip("B", split="train"), "2": Clip("A", split="test")},
         corpus="arrays", options={"imported": {"skeleton": "hands-42"}}),
    Case("OpenPose: sidecars beside the frames",
         {"a/0_keypoints.json": '{"people": []}', "a/._0_keypoints.json": "x", "b/._0_keypoints.json": "x",
          "clips.csv": "path,gloss\na,A\nb,B\n"},
         {"a": Clip("A")}, problems=("missing-file",), corpus="openpose", options={"imported": {"size": [64, 64]}}),
]
