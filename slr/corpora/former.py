"""Models' settings that another corpus needs, with what they were in a comment: `joints: hands-42  # was spoter-54`."""

import re
from typing import Any

_NONE = "default"
"""What a setting was that wasn't in the file."""
_MARKED = re.compile(r"( +(?:joints|channels|normalise): +)(\S+)( *)# (?:(.*); )?was (\S+)")


def change(block: Any, values: dict[str, Any]) -> None:
    """Set values of a block of a file that ruamel.yaml has read, and note after each what it was before the first
    change."""
    for name, value in values.items():
        former = block.get(name, _NONE)
        new = name not in block
        block[name] = value
        comment = None if new else (block.ca.items.get(name) or [None] * 3)[2]
        text, newline, rest = ("", "", "") if comment is None else comment.value.partition("\n")
        if re.search(r"\bwas \S+$", text):
            continue
        if comment is None:
            block.yaml_add_eol_comment(f"was {former}", name)
        else:  # it may be no more than the blank lines after the block
            comment.value = (f"{text}; was {former}" if text else f"# was {former}") + newline + rest


def restored(text: str) -> str:
    """The text of a file with all such settings as they were, and without these comments."""
    lines = []
    for line in text.splitlines():
        marked = _MARKED.fullmatch(line)
        if marked is None:
            lines.append(line)
        elif marked[5] != _NONE:
            value = f"{marked[1]}{marked[5]}"
            lines.append(f"{value:<{line.index('#')}}# {marked[4]}" if marked[4] else value)
    return "\n".join(lines) + "\n"
