"""Demo: materializes the whole graph in this process, with history, and prints what came of it."""

from __future__ import annotations

import json
import sys
import time
import uuid
import warnings
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_shared.utils.warnings import PreviewWarning

from corpus.lake.store import Lake
from dagster_project.definitions import BENCHMARKS_JOB, CLEAN_JOB, CRAWL_JOB, ITEMS_JOB, RECIPE_ASSETS, RECIPE_JOB, defs
from dagster_project.instance import PID_TAG, reconcile, this_process, use_home
from dagster_project.lineage import latest
from dagster_project.partitions import BUILT_IN, crawl_key, crawl_recipe_key, crawls, distinct_ids
from dagster_project.resources import EngineResource, LakeResource
from training.evaluation.catalog import PREPARED
from training.evaluation.items import load_items

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Demo:
    """One run of the river over some crawls, under one recipe."""

    def __init__(self, lake: Lake, workers: int, recipe: str) -> None:
        self.lake, self.workers, self.recipe = lake, workers, recipe
        use_home(lake)

    def run(self, urls: Sequence[str], benchmarks: Mapping[str, Path]) -> None:
        """Every benchmark that this run or an earlier one on the lake was given is scored too.

        Raises the first error of a stage; what was published before stays, and the next run goes on there."""
        keys = sorted({crawl_key(url) for url in urls} or BUILT_IN)
        distinct_ids(keys)
        started = time.time()
        warnings.simplefilter("ignore", PreviewWarning)  # Pipes' own reader uses what its own library calls preview
        with dg.DagsterInstance.get() as instance:
            lost = reconcile(instance)
            if lost:
                print(f"{lost} earlier run was killed; going on from its finished parts", file=sys.stderr)
            for task, path in benchmarks.items():
                files = {"ops": {f"benchmarks__{task}": {"config": {"path": str(path)}}}}
                self._materialize(instance, ITEMS_JOB, None, files, {dg.AssetKey(["benchmarks", task])})
            instance.add_dynamic_partitions(str(crawls.name), keys)
            for key in keys:
                self._materialize(instance, CRAWL_JOB, key)
                self._materialize(instance, CLEAN_JOB, crawl_recipe_key(key, self.recipe))
            config = {"ops": {"unique": {"config": {"crawls": keys}}}}
            known = [task.name for task in PREPARED if latest(instance, f"benchmarks/{task.name}", None)]
            if known:
                chosen = {asset.key for asset in RECIPE_ASSETS} | {dg.AssetKey(["scores", task]) for task in known}
                self._materialize(instance, BENCHMARKS_JOB, self.recipe, config, chosen)
            else:
                self._materialize(instance, RECIPE_JOB, self.recipe, config)
        report = json.loads(self.lake.fs.cat_file(self.lake.path("report", self.recipe, "report.json")))
        print("\n" + summary(report))
        print(f"\n{time.time() - started:.0f} s; the report: {self.lake.path('report', self.recipe, 'index.html')}")

    def _materialize(
        self,
        instance: dg.DagsterInstance,
        job: str,
        key: str | None,
        config: dict[str, Any] | None = None,
        assets: Set[dg.AssetKey] | None = None,
    ) -> None:
        """All of a job's assets, or some of them.

        Raises RuntimeError when a check blocks or an asset reports a failure of its own."""
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, _print_materialization)
        try:
            found = defs.resolve_job_def(job)
            (found.get_subset(asset_selection=assets) if assets else found).execute_in_process(
                instance=instance,
                run_id=run_id,
                partition_key=key,
                run_config={**QUIET, **(config or {})},
                tags={PID_TAG: this_process()},
                resources={
                    "lake": LakeResource(url=self.lake.url),
                    "engine": EngineResource(workers=self.workers),
                    "pipes": dg.PipesSubprocessClient(),
                },
            )
        except (dg.Failure, dg.DagsterError) as error:
            reason = error.description if isinstance(error, dg.Failure) else str(error)
            raise RuntimeError(f"{reason}; `headwater ui --lake {self.lake.url}` shows run {run_id}") from error


