"""Draws the packages of `slr/` and what each imports: `python -m docs.architecture` writes docs/architecture.svg.

A package stands above all that it imports. An arrow that follows from others isn't drawn: who imports `models` may well
import `preprocessing` too, which `models` imports. Imports that go up, against the layers in pyproject.toml, are
dashed. The picture carries the graph that it was drawn from as text, so that a test can say whether it is current.
"""

import re
import tomllib
from collections import defaultdict
from html import escape
from itertools import combinations, pairwise
from pathlib import Path

import grimp
import numpy as np
from scipy.optimize import isotonic_regression

from slr.io.files import write_text

REPOSITORY = Path(__file__).parents[1]
PICTURE = REPOSITORY / "docs" / "architecture.svg"

ABOUT = {
    "cli": "the slr command",
    "report": "pages: report, map, slr show",
    "gallery": "signs known by one example",
    "evaluation": "tests of trained models, folds",
    "inference": "a trained model at work",
    "training": "epochs, optimiser, resume",
    "extraction": "video to frames to landmarks",
    "partition": "splits, pseudo-signers",
    "corpora": "readers; check, use, convert",
    "tasks": "what differs between tasks",
    "losses": "what training minimises",
    "models": "networks, one file per family",
    "preprocessing": "augmentation, batches",
    "figures": "plots, drawn landmarks",
    "metrics": "numbers from arrays",
    "decoding": "log-probabilities to glosses",
    "segments": "where signing is; ELAN, CSV",
    "params": "the schema of params.yaml",
    "dataset": "files between the stages",
    "io": "files, video, workers",
    "errors": "kinds of errors",
}
"""What the boxes say of each package."""

Graph = dict[str, list[str]]
"""The packages that each package imports, both in alphabetical order."""
Node = str | tuple[str, str, int]
"""A package, or the point where the arrow from one package to another passes a row."""

ROW, EDGE = 78, 16
BOX, HEIGHT = 186, 46
LANE, GAP = 30, 11  # the room that an arrow takes where it passes a row, and that between neighbours
_STRAIGHT = 8  # how much more straight arrows count than boxes near each other


def imports() -> Graph:
    """The packages of `slr/` as they are: modules at its top level count as packages."""
    graph = grimp.build_graph("slr", exclude_type_checking_imports=True, cache_dir=None)
    found: dict[str, set[str]] = {module.split(".")[1]: set() for module in graph.modules if "." in module}
    for module in graph.modules - {"slr"}:
        importer = module.split(".")[1]
        imported = {other.split(".")[1] for other in graph.find_modules_directly_imported_by(module) if "." in other}
        found[importer] |= imported - {importer}
    return {package: sorted(found[package]) for package in sorted(found)}


