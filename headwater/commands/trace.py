"""Trace: from a page down to the training steps that read it, from a step up to the source records behind it,
and from a score up to all that it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.samples import why
from corpus.contamination.policy import CONTAMINATED
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stages import CHECKPOINT, DOCUMENTS, SCORE, SHARDS, SPLIT, TRIMMED, UNIQUE, kinds_read
from corpus.lake.store import Lake
from corpus.lineage.graph import find_source, sources
from corpus.lineage.records import cuts, fates, origins
from corpus.lineage.reread import payload_digest
from corpus.shards.format import OtherVersionError
from corpus.shards.reader import ShardSet
from dagster_project.resources import local_folder
from headwater.terminal import printable
from training.data.loader import Loader

CUTS, FILES = 5, 5  # of a document, and of a dataset, that are shown
OTHER = "for another version of Headwater wrote them"


def trace_page(lake: Lake, what: str) -> Iterator[str]:
    """Lines on every record of a URL, or on one document by its id."""
    for origin in origins(lake, what):
        doc_id = origin["doc_id"]
        yield f"{doc_id.hex()}  {origin['url']}"
        yield f"    source      {_place(origin)}"
        for fate in fates(lake, doc_id):
            manifest = fate.manifest
            place = f"{manifest.partition} [{manifest.address[:12]}]"
            said = list(_cuts(lake, manifest, doc_id)) if manifest.stage == TRIMMED else []
            if "reason" in fate.row:
                keeper = fate.row["keeper"]
                near = f", {'keeper' if manifest.stage == UNIQUE else 'held-out page'} {keeper.hex()}" if keeper else ""
                held = f" [{fate.row['detail']}]" if fate.row["reason"] == CONTAMINATED else ""
                yield f"    {manifest.stage:11} {place}: removed, {why(fate.row)}{near}{held}"
                yield from said
                continue
            yield f"    {manifest.stage:11} {place}: kept as {fate.outcome}"
            yield from said
            if manifest.stage == DOCUMENTS:
                yield f"    {'':11} {_reread(lake, manifest, origin)}"
        yield from _training(lake, doc_id.hex())


def _cuts(lake: Lake, manifest: Manifest, doc_id: bytes) -> Iterator[str]:
    rows = cuts(lake, manifest, doc_id)
    for row in rows[:CUTS]:
        where = f"characters {row['start']} to {row['stop']}"
        held = f"in {row['documents']} documents, first in {row['keeper'].hex()}"
        yield f"    {'':11} {where} cut, {row['kind']} {held}"
    if len(rows) > CUTS:
        yield f"    {'':11} {len(rows) - CUTS} more cuts"


def _place(origin: dict[str, Any]) -> str:
    """Bytes of the file, or rows of a table: the source's kind says which."""
    start, length = int(origin["warc_offset"]), int(origin["warc_length"])
    return f"{origin['warc_file']} from {start} to {start + length}"


def _reread(lake: Lake, documents: Manifest, origin: dict[str, Any]) -> str:
    """Whether the record in the source is still the one that the document was made of."""
    url = lake.read_run(documents).get("warc_urls", {}).get(origin["warc_file"])
    if url is None:
        return "the run's record of where its files lie is gone"
    for table in lake.read(documents, "documents", ["doc_id", "payload_digest"]):
        for row in table.to_pylist():
            if row["doc_id"] == origin["doc_id"]:
                try:
                    same = payload_digest(url, origin) == row["payload_digest"]
                except (OSError, ValueError) as error:
                    return f"its WARC was not read again: {error}"
                return f"{url}: {row['payload_digest']} {'read again, the same' if same else 'HAS CHANGED'}"
    return "the document is not in its dataset"


def _training(lake: Lake, doc_id: str) -> Iterator[str]:
    for manifest in lake.datasets(SHARDS):
        for table in lake.read(manifest, "ledger", ["doc_id", "rules", "similarity", "reason", "detail"]):
            for row in table.filter(pc.equal(table["doc_id"], pa.scalar(bytes.fromhex(doc_id), DOC_ID))).to_pylist():
                yield f"    shards      {manifest.address[:12]}: left out of the mix, {why(row)} [{row['detail']}]"
        try:
            sets = {kind: _shards(lake, manifest, kind) for kind in ("train", "heldout")}
        except OtherVersionError:
            yield f"    shards      {manifest.address[:12]}: not read, {OTHER}"
            continue
        for kind, shards in sets.items():
            for tar, found, first, end in shards.documents(0, len(shards)):
                if found == doc_id:
                    yield f"    shards      {manifest.address[:12]}/{kind}/{tar}: tokens {first} to {end} of the stream"
                    if kind == "train":
                        yield from _steps(lake, manifest, shards, first, end)


def _shards(lake: Lake, manifest: Manifest, kind: str) -> ShardSet:
    return ShardSet(lake.local_copy(manifest, kind, local_folder(lake, "cache")))


