"""Shrinking: a checkpoint, a plan of what to take from it, and the folder of what is left;
`python -m training.compress.shrinking` from a process of its own.

layers -> heads -> zeros -> further training -> integers
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.reader import ShardSet
from training.checkpoints.export import load_causal, read_quantization
from training.checkpoints.start import Start, open_start
from training.checkpoints.stored import METRICS
from training.compress.distillation import Teacher
from training.compress.further import Shards, plan_further, train_further
from training.compress.plan import Further, ShrinkPlan, ShrinkSettings
from training.compress.published import check_absent, publish_model
from training.compress.quantization import check_quantizable, quantize
from training.compress.sparsity import prune_smallest
from training.compress.structure import choose_layers, keep_heads, keep_layers
from training.data.loader import Loader
from training.distributed.device import require_determinism
from training.models.config import ModelConfig
from training.models.module import CausalModel

WORK = ".training"  # behind the name of the folder: further training, until the folder is there


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """What came of it: numbers of weights, and bytes of model.safetensors, before and after."""

    folder: Path
    parameters: tuple[int, int]
    bytes: tuple[int, int]
    about: dict[str, Any]


def shrink(
    place: str,
    out: Path,
    plan: ShrinkPlan,
    *,
    shards: Shards | None = None,
    further: Further | None = None,
    threads: int = 1,
    log: Callable[[str], None] = print,
) -> Shrunk:
    """`place`: a checkpoint, a run or a Hugging Face folder. Raises ValueError or OSError naming what cannot be; the
    folder `out` is then not there."""
    check_absent(out)
    if not (plan.layers or plan.heads or plan.prune or plan.bits or further):
        raise ValueError("nothing to do: give --int8, --int4, --prune, --heads, --layers, or --tokens to train further")
    if further and shards is None:
        raise ValueError("--tokens trains on shards: give --shards")
    start = open_start(place)
    if read_quantization(start.folder):
        raise ValueError(f"{start.folder} is quantized already; shrink the checkpoint that it was made of")
    model = load_causal(start.folder).eval()
    before = model.parameter_count, start.weights.stat().st_size
    tokens = read_tokens(shards, model.config, plan.calibration_tokens) if shards else None
    config, said = model.config, dict[str, Any]()
    if plan.layers or plan.heads:
        config, model, said = _restructure(model, plan, tokens)
        log(f"{config.num_hidden_layers} layers, {model.parameter_count:,} of {before[0]:,} weights")
    if plan.bits:
        check_quantizable(model, plan)  # before hours of training
    if plan.prune:
        prune_smallest(model, plan.prune)
    source, work = start.folder, out.with_name(out.name + WORK)
    teacher = Teacher(further.teacher, further.teaching) if further and further.teacher else None
    if further is not None and shards is not None:
        source, model = _train(start, model, config, shards, further, teacher, plan.prune > 0, threads, work)
    about = {"of": start.digest, "plan": asdict(plan), **said}
    if further is not None:
        about["further"] = {**asdict(further), "teacher": teacher.digest if teacher else None}
    exported: dict[str, Any] = config.exported()
    if plan.bits:
        tensors, scheme = quantize(model, plan, tokens if plan.bits == 4 else None)
        exported["quantization_config"] = scheme.exported()
        about["rounded"] = "calibrated" if plan.bits == 4 and tokens is not None else "to nearest"
    else:
        tensors = model.state_dict()
    publish_model(out, source, exported, tensors, about, metrics=work / "run" / METRICS)
    shutil.rmtree(work, ignore_errors=True)
    made = open_start(str(out))
    after = model.parameter_count, made.weights.stat().st_size
    return Shrunk(folder=out, parameters=(before[0], after[0]), bytes=(before[1], after[1]), about=about)


def read_tokens(shards: Shards, config: ModelConfig, count: int) -> Tensor | None:
    """int64 [B, T], about `count` tokens in sequences of the model's context, spread over the shards; None of 0."""
    opened = ShardSet(shards.train)
    if opened.index.vocab_size > config.vocab_size:
        raise ValueError(
            f"{shards.train} has {opened.index.vocab_size} tokens, the model {config.vocab_size}; give the shards that "
            f"it was trained on"
        )
    loader = Loader(opened, context=config.max_position_embeddings, global_batch=1, seed=0)
    wanted = min(loader.sequences, -(-count // config.max_position_embeddings))
    if not wanted:
        return None
    chosen = torch.arange(wanted) * loader.sequences // wanted
    return torch.from_numpy(loader.read(chosen.numpy()).tokens)


def _restructure(
    model: CausalModel, plan: ShrinkPlan, tokens: Tensor | None
) -> tuple[ModelConfig, CausalModel, dict[str, Any]]:
    config, weights, said = model.config, model.state_dict(), dict[str, Any]()
    if plan.layers:
        kept = choose_layers(model, plan.layers, tokens)
        config, weights = keep_layers(config, weights, kept)
        said["layers"] = kept
    if plan.heads:
        config, weights = keep_heads(config, weights, plan.heads)
    smaller = config.build()
    smaller.load_state_dict(weights)
    assert isinstance(smaller, CausalModel)
    return config, smaller.eval(), said


def _train(
    start: Start,
    model: CausalModel,
    config: ModelConfig,
    shards: Shards,
    further: Further,
    teacher: Teacher | None,
    sparse: bool,
    threads: int,
    work: Path,
) -> tuple[Path, CausalModel]:
    """The checkpoint after further training, and its model."""
    weights = sha256(b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values()))
    begin = work / f"start-{sha256(canonical_json({'shape': config.asdict(), 'weights': weights}))[:16]}"
    if not begin.is_dir():
        shutil.rmtree(work, ignore_errors=True)  # what other settings began does not go on under these
        publish_model(begin, start.folder, config.exported(), model.state_dict(), {})
    opened = open_start(str(begin))
    plan = plan_further(opened, ShardSet(shards.train), further.tokens, further.learning_rate, threads)
    found = train_further(opened, shards, plan, teacher, sparse, work / "run")
    return found, load_causal(found).eval()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.compress.shrinking", description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", type=Path, required=True, help="new folder for the smaller model")
    parser.add_argument("--settings", type=json.loads, required=True, help="ShrinkSettings as JSON")
    parser.add_argument("--shards", required=True, help="folder of training shards")
    parser.add_argument("--distill", metavar="TEACHER")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    require_determinism(args.threads)
    try:
        settings = ShrinkSettings(**args.settings)
        shards, further = Shards(train=args.shards), settings.further(args.distill)
        shrink(args.checkpoint, args.out, settings.plan, shards=shards, further=further, threads=args.threads)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
