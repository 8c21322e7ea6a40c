"""Model: the trainer, launched by torchrun through Dagster Pipes, and its last checkpoint as a dataset.

model/      the last checkpoint, as it was saved
along/      step-00000150/ and so on: earlier ones without their optimizer, for the learning curve
metrics/    sample/
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterPipesExecutionError

import training
from corpus.cards.writing import write_cards
from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Stage, publish_once
from corpus.lake.store import Lake
from corpus.text.lines import split_lines
from dagster_project import checks
from dagster_project.folders import local_folder
from dagster_project.lineage import upstream
from dagster_project.metadata.figures import curve, markdown_image
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.files import load_recipe
from recipes.recorded import changed_settings
from recipes.training import TrainingConfig
from training.checkpoints.checkpoint import MANIFEST, Checkpoints, files_without_optimizer
from training.checkpoints.start import Start, open_start
from training.config import TrainConfig
from training.models.config import ModelConfig
from training.optim.scaling import apply_step_law

STAGE = stages.CHECKPOINT
VERSION = 2
LIBRARIES = {name: version(name) for name in ("numpy", "safetensors", "tokenizers", "torch")}
PROMPT_WORDS, PROMPT_CHARACTERS, GENERATED_TOKENS, PROMPTS = 12, 100, 120, 3


@stage_asset(
    STAGE,
    group="model",
    kinds={"pytorch", "huggingface"},
    version=VERSION,
    checked=(checks.DIGESTS, checks.LOSS_FINITE),
    pool="training",
)
def checkpoint(
    context: dg.AssetExecutionContext, lake: LakeResource, pipes: dg.PipesSubprocessClient
) -> dg.MaterializeResult:
    """The trained model: a folder that transformers loads as it stands, with its loss curve and a sample of text."""
    opened = lake.open(context.partition_key)
    tars, pages = upstream(context, opened, stages.SHARDS), upstream(context, opened, stages.SPLIT)
    vocabulary = upstream(context, opened, stages.TOKENIZER)
    config = load_recipe(opened, context.partition_key).training
    start = open_start(config.start) if config.start else None
    plan = _plan(opened, config, tars, start)
    stage = Stage(
        name=STAGE,
        partition=tars.partition,
        version=VERSION,
        config=plan,
        datasets=[tars, vocabulary, pages],
        files={"start": start.digest} if start else {},  # by content, wherever it lies
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        run = local_folder(opened, "runs") / stage.address
        found = replace(config, start=str(start.folder)) if start else config
        _train(context, pipes, opened, found, plan, tars, vocabulary, run)
        checkpoints = Checkpoints(run / "checkpoints", 1, plan.train.keep_every)
        sample = _generate(opened, checkpoints.all()[-1], pages) if plan.model.CAUSAL else []
        manifest = _manifest(opened, stage, run, sample, checkpoints)
        shutil.rmtree(run / "checkpoints")  # what is left of them is in the lake now; TensorBoard's files stay
        return manifest, {"run": str(run)}

    outcome = publish_once(opened, stage, make)
    write_cards(opened, outcome.manifest, changed_settings)
    steps = read_metrics(opened, outcome.manifest)
    losses = [step.get("heldout_loss" if "heldout_loss" in step else "loss") for step in steps]
    results = [checks.digests(opened, outcome.manifest), checks.loss_finite(losses)]
    extra = {"loss_curve": dg.MetadataValue.md(markdown_image(loss_curve(steps), "loss"))}
    return describe_datasets(opened, outcome, results, extra=extra)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that decides a run, resolved from its preset: a changed preset is another checkpoint."""

    processes: int
    model: ModelConfig
    train: TrainConfig


def _plan(lake: Lake, config: TrainingConfig, tars: Manifest, start: Start | None) -> Plan:
    """Raises dg.Failure when there is not one sequence to train on."""
    index = json.loads(lake.fs.cat_file(f"{lake.folder(tars)}/train/index.json"))
    model, train = config.plan(index["vocab_size"], index["eos"], start.model if start else None)
    if tars.figures["train_tokens"] <= train.context:
        raise dg.Failure(
            f"{tars.partition}: {tars.figures['train_tokens']} training tokens are not one sequence of {train.context} "
            f"and its target: take a larger crawl"
        )
    train = replace(train, tokens=config.tokens_of(train.tokens, tars.figures["train_tokens"]))
    train, _ = apply_step_law(train, model)
    return Plan(processes=config.processes, model=model, train=kept_along(train, config.along))


