"""Clean: documents -> measures -> clean. What is measured is kept for every document, so moving a threshold measures
nothing again; what the rules say of it decides who stays. Documents pass in Arrow batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOCUMENT, DROPPED, LEDGER, ORIGIN, ledger_row
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.optout.blocklists import find_blocked
from corpus.privacy import mask as privacy
from corpus.quality.rules import DEFAULT, LANGUAGE_SCORE, Failure, Rule, apply_rules
from corpus.quality.toxicity import BadWordConfig, BadWordLists, BadWords
from corpus.selection.model import SelectionConfig, SelectionModel, read_model
from pipelines.engine import Engine
from pipelines.measures import LANGUAGE, MOST_ERRORS, RULE_ERROR, RuleError, bounded, count_error, measure, named
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import compute, each_split

STAGE = stages.CLEAN
VERSION = 4
BAD_WORDS, EXCLUDED_HOST, SELECTION = "bad_words", "excluded_host", "selection"

# How many placeholders of each kind stand in a document's title and text.
MASKED = pa.struct([pa.field(kind, pa.int32(), nullable=False) for kind in privacy.KINDS])
CLEAN = pa.schema([*DOCUMENT, *LANGUAGE, pa.field("masked", MASKED, nullable=False)])


@dataclass(frozen=True, kw_only=True)
class CleanConfig:
    """`language_score`: the least probability with which a page's language must be known. `mask`: the kinds of personal
    data that are masked in what is kept, () for none. `rule_errors`: the share of documents above which the stage fails
    because a measure, rule or mask raised an error on them; below, they are dropped. `excluded_hosts`: those whose
    documents are dropped, each with all hosts below it; what they measure is kept, so that it costs little to try.
    `selection`: how like chosen texts a document must be."""

    rules: tuple[Rule, ...] = DEFAULT
    language_score: float = LANGUAGE_SCORE
    mask: tuple[str, ...] = privacy.KINDS
    bad_words: BadWordConfig = field(default_factory=BadWordConfig)
    rule_errors: float = MOST_ERRORS
    excluded_hosts: tuple[str, ...] = ()
    selection: SelectionConfig = field(default_factory=SelectionConfig)

    def __post_init__(self) -> None:
        if wrong := [host for host in self.excluded_hosts if host != host.strip(" .").lower() or "/" in host]:
            raise ValueError(f"excluded_hosts: {', '.join(wrong)}: give hosts such as example.org, in small letters")
        unknown = set(self.mask) - set(privacy.KINDS)
        if unknown:
            raise ValueError(f"cannot mask {sorted(unknown)}: there are {', '.join(privacy.KINDS)}")


def clean(lake: Lake, documents: Manifest, config: CleanConfig, engine: Engine) -> Outcome:
    """Publishes the documents that no rule stops. Raises StageError when none is left, or when rules raised errors on
    more than the configured share."""
    measures = measure(lake, documents, engine, config.rule_errors).manifest
    lists = BadWordLists(config.bad_words.folder) if config.bad_words.folder else None
    digest = lists.digest if lists else None
    selected_by = read_model(config.selection.model)[1] if config.selection.model else None
    stage = Stage(
        name=STAGE,
        partition=documents.partition,
        version=VERSION,
        config=replace(  # by content, wherever they lie
            config,
            bad_words=replace(config.bad_words, folder=digest),
            selection=replace(config.selection, model=selected_by),
        ),
        datasets=[documents, measures],
        libraries=privacy.LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [documents], "measures": [measures]})
    plan = bounded(lambda: each_split(splits, Clean(config, digest, selected_by), [documents]), config.rule_errors)
    outcome = compute(lake, stage, engine, plan)
    if outcome.manifest.counts.kept == 0:
        raise StageError(
            f"{stage.label}: no document is left of {outcome.manifest.counts.records_in}; "
            f"dropped by {dict(outcome.manifest.counts.dropped)}; loosen a rule of the recipe, or take a larger crawl"
        )
    return outcome


class Clean(Work):
    schemas = {"documents": CLEAN, "ledger": LEDGER}

    def __init__(self, config: CleanConfig, bad_words_digest: str | None, model_digest: str | None) -> None:
        self.config, self.bad_words_digest, self.model_digest = config, bad_words_digest, model_digest

    def setup(self, lake: Lake) -> None:
        folder = self.config.bad_words.folder
        self.bad_words = BadWordLists(folder) if folder else None
        if self.bad_words is not None and self.bad_words.digest != self.bad_words_digest:
            raise StageError(f"the lists of bad words in {folder} changed while the stage ran")
        self.model: SelectionModel | None = None
        if url := self.config.selection.model:
            self.model, found = read_model(url)
            if found != self.model_digest:
                raise StageError(f"the model of selection {url} changed while the stage ran")

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        measures = lake.read_table(split.paths["measures"])
        start = 0
        for batch in lake.read_batches(split.paths["documents"]):
            measured = measures.slice(start, len(batch)).combine_chunks()
            start += len(batch)
            if measured["doc_id"].to_pylist() != batch["doc_id"].to_pylist():
                raise StageError(f"{split.paths['measures']} and its documents are not in the same order")
            self._batch(batch, measured, part)
        if start != len(measures):
            raise StageError(f"{split.paths['measures']} has {len(measures)} rows for {start} documents")

    def _batch(self, batch: pa.RecordBatch, measured: pa.Table, part: Part) -> None:
        codes, scores = measured["language"].to_pylist(), measured["language_score"].to_pylist()
        lost: dict[int, tuple[str, list[Failure], str | None]] = {
            row: (failed[0].rule, failed, None)
            for row, failed in apply_rules(
                measured, codes, scores, self.config.rules, self.config.language_score
            ).items()
        }
        errors = {row: error for row, error in enumerate(measured["error"].to_pylist()) if error}
        titles, texts = batch["title"].to_pylist(), batch["text"].to_pylist()
        if self.bad_words:
            for row, text in enumerate(texts):
                try:
                    with named(BAD_WORDS):
                        bad = self.bad_words.measure(text, codes[row])
                except RuleError as error:
                    errors.setdefault(row, str(error))
                    continue
                if bad.share > self.config.bad_words.maximum:
                    failed = lost[row][1] if row in lost else []
                    failed.append(Failure(rule=BAD_WORDS, value=bad.share, threshold=self.config.bad_words.maximum))
                    lost[row] = failed[0].rule, failed, _said(bad)
        for row, failure in self._unlike(batch, codes).items():
            failed = lost[row][1] if row in lost else []
            failed.append(failure)
            lost[row] = failed[0].rule, failed, lost[row][2] if row in lost else None
        for row, host in enumerate(batch["host"].to_pylist()) if self.config.excluded_hosts else ():
            if (blocked := find_blocked(host, self.config.excluded_hosts)) is not None:
                lost[row] = EXCLUDED_HOST, lost[row][1] if row in lost else [], blocked
        masked: dict[int, tuple[privacy.Masked, privacy.Masked]] = {}
        for row in range(len(batch)):
            if row not in lost and row not in errors:
                try:
                    with named("mask"):
                        masked[row] = self._mask(titles[row]), self._mask(texts[row])
                except RuleError as error:
                    errors[row] = str(error)
        for row, said in errors.items():
            lost[row] = f"{RULE_ERROR}:{said.partition(':')[0]}", [], said
            count_error(part, said)
        self._lose(batch, dict(sorted(lost.items())), part)
        self._keep(batch, masked, measured, part)

    def _unlike(self, batch: pa.RecordBatch, languages: Sequence[str]) -> dict[int, Failure]:
        """The rows of the documents that are not like the texts by which the model selects."""
        config = self.config.selection
        if self.model is None:
            return {}
        bound = self.model.bound(config.by, config.keep)
        scores = self.model.score(batch["text"], config.by)
        rows = [row for row, code in enumerate(languages) if not config.languages or code in config.languages]
        return {
            row: Failure(rule=SELECTION, value=float(scores[row]), threshold=bound)
            for row in rows
            if scores[row] < bound
        }

    def _mask(self, text: str) -> privacy.Masked:
        return privacy.mask_text(text, self.config.mask)

    def _lose(self, batch: pa.RecordBatch, lost: dict[int, tuple[str, list[Failure], str | None]], part: Part) -> None:
        origins = batch.select([column.name for column in ORIGIN]).take(pa.array(lost, pa.int64())).to_pylist()
        for origin, (reason, failed, detail) in zip(origins, lost.values(), strict=True):
            rules = [asdict(failure) for failure in failed]
            part.lose(ledger_row(origin, STAGE, DROPPED, reason, rules=rules, detail=detail))

    def _keep(
        self,
        batch: pa.RecordBatch,
        masked: dict[int, tuple[privacy.Masked, privacy.Masked]],
        measured: pa.Table,
        part: Part,
    ) -> None:
        """The rows that were masked, as they are but for title and text."""
        rows = pa.array(masked, pa.int64())
        kept, found = batch.take(rows), measured.select([column.name for column in LANGUAGE]).take(rows)
        counts = [Counter(title.counts) + Counter(text.counts) for title, text in masked.values()]
        columns = dict(zip(kept.schema.names, kept.columns, strict=True))
        columns |= dict(zip(found.column_names, found.columns, strict=True))
        for number, column in enumerate(("title", "text")):
            columns[column] = pa.array([pair[number].text for pair in masked.values()], DOCUMENT.field(column).type)
        numbers = [pa.array([count[kind] for count in counts], pa.int32()) for kind in privacy.KINDS]
        columns["masked"] = pa.StructArray.from_arrays(numbers, fields=list(MASKED))
        keep_documents(part, pa.table([columns[name] for name in CLEAN.names], schema=CLEAN))
        for kind, times in sum(counts, Counter()).items():
            part.figure(f"masked:{kind}", times)


def keep_documents(part: Part, kept: pa.Table) -> None:
    """Documents that stay, rows of CLEAN, with the figures of their languages and the size of their texts."""
    part.keep_table("documents", kept)
    for count in pc.value_counts(kept["language"]).to_pylist():
        part.figure(f"language:{count['values']}", count["counts"])
    part.figure("text_bytes", pc.sum(pc.binary_length(kept["text"])).as_py() or 0)


def _said(bad: BadWords) -> str | None:
    """The bad words that were found most often."""
    found = sorted(bad.found.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{phrase} {times}" for phrase, times in found)[:200] or None
