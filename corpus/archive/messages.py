"""Messages: an HTTP response as a crawler stored it -> status, headers and body, however oddly its server wrote them.

Sources: RFC 9112 (lines, folded headers), RFC 9110, 15.2 (interim responses), the Fetch Standard, 2.2.2 (several media
types in one header), https://mimesniff.spec.whatwg.org (quoted parameters).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Servers write HTTP in small letters, blanks before it and several behind it.
STATUS = re.compile(rb"[ \t]*HTTP(?:/[\d.]+)?[ \t]+(\d{3})(?!\d)[^\r\n]*\r?\n", re.IGNORECASE)
LINE = re.compile(rb"([^\r\n]*)(?:\r?\n|\Z)")
MAX_HEADER = 1 << 18  # bytes
MAX_INTERIM = 5  # responses such as "100 Continue" before the one that was meant
CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Message:
    """`headers` in their order, names as they were written."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Of all headers of a name, and of each the parts between commas."""
        lines = [value for other, value in self.headers if other.lower() == name]
        return [part.strip() for line in lines for part in line.split(",") if part.strip()]

    @property
    def media_type(self) -> str:
        """The last one that is named, in small letters and without parameters; "" for none."""
        named = [media_type(value) for value in self.values("content-type")]
        return next((name for name in reversed(named) if "/" in name), named[-1] if named else "")

    @property
    def charset(self) -> str | None:
        found = [CHARSET.search(value) for name, value in self.headers if name.lower() == "content-type"]
        return next((match.group(1) for match in reversed(found) if match), None)


def media_type(value: str) -> str:
    """Of a Content-Type: in small letters, without quotes and parameters."""
    return value.split(";")[0].strip().strip("\"'").strip().lower()


def read_message(block: bytes) -> Message | None:
    """The response that a record's block holds, after interim ones; None where no status line begins it."""
    position = 0
    for _ in range(1 + MAX_INTERIM):
        status = STATUS.match(block, position)
        if status is None:
            return None
        headers, position = _read_headers(block, status.end())
        if not 100 <= int(status.group(1)) < 200:
            return Message(status=int(status.group(1)), headers=headers, body=block[position:])
    return None


def _read_headers(block: bytes, position: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """(headers, where the body begins): up to the first blank line."""
    headers: list[tuple[str, str]] = []
    limit = min(len(block), position + MAX_HEADER)
    while position < limit:
        line = LINE.match(block, position)
        if line is None:
            break
        position = line.end()
        text = line.group(1).decode("latin-1")
        if not text.strip():
            break
        if text[0] in " \t" and headers:  # a folded line goes on with the header before
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {text.strip()}")
        else:
            name, colon, value = text.partition(":")
            if colon:
                headers.append((name.strip(), value.strip()))
    return tuple(headers), position
