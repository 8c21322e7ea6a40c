"""Shard view: which documents are in the chunks of a set of shards, as text or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.audit.inspection import chosen
from corpus.audit.shards import ShardDocument, ShardSample, shard_samples, with_pages
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.mix import Mix
from corpus.shards.reader import ShardSet
from dagster_project.folders import local_folder
from headwater.terminal import field, json_line, one_line, quoted

STAGE, SPLITS = "shards", ("train", "heldout")
MAX_CHARACTERS, MAX_IDS = 500, 16  # that are shown of a document


@dataclass(frozen=True, kw_only=True)
class ShardView:
    """A set of shards and samples of its chunks. `name`: its folder, or its address in the lake."""

    name: str
    shards: ShardSet
    samples: Sequence[ShardSample]


def views_in_lake(lake: Lake, dataset: str, limit: int) -> Iterator[ShardView]:
    """Of all datasets of shards, or of one: `dataset` is "shards" or "shards/ADDRESS"."""
    for manifest in chosen(lake, list(lake.datasets(STAGE)), dataset):
        [tokenizer] = sources(lake, manifest, "tokenizer")
        for kind in SPLITS:
            shards = ShardSet(lake.local_copy(manifest, kind, local_folder(lake, "cache")))
            samples: Sequence[ShardSample] = shard_samples(
                shards, limit, lake.fs.cat_file(f"{lake.folder(tokenizer)}/tokenizer/tokenizer.json")
            )
            samples = with_pages(lake, manifest, shards.index.mix, samples)
            yield ShardView(name=f"{STAGE}/{manifest.address[:12]}/{kind}", shards=shards, samples=samples)


def views_of_folder(folder: str, tokenizer: Path | None, limit: int) -> Iterator[ShardView]:
    """Of shards in a folder or at a URL. Without their tokenizer.json, ids are shown in place of texts."""
    shards = ShardSet(folder)
    samples = shard_samples(shards, limit, tokenizer.read_bytes() if tokenizer else None)
    yield ShardView(name=folder, shards=shards, samples=samples)


def lines(views: Iterator[ShardView]) -> Iterator[str]:
    for view in views:
        index = view.shards.index
        chunks = sum(len(shard.chunks) for shard in index.shards)
        yield f"{view.name}: {len(index.shards):,} tars, {chunks:,} chunks, {index.documents:,} documents"
        yield from field("tokens", f"{index.tokens:,} of a vocabulary of {index.vocab_size:,} as {index.dtype}")
        yield from field("tokenizer", index.tokenizer)
        yield from field("fingerprint", view.shards.fingerprint)
        if index.mix is not None:
            yield from _mix_lines(index.mix)
        for sample in view.samples:
            yield ""
            place = f"tokens {sample.first:,} to {sample.end:,}, {sample.count:,} documents"
            yield f"{one_line(f'{sample.shard} {sample.key}')}: {place}"
            yield from field("bytes", f"{sample.offset} to {sample.offset + sample.bytes} of the tar")
            for document in sample.documents:
                yield from _document_lines(document)
        yield ""


def _mix_lines(mix: Mix) -> Iterator[str]:
    width = max(len(one_line(group.name)) for group in mix.groups)
    taken = sum(group.taken_tokens for group in mix.groups)
    yield f"    mix by {mix.by}, seed {mix.seed}"
    titles = ("wanted", "got", "factor", "tokens taken", "of tokens", "pages taken", "of pages", "with copies")
    yield f"    {'':{width}}" + "".join(f"  {title:>13}" for title in titles)
    for group in mix.groups:
        values = [f"{group.share or 0:.2%}", f"{group.taken_tokens / taken:.2%}", f"{group.factor:.3f}"]
        counts = (group.taken_tokens, group.tokens, group.taken_documents, group.documents, group.copies)
        values += [f"{count:,}" for count in counts]
        yield f"    {one_line(group.name):{width}}" + "".join(f"  {value:>13}" for value in values)


def _document_lines(document: ShardDocument) -> Iterator[str]:
    group = f"  group {one_line(document.group)}" if document.group is not None else ""
    yield f"  {one_line(document.doc_id)}  {document.language or '-'}  {one_line(document.url or '-')}{group}"
    yield from field("tokens", f"{document.first:,} to {document.end:,}, {document.end - document.first:,} of them")
    if document.text is None:
        more = " …" if len(document.ids) > MAX_IDS else ""
        yield from field("ids", f"{' '.join(map(str, document.ids[:MAX_IDS]))}{more} (--tokenizer FILE shows the text)")
        return
    yield from quoted(document.text[:MAX_CHARACTERS] + (" …" if len(document.text) > MAX_CHARACTERS else ""))


def json_lines(views: Iterator[ShardView]) -> Iterator[str]:
    """An object for each set of shards, then one for each of its chunks."""
    for view in views:
        index = view.shards.index
        head = {"shards": view.name, "fingerprint": view.shards.fingerprint, "tokenizer": index.tokenizer}
        counts = {"tars": len(index.shards), "documents": index.documents, "tokens": index.tokens}
        yield json_line({**head, **counts, "mix": asdict(index.mix) if index.mix is not None else None})
        for sample in view.samples:
            yield json_line(asdict(sample))