def kept_along(train: TrainConfig, points: int) -> TrainConfig:
    """The plan by which `points` checkpoints at most, evenly spaced, stay beside the last ones."""
    if not points:
        return train
    spacing = -(-train.steps // (points + 1))
    every = min(train.checkpoint_every, spacing)
    return replace(train, checkpoint_every=every, keep_every=-(-spacing // every) * every)


def _train(
    context: dg.AssetExecutionContext,
    pipes: dg.PipesSubprocessClient,
    lake: Lake,
    config: TrainingConfig,
    plan: Plan,
    tars: Manifest,
    vocabulary: Manifest,
    run: Path,
) -> None:
    cache = local_folder(lake, "cache")
    folders = {kind: lake.local_copy(tars, kind, cache) for kind in ("train", "heldout")}
    command = [
        *torchrun("train.py", config.processes),
        *("--shards", str(folders["train"])),
        *("--tokenizer", str(lake.local_copy(vocabulary, "tokenizer", cache) / "tokenizer.json")),
        *("--out", str(run)),
        *config.flags(),
        *("--tokens", str(plan.train.tokens)),
        *("--checkpoint-every", str(plan.train.checkpoint_every), "--keep-every", str(plan.train.keep_every)),
    ]
    if tars.figures["heldout_tokens"] > plan.train.context:  # else there is not one sequence to measure a loss on
        command += ["--heldout", str(folders["heldout"])]
    environment = {**os.environ, "HEADWATER_LAUNCHER_PID": str(os.getpid()), "OMP_NUM_THREADS": "1"}
    try:
        pipes.run(command=command, context=context, env=environment).get_results()
    except DagsterPipesExecutionError as error:
        raise dg.Failure(f"training failed; its last lines are above, its folder is {run}") from error


def _manifest(
    lake: Lake, stage: Stage, run: Path, sample: Sequence[Mapping[str, str]], checkpoints: Checkpoints
) -> Manifest:
    """Copies the checkpoints, the metrics and what the model said into the lake, and says what they are."""
    last = checkpoints.all()[-1]
    folder = lake.path(STAGE, stage.address)
    (run / "sample.json").write_bytes(canonical_json(list(sample)))
    files = [lake.put(path, folder, f"model/{path.name}", 0) for path in sorted(last.iterdir()) if path.is_file()]
    with lake.scratch() as scratch:
        for step in checkpoints.milestones():
            kept, said = files_without_optimizer(step)
            (scratch / MANIFEST).write_bytes(said)
            put = (*kept, scratch / MANIFEST)
            files += [lake.put(path, folder, f"along/{step.name}/{path.name}", 0) for path in put]
    files.append(lake.put(run / "metrics.jsonl", folder, "metrics/metrics.jsonl", 0))
    files.append(lake.put(run / "sample.json", folder, "sample/sample.json", 0))
    steps = [json.loads(line) for line in split_lines((run / "metrics.jsonl").read_text())]
    final: dict[str, Any] = {}
    for step in steps:
        final |= step
    return stage.manifest(files, Counts(records_in=0, kept=0), final)


def _generate(lake: Lake, checkpoint: Path, pages: Manifest) -> list[dict[str, str]]:
    """What the model says after the first words of held-out pages, which it has not seen."""
    rows = islice(chain.from_iterable(table.to_pylist() for table in lake.read(pages, "heldout", ["text"])), PROMPTS)
    prompts = [" ".join(row["text"].split()[:PROMPT_WORDS])[:PROMPT_CHARACTERS] for row in rows]
    if not prompts:
        return []
    flags = ("--checkpoint", str(checkpoint), "--max-tokens", str(GENERATED_TOKENS), "--seed", "0", "--json")
    printed = run_module("training.inference.generate", *flags, *(f"--prompt={prompt}" for prompt in prompts))
    return [json.loads(line) for line in split_lines(printed)]


def torchrun(script: str, processes: int) -> list[str]:
    """The command line, up to the script's own flags, of a script in training/."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    return [*launcher, str(Path(training.__file__).parent / script)]


def run_module(module: str, *flags: str) -> str:
    """Runs `python -m module`, in a process of its own: Dagster's never imports torch. Returns what it printed."""
    done = subprocess.run([sys.executable, "-m", module, *flags], capture_output=True, text=True, check=False)
    if done.returncode:
        raise dg.Failure(f"{module} failed: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}")
    return done.stdout.strip()


def read_metrics(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl."""
    data = lake.fs.cat_file(f"{lake.folder(manifest)}/metrics/metrics.jsonl")
    return [json.loads(line) for line in data.splitlines()]


def loss_curve(steps: Sequence[Mapping[str, Any]]) -> str:
    """Training and held-out loss by step, as SVG."""
    series = {
        "training": [(step["step"], step["loss"]) for step in steps if step.get("loss") is not None],
        "held out": [(step["step"], step["heldout_loss"]) for step in steps if step.get("heldout_loss") is not None],
    }
    return curve(series, "step", "loss (nats a token)")
