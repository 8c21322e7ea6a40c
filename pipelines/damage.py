"""Damage: how much of a crawl cannot be read, and from what share on that is no longer a matter of single records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from corpus.archive.pages import NotAPage
from corpus.sources import SourceRecord

# What is quarantined for another reason than that the file is corrupt: it ends early, or what a server sent is broken.
NOT_CORRUPT = ("truncated", "bad_http_header", "bad_http_body")


@dataclass(kw_only=True)
class Damage:
    """`broken` of what was `seen`, from offset `first` on; in bytes, or the rows that a table has."""

    seen: int = 0
    broken: int = 0
    first: int | None = None

    def meet(self, found: SourceRecord) -> None:
        self.seen += found.length
        if isinstance(found.content, NotAPage) and found.content.broken and found.content.reason not in NOT_CORRUPT:
            self.broken += found.length
            self.first = found.offset if self.first is None else self.first

    def add(self, other: Damage) -> None:
        self.seen += other.seen
        self.broken += other.broken
        self.first = other.first if self.first is None else self.first

    @property
    def share(self) -> float:
        return self.broken / max(1, self.seen)

    def note(self) -> dict[str, Any]:
        return asdict(self)


def describe_excess(files: Iterable[tuple[str, int, dict[str, Any]]], most: float) -> str | None:
    """Says so when more than `most` of a crawl is corrupt, naming the worst file and where. `files`: the name of a
    file, its bytes, and the note of a part of it, in their order. A file weighs what it has in bytes."""
    damage: dict[str, Damage] = {}
    sizes: dict[str, int] = {}
    for name, size, note in files:
        damage.setdefault(name, Damage()).add(Damage(**note))
        sizes[name] = size
    broken = {name: sizes[name] * found.share for name, found in damage.items()}
    share = sum(broken.values()) / max(1, sum(sizes.values()))
    if share <= most:
        return None
    worst = max(sorted(broken), key=lambda name: broken[name])
    return (
        f"{share:.0%} of the crawl is corrupt, {most:.0%} may be (max_broken); worst is {worst}: "
        f"{damage[worst].share:.0%} of it, first at offset {damage[worst].first}; get it again, or leave it out"
    )
