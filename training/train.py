"""Trains a model on shards: `torchrun --nproc_per_node=2 training/train.py --shards DIR --tokenizer FILE --out DIR`.

The same command again goes on from the newest sound checkpoint in OUT; without torchrun it is a world of one process.
"""

import sys
from pathlib import Path

sys.path.pop(0)  # training/, whose files are modules of a package and not of their own
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import argparse
import dataclasses
from contextlib import nullcontext

from corpus.shard_set import ShardSet
from training.config import DTYPES, PRESETS, TrainConfig
from training.outdir import Outdir
from training.parallel import World
from training.trainer import Trainer


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--shards", type=Path, required=True, help="folder with index.json and its tars")
    flags.add_argument("--heldout", type=Path, help="shards whose loss is measured and never trained on")
    flags.add_argument("--tokenizer", type=Path, required=True, help="the tokenizer.json of the shards")
    flags.add_argument("--out", type=Path, required=True, help="checkpoints, metrics.jsonl and tensorboard go here")
    flags.add_argument("--preset", choices=PRESETS, default="tiny", help="where all settings not given come from")
    flags.add_argument("--tokens", type=int, help="budget; the last step may run over it")
    flags.add_argument("--context", type=int, help="tokens of a sequence")
    flags.add_argument("--global-batch", type=int, help="sequences of a step, on all ranks together")
    flags.add_argument("--micro-batch", type=int, help="sequences of a rank in memory at once")
    flags.add_argument("--learning-rate", type=float, help="at its peak")
    flags.add_argument("--seed", type=int, help="of the weights and of the order of the samples")
    flags.add_argument("--eval-every", type=int, help="steps between two held-out losses")
    flags.add_argument("--checkpoint-every", type=int, help="steps between two checkpoints")
    flags.add_argument("--threads", type=int, help="CPU threads of all ranks of a machine together; 0: one a core")
    flags.add_argument("--dtype", choices=DTYPES, help="auto: bfloat16 where matrix units for it exist")
    return flags


def main() -> int:
    flags = vars(parser().parse_args())
    names = {field.name for field in dataclasses.fields(TrainConfig)}
    given = {name: value for name, value in flags.items() if name in names and value is not None}
    shards = ShardSet(flags["shards"])
    heldout = ShardSet(flags["heldout"]) if flags["heldout"] else None
    model, plan = PRESETS[flags["preset"]](shards.index.vocab_size, shards.index.eos)
    config = dataclasses.replace(plan, **given)
    model = dataclasses.replace(model, max_position_embeddings=config.context)
    out = Outdir(flags["out"])
    with World(config.threads) as world, out if world.first else nullcontext():
        trainer = Trainer(
            model=model,
            config=config,
            shards=shards,
            heldout=heldout,
            tokenizer=flags["tokenizer"],
            out=out,
            world=world,
        )
        return trainer.run()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"train: {error}")
