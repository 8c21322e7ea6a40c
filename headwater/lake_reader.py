"""Lake reader: datasets, documents, ledgers, scores and reports of a lake, as Arrow tables and frozen dataclasses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corpus.config import nearest
from corpus.lake.current import recipes_of
from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.stages import ACCOUNTS, STAGES
from corpus.lake.store import Lake
from headwater.lakes import open_lake
from headwater.reports import Report, read_report
from headwater.scores import list_scores

if TYPE_CHECKING:
    from headwater.searching.word_search import Found, WordSearcher
    from headwater.tracing.host_trace import HostTrace
    from headwater.tracing.page_trace import PageTrace
    from headwater.tracing.score_trace import ScoreTrace
    from headwater.tracing.step_trace import StepTrace
    from headwater.tracing.text_trace import TextTrace, TextTracer

DOCUMENT_STAGES = tuple(stage.name for stage in STAGES.values() if stage.documents_in)
SCORES = pa.schema(
    [
        pa.field("task", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),  # the 95 % interval
        pa.field("high", pa.float64()),
        pa.field("n", pa.int64(), nullable=False),  # items
        pa.field("chance", pa.float64()),
        pa.field("higher_is_better", pa.bool_(), nullable=False),
        pa.field("checkpoint", pa.string()),  # digest of its dataset
        pa.field("address", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A published dataset. `records_in` = `kept` + all `dropped` + all `quarantined`, which count records by reason.
    `kinds`: the kinds of file that it has, each of which `LakeReader.read` reads. `figures`: totals of its stage's own.
    """

    stage: str
    partition: str
    address: str
    digest: str
    bytes: int
    kinds: tuple[str, ...]
    records_in: int
    kept: int
    dropped: Mapping[str, int]
    quarantined: Mapping[str, int]
    inputs: Mapping[str, str]
    figures: Mapping[str, Any]


