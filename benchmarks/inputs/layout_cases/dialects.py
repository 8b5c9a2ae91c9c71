"""How lists are written: separators, encodings, quotes, and spellings of names."""

from benchmarks.inputs.layout_cases.case import VIDEO, Case, Clip

_FILES: dict[str, str | bytes | None] = {"v/1.mp4": None, "v/2.mp4": None}
_CLIPS = {"v/1": Clip("A", "Ana"), "v/2": Clip("B", "Bo")}
_LINES = (("path", "gloss", "signer"), ("v/1.mp4", "A", "Ana"), ("v/2.mp4", "B", "Bo"))
_LOOKS = ("House", "HOUSE", "house ", "HOUSE\u00a0", "\u0397OUSE", "HO\u200bUSE")


def _text(separator: str, end: str = "\n", first: str = "") -> str:
    return first + "".join(separator.join(line) + end for line in _LINES)


def _list(kind: str, content: str | bytes, clips: dict[str, Clip] | None = None, *, name: str = "clips.csv",
          error: str = "", problems: tuple[str, ...] = (), files: dict[str, str | bytes | None] | None = None,
          checked: dict[str, str] | None = None) -> Case:
    expected = {} if error else _CLIPS if clips is None else clips
    return Case(kind, {**(_FILES if files is None else files), name: content}, expected, problems, error=error,
                checked=checked or {})


DIALECTS = [
    _list("commas", _text(",")),
    _list("semicolons", _text(";")),
    _list("tabs", _text("\t"), name="clips.tsv"),
    _list("Excel's line sep=;", _text(";", "\r\n", "sep=;\r\n")),
    _list("Excel's line sep=, in quotes", _text(",", "\r\n", '"sep=,"\r\n')),
    _list("Excel's line sep= with another separator", _text("|", "\r\n", "SEP=|\r\n")),
    _list("Excel's line sep=; after a byte-order mark", _text(";", "\r\n", "sep=;\r\n").encode("utf-8-sig")),
    _list("UTF-8 with a byte-order mark", _text(",").encode("utf-8-sig")),
    _list("UTF-16 with a byte-order mark, as Excel's Unicode text", _text("\t").encode("utf-16")),
    _list("UTF-16 without one", _text(",").encode("utf-16-le"), error="UTF-16 without a byte-order mark; save"),
    _list("Latin 1", "path,gloss\nv/1.mp4,caf\u00e9\n".encode("latin-1"), error="line 2 is not UTF-8"),
    _list("a workbook", b"PK\x03\x04\x14\x00\x06\x00", error="is a workbook, not a CSV"),
    _list("Windows' line ends and blank lines", "\r\n" + _text(",", "\r\n\r\n")),
    _list("an old Mac's line ends", _text(",", "\r")),
    _list("no line end at the end", _text(",").rstrip()),
    _list("empty columns at the end", _text(",", ",,\n")),
    _list("blank lines of separators, as Excel leaves them", _text(",") + ",,\n,,\n"),
    _list("quotes around everything", _text('","', '"\n').replace("path", '"path').replace("v/", '"v/')),
    _list("a gloss with the separator and quotes in it", 'path,gloss\nv/1.mp4,"a ""b"", c"\nv/2.mp4,B\n',
          {"v/1": Clip('a "b", c'), "v/2": Clip("B")}),
    _list("a field too many", 'path,gloss\nv/1.mp4,a, b\nv/2.mp4,B\n', {"v/2": Clip("B")}, problems=("csv-fields",)),
    _list("blanks after separators, capitals in the header", "Path, Gloss, Signer\nv/1.mp4, A, Ana\nv/2.mp4, B, Bo\n"),
    _list("a misspelt column", "path,gloss,singer\nv/1.mp4,A,Ana\n", error="did you mean 'signer'"),
    _list("a column too many", "path,gloss,signer,age\nv/1.mp4,A,Ana,30\nv/2.mp4,B,Bo,40\n",
          problems=("ignored-column",)),
    _list("Windows' paths", _text(",").replace("v/", "v\\")),
    _list("paths from ./ on", _text(",").replace("v/", "./v/")),
    _list("names composed in the list and decomposed on the disk",
          "path,gloss\nv/caf\u00e9.mp4,A\nv/2.mp4,B\n", {"v/caf\u00e9": Clip("A"), "v/2": Clip("B")},
          files={"v/cafe\u0301.mp4": None, "v/2.mp4": None}),
    _list("times with decimal commas", "path;gloss;start_s;end_s\nv/1.mp4;A;0,5;1,5\nv/1.mp4;B;2;\n",
          {"v/1@0.5-1.5": Clip("A", frames=(5, 15)), "v/1@2-end": Clip("B", frames=(20, None))},
          files={"v/1.mp4": VIDEO}),
    _list("sentences, with bars and with blanks", "path,gloss,glosses\nv/1.mp4,,A|B C|D\nv/2.mp4,,E F\n",
          {"v/1": Clip("A|B C|D"), "v/2": Clip("E|F")}),
    _list("signers that became decimals", "path,gloss,signer\nv/1.mp4,A,1\nv/2.mp4,B,1.0\n",
          {"v/1": Clip("A", "1"), "v/2": Clip("B", "1")}),
    _list("glosses that look the same",
          "path,gloss\n" + "".join(f"v/{i}.mp4,{gloss}\n" for i, gloss in enumerate(_LOOKS)),
          {f"v/{i}": Clip(gloss.strip()) for i, gloss in enumerate(_LOOKS)},
          files={f"v/{i}.mp4": None for i in range(len(_LOOKS))},
          checked={"similar-glosses": r"5 different glosses: 'HOUSE' \(2\), 'HO<U\+200B>USE' \(1\), 'House' \(1\), "
                                      r"'house' \(1\), '<U\+0397>OUSE' \(1\)"}),
    _list("signers that look the same", "path,gloss,signer\nv/1.mp4,A,ana\nv/2.mp4,B,Ana\n",
          {"v/1": Clip("A", "ana"), "v/2": Clip("B", "Ana")},
          checked={"similar-signers": r"'Ana' \(1\), 'ana' \(1\)"}),
]
