"""Score trace: every dataset that a score was made of, back to the files of the crawls, with some of the records that
its checkpoint was trained on read again there."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.lake.manifest import Manifest
from corpus.lake.stages import SHARDS
from corpus.lake.store import Lake
from corpus.lineage.graph import find_source, sources
from corpus.lineage.records import Fate, Records
from corpus.lineage.reread import read_again
from corpus.shards.format import OtherVersionError
from headwater.scores import Score, checkpoint_of, list_scores
from headwater.tracing.readings import CLAIM, OTHER_VERSION, open_loader, open_shards
from headwater.tracing.step_trace import ORIGIN, StepDocument


@dataclass(frozen=True, kw_only=True)
class Source:
    """A dataset or a file that a dataset was made of. `kind`: dataset, file, or missing for a dataset that is no longer
    in the lake, with its address as digest. `inputs` are empty where the same dataset was already shown: `repeated`."""

    name: str
    digest: str
    kind: str
    repeated: bool
    inputs: tuple[Source, ...]


@dataclass(frozen=True, kw_only=True)
class TrainedRecord(StepDocument):
    """A document that the checkpoint read in a training step. `record`: what reading its record again in its source
    found; `unchanged`: whether it is the same, None where it could not be read."""

    step: int
    record: str
    unchanged: bool | None


@dataclass(frozen=True, kw_only=True)
class ScoreTrace:
    """`records`: some that the checkpoint was trained on, read again; of them `compared` could be read, and `equal` had
    the digest that their documents were made with. `note`: why there are none."""

    score: Score
    inputs: tuple[Source, ...]
    records: tuple[TrainedRecord, ...]
    compared: int
    equal: int
    note: str | None
    claim: str = CLAIM


def trace_score(lake: Lake, task: str) -> list[ScoreTrace]:
    """Of each score of a task. Raises ValueError when there is none, naming the tasks that have one."""
    scores = list_scores(lake)
    chosen = [score for score in scores if score.task == task]
    if not chosen:
        there = ", ".join(sorted({score.task for score in scores})) or "none"
        raise ValueError(f"no score of {task!r} in the lake {lake.url}: there are {there}")
    return [_trace(lake, score) for score in chosen]


def _trace(lake: Lake, score: Score) -> ScoreTrace:
    manifest = lake.get(score.stage, score.address)
    records, note = _records(lake, manifest)
    return ScoreTrace(
        score=score,
        inputs=_sources(lake, manifest, set()),
        records=records,
        compared=sum(record.unchanged is not None for record in records),
        equal=sum(record.unchanged is True for record in records),
        note=note,
    )


def _records(lake: Lake, score: Manifest) -> tuple[tuple[TrainedRecord, ...], str | None]:
    """The first document of the first, the middle and the last step, or why there is none."""
    try:
        checkpoint = checkpoint_of(lake, score)
        if checkpoint is None:
            return (), "its model was not trained in this lake, or is no longer there"
        [manifest] = sources(lake, checkpoint, SHARDS)
        loader = open_loader(lake, checkpoint, open_shards(lake, manifest, "train"))
    except OtherVersionError:
        return (), f"its shards are {OTHER_VERSION}"
    except FileNotFoundError as error:
        return (), str(error)
    steps = int(checkpoint.figures["step"])
    read: dict[str, int] = {}
    for step in sorted({1, (steps + 1) // 2, steps}):
        for source in loader.documents(int(loader.samples(step - 1)[0]))[:1]:
            read.setdefault(source.doc_id, step)
    made = {fate.row["doc_id"]: fate for fate in Records(lake).find("doc_id", [*map(bytes.fromhex, read)])}
    return tuple(
        _read_again(lake, step, doc_id, made.get(bytes.fromhex(doc_id))) for doc_id, step in read.items()
    ), None


def _read_again(lake: Lake, step: int, doc_id: str, made: Fate | None) -> TrainedRecord:
    """`made`: what the dataset says in which the document was made."""
    row = made.row if made is not None else {}
    reread = read_again(lake, made.manifest, row) if made is not None else None
    return TrainedRecord(
        doc_id=doc_id,
        **{name: row.get(name) for name in ORIGIN},
        step=step,
        record=reread.found if reread is not None else "its page is no longer in the lake",
        unchanged=reread.unchanged if reread is not None else None,
    )


def _sources(lake: Lake, manifest: Manifest, shown: set[str]) -> tuple[Source, ...]:
    """Datasets first, then files; the inputs of a dataset that was shown are not listed again."""
    entries: list[Source] = []
    for name in sorted(manifest.sources):
        dataset = find_source(lake, manifest, name)
        if dataset is None:
            missing = manifest.sources[name]
            entries.append(Source(name=name, digest=missing, kind="missing", repeated=False, inputs=()))
            continue
        repeated = dataset.digest in shown
        shown.add(dataset.digest)
        inputs = () if repeated else _sources(lake, dataset, shown)
        entries.append(Source(name=name, digest=dataset.digest, kind="dataset", repeated=repeated, inputs=inputs))
    for name in sorted(set(manifest.inputs) - set(manifest.sources)):
        entries.append(Source(name=name, digest=manifest.inputs[name], kind="file", repeated=False, inputs=()))
    return tuple(entries)
