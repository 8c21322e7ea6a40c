"""Selection: reference texts and the documents of a lake -> a model by which a recipe keeps what is like them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.samples import smallest
from corpus.lake.local_files import replace_file
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, DOCUMENT
from corpus.lake.stages import CLEAN
from corpus.lake.store import Lake
from corpus.selection.model import MEASURES, Measure, SelectionModel, fit
from corpus.sources.rows import Columns
from headwater.crawl_texts import read_texts

BATCH = 256  # texts
SHOWN = 3  # documents at either end of the scores
EMPTY = pa.schema([DOCUMENT.field(name) for name in ("doc_id", "url", "text")]).empty_table()


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A document of the crawl: bits an n-gram, and the beginning of its text."""

    url: str | None
    score: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """`reference` and `documents`: how many texts the model was fitted on. `bounds`: by measure, of some shares that
    would be kept. `best`, `worst`: by the ratio."""

    path: str
    reference: int
    documents: int
    bounds: dict[Measure, dict[float, float]]
    best: tuple[Scored, ...]
    worst: tuple[Scored, ...]


def fit_selection(
    lake: Lake, references: Sequence[str], columns: Columns, languages: Sequence[str], sample: int, out: Path
) -> Fitted:
    """Writes a model to `out`. `references`: paths or URLs as a crawl's. The documents are those that `clean` kept, at
    most `sample` of them, those with the smallest ids.

    Raises ValueError or OSError naming what cannot be used."""
    chosen = _documents(lake, languages, sample)
    if not chosen.num_rows:
        raise ValueError(f"the lake {lake.url} holds no clean documents{_in(languages)}; run a recipe on it first")
    documents = chosen["text"].combine_chunks()

    def crawl() -> Iterator[pa.Array]:
        for first in range(0, len(documents), BATCH):
            yield documents.slice(first, BATCH)

    model = fit(_batches(read_texts(references, columns)), crawl, {"languages": sorted(languages)})
    path = out.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(str(path), model.to_bytes())
    return _fitted(model, path, chosen)


def _batches(texts: Iterator[str]) -> Iterator[pa.Array]:
    while batch := list(islice(texts, BATCH)):
        yield pa.array(batch, pa.large_string())


def _documents(lake: Lake, languages: Sequence[str], sample: int) -> pa.Table:
    """doc_id, url and text of the sample."""
    wanted = pa.array(languages, pa.string())
    found: list[tuple[Manifest, str, pa.Table]] = []
    for manifest in lake.datasets(CLEAN):
        for entry in manifest.of_kind("documents"):
            ids = lake.read_file(manifest, entry, ["doc_id", "language"])
            if languages:
                ids = ids.filter(pc.is_in(ids["language"], value_set=wanted))
            found.append((manifest, entry.path, ids.select(["doc_id"])))
    every = pa.concat_tables([EMPTY.select(["doc_id"]), *(ids for _, _, ids in found)], promote_options="default")
    distinct = pa.table({"doc_id": pc.unique(every["doc_id"])})  # another recipe may have cleaned the same crawl
    chosen = pa.array(smallest(distinct, sample), DOC_ID)
    tables = [
        lake.read_where(f"{lake.folder(manifest)}/{path}", "doc_id", chosen, EMPTY.column_names)
        for manifest, path, _ in found
    ]
    rows = pa.concat_tables([EMPTY, *tables], promote_options="default")
    first = {doc_id: row for row, doc_id in reversed([*enumerate(rows["doc_id"].to_pylist())])}
    return rows.take(pa.array(sorted(first.values()), pa.int64()))


def _fitted(model: SelectionModel, out: Path, chosen: pa.Table) -> Fitted:
    texts = chosen["text"].combine_chunks()
    scores = model.score(texts, "ratio")
    order = scores.argsort(kind="stable")
    ends = [
        tuple(
            Scored(url=chosen["url"][row].as_py(), score=float(scores[row]), text=texts[row].as_py()[:200])
            for row in rows.tolist()
        )
        for rows in (order[::-1][:SHOWN], order[:SHOWN])
    ]
    return Fitted(
        path=str(out),
        reference=model.about["reference"],
        documents=len(texts),
        bounds={by: {keep: model.bound(by, keep) for keep in (0.75, 0.5, 0.25)} for by in MEASURES},
        best=ends[0],
        worst=ends[1],
    )


def _in(languages: Sequence[str]) -> str:
    return f" in {', '.join(languages)}" if languages else ""


def lines(fitted: Fitted) -> Iterator[str]:
    """What the model keeps, and how a recipe takes it."""
    yield f"model      {fitted.path}"
    yield f"fitted on  {fitted.reference:,} reference texts and {fitted.documents:,} documents"
    for by, bounds in fitted.bounds.items():
        said = ", ".join(f"{share:.0%} from {bound:+.2f}" for share, bound in bounds.items())
        yield f"{by:10} bits an n-gram; keeps {said}"
    for name, ends in (("best", fitted.best), ("worst", fitted.worst)):
        for one in ends:
            yield f"{name:10} {one.score:+.2f}  {one.url or ''}  {' '.join(one.text.split())[:80]}"
    yield ""
    yield f"Next: headwater ablate --set clean.selection.model={fitted.path} --set clean.selection.keep=0.5"
