"""Plain text: one document a file, titled by its name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import IO

from corpus.charset import decode
from corpus.pages import NotAPage, read_text
from corpus.sources.contract import MAX_TEXT, Found, too_large
from corpus.warc import Span


class PlainText:
    name = "text"

    def splittable(self, file: IO[bytes]) -> bool:
        return False

    def problem(self, file: IO[bytes]) -> str | None:
        return None

    def read(self, file: IO[bytes], size: int, name: str, span: Span) -> Iterator[Found]:
        if span.start > 0:
            return
        if size > MAX_TEXT:
            yield too_large(0, size)
            return
        file.seek(0)
        decoded = decode(file.read(), None)
        if decoded is None or "\0" in decoded[0]:
            content = NotAPage(reason="undecodable", detail="no charset decodes it to text without NUL")
            yield Found(offset=0, length=size, content=content)
            return
        title = posixpath.splitext(posixpath.basename(name))[0]
        yield Found(offset=0, length=size, content=read_text(decoded[0], title=title, charset=decoded[1]))
