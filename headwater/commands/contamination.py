"""Contamination: which benchmark items stand in which documents, on a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.audit.contamination import Match, Matched, latest, look
from corpus.lake.store import Lake
from headwater.commands.inspect import field, quoted
from headwater.terminal import json_line, one_line

CHARACTERS = 600  # that are shown of a text
HEADER = ("task", "items", "too short", "matched", "trained on", "documents", "removed")


def contamination(lake: Lake, task: str | None, limit: int) -> Matched:
    """What the last comparison of each crawl found. Raises ValueError where there was none."""
    manifests = latest(lake)
    if not manifests:
        raise ValueError(f"the lake {lake.url} has no contamination: materialize benchmarks/* and contamination first")
    return look(lake, manifests, list(lake.datasets("split")), limit, task)


def lines(found: Matched) -> Iterator[str]:
    width = max(len(one.task) for one in found.tasks)
    yield f"{HEADER[0]:{width}}" + "".join(f"  {name:>10}" for name in HEADER[1:])
    for one in found.tasks:
        numbers = (one.items, one.too_short, one.matched, one.trained_on, one.documents, one.removed)
        yield f"{one_line(one.task):{width}}" + "".join(f"  {number:>10,}" for number in numbers)
    shown = f", {len(found.sample)} of them:" if found.sample else ""
    yield f"\n{found.found:,} matches{shown}"
    for match in found.sample:
        yield ""
        yield from _match(match)


def _match(match: Match) -> Iterator[str]:
    said = "word for word" if match.kind == "ngram" else "nearly"
    yield f"{one_line(match.task)} {one_line(match.item_id)}  {one_line(match.part)}, {match.measure:.0%} {said}"
    yield from field("item", "" if match.text is not None else "no longer in the lake")
    yield from quoted((match.text or "")[:CHARACTERS])
    yield from field("document", f"{match.doc_id.hex()}  {one_line(match.url or '-')}")
    end = match.warc_offset + match.warc_length
    yield from field("source", f"{one_line(match.warc_file)} from {match.warc_offset} to {end}")
    yield from field("there", f"from character {match.start}")
    yield from quoted(match.matched[:CHARACTERS])
    yield from field("", "removed" if match.removed else "kept")


def json_lines(found: Matched) -> Iterator[str]:
    """An object a task, then one a match."""
    for task in found.tasks:
        yield json_line(vars(task))
    for match in found.sample:
        yield json_line({**vars(match), "doc_id": match.doc_id.hex()})