def layers() -> list[list[str]]:
    """The layers that pyproject.toml allows, the highest first."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = (contract for contract in settings["contracts"] if contract["id"] == "layers")
    return [re.split(r" *[|:] *", layer) for layer in contract["layers"]]


def drawn(picture: Path = PICTURE) -> Graph:
    """The graph that the picture was drawn from."""
    description = re.search(r"<desc>\n(.*?)</desc>", picture.read_text(encoding="utf-8"), re.DOTALL)
    assert description is not None, f"{picture} has no description"
    lines = (line.split(":") for line in description[1].splitlines())
    return {package: imported.split() for package, imported in lines}


def draw(graph: Graph) -> str:
    """The picture, as SVG."""
    height = {package: -place for place, layer in enumerate(layers()) for package in layer}
    down = {package: [other for other in others if height[other] < height[package]]
            for package, others in graph.items()}
    up = [(package, other) for package, others in graph.items() for other in others if other not in down[package]]
    arrows = _without_implied(down)
    rows, chains = _rows(arrows)
    place = _places(rows, chains)
    wide, tall = _width(rows), EDGE * 2 + ROW * (len(rows) - 1) + HEIGHT
    lines = [_arrow([place[node] for node in chain]) for chain in chains]
    lines += [_arrow([place[package], place[other]], "line up", aside=BOX // 4) for package, other in up]
    boxes = [f'<g transform="translate({x - BOX // 2} {y})"><rect width="{BOX}" height="{HEIGHT}" rx="6"/>'
             f'<text x="{BOX // 2}" y="19" class="name">{package}</text>'
             f'<text x="{BOX // 2}" y="36">{escape(ABOUT[package])}</text></g>'
             for package, (x, y) in place.items() if isinstance(package, str)]
    facts = "".join(f"{package}: {' '.join(others)}\n" for package, others in graph.items())
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}">',
        "<title>The packages of slr/, each above those that it imports</title>",
        f"<desc>\n{facts}</desc>",
        "<style>", _STYLE, "</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" class="tip"/></marker></defs>',
        f'<rect class="page" width="{wide}" height="{tall}"/>', *lines, *boxes, "</svg>", ""])


_STYLE = """\
rect { fill: #eef3f8; stroke: #48627c }
.page { fill: #fff; stroke: none }
text { font: 12px "DejaVu Sans", Verdana, sans-serif; text-anchor: middle; fill: #333 }
.name { font-weight: bold; font-size: 14px; fill: #10263c }
.line { fill: none; stroke: #7d8fa1; stroke-width: 1.4; marker-end: url(#tip) }
.up { stroke: #b03a2e; stroke-dasharray: 5 4 }
.tip { fill: #7d8fa1 }"""


def _without_implied(graph: Graph) -> Graph:
    """The graph without the arrows that follow from a chain of others."""
    below: dict[str, set[str]] = {}

    def reached(package: str) -> set[str]:
        if package not in below:
            below[package] = {other for direct in graph[package] for other in {direct} | reached(direct)}
        return below[package]

    return {package: [other for other in others if not any(other in reached(between) for between in others)]
            for package, others in graph.items()}


def _rows(arrows: Graph) -> tuple[list[list[Node]], list[list[Node]]]:
    """The nodes of each row from the top, and the nodes that each arrow passes, its ends included."""
    level: dict[str, int] = {}

    def rise(package: str) -> int:
        if package not in level:
            level[package] = 1 + max((rise(other) for other in arrows[package]), default=-1)
        return level[package]

    highest = max(map(rise, arrows))
    rows: list[list[Node]] = [[] for _ in range(highest + 1)]
    for package in arrows:
        rows[highest - level[package]].append(package)
    chains: list[list[Node]] = []
    for package, others in arrows.items():
        for other in others:
            passed = [(package, other, row) for row in range(highest - level[package] + 1, highest - level[other])]
            for node in passed:
                rows[node[2]].append(node)
            chains.append([package, *passed, other])
    return rows, chains


def _places(rows: list[list[Node]], chains: list[list[Node]]) -> dict[Node, tuple[int, int]]:
    """Where each node stands, (middle, top): near what it is joined to, with few crossings."""
    joined: dict[Node, list[Node]] = defaultdict(list)
    for above, below in (pair for chain in chains for pair in pairwise(chain)):
        joined[above].append(below)
        joined[below].append(above)
    in_row = {node: row for row, nodes in enumerate(rows) for node in nodes}

    def crossings() -> int:
        at = {node: place for nodes in rows for place, node in enumerate(nodes)}
        ends: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for above, below in (pair for chain in chains for pair in pairwise(chain)):
            ends[in_row[above]].append((at[above], at[below]))
        return sum((a - c) * (b - d) < 0 for pairs in ends.values() for (a, b), (c, d) in combinations(pairs, 2))

    def swap_neighbours() -> None:
        fewest = crossings()
        for nodes in rows:
            for left in range(len(nodes) - 1):
                nodes[left], nodes[left + 1] = nodes[left + 1], nodes[left]
                if (now := crossings()) < fewest:
                    fewest = now
                else:
                    nodes[left], nodes[left + 1] = nodes[left + 1], nodes[left]

    best, fewest = [list(nodes) for nodes in rows], crossings()
    for sweep in range(24):  # each row in the order of its neighbours: those above going down, those below going up
        step = -1 if sweep % 2 else 1
        for row in range(len(rows))[::step]:
            at = {node: place / len(nodes) for nodes in rows for place, node in enumerate(nodes)}
            middle = {node: [at[other] for other in joined[node] if (in_row[other] - row) * step < 0] or [at[node]]
                      for node in rows[row]}
            rows[row].sort(key=lambda node, middle=middle: sum(middle[node]) / len(middle[node]))
        swap_neighbours()
        if (now := crossings()) < fewest:
            best, fewest = [list(nodes) for nodes in rows], now
    return _spread(best, joined)


def _spread(rows: list[list[Node]], joined: dict[Node, list[Node]]) -> dict[Node, tuple[int, int]]:
    """Nodes in their order, each as near as may be to the mean of what it is joined to."""
    wide, starts = _width(rows), [np.cumsum([EDGE, *map(_room, nodes)]) for nodes in rows]
    across: dict[Node, float] = {node: wide / 2 for nodes in rows for node in nodes}
    for _ in range(200):
        for nodes, (*start, end) in zip(rows, starts, strict=True):
            wished = [(across[node] + 3 * _pull(node, joined[node], across)) / 4 - first - _room(node) / 2
                      for node, first in zip(nodes, start, strict=True)]
            weights = [1 if isinstance(node, str) else _STRAIGHT for node in nodes]
            shifts = np.clip(isotonic_regression(wished, weights=weights).x, 0, wide - EDGE - end)
            for node, first, shift in zip(nodes, start, shifts, strict=True):
                across[node] = first + _room(node) / 2 + shift
    aside = (wide - min(across[nodes[0]] for nodes in rows) - max(across[nodes[-1]] for nodes in rows)) / 2
    return {node: (round(across[node] + aside), EDGE + ROW * row) for row, nodes in enumerate(rows) for node in nodes}


def _pull(node: Node, others: list[Node], across: dict[Node, float]) -> float:
    """The mean of the places of what a node is joined to; an arrow on its way rather goes straight on."""
    weights = [1 if isinstance(node, str) or isinstance(other, str) else _STRAIGHT for other in others]
    return float(np.average([across[other] for other in others], weights=weights)) if others else across[node]


def _room(node: Node) -> int:
    return GAP + (BOX if isinstance(node, str) else LANE)


def _width(rows: list[list[Node]]) -> int:
    return max(1000, *(2 * EDGE + sum(map(_room, nodes)) for nodes in rows))


def _arrow(points: list[tuple[int, int]], kind: str = "line", aside: int = 0) -> str:
    """From the first point's box to the last one's, straight through the rows between; `aside` of the boxes' middle."""
    (x, y), *rest = [(x + aside, y) for x, y in points]
    falls = y < rest[-1][1]
    y += HEIGHT if falls else 0
    path = f"M{x} {y}"
    for place, (next_x, next_y) in enumerate(rest, start=1):
        next_y += 0 if falls else HEIGHT
        bend = (y + next_y) // 2
        path += f"C{x} {bend} {next_x} {bend} {next_x} {next_y}"
        x, y = next_x, next_y
        if place < len(rest):
            y += HEIGHT
            path += f"V{y}"
    return f'<path d="{path}" class="{kind}"/>'


def main() -> None:
    write_text(PICTURE, draw(imports()))
    print(f"wrote {PICTURE.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
