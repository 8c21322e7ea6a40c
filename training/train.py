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

from corpus.shards.reader import ShardSet
from training.config import CHOICES, TrainConfig
from training.distributed.parallel import World
from training.optim.scaling import resolve
from training.presets import PRESETS
from training.run.outdir import Outdir
from training.run.trainer import Trainer

HELP = {
    "tokens": "budget; the last step may run over it",
    "context": "tokens of a sequence",
    "global_batch": "sequences of a step, on all ranks together; 0: by the law of training/optim/scaling.py",
    "micro_batch": "sequences of a rank in memory at once",
    "learning_rate": "at its peak; 0: by the law of training/optim/scaling.py",
    "optimizer": "muon: Muon for the matrices of the layers, AdamW for the rest",
    "schedule": "of the learning rate, after the warmup",
    "warmup": "share of the steps in which the learning rate rises",
    "decay": "share of the steps in which it falls, with --schedule wsd",
    "final_share": "of the peak learning rate at the last step",
    "weight_decay": "of matrices",
    "l1": "rate * l1 comes off the absolute value of the matrices' weights each step",
    "dropout": "share of what a layer adds that is dropped in training",
    "label_smoothing": "share of the probability that is asked for all tokens alike",
    "beta1": "of AdamW",
    "beta2": "of AdamW",
    "momentum": "of Muon",
    "clip": "longest gradient",
    "packing": "concat: the stream cut evenly; bestfit: whole documents where they fit, and padding",
    "document_masks": "attention stays within a document",
    "seed": "of the weights and of the order of the samples",
    "patience": "held-out losses in a row that may be no better than the best before the run ends; 0: any number",
    "eval_every": "steps between two held-out losses",
    "eval_sequences": "held-out sequences that are measured",
    "checkpoint_every": "steps between two checkpoints",
    "keep": "newest checkpoints that stay",
    "keep_every": "older checkpoints stay at multiples of so many steps; 0: none",
    "sample_every": "steps between two samples of generated text; 0: none",
    "threads": "CPU threads of all ranks of a machine together; 0: one a core",
    "dtype": "auto: bfloat16 where matrix units for it exist",
    "parallel": "ddp: the model whole on each rank; fsdp: a share of it",
    "compile": "auto: torch.compile on GPUs",
    "timeout": "seconds that a rank waits for the others",
}


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--shards", required=True, help="folder with index.json and its tars, or its URL")
    flags.add_argument("--heldout", help="shards whose loss is measured and never trained on")
    flags.add_argument("--tokenizer", type=Path, required=True, help="the tokenizer.json of the shards")
    flags.add_argument("--out", type=Path, required=True, help="checkpoints, metrics.jsonl and tensorboard go here")
    flags.add_argument("--preset", choices=PRESETS, default="tiny", help="where all settings not given come from")
    flags.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="SETTING",
        help="goes on though this differs from the saved run, such as train.learning_rate; repeatable",
    )
    flags.add_argument("--profile", action="store_true", help="trace three of the first steps into OUT/profile")
    kinds = {"int": int, "float": float, "str": str}
    for field in dataclasses.fields(TrainConfig):
        name, text = "--" + field.name.replace("_", "-"), HELP[field.name]
        if field.type == "bool":
            flags.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
        else:
            flags.add_argument(name, type=kinds[str(field.type)], choices=CHOICES.get(field.name), help=text)
    return flags


def main() -> int:
    flags = vars(parser().parse_args())
    given = {name: flags[name] for name in HELP if flags[name] is not None}
    shards = ShardSet(flags["shards"])
    heldout = ShardSet(flags["heldout"]) if flags["heldout"] else None
    model, plan = PRESETS[flags["preset"]](shards.index.vocab_size, shards.index.eos)
    config = dataclasses.replace(plan, **given)
    model = dataclasses.replace(model, max_position_embeddings=config.context)
    config, steps = resolve(config, model)
    out = Outdir(flags["out"])
    with World(config.threads, config.timeout) as world, out if world.first else nullcontext():
        for step in steps if world.first else ():
            print(step, file=sys.stderr)
        trainer = Trainer(
            model=model,
            config=config,
            shards=shards,
            heldout=heldout,
            tokenizer=flags["tokenizer"],
            out=out,
            world=world,
            overrides=flags["override"],
            profile=flags["profile"],
        )
        return trainer.run()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"train: {error}")
