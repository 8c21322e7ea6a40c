"""Build: the parts of a run, from its plan: tokenizer, loaders, memory budget and model."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch

from corpus.lake.manifest import sha256
from corpus.shards.reader import ShardSet
from training.config import SAMPLES, TrainConfig
from training.data.loader import Loader
from training.distributed.parallel import World
from training.distributed.sharding import shard
from training.models.config import ModelConfig
from training.models.module import TrainableModel
from training.objectives.catalog import OBJECTIVES
from training.objectives.objective import Objective, Text
from training.run.budget import Budget, available_memory, estimate_budget


def check_plan(model: ModelConfig, config: TrainConfig, heldout: ShardSet | None, overrides: Collection[str]) -> None:
    """Raises ValueError for settings that contradict each other or what is given."""
    if config.patience and heldout is None:
        raise ValueError(
            f"--patience {config.patience} compares held-out losses; add --heldout, or set --patience to 0"
        )
    if config.sample_every and not model.CAUSAL:
        raise ValueError(f"--sample-every: the family {model.model_type} does not continue texts; set it to 0")
    if config.document_masks and not model.DOCUMENT_MASKS:
        raise ValueError(
            f"--document-masks: the family {model.model_type} cannot keep documents of a sequence apart; give "
            f"--no-document-masks"
        )
    if fixed := sorted(SAMPLES.intersection(overrides)):
        raise ValueError(f"--override {fixed[0]}: steps would read other samples than before; give another --out")


def read_tokenizer_of(path: Path, *shard_sets: ShardSet | None) -> bytes:
    """The bytes of tokenizer.json. Raises ValueError when shards were written with another one."""
    data = path.read_bytes()
    digest = sha256(data)
    for shards in shard_sets:
        if shards is not None and shards.index.tokenizer != digest:
            raise ValueError(
                f"{path} has sha256 {digest}, but {shards.folder} was written with tokenizer {shards.index.tokenizer}; "
                f"give the tokenizer.json that the shards were written with"
            )
    return data


def build_loader(shards: ShardSet, config: TrainConfig, world: World) -> Loader:
    return Loader(
        shards,
        context=config.context,
        global_batch=config.global_batch,
        seed=config.seed,
        packing=config.packing,
        segments=config.document_masks,
        rank=world.rank,
        world=world.size,
    )


def build_objective(shards: ShardSet, tokenizer: bytes, config: TrainConfig) -> Objective:
    return OBJECTIVES[config.objective].build(Text(shards.index.vocab_size, shards.index.eos, tokenizer), config)


def build_heldout_loader(shards: ShardSet | None, config: TrainConfig) -> Loader | None:
    if shards is None:
        return None
    return Loader(shards, context=config.context, global_batch=1, seed=0, segments=config.document_masks)


def is_sharded(config: TrainConfig, world: World) -> bool:
    """Whether each rank holds a part of the model."""
    return config.parallel == "fsdp" and world.size > 1


def build_budget(model: ModelConfig, config: TrainConfig, world: World, dtype: torch.dtype) -> Budget:
    """What a rank will hold. Raises ValueError when that is more than the memory that is free."""
    sharded = is_sharded(config, world)
    sequences = min(config.micro_batch, config.global_batch // world.size)
    budget = estimate_budget(
        model,
        config,
        ranks=world.size,
        sharded=sharded,
        optimizer=config.optimizer,
        dtype=dtype,
        device=world.device.type,
        splits=1 if sharded else world.thread_splits(sequences, random=config.dropout > 0),
    )
    processes = world.local_size if world.device.type == "cpu" else 1
    budget.check(available_memory(world.device) // processes)
    return budget


def build_model(model: ModelConfig, config: TrainConfig, world: World, dtype: torch.dtype) -> TrainableModel:
    """Untrained, compiled and sharded as the plan says, on the device of this rank."""
    module = model.build(config.seed, dropout=config.dropout, label_smoothing=config.label_smoothing)
    module.freeze(config.freeze)
    if config.compile == "on" or (config.compile == "auto" and world.device.type == "cuda"):
        module.compile_blocks()
    if is_sharded(config, world):
        shard(module, world.device, dtype)
    return module.to(world.device)
