"""Keeps the numbers of the documentation as the committed metrics say: `python -m docs.numbers` (`make numbers`).

A comment above a table, a list or a paragraph names the files, and which of their metrics stand where:

    <!-- numbers: metrics/models/{row}.json
    * | top1 top1_ci_low top1_ci_high | parameters
    -->
    | model | top-1 | parameters |
    | --- | --- | --- |
    | `spoter` | 1.000 (0.962-1.000) | 679,420 |

The files' paths are those from the repository's root, with wildcards if need be; JSON, or YAML with dotted keys. Below
them, one line describes a row of the table: its label, then the metrics of each cell, as many as it has numbers. `*`
describes every row that has no line of its own. What stays as it is: a number whose metric is `-`, a cell of `-` alone,
and a row with words beside the name, "SPOTER, longer (`spoter`)", if nothing of that name was measured. `{row}` is the
row's name, `{compared_with}` the cell under "compared with"; a metric may also be a formula without spaces, such as
`{row}_top1-chance`.

Text is described by itself: a line that begins with `>`, with metrics in braces for its numbers.

    <!-- numbers: metrics/models/pose_ctc.json
    > WER {wer}, by beam search
    -->
    Sentences are read with WER .009, by beam search.

Each number is written as it was: so many decimals, with or without a zero before the point, as a percentage. Whatever
was measured once, without a file that is committed, has `<!-- numbers: measured once -->` above it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

from slr.io.files import write_text

REPOSITORY = Path(__file__).parents[1]
PAGES = ("README.md", "docs/*.md", "benchmarks/*.md", "studies/*.md", "studies/*/*.md")
ONCE = "measured once"

BLOCK = re.compile(r"^<!-- numbers: (?P<files>.+?)(?:\n(?P<lines>.*?))?\s*-->\n+(?P<text>.+?)(?=\n\n|\n*\Z)",
                   re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?:(?<![\w.)])[+-])?"                   # a sign, and not the dash of 0.1-0.2
                    r"(?<![\w.])(?<![A-Za-z]-)"               # no part of a name: top-1, x64
                    r"(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?(?![\w/])")
NO_NUMBER = re.compile(r"`[^`]*`|\]\([^)]*\)")
"""Where digits are no results: code, the targets of links."""

Metrics = dict[str, float]


class NumbersError(Exception):
    """A comment that doesn't fit its table or its text."""


def refresh(page: str, root: Path = REPOSITORY) -> str:
    """The page's text with the numbers of the files below `root`.

    Raises:
        NumbersError: a comment names a file, a row, a metric or a text that isn't there.
    """
    def block(match: re.Match[str]) -> str:
        files, lines, text = match["files"], match["lines"], match["text"]
        if files == ONCE:
            return match[0]
        begin = match[0][:match.start("text") - match.start()]
        try:
            return begin + (_table if text.startswith("|") else _prose)(text, files.split(), lines.splitlines(), root)
        except NumbersError as error:
            raise NumbersError(f"{error} (the comment 'numbers: {files}')") from None

    return BLOCK.sub(block, page)


def undescribed(page: str) -> list[str]:
    """First lines of the tables with measured numbers, cells that begin with a decimal, that no comment describes."""
    tables = re.findall(r"(?:^\|.*\n)+", BLOCK.sub("", page) + "\n", re.MULTILINE)
    return [table.splitlines()[0] for table in tables
            if re.search(r"\| (?:WER |top-\d )?\W{0,2}\d*\.\d", NO_NUMBER.sub("", table))]


def _table(text: str, files: list[str], lines: list[str], root: Path) -> str:
    titles, rule, *rows = text.splitlines()
    described = {label: cells for label, *cells in map(_cells, lines)}
    unused = set(described)
    no_zero = _without_zero(rows)
    for i, row in enumerate(rows):
        label, *cells = _cells(row)
        names = [label, *(code or link for code, link in re.findall(r"`([^`]+)`|\[([^\]]+)\]", label))]
        line = next((name for name in names if name in described), "*")
        if line not in described:
            continue
        if len(described[line]) != len(cells):
            raise NumbersError(f"the row {label} has {len(cells)} cells, the comment describes {len(described[line])}")
        fields = {title: cell.strip("`") for title, cell in zip(_cells(titles)[1:], cells, strict=True)}
        found = _measured(names[1:] if line == "*" else [line], described[line], files, fields, root)
        if found is None and label == f"`{''.join(names[1:])}`":
            raise NumbersError(f"nothing measured for the row {label}")
        if found is None:
            continue
        unused -= {line}
        parts, (columns, metrics) = row.split("|"), found
        for place, (cell, keys) in enumerate(zip(cells, columns, strict=True), start=2):
            if cell:
                parts[place] = f" {_replaced(cell, keys, metrics, no_zero, label)} "
        rows[i] = "|".join(parts)
    if unused:
        raise NumbersError(f"no row {', '.join(sorted(unused))}")
    return "\n".join([titles, rule, *rows])