def benchmark_paths(given: Sequence[str]) -> dict[str, Path]:
    """TASK=PATH, each read once: a benchmark that cannot be asked is told before anything is computed.

    Raises ValueError or FileNotFoundError naming what is wrong with it."""
    tasks = {task.name: task for task in PREPARED}
    found: dict[str, Path] = {}
    for one in given:
        name, _, path = one.partition("=")
        if name not in tasks or not path:
            raise ValueError(f"--benchmark {one}: TASK=PATH is wanted, with a task of {', '.join(tasks)}")
        if name in found:
            raise ValueError(f"--benchmark {one}: {name} is already given with {found[name]}")
        found[name] = Path(path).resolve()
        load_items(tasks[name], found[name])
    return found


def _print_materialization(entry: dg.EventLogEntry) -> None:
    event = entry.dagster_event
    if event is None or not event.is_step_materialization:
        return
    materialization = event.step_materialization_data.materialization
    metadata = {name: value.value for name, value in materialization.metadata.items()}
    if "reused" not in metadata:
        return
    name = "/".join(materialization.asset_key.path)
    how = "reused" if metadata["reused"] else f"{metadata['seconds']:.1f} s"
    counts = f"{metadata['kept']:,} of {metadata['records_in']:,} kept" if metadata["records_in"] else ""
    print(f"{name:22} {metadata['partition']:22} {counts:26} {how}", flush=True)
    not_read: Any = metadata.get("not_read", {})
    for file, found in not_read.items():
        print(f"    not read: {file}: {found}", file=sys.stderr)


def summary(report: dict[str, Any]) -> str:
    """The table that closes the demo."""
    pages = f"{report['pages']:,} of {report['records']:,} records, {report['html_bytes'] / 1e6:.1f} MB of HTML"
    kept = f"{report['clean']:,} clean, {report['unique']:,} unique, {report['train_documents']:,} to train on"
    rows: list[tuple[str, str]] = [
        ("pages", pages + (f", and {report['texts']:,} texts" if report["texts"] else "")),
        ("documents", f"{report['documents']:,} with text"),
        ("kept", f"{kept}, {report['heldout_documents']:,} held out"),
    ]
    for stage, reasons in report["dropped"].items():
        listed = ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1]))
        rows.append((f"dropped, {stage}", listed))
    training = report["training"]
    rows.append(("tokens", f"{report['train_tokens']:,} ({report['bytes_per_token']} bytes each)"))
    held = training.get("heldout_loss")
    heldout = f"{held:.4f}" if held is not None else "too few tokens to measure"
    rows.append(("loss", f"{training['loss']:.4f}, held out {heldout}, step {training['step']:,}"))
    rows += [(task, score_line(result)) for task, result in report["scores"].items()]
    mean = report["core"]
    if mean is not None:
        rows.append(("core", f"{_interval(mean)}, the centred mean of {', '.join(mean['tasks'])}"))
    rows += _along(report["learning_curve"])
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def score_line(result: dict[str, Any]) -> str:
    if result["score"] is None:
        return "no items: too few held-out pages to ask anything of"
    others = [f"{name} {one['value']:.4f}" for name, one in sorted(result["beside"].items(), reverse=True)]
    others += [f"chance {result['chance']:.4f}"] if result["chance"] is not None else []
    return f"{_interval(result['score'])} of {result['n']:,} items" + (f"; {', '.join(others)}" if others else "")


def _interval(one: dict[str, Any]) -> str:
    return f"{one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}]"


def _along(curve: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The learning curve, a line a task, of the items that were asked along the run."""
    points = curve["points"] if curve else []
    if len(points) < 2:
        return []
    steps = ", ".join(f"{point['step']:,}" for point in points)
    rows = [("along the run", f"steps {steps}")]
    for task, about in (curve or {})["tasks"].items():
        values = " ".join(f"{point['scores'][task]['value']:.3f}" for point in points)
        rows.append((f"  {task}", f"{values} of the first {about['n']} items"))
    return rows
