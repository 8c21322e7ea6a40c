"""Members: what the readers of archives yield."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in an archive. `number`: which one it is, from 0. `file` can seek, and holds as long as the next member is
    not asked for. `start`: where its bytes lie in the archive as they are, None where they are compressed."""

    name: str
    number: int
    file: IO[bytes]
    bytes: int
    start: int | None


@dataclass(frozen=True, kw_only=True)
class Unread:
    """What cannot be read, whole or in part, and why; without a name, of the archive itself."""

    name: str
    why: str
