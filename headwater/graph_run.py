"""Graph run: materializes the assets of a recipe, from crawls to report, and prints a line for each."""

from __future__ import annotations

import logging
import sys
import uuid
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_shared.utils.warnings import PreviewWarning

from corpus.lake import stages
from corpus.lake.store import Lake
from dagster_project import partitions
from dagster_project.definitions import (
    AFTER_SCORES,
    BENCHMARK_JOB,
    BENCHMARK_SCORE_JOB,
    CLEAN_ASSETS,
    CLEAN_JOB,
    CRAWL_JOB,
    FINETUNE_ASSETS,
    FINETUNE_JOB,
    RECIPE_ASSETS,
    RECIPE_JOB,
    STUDY_JOB,
    UNTIL_SHARDS,
    defs,
)
from dagster_project.instance import PID_TAG, reconcile, this_process, use_home
from dagster_project.lineage import BENCHMARK_SCORE, content_before, latest
from dagster_project.partitions import benchmark_recipe_key, crawl_recipe_key
from dagster_project.resources import EngineResource, LakeResource
from headwater import interrupts
from headwater.progress import Progress
from pipelines.engine import Engine
from recipes.files import load_recipe
from training.evaluation.catalog import PREPARED

log = logging.getLogger(__name__)

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class GraphRun:
    """One run of the asset graph on a lake, under one recipe, kept in the lake's Dagster history. `pipes`: what starts
    the trainer."""

    def __init__(
        self, lake: Lake, engine: Engine, recipe: str, quiet: bool = False, pipes: Pipes | None = None
    ) -> None:
        self.lake, self.engine, self.recipe = lake, engine, recipe
        self._pipes = pipes or Pipes()
        self._progress = Progress(enabled=not quiet)
        use_home(lake)

    def run(self, crawl_keys: Sequence[str], benchmarks: Mapping[str, Path]) -> str:
        """`benchmarks`: task -> its files; every benchmark of an earlier run on the lake is scored too. Returns the
        path of the report.

        Raises the first error of a stage; what was published before stays, and the next run continues from it."""
        with self._instance() as instance:
            self._read_benchmarks(instance, benchmarks)
            config = self._clean(instance, crawl_keys)
            known = [task.name for task in PREPARED if latest(instance, stages.BENCHMARK, task.name)]
            finetuned = bool(load_recipe(self.lake, self.recipe).finetune)
            if known or finetuned:
                last = {asset.key for asset in AFTER_SCORES}
                until = {asset.key for asset in RECIPE_ASSETS} - last
                self._materialize(instance, RECIPE_JOB, self.recipe, config, until)
                for task in known:
                    self._materialize(instance, BENCHMARK_SCORE_JOB, benchmark_recipe_key(task, self.recipe))
                if finetuned:
                    self._materialize(instance, FINETUNE_JOB, self.recipe)
                self._materialize(instance, RECIPE_JOB, self.recipe, assets=last)
            else:
                self._materialize(instance, RECIPE_JOB, self.recipe, config)
            report = latest(instance, "report", self.recipe)
        assert report is not None, "the job ends with the report"
        return str(report["path"])

    def run_until_shards(self, crawl_keys: Sequence[str]) -> None:
        """What a model would be trained on, and what it would be asked; none is trained. Raises as `run`."""
        self._run_parts(crawl_keys, {asset.key for asset in UNTIL_SHARDS})

    def run_until_checkpoint(self, crawl_keys: Sequence[str]) -> None:
        """As `run_until_shards`, and the model is trained; it is not scored. Raises as `run`."""
        self._run_parts(crawl_keys, {dg.AssetKey(stages.CHECKPOINT), *(asset.key for asset in UNTIL_SHARDS)})

    def _run_parts(self, crawl_keys: Sequence[str], assets: Set[dg.AssetKey]) -> None:
        with self._instance() as instance:
            config = self._clean(instance, crawl_keys)
            self._materialize(instance, RECIPE_JOB, self.recipe, config, assets)

    def run_until(
        self, crawl_keys: Sequence[str], benchmarks: Mapping[str, Path], last: Collection[dg.AssetKey]
    ) -> None:
        """These assets and those that they read, and no others: of benchmarks those that are given. Raises as `run`."""
        chosen = dg.AssetSelection.assets(*last).upstream().resolve(defs.resolve_asset_graph())
        with self._instance() as instance:
            self._read_benchmarks(instance, benchmarks)
            config = self._clean(instance, crawl_keys, chosen)
            rest = _among(chosen, RECIPE_ASSETS)
            if rest:
                self._materialize(instance, RECIPE_JOB, self.recipe, config, rest)
            if tasks := _among(chosen, FINETUNE_ASSETS):
                self._materialize(instance, FINETUNE_JOB, self.recipe, assets=tasks)
            for task in benchmarks if dg.AssetKey(BENCHMARK_SCORE) in last else ():
                self._materialize(instance, BENCHMARK_SCORE_JOB, benchmark_recipe_key(task, self.recipe))

    def run_until_clean(self, crawl_keys: Sequence[str]) -> None:
        """Each crawl by itself, as the first part of the other two. Raises as `run`."""
        with self._instance() as instance:
            self._clean(instance, crawl_keys)

    def show_study(self, name: str) -> None:
        """A study of tuning that has come to its end, as Dagster's history keeps it. Raises as `run`."""
        with self._instance() as instance:
            instance.add_dynamic_partitions(str(partitions.studies.name), [name])
            self._materialize(instance, STUDY_JOB, name)

    @contextmanager
    def _instance(self) -> Iterator[dg.DagsterInstance]:
        warnings.simplefilter("ignore", PreviewWarning)  # Pipes' own reader uses what its own library calls preview
        with dg.DagsterInstance.get() as instance, self._progress:
            stopped = reconcile(instance)
            if stopped:
                log.info("an earlier run was stopped: continuing from what it finished (%d)", stopped)
            yield instance

    def _read_benchmarks(self, instance: dg.DagsterInstance, benchmarks: Mapping[str, Path]) -> None:
        instance.add_dynamic_partitions(str(partitions.benchmarks.name), list(benchmarks))
        for task, path in benchmarks.items():
            files = {"ops": {stages.BENCHMARK: {"config": {"path": str(path)}}}}
            self._materialize(instance, BENCHMARK_JOB, task, files)

    def _clean(
        self, instance: dg.DagsterInstance, crawl_keys: Sequence[str], chosen: Set[dg.AssetKey] | None = None
    ) -> dict[str, Any]:
        """Each crawl by itself, up to its signatures, or those assets of it that are chosen. Returns the configuration
        by which the next stages take these crawls together."""
        each = None if chosen is None else _among(chosen, CLEAN_ASSETS)
        instance.add_dynamic_partitions(str(partitions.crawls.name), list(crawl_keys))
        instance.add_dynamic_partitions(str(partitions.recipes.name), [self.recipe])
        for key in crawl_keys:
            self._materialize(instance, CRAWL_JOB, key)
            if each is None or each:
                self._materialize(instance, CLEAN_JOB, crawl_recipe_key(key, self.recipe), assets=each)
        return {"ops": {"unique": {"config": {"crawls": list(crawl_keys)}}}}

    def _materialize(
        self,
        instance: dg.DagsterInstance,
        job: str,
        key: str,
        config: dict[str, Any] | None = None,
        assets: Set[dg.AssetKey] | None = None,
    ) -> None:
        """All of a job's assets, or some of them.

        Raises RuntimeError when a check blocks or an asset reports a failure of its own."""
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, lambda entry: self._print_event(instance, entry))
        try:
            definition = defs.resolve_job_def(job)
            (definition.get_subset(asset_selection=assets) if assets else definition).execute_in_process(
                instance=instance,
                run_id=run_id,
                partition_key=key,
                run_config={**QUIET, **(config or {})},
                tags={PID_TAG: this_process()},
                resources={
                    "lake": LakeResource(url=self.lake.url),
                    "engine": EngineResource.of(self.engine),
                    "pipes": self._pipes,
                },
            )
        except dg.DagsterExecutionInterruptedError as error:  # Ctrl-C, where a library let the main thread have it
            raise KeyboardInterrupt from error
        except (dg.Failure, dg.DagsterError) as error:
            reason = error.description if isinstance(error, dg.Failure) else str(error)
            raise RuntimeError(f"{reason}; `headwater ui --lake {self.lake.url}` shows run {run_id}") from error

    def _print_event(self, instance: dg.DagsterInstance, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.is_step_start and event.step_key is not None:
            self._progress.start(event.step_key.replace("__", "/"))
        if event.is_step_success or event.is_step_failure:
            self._progress.finish()
        if event.is_step_materialization:
            self._progress.finish()
            materialization = event.step_materialization_data.materialization
            before = content_before(instance, materialization, entry.run_id)
            _print_materialization(materialization, before)


def _among(chosen: Set[dg.AssetKey], assets: Sequence[dg.AssetsDefinition]) -> Set[dg.AssetKey]:
    return chosen & {asset.key for asset in assets}


class Pipes(dg.PipesSubprocessClient):
    """Its processes leave Ctrl-C to this one, which ends them."""

    def run(self, **arguments: Any) -> Any:
        with interrupts.blocked():
            return super().run(**arguments)


def _print_materialization(materialization: dg.AssetMaterialization, content_before: str | None) -> None:
    """A line of what a stage made; nothing for an asset without a dataset of its own. `content_before`: of what the
    asset was until now."""
    metadata = {name: value.value for name, value in materialization.metadata.items()}
    if "reused" not in metadata:
        return
    name = "/".join(materialization.asset_key.path)
    how = "reused" if metadata["reused"] else f"{metadata['seconds']:.1f} s"
    if not metadata["reused"] and metadata["content"] == content_before:
        how += ", nothing changed: the same content as before"
    counts = f"{metadata['kept']:,} of {metadata['records_in']:,} kept" if metadata["records_in"] else ""
    print(f"{name:22} {metadata['partition']:22} {counts:26} {how}", flush=True)
    not_read: Any = metadata.get("not_read", {})
    for file, reason in not_read.items():
        print(f"    not read: {file}: {reason}", file=sys.stderr)
