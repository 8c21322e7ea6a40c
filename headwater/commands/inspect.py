"""Inspect: what a stage kept and dropped, on a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from corpus.audit.inspection import Inspected
from corpus.audit.samples import Sample
from corpus.text.differences import differences
from headwater.terminal import json_line, one_line, printable

MARKS = "[-in the dropped one alone-] {+in the other+}"
CHARACTERS, RAW_BYTES = 1_500, 400  # that are shown of a text, and of what could not be read


def lines(found: Sequence[Inspected], reason: str | None) -> Iterator[str]:
    for one in found:
        if reason is not None and not one.found and any(other.found for other in found):
            continue
        manifest = one.manifest
        total = one.kept + sum(one.reasons.values())
        yield f"{manifest.stage}/{manifest.address[:12]}  {manifest.partition}: {one.kept:,} of {total:,} kept"
        if reason is None:
            yield from _reasons(one)
        what = "kept" if reason is None else f"with {one_line(reason)}"
        yield f"\n{one.found:,} {what}{f', {len(one.samples)} of them:' if one.samples else ''}"
        for sample in one.samples:
            yield ""
            yield from _sample(sample)
        yield ""


def _reasons(one: Inspected) -> Iterator[str]:
    width = max([len(name) for name in (*one.reasons, *one.fails)], default=0)
    if width:
        yield f"    {'dropped for':{max(width, 11)}}  {'first':>9}  {'in all':>9}"
    for name in [*one.reasons, *sorted(one.fails.keys() - one.reasons.keys())]:
        first = one.reasons.get(name, 0)
        yield f"    {one_line(name):{max(width, 11)}}  {first:>9,}  {max(first, one.fails.get(name, 0)):>9,}"


def _sample(sample: Sample) -> Iterator[str]:
    yield f"{sample.doc_id.hex()}  {sample.language or '-'}  {one_line(sample.url or '-')}"
    yield from field("title", one_line(sample.title) if sample.title else "")
    end = sample.warc_offset + sample.warc_length
    yield from field("source", f"{one_line(sample.warc_file)} from {sample.warc_offset} to {end}")
    if sample.reason is not None:
        yield from field("dropped for", one_line(sample.reason))
    for rule in sample.rules:
        yield from field("", f"{rule['rule']} {rule['value']:.6g}, bound {rule['threshold']:g}")
    yield from field("detail", one_line(sample.detail or ""))
    if sample.raw is not None:
        yield from field("raw", f"the first {min(RAW_BYTES, len(sample.raw))} of {len(sample.raw):,} bytes kept aside")
        yield from quoted(sample.raw[:RAW_BYTES].decode("utf-8", "backslashreplace"))
    elif sample.text is None:
        yield from field("text", "none: the record became no document; its bytes are in the source")
    else:
        cut = f", the first {CHARACTERS:,} (--json has all)" if len(sample.text) > CHARACTERS else ""
        yield from field("text", f"{len(sample.text):,} characters{cut}")
        yield from quoted(sample.text[:CHARACTERS])
    if sample.keeper is not None:
        yield from _keeper(sample, sample.keeper)


def _keeper(sample: Sample, keeper: Sample) -> Iterator[str]:
    """The document that stays, by the words in which the two differ."""
    yield from field("stays", f"{keeper.doc_id.hex()}  {one_line(keeper.url or '-')}")
    alike = f"similarity {sample.similarity:.4f}, " if sample.similarity is not None else ""
    yield from field("", f"{alike}{len(keeper.text or ''):,} characters; {MARKS}")
    yield from quoted(_beside(sample.text or "", keeper.text or ""))


def _beside(gone: str, stays: str) -> str:
    found = differences(gone, stays)
    if all(piece.same for piece in found):
        return "(no word differs)"
    return " ".join(said for piece in found for said in _said(piece.same, piece.left.strip(), piece.right.strip()))


def _said(same: bool, gone: str, stays: str) -> list[str]:
    if same:
        return [gone]
    return [f"[-{gone}-]"] * bool(gone) + [f"{{+{stays}+}}"] * bool(stays)


def field(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"    {name:11} {value}"


def quoted(text: str) -> Iterator[str]:
    """Each line behind a mark of ours, so that no page can write a line that looks like one of these."""
    for line in text.split("\n"):
        yield f"      | {printable(line)}"


def json_lines(found: Sequence[Inspected]) -> Iterator[str]:
    """An object a dataset, then one a document."""
    for one in found:
        manifest = one.manifest
        head = {"stage": manifest.stage, "partition": manifest.partition, "address": manifest.address}
        yield json_line({**head, "kept": one.kept, "reasons": one.reasons, "fails": one.fails, "found": one.found})
        for sample in one.samples:
            yield json_line(_object(sample))


def _object(sample: Sample) -> dict[str, Any]:
    keeper = _object(sample.keeper) if sample.keeper is not None else None
    raw = sample.raw.decode("utf-8", "backslashreplace") if sample.raw is not None else None
    rules = [dict(rule) for rule in sample.rules]
    return {**vars(sample), "doc_id": sample.doc_id.hex(), "rules": rules, "keeper": keeper, "raw": raw}
