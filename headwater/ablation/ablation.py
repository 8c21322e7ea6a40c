"""Ablation: what one change of a recipe does, from the documents that are kept to the scores of models."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from corpus.lake.current import RecipeLake
from corpus.lake.stages import ITEMS, SHARDS, SPLIT
from corpus.lake.store import Lake
from corpus.sources import crawl_id
from headwater.ablation import document_changes
from headwater.ablation.arms import Arm, Design, write_arms
from headwater.ablation.document_changes import DocumentChanges, count_changes, find_changed_documents
from headwater.ablation.forecast import names_of, read_report
from headwater.comparison import comparison as score_comparison
from headwater.comparison.sides import compare_sides
from headwater.graph_run import GraphRun
from pipelines.engine import Engine
from training.significance.comparison import Comparison


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """`same`: both train the same model on the same data, so that none was trained for the variant. `train_tokens`: of
    A and B. `changed_documents`: rows of document_changes.CHANGED, counted in `documents`. `seconds`: what this run
    took for each arm. `scores`: None where nothing differs. `excluded_hosts`: which B alone leaves out."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    same: bool
    train_tokens: tuple[int, int]
    documents: DocumentChanges
    changed_documents: pa.Table
    excluded_hosts: tuple[str, ...]
    seconds: dict[str, float]
    scores: Comparison | None


def ablate(
    lake: Lake, design: Design, crawls: Sequence[str], engine: Engine, samples: int, quiet: bool = False
) -> Ablation:
    """Computes what is missing of all arms, the variant's data first: where that is the same as the base's and so is
    the model, nothing is trained. `crawls`: partition keys. Raises as GraphRun does; what was computed stays."""
    write_arms(lake, design.arms)
    base, variant = design.a[0], design.b[0]
    ids = sorted(map(crawl_id, crawls))
    seconds: dict[str, float] = {}

    def run(arm: Arm, only_data: bool = False) -> None:
        started = time.monotonic()
        graph = GraphRun(lake, engine, arm.name, quiet)
        if only_data:
            graph.run_until_shards(crawls)
        elif read_report(lake, arm, ids) is None:
            graph.run(crawls, {})
        seconds[arm.name] = round(seconds.get(arm.name, 0.0) + time.monotonic() - started, 1)

    run(base)
    run(variant, only_data=True)
    views = [RecipeLake(lake.url, arm.name) for arm in (base, variant)]
    contents = [[view.of_crawls(stage, ids).content() for stage in (SHARDS, ITEMS)] for view in views]
    same = base.recipe.training == variant.recipe.training and contents[0] == contents[1]
    if not same:
        for arm in design.arms:
            run(arm)
    changed = find_changed_documents(views[0], views[1], ids)
    kept = [view.of_crawls(SPLIT, ids).counts.kept for view in views]
    tokens = [int(view.of_crawls(SHARDS, ids).figures["train_tokens"]) for view in views]
    return Ablation(
        a=tuple(arm.name for arm in design.a),
        b=tuple(arm.name for arm in design.b),
        same=same,
        train_tokens=(tokens[0], tokens[1]),
        documents=count_changes(changed, (kept[0], kept[1]), samples),
        changed_documents=changed,
        excluded_hosts=tuple(
            host for host in variant.recipe.clean.excluded_hosts if host not in base.recipe.clean.excluded_hosts
        ),
        seconds=seconds,
        scores=None if same else compare_sides(names_of(design.a), names_of(design.b), lake),
    )


def lines(ablation: Ablation) -> Iterator[str]:
    a, b = ablation.train_tokens
    yield from score_comparison.side_lines(ablation.a, ablation.b)
    yield f"tokens to train on  A {a:,}   B {b:,}   B - A {b - a:+,}"
    yield from document_changes.lines(ablation.documents)
    yield ""
    if ablation.scores is None:
        yield "Same data: the change keeps the same tokens and asks the same items, so no model was trained for it."
    else:
        yield from score_comparison.result_lines(ablation.scores)
        if ablation.excluded_hosts:
            yield (
                f"Measured: models retrained without {', '.join(ablation.excluded_hosts)}, on these crawls and with "
                "these seeds. No other influence is claimed."
            )
    took = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in ablation.seconds.items() if seconds >= 1)
    yield f"cost of this run    {sum(ablation.seconds.values()):,.0f} s{f': {took}' if took else ''}"


def as_object(ablation: Ablation) -> dict[str, Any]:
    """For --json: all but the table of changed documents, of which it has the counts and samples."""
    values = {field.name: getattr(ablation, field.name) for field in fields(ablation)}
    del values["changed_documents"]
    scores = None if ablation.scores is None else score_comparison.as_object(ablation.scores)
    return {**values, "documents": asdict(ablation.documents), "scores": scores}