class LakeReader:
    """A lake as one recipe sees it. Opens no file before a method asks for it."""

    def __init__(self, url: str, recipe: str | None = None) -> None:
        """Raises FileNotFoundError where there is no lake, ValueError where a recipe has to be chosen."""
        self._lake: Lake = open_lake(url, recipe)
        self._searchers: dict[str, WordSearcher] = {}

    def __repr__(self) -> str:
        return f"LakeReader({self.url!r}, recipe={self.recipe!r})"

    @property
    def url(self) -> str:
        return self._lake.url

    @property
    def recipe(self) -> str | None:
        """The recipe whose datasets are read, None in a lake that pipelines wrote without one."""
        return getattr(self._lake, "recipe", None)

    @property
    def recipes(self) -> tuple[str, ...]:
        """All recipes that the lake holds something of."""
        return tuple(recipes_of(self._lake))

    def datasets(self, stage: str | None = None, address: str | None = None) -> list[Dataset]:
        """By stage and partition: all, those of a stage, those whose address begins with `address`.

        Raises ValueError for a stage of which there is none, naming those that there are.
        """
        return [_describe(manifest) for manifest in self._manifests(stage, address)]

    def read(self, dataset: Dataset, kind: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a dataset's Parquet files of one of its `kinds`; checksums of pages are verified."""
        if kind not in dataset.kinds:
            name = f"{dataset.stage}/{dataset.address[:12]}"
            raise ValueError(f"{name} has no files of kind {kind!r}: it has {', '.join(dataset.kinds)}")
        return _concat(self._lake.read(self._lake.get(dataset.stage, dataset.address), kind, _listed(columns)))

    def documents(self, stage: str = "documents", columns: Sequence[str] | None = None) -> pa.Table:
        """The documents that a stage kept, of all crawls: documents, clean, trimmed, unique or split."""
        if stage not in DOCUMENT_STAGES:
            raise ValueError(f"no documents in stage {stage!r}: choose from {', '.join(DOCUMENT_STAGES)}")
        return _concat(
            table
            for manifest in self._manifests(stage)
            for kind in _kinds(manifest)
            if kind not in ACCOUNTS
            for table in self._lake.read(manifest, kind, _listed(columns))
        )

    def ledger(self, stage: str | None = None) -> pa.Table:
        """What did not pass, of a stage or of all: where the record is, its reason, and what was measured."""
        manifests = [manifest for manifest in self._manifests(stage) if manifest.of_kind("ledger")]
        tables = [table for manifest in manifests for table in self._lake.read(manifest, "ledger")]
        return _concat([LEDGER.empty_table(), *tables])

    def scores(self) -> pa.Table:
        """A row for each score, with its 95 % interval: SCORES."""
        rows = [{name: getattr(score, name) for name in SCORES.names} for score in list_scores(self._lake)]
        return pa.Table.from_pylist(rows, SCORES)

    def report(self) -> Report:
        """Raises FileNotFoundError where the recipe has no report yet."""
        return read_report(self._lake, self.recipe)

    def trace(self, page: str) -> list[PageTrace]:
        """What became of each record of a page at every stage, down to the training steps that read it.

        `page`: a URL, also without its scheme or only its beginning, or a doc_id in hex. Raises ValueError, with
        similar URLs, when the lake does not know it.
        """
        from headwater.tracing.page_trace import trace_page

        return trace_page(self._lake, page)

    def trace_host(self, host: str) -> HostTrace:
        """What became of all pages of a host, stage by stage, down to how many of them were trained on.

        `host`: as `example.org`, or a URL of it; pages of `www.example.org` count too. Raises ValueError, with similar
        hosts, when the lake does not know it.
        """
        from headwater.tracing.host_trace import trace_host

        return trace_host(self._lake, host)

    def trace_step(self, step: int) -> list[StepTrace]:
        """What each checkpoint read in a training step, from 1. Raises ValueError when none took that step."""
        from headwater.tracing.step_trace import trace_step

        return trace_step(self._lake, step)

    def trace_score(self, task: str) -> list[ScoreTrace]:
        """All datasets and files that the scores of a task were made of, and some records that were trained on, read
        again. Raises ValueError when there is none."""
        from headwater.tracing.score_trace import trace_score

        return trace_score(self._lake, task)

    def trace_text(self, text: str, least: int = 8, limit: int = 10) -> list[TextTrace]:
        """The longest spans of a text, of at least `least` tokens, that stand word for word in the training tokens: the
        `limit` least likely ones with their documents, of each dataset of shards. Makes the index of the tokens where
        the lake has none; the shards that are there at the first question are those that later ones are asked of.

        Raises FileNotFoundError where there are no shards, ValueError for an empty text.
        """
        return [tracer.trace(text, least, limit) for tracer in self._tracers]

    def search(self, words: str, stage: str = "split", limit: int = 10) -> Found:
        """The `limit` documents of a stage that hold all words, the best first, each with its record's place. Makes the
        index of the words where there is none; the datasets of the stage at the first query are those that later
        ones are asked of.

        Raises ValueError for a stage without documents or a query that cannot be parsed, FileNotFoundError where the
        lake has no dataset of the stage.
        """
        from headwater.searching.word_search import WordSearcher

        if stage not in self._searchers:
            self._searchers[stage] = WordSearcher(self._lake, stage)
        return self._searchers[stage].search(words, limit)

    @cached_property
    def _tracers(self) -> list[TextTracer]:
        from headwater.tracing.text_trace import open_tracers

        return open_tracers(self._lake)

    def _manifests(self, stage: str | None = None, address: str | None = None) -> list[Manifest]:
        manifests = list(self._lake.datasets())
        stages = sorted({manifest.stage for manifest in manifests})
        if stage is not None and stage not in stages:
            there = f"{nearest(stage, stages)}; stages: {', '.join(stages) or 'none'}"
            raise ValueError(f"no dataset of stage {stage!r} in the lake {self.url}{there}")
        return [
            manifest
            for manifest in manifests
            if stage in (None, manifest.stage) and manifest.address.startswith(address or "")
        ]


def _describe(manifest: Manifest) -> Dataset:
    return Dataset(
        stage=manifest.stage,
        partition=manifest.partition,
        address=manifest.address,
        digest=manifest.digest,
        bytes=manifest.total_bytes,
        kinds=_kinds(manifest),
        records_in=manifest.counts.records_in,
        kept=manifest.counts.kept,
        dropped=manifest.counts.dropped,
        quarantined=manifest.counts.quarantined,
        inputs=manifest.inputs,
        figures=manifest.figures,
    )


def _kinds(manifest: Manifest) -> tuple[str, ...]:
    return tuple(sorted({entry.kind for entry in manifest.files}))


def _listed(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _concat(tables: Iterable[pa.Table]) -> pa.Table:
    """Columns that a table lacks are null in its rows."""
    return pa.concat_tables(tables, promote_options="default")
