"""Document changes: which documents one recipe keeps and another does not, and which stage and rule decides that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.current import RecipeLake
from corpus.lake.schema import LEDGER
from corpus.lake.stages import DOCUMENT_STAGES, SPLIT, crawls_of
from headwater.terminal import one_line

KEPT = ("train", "heldout")
UNKNOWN = "no ledger says"

# A document that one side keeps and the other does not: it `went` where B drops it, and `came` where A does; the stage
# that dropped it, and what the ledger says of it. A stage "-" where no ledger has it.
CHANGED = pa.schema(
    [
        pa.field("change", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        *(LEDGER.field(name) for name in ("reason", "doc_id", "url", "rules")),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A document that one side dropped. `measured`: what its rules say, such as "duplicate_lines 0.55 (bound 0.5)"."""

    doc_id: str
    url: str | None
    measured: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`documents` that a stage dropped for a reason on one side alone, some of them as `samples`."""

    stage: str
    reason: str
    documents: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class DocumentChanges:
    """`kept`: documents of both sides; `went`: what B drops and A keeps, by B's reasons; `came`: what A drops and B
    keeps, by A's. Most first."""

    kept: tuple[int, int]
    went: tuple[Decision, ...]
    came: tuple[Decision, ...]


def find_changed_documents(a: RecipeLake, b: RecipeLake, crawls: Sequence[str]) -> pa.Table:
    """A row of CHANGED for each document that one side alone keeps, of these crawls, which both have taken together."""
    one, other = _kept(a, crawls), _kept(b, crawls)
    went = _dropped(b, crawls, one.filter(pc.invert(pc.is_in(one, other))), "went")
    came = _dropped(a, crawls, other.filter(pc.invert(pc.is_in(other, one))), "came")
    return pa.concat_tables([CHANGED.empty_table(), *went, *came])


def count_changes(changed: pa.Table, kept: tuple[int, int], samples: int) -> DocumentChanges:
    """`changed`: rows of CHANGED. `kept`: documents of both sides. `samples`: of each stage and reason, at most."""
    found: dict[str, dict[tuple[str, str], list[dict[str, Any]]]] = {"went": {}, "came": {}}
    for row in changed.to_pylist():
        found[row["change"]].setdefault((row["stage"], row["reason"]), []).append(row)
    return DocumentChanges(kept=kept, went=_decisions(found["went"], samples), came=_decisions(found["came"], samples))


def _kept(lake: RecipeLake, crawls: Sequence[str]) -> pa.Array:
    split = lake.of_crawls(SPLIT, crawls)
    tables = [table for kind in KEPT for table in lake.read(split, kind, ["doc_id"])]
    return pa.concat_tables(tables)["doc_id"].combine_chunks()


def _dropped(lake: RecipeLake, crawls: Sequence[str], doc_ids: pa.Array, change: str) -> Iterator[pa.Table]:
    """Why a side dropped these documents: each was dropped once."""
    explained = doc_ids.slice(0, 0)
    for stage in DOCUMENT_STAGES:
        for manifest in lake.datasets(stage):
            if not set(crawls_of(manifest.partition)) <= set(crawls):
                continue
            for table in lake.read(manifest, "ledger", ["doc_id", "url", "reason", "rules"]):
                rows = table.filter(pc.is_in(table["doc_id"], doc_ids))
                explained = pa.concat_arrays([explained, rows["doc_id"].combine_chunks()])
                yield _as_changed(rows, change, stage)
    rest = pa.table({"doc_id": doc_ids.filter(pc.invert(pc.is_in(doc_ids, explained)))})
    for name, value in (("url", None), ("reason", UNKNOWN), ("rules", None)):
        rest = rest.append_column(name, pa.array([value] * len(rest), CHANGED.field(name).type))
    yield _as_changed(rest, change, "-")


def _as_changed(rows: pa.Table, change: str, stage: str) -> pa.Table:
    named = {"change": pa.array([change] * len(rows)), "stage": pa.array([stage] * len(rows))}
    return pa.table({**named, **{name: rows[name] for name in CHANGED.names if name not in named}}).cast(CHANGED)


def _decisions(found: Mapping[tuple[str, str], list[dict[str, Any]]], samples: int) -> tuple[Decision, ...]:
    decisions = [
        Decision(
            stage=stage,
            reason=reason,
            documents=len(rows),
            samples=tuple(map(_sample, sorted(rows, key=lambda row: bytes(row["doc_id"]))[:samples])),
        )
        for (stage, reason), rows in found.items()
    ]
    return tuple(sorted(decisions, key=lambda decision: -decision.documents))


def _sample(row: dict[str, Any]) -> Sample:
    measured = [f"{rule['rule']} {rule['value']:.4g} (bound {rule['threshold']:.4g})" for rule in row["rules"] or ()]
    return Sample(doc_id=row["doc_id"].hex(), url=row["url"], measured=tuple(measured))


def lines(changes: DocumentChanges) -> Iterator[str]:
    yield f"documents kept  A {changes.kept[0]:,}   B {changes.kept[1]:,}"
    for name, where, decisions in (("went", "B", changes.went), ("came", "A", changes.came)):
        total = sum(decision.documents for decision in decisions)
        documents = "1 document" if total == 1 else f"{total:,} documents"
        yield f"{name}  {documents}{f', dropped in {where} by' if total else ''}"
        for decision in decisions:
            yield f"  {decision.documents:,}  {one_line(f'{decision.stage} {decision.reason}')}"
            for sample in decision.samples:
                yield f"      {one_line(f'{sample.url or sample.doc_id}  ' + ', '.join(sample.measured))}"
