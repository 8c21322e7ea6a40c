"""Score trace: every dataset that a score was made of, back to the files of the crawls."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.lake.manifest import Manifest
from corpus.lake.stages import SCORE
from corpus.lake.store import Lake
from corpus.lineage.graph import find_source
from headwater.scores import Score, list_scores


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
class ScoreTrace:
    score: Score
    inputs: tuple[Source, ...]


def trace_score(lake: Lake, task: str) -> list[ScoreTrace]:
    """Of each score of a task. Raises ValueError when there is none, naming the tasks that have one."""
    scores = list_scores(lake)
    chosen = [score for score in scores if score.task == task]
    if not chosen:
        there = ", ".join(sorted({score.task for score in scores})) or "none"
        raise ValueError(f"no score of {task!r} in the lake {lake.url}: there are {there}")
    return [ScoreTrace(score=score, inputs=_sources(lake, lake.get(SCORE, score.address), set())) for score in chosen]


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