def _measured(names: list[str], cells: list[str], files: list[str], fields: dict[str, str],
              root: Path) -> tuple[list[list[str]], Metrics] | None:
    """The metrics that each cell of a row tells, and all values, by the first of its names that was measured."""
    for name in names:
        columns = [_filled(cell, {"row": name, **fields}).split() for cell in cells]
        metrics = _read([_filled(file, {"row": name}) for file in files], root)
        if any(key in metrics for keys in columns for key in keys):
            return columns, metrics
    return None


def _prose(text: str, files: list[str], lines: list[str], root: Path) -> str:
    metrics, no_zero = _read(files, root), _without_zero([text])
    for line in lines:
        literal, keys = re.split(r"\{[^}]+\}", line.removeprefix(">").strip()), re.findall(r"\{([^}]+)\}", line)
        words = [r"\s+".join(map(re.escape, re.split(r"\s+", part))) for part in literal]
        found = list(re.finditer(NUMBER.pattern.join(words), text))
        if len(found) != 1:
            raise NumbersError(f"{len(found)} times in the text below: {line}")
        told = found[0]
        text = text[:told.start()] + _replaced(told[0], _in_order(told[0], literal, keys), metrics, no_zero, line) \
            + text[told.end():]
    return text


def _in_order(text: str, literal: list[str], keys: list[str]) -> list[str]:
    """The metrics of a described text; `-` for the numbers that belong to its words."""
    order: list[str] = []
    for part, key in zip(literal, [*keys, None], strict=True):
        order += ["-"] * len(list(_numbers(part))) + ([] if key is None else [key])
    return order


def _replaced(text: str, keys: list[str], metrics: Metrics, no_zero: bool, place: str) -> str:
    """The text with a metric in place of each of its numbers."""
    numbers = list(_numbers(text))
    if keys == ["-"]:
        return text
    if len(numbers) != len(keys):
        raise NumbersError(f"{place}: {len(numbers)} numbers in '{text}', {len(keys)} metrics ({' '.join(keys)})")
    for number, key in reversed(list(zip(numbers, keys, strict=True))):
        if key != "-":
            percent = re.match(r" ?%", text[number.end():]) is not None
            value = _value(key, metrics) * (100 if percent else 1)
            text = text[:number.start()] + like(number[0], value, no_zero) + text[number.end():]
    return text


def like(shown: str, value: float, no_zero: bool = False) -> str:
    """The value, written as a number was that is shown.

    `no_zero` is for a number of 1 or more, which doesn't show whether those below 1 get a zero before the point.

    >>> like("1,136,418", 5908216), like(".98", 0.2512), like("+0.034", -0.4771), like("3.5e-05", 0.0000412)
    ('5,908,216', '.25', '-0.477', '4.1e-05')
    """
    mantissa, exponent, _ = shown.partition("e")
    decimals = len(mantissa.partition(".")[2])
    sign = "+" if shown[0] in "+-" else ""
    text = f"{value:{sign}.{decimals}e}" if exponent else f"{value:{sign},.{decimals}f}"
    no_zero = shown.lstrip("+-").startswith(".") or (no_zero and not shown.lstrip("+-").startswith("0"))
    return re.sub(r"^([+-]?)0\.", r"\1.", text) if no_zero else text


def _value(key: str, metrics: Metrics) -> float:
    if key in metrics:
        return metrics[key]
    try:
        return float(pd.eval(key, local_dict=metrics, engine="python"))
    except Exception as error:  # pandas lets many kinds through
        raise NumbersError(f"no metric {key}") from error


def _read(files: list[str], root: Path) -> Metrics:
    """The metrics of all files together; nothing where there are none."""
    metrics: Metrics = {}
    for path in (path for pattern in files for path in sorted(root.glob(pattern))):
        text = path.read_text(encoding="utf-8")
        metrics |= dict(_flat(json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)))
    return metrics


def _flat(tree: dict, above: str = "") -> Iterator[tuple[str, float]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, (int, float)):
            yield f"{above}{key}", value


def _filled(text: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        text = text.replace("{" + name.replace(" ", "_") + "}", value)
    return text


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().removeprefix("|").removesuffix("|").split("|")]


def _without_zero(texts: list[str]) -> bool:
    """Whether numbers below 1 are written without a zero before the point here."""
    return any(number[0].startswith(".") for text in texts for number in _numbers(text))


def _numbers(text: str) -> Iterator[re.Match[str]]:
    return NUMBER.finditer(NO_NUMBER.sub(lambda match: "x" * len(match[0]), text))


def main() -> None:
    told = []
    for path in sorted(path for pattern in PAGES for path in REPOSITORY.glob(pattern)):
        name, page = path.relative_to(REPOSITORY), path.read_text(encoding="utf-8")
        try:
            new = refresh(page)
        except NumbersError as error:
            told.append(f"error: {name}: {error}")
            continue
        if new != page:
            write_text(path, new)
            changed = sum(old != line for old, line in zip(page.splitlines(), new.splitlines(), strict=True))
            told.append(f"{name}: {changed} lines with new numbers")
    print("\n".join(told or ["all numbers are as the metrics say"]))
    sys.exit(any(line.startswith("error") for line in told))


if __name__ == "__main__":
    main()
