"""What a settings file says beside its values."""

from pathlib import Path


def comments(path: Path) -> list[str]:
    """The comment of each line that has one."""
    return [line[line.index("#"):] for line in path.read_text().splitlines() if "#" in line]
