"""Forget certificate: that nothing of forgotten documents is left in the shards that recipes stand for now.

    <lake>/forgotten/<entry, quoted>.json

Looked for are the documents themselves, by their ids, and every run of 13 words that only they had.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import quote

import pyarrow as pa

from corpus.lake.current import RecipeLake, recipes_of
from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENTS, SHARDS, SPLIT, STAGES, TOKENIZER
from corpus.lake.store import Lake
from corpus.lineage.forgotten_grams import WORDS, ForgottenGrams
from corpus.lineage.graph import sources
from corpus.lineage.holdings import ForgottenRecords
from corpus.lineage.removals import FORGOTTEN
from corpus.optout.removals import COLUMNS, Removal, RemovalMatcher
from headwater.terminal import one_line
from headwater.tracing.readings import open_shards
from pipelines.vocabulary import tokenizer_bytes

SPLITS = ("train", "heldout")


@dataclass(frozen=True, kw_only=True)
class SearchedShard:
    """A tar of the dataset shards/`address`, by its digest."""

    address: str
    split: str
    tar: str
    sha256: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left of a forgotten document in a shard: the document `doc_id`, forgotten itself where `words` is None,
    else one that has this run of words of it."""

    address: str
    split: str
    tar: str
    doc_id: str
    words: str | None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """`texts`: different ones of the `documents`, of which `short` have no run of `words` words. `runs` they had, of
    which `own_runs` stand in no other document; these were looked for in the `tokens` of `shards`. It holds where
    nothing was `found`."""

    entries: tuple[str, ...]
    documents: int
    texts: int
    short: int
    words: int
    runs: int
    own_runs: int
    recipes: tuple[str, ...]
    shards: tuple[SearchedShard, ...]
    tokens: int
    found: tuple[Left, ...]


def certificate_path(lake: Lake, removal: Removal) -> str:
    return lake.path(FORGOTTEN, f"{quote(str(removal), safe='')}.json")


def write_certificate(lake: Lake, removal: Removal) -> Certificate:
    """Of an entry of the removal list, whose documents are still in a dataset that no recipe uses now. Raises
    RuntimeError naming shard and document where something is left; it is written all the same."""
    certificate = make_certificate(lake, removal)
    path = certificate_path(lake, removal)
    lake.write(path, json.dumps(asdict(certificate), indent=1, sort_keys=True).encode())
    if certificate.found:
        one = certificate.found[0]
        what = "the document itself" if one.words is None else f"{one.words!r}"
        raise RuntimeError(
            f"{removal} is not forgotten: shards/{one.address}, {one.split}/{one.tar}, document {one.doc_id} has "
            f"{what}; {len(certificate.found):,} places are in {path}; run `headwater forget` again"
        )
    return certificate


def make_certificate(lake: Lake, removal: Removal) -> Certificate:
    """Writes nothing."""
    matcher = RemovalMatcher([removal])
    records = ForgottenRecords(lake, matcher)
    old = [manifest for manifest in lake.datasets(DOCUMENTS) if records.of(manifest)]
    doc_ids = {doc_id for manifest in old for doc_id in records.of(manifest)}
    grams = ForgottenGrams(text for manifest in old for text in records.texts(manifest))
    # As extracted, and as they came to be tokens: masked, and without what was cut out of them.
    for manifest in _current(lake, (DOCUMENTS, SPLIT)).values():
        for kind in STAGES[manifest.stage].documents_in:
            for entry in manifest.of_kind(kind):
                for batch in lake.read_batches(f"{lake.folder(manifest)}/{entry.path}", [*COLUMNS, "text"]):
                    grams.leave_out(batch.filter(pa.array(~matcher.mask(batch)))["text"])
    searched: list[SearchedShard] = []
    found: list[Left] = []
    for (recipe, *_), manifest in _current(lake, (SHARDS,)).items():
        [tokenizer] = sources(RecipeLake(lake.url, recipe), manifest, TOKENIZER)
        for split in SPLITS:
            shards = open_shards(lake, manifest, split)
            where = {"address": manifest.address, "split": split}
            for tar in shards.index.shards:
                tokens = sum(chunk.tokens for chunk in tar.chunks)
                searched.append(SearchedShard(**where, tar=tar.path, sha256=tar.sha256, tokens=tokens))
            for tar_name, doc_id, *_ in shards.documents(0, len(shards)) if len(shards) else ():
                if doc_id in doc_ids:
                    found.append(Left(**where, tar=tar_name, doc_id=doc_id, words=None))
            for one in grams.search(shards, tokenizer_bytes(lake, tokenizer)):
                found.append(Left(**where, tar=one.shard, doc_id=one.doc_id, words=one.words))
    return Certificate(
        entries=(str(removal),),
        documents=len(doc_ids),
        texts=grams.texts,
        short=grams.short,
        words=WORDS,
        runs=grams.all,
        own_runs=grams.own,
        recipes=tuple(recipes_of(lake)),
        shards=tuple(searched),
        tokens=sum(one.tokens for one in searched),
        found=tuple(found),
    )


def _current(lake: Lake, stages: Sequence[str]) -> dict[tuple[str, str, str], Manifest]:
    """(a recipe that stands for it, stage, address) -> the dataset, each once."""
    found: dict[tuple[str, str], tuple[str, Manifest]] = {}
    for recipe in recipes_of(lake):
        for stage in stages:
            for manifest in RecipeLake(lake.url, recipe).datasets(stage):
                found.setdefault((stage, manifest.address), (recipe, manifest))
    return {(recipe, *key): manifest for key, (recipe, manifest) in found.items()}


def lines(certificate: Certificate, path: str) -> Iterator[str]:
    yield f"forgotten   {one_line(', '.join(certificate.entries))}"
    short = f", {certificate.short:,} of them too short to look for" if certificate.short else ""
    yield f"documents   {certificate.documents:,}, {certificate.texts:,} different texts{short}"
    yield (
        f"looked for  {certificate.own_runs:,} runs of {certificate.words} words that no other document has, of "
        f"{certificate.runs:,}"
    )
    tars = len(certificate.shards)
    yield f"in          {certificate.tokens:,} tokens, decoded, of {tars:,} tars of {', '.join(certificate.recipes)}"
    yield f"found       {len(certificate.found):,}"
    yield f"certificate {path}"
