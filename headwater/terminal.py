"""Terminal: text that strangers wrote, made safe to print on a terminal that would obey its escape sequences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from corpus.text.normal_form import INVISIBLE

# None of these may move a cursor, set a title, hide a line or change the direction of the text.
UNSAFE = re.compile(f"{INVISIBLE.pattern}|[\u2028\u2029]")


def printable(text: str) -> str:
    """Writes control and invisible characters as escapes such as \\x1b. Line ends and tabs stay."""
    return UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """As `printable`, with each run of white space as one space."""
    return printable(" ".join(text.split()))


def json_line(value: Any) -> str:
    """One JSON value in one line, in characters that any terminal may show and UTF-8 can hold."""
    return UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))


def field(name: str, value: str) -> Iterator[str]:
    """An indented line with a name and a value, or nothing where the value is empty."""
    if value:
        yield f"    {name:11} {value}"


def quoted(text: str) -> Iterator[str]:
    """Each line behind a mark, so that no page can write a line that looks like one of Headwater's."""
    for line in text.split("\n"):
        yield f"      | {printable(line)}"
