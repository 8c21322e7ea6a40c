"""Inspect: what a stage kept and dropped, and why, with the texts; or the chunks and documents of shards."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.options import add_lake, add_limit, add_recipe
from headwater.terminal import field, json_line, one_line, quoted

if TYPE_CHECKING:
    from corpus.audit.inspection import Inspected
    from corpus.audit.samples import Sample
    from corpus.lake.store import Lake

STAGES = "documents, clean, trimmed, unique or split"
MARKS = "[-only in the dropped one-] {+only in the other+}"
MAX_CHARACTERS, MAX_RAW_BYTES = 1_500, 400  # that are shown of a text, and of a record that could not be read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage",
        metavar="STAGE",
        help=f"{STAGES}; shards, or a folder or URL of shards; or STAGE/ADDRESS for one dataset by its address",
    )
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument("--tokenizer", metavar="FILE", help="tokenizer.json that decodes the shards of a folder")
    parser.add_argument(
        "--reason", metavar="RULE", help="show documents that were dropped for this reason or fail this rule"
    )
    parser.add_argument("--crawl", metavar="ID", help="only documents of this crawl")
    parser.add_argument("--language", metavar="CODE", help="only documents in this language, such as en")
    add_limit(parser, "number of documents, or chunks, of each dataset", 3)


def run(args: argparse.Namespace) -> int:
    if "://" in args.stage or Path(args.stage, "index.json").is_file():
        return _print_shards(args, None)
    lake = _open(args)
    if args.stage.partition("/")[0] == "shards":
        return _print_shards(args, lake)
    from corpus.audit.inspection import inspect

    filters = {name: getattr(args, name) for name in ("crawl", "reason", "language", "limit")}
    datasets = inspect(lake, args.stage, **filters)
    for line in json_lines(datasets) if args.json else lines(datasets, args.reason):
        print(line)
    return 0


def _open(args: argparse.Namespace) -> Lake:
    """An address names one dataset, of whichever recipe."""
    from headwater.lakes import existing_lake, open_lake

    if "/" in args.stage and args.recipe is None:
        return existing_lake(args.lake)
    return open_lake(args.lake, args.recipe)


def _print_shards(args: argparse.Namespace, lake: Lake | None) -> int:
    from headwater import shard_view

    for name in ("crawl", "reason", "language"):
        if getattr(args, name):
            raise ValueError(f"--{name}: shards are shown as they are; `inspect split` shows their documents by {name}")
    if lake is not None:
        views = shard_view.views_in_lake(lake, args.stage, args.limit)
    else:
        views = shard_view.views_of_folder(args.stage, Path(args.tokenizer) if args.tokenizer else None, args.limit)
    for line in shard_view.json_lines(views) if args.json else shard_view.lines(views):
        print(line)
    return 0


def lines(datasets: Sequence[Inspected], reason: str | None) -> Iterator[str]:
    for dataset in datasets:
        if reason is not None and not dataset.found and any(other.found for other in datasets):
            continue
        manifest = dataset.manifest
        total = dataset.kept + sum(dataset.reasons.values())
        yield f"{manifest.stage}/{manifest.address[:12]}  {manifest.partition}: {dataset.kept:,} of {total:,} kept"
        if reason is None:
            yield from _reason_lines(dataset)
        what = "kept" if reason is None else f"with {one_line(reason)}"
        yield f"\n{dataset.found:,} {what}{f', {len(dataset.samples)} of them:' if dataset.samples else ''}"
        for sample in dataset.samples:
            yield ""
            yield from _sample_lines(sample)
        yield ""


def _reason_lines(dataset: Inspected) -> Iterator[str]:
    width = max([len(name) for name in (*dataset.reasons, *dataset.fails)], default=0)
    if width:
        yield f"    {'dropped for':{max(width, 11)}}  {'first':>9}  {'in all':>9}"
    for name in [*dataset.reasons, *sorted(dataset.fails.keys() - dataset.reasons.keys())]:
        first = dataset.reasons.get(name, 0)
        yield f"    {one_line(name):{max(width, 11)}}  {first:>9,}  {max(first, dataset.fails.get(name, 0)):>9,}"


def _sample_lines(sample: Sample) -> Iterator[str]:
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
        yield from field(
            "raw", f"the first {min(MAX_RAW_BYTES, len(sample.raw))} of {len(sample.raw):,} bytes kept aside"
        )
        yield from quoted(sample.raw[:MAX_RAW_BYTES].decode("utf-8", "backslashreplace"))
    elif sample.text is None:
        yield from field("text", "none: the record became no document; its bytes are in the source")
    else:
        cut = f", the first {MAX_CHARACTERS:,} (--json has all)" if len(sample.text) > MAX_CHARACTERS else ""
        yield from field("text", f"{len(sample.text):,} characters{cut}")
        yield from quoted(sample.text[:MAX_CHARACTERS])
    if sample.keeper is not None:
        yield from _keeper_lines(sample, sample.keeper)


def _keeper_lines(sample: Sample, keeper: Sample) -> Iterator[str]:
    """The document that stays, by the words in which the two differ."""
    yield from field("stays", f"{keeper.doc_id.hex()}  {one_line(keeper.url or '-')}")
    alike = f"similarity {sample.similarity:.4f}, " if sample.similarity is not None else ""
    yield from field("", f"{alike}{len(keeper.text or ''):,} characters; {MARKS}")
    yield from quoted(_compare_texts(sample.text or "", keeper.text or ""))


def _compare_texts(dropped: str, kept: str) -> str:
    from corpus.text.differences import compare_texts

    pieces = compare_texts(dropped, kept)
    if all(piece.same for piece in pieces):
        return "(no word differs)"
    return " ".join(part for piece in pieces for part in _mark(piece.same, piece.left.strip(), piece.right.strip()))


def _mark(same: bool, dropped: str, kept: str) -> list[str]:
    if same:
        return [dropped]
    return [f"[-{dropped}-]"] * bool(dropped) + [f"{{+{kept}+}}"] * bool(kept)


def json_lines(datasets: Sequence[Inspected]) -> Iterator[str]:
    """An object for each dataset, then one for each of its documents, with all their text."""
    for dataset in datasets:
        manifest = dataset.manifest
        head = {"stage": manifest.stage, "partition": manifest.partition, "address": manifest.address}
        yield json_line(
            {**head, "kept": dataset.kept, "reasons": dataset.reasons, "fails": dataset.fails, "found": dataset.found}
        )
        for sample in dataset.samples:
            yield json_line(_as_object(sample))


def _as_object(sample: Sample) -> dict[str, Any]:
    keeper = _as_object(sample.keeper) if sample.keeper is not None else None
    raw = sample.raw.decode("utf-8", "backslashreplace") if sample.raw is not None else None
    rules = [dict(rule) for rule in sample.rules]
    return {**vars(sample), "doc_id": sample.doc_id.hex(), "rules": rules, "keeper": keeper, "raw": raw}