def _steps(lake: Lake, shards_manifest: Manifest, shards: ShardSet, first: int, end: int) -> Iterator[str]:
    for checkpoint in lake.datasets(CHECKPOINT):
        if checkpoint.inputs.get(shards_manifest.name) == shards_manifest.content(kinds_read(CHECKPOINT, SHARDS)):
            taken = int(checkpoint.figures["step"])
            steps = loader(lake, checkpoint, shards).steps_reading(first, end, taken)
            listed = ", ".join(str(step + 1) for step in steps[:8]) + (" …" if len(steps) > 8 else "")
            yield f"    checkpoint  {checkpoint.address[:12]}: read in {len(steps)} of {taken} steps: {listed}"


def loader(lake: Lake, checkpoint: Manifest, shards: ShardSet) -> Loader:
    """The loader that a checkpoint was trained with."""
    state = json.loads(lake.fs.cat_file(f"{lake.folder(checkpoint)}/model/state.json"))
    plan = state["run"]["train"]
    names = ("context", "global_batch", "seed", "packing")
    return Loader(shards, **{name: plan[name] for name in names})


def trace_step(lake: Lake, step: int) -> Iterator[str]:
    """Lines on what each checkpoint of the lake read in a step (from 1): sequences, documents, source records."""
    known = {}
    for manifest in lake.datasets(SPLIT):
        for table in lake.read(manifest, "train", ["doc_id", "url", "warc_file", "warc_offset", "warc_length"]):
            known.update({row["doc_id"].hex(): row for row in table.to_pylist()})
    found = False
    for checkpoint in lake.datasets(CHECKPOINT):
        if not 1 <= step <= int(checkpoint.figures["step"]):
            continue
        found = True
        [manifest] = sources(lake, checkpoint, SHARDS)
        try:
            shards = _shards(lake, manifest, "train")
        except OtherVersionError:
            yield f"checkpoint {checkpoint.address[:12]}: its shards are not read, {OTHER}"
            continue
        yield f"checkpoint {checkpoint.address[:12]}, step {step}"
        for sequence, documents in loader(lake, checkpoint, shards).sequence_documents(step - 1):
            yield f"  sequence {sequence}"
            for document in documents:
                row = known.get(document.doc_id)
                said = f"{row['url']}  {_place(row)}" if row else "its page is no longer in the lake"
                yield f"    {document.doc_id}  {said}"
    if not found:
        raise ValueError(f"no checkpoint in the lake {lake.url} took step {step}; steps count from 1")


def trace_score(lake: Lake, task: str) -> Iterator[str]:
    """Lines from each score of a task up to the crawls: every dataset that it was made of, with its digest."""
    scores = list(lake.datasets(SCORE))
    chosen = [manifest for manifest in scores if manifest.config["task"] == task]
    if not chosen:
        there = sorted({manifest.config["task"] for manifest in scores})
        raise ValueError(f"no score of {task!r} in the lake {lake.url}: there are {', '.join(there) or 'none'}")
    for manifest in chosen:
        found = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
        one = found["score"]
        said = f"{one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}]" if one else "none"
        yield f"{task}  {found['metric']} {said} of {found['n']} items, task definition {found['definition'][:12]}"
        yield f"  {manifest.name}  {manifest.digest[:12]}"
        yield from _upstream(lake, manifest, "    ", set())


def _upstream(lake: Lake, manifest: Manifest, indent: str, met: set[str]) -> Iterator[str]:
    """A line for each dataset that one was made of, and the first files; what was shown is not followed again."""
    for name in sorted(manifest.sources):
        source = find_source(lake, manifest, name)
        if source is None:
            yield f"{indent}{printable(name)}  {manifest.sources[name][:12]}: no longer in the lake"
            continue
        yield f"{indent}{printable(name)}  {source.digest[:12]}" + (", above" if source.digest in met else "")
        if source.digest not in met:
            met.add(source.digest)
            yield from _upstream(lake, source, indent + "  ", met)
    files = sorted(set(manifest.inputs) - set(manifest.sources))
    for name in files[:FILES]:
        yield f"{indent}file {printable(name)}  {manifest.inputs[name][:12]}"
    if len(files) > FILES:
        yield f"{indent}{len(files) - FILES} more files"


def trace(lake: Lake, what: str | None, step: int | None, score: str | None = None) -> Iterator[str]:
    """Exactly one of `what` (a URL or a doc_id), `step` and `score` (a task). Raises ValueError when the lake knows
    nothing of it."""
    if sum(one is not None for one in (what, step, score)) != 1:
        raise ValueError("give a page's URL or doc_id, or --step N, or --score TASK")
    if score is not None:
        return trace_score(lake, score)
    return trace_page(lake, what) if what is not None else trace_step(lake, int(step or 0))
