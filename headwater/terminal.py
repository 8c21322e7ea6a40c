"""Terminal: what strangers wrote, on a terminal that would obey their escape sequences."""

from __future__ import annotations

import json
import re
from typing import Any

from corpus.text.normal_form import INVISIBLE

# Nothing of this moves a cursor, sets a title, hides a line or turns the direction of the text.
UNSAFE = re.compile(f"{INVISIBLE.pattern}|[\u2028\u2029]")


def printable(text: str) -> str:
    """Control characters, and what is not seen, as what they are: \\x1b. Line ends and tabs stay."""
    return UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def json_line(value: Any) -> str:
    """One JSON value in one line, in characters that any terminal may show and UTF-8 can hold."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(value, ensure_ascii=False))
