"""Which of the repository's files a module imports, directly and through others, also inside functions."""

import ast
from collections.abc import Container, Iterator
from pathlib import Path


def import_closure(start: Path, root: Path, left_out: Container[Path] = ()) -> set[Path]:
    """The repository's files that importing `start`, and calling whatever is in it, may import; without `start`.

    Parameters
    ----------
    start : Path
        A module below `root`.
    root : Path
        The repository.
    left_out : container of Path
        Files that are neither counted nor followed.

    Returns
    -------
    set of Path
        Relative to `root`: modules, and the `__init__.py` of each package on the way that does more than explain
        itself.
    """
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        for name in _imported(root / waiting.pop()):
            for module in _modules(name, root):
                if module in found or module in left_out or module == start:
                    continue
                found.add(module)
                waiting.append(module)
    return {module for module in found if has_code(root / module)}


def _imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports; `a.b.*` for one whose last part is made at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {id(node) for block in ast.walk(tree) if isinstance(block, ast.If)
                 and ast.unparse(block.test) == "TYPE_CHECKING" for node in ast.walk(block)}
    for node in ast.walk(tree):
        match node:
            case _ if id(node) in for_types:
                pass
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Call(func=ast.Name(id="import_module"), args=[argument]):
                match argument:
                    case ast.Constant(value=name):
                        yield name
                    case ast.JoinedStr(values=[ast.Constant(value=start), *_]) if start.endswith("."):
                        yield f"{start}*"
                    case _:
                        raise AssertionError(f"{path}: what {ast.unparse(node)} imports can't be told")
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative imports aren't followed here")


def _modules(name: str, root: Path) -> set[Path]:
    """The repository's files that importing a dotted name runs: its packages and the module, if it is one."""
    if name.endswith(".*"):
        package = Path(*name.split(".")[:-1])
        inside = {path.relative_to(root) for path in (root / package).rglob("*.py")}
        return inside | _modules(".".join(package.parts), root)
    parts = name.split(".")
    found = set()
    for end in range(1, len(parts) + 1):
        path = Path(*parts[:end])
        found |= {file for file in (path / "__init__.py", path.with_suffix(".py")) if (root / file).is_file()}
    return found


def has_code(path: Path) -> bool:
    """Whether a file holds more than a docstring."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)
