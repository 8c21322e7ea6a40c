"""Arguments of finetune.py: the command line, with a line of help for each setting of FinetunePlan. Needs no torch."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from training.finetuning.data import Files, find_files
from training.finetuning.fields import LAYOUTS
from training.finetuning.plan import BOTH_SIDES, OWN, PRETRAINED, RANDOM, FinetunePlan

DESCRIPTION = """\
Fine-tune a pretrained model for a task, and score it beside a baseline that needs no model:

    torchrun --nproc_per_node=2 training/finetune.py --task classification --data sst2/ --from CHECKPOINT --out DIR

Without torchrun it is one process. To continue a run that ended early, repeat the command. OUT then has model/, which
transformers loads, predictions.jsonl, and score.json with items.parquet, which `headwater compare` reads.
docs/finetuning.md has the tasks and the forms of their data.
"""
SETTINGS = {
    "epochs": "times that the training examples are read; the best of them is kept, by the validation examples",
    "batch": "examples of a step, over all processes",
    "learning_rate": "its peak, after which it falls to zero",
    "warmup_fraction": "fraction of the steps in which the learning rate rises to its peak",
    "weight_decay": "decoupled weight decay",
    "patience": "end after so many epochs without a better validation score; 0: never",
    "max_tokens": "of an example; 0: as many as the model can read",
    "lora_rank": "learn matrices of this rank beside frozen weights (LoRA), and merge them at the end; 0: learn all",
    "freeze": "keep the embeddings and so many of the lowest layers as they are; 0: none",
    "validation_share": "of the examples, held back by chance where there is no validation file",
    "folds": "cross-validation: train so many models, each scored on a part that it has not seen; none is kept",
    "language": "of the texts that are written or found as answers; Chinese and Japanese are counted by characters",
    "adversarial": "learn from each example also with its embeddings changed for the worse, by this L2 norm; 0: no",
    "private_epsilon": "differential privacy of the training examples up to this epsilon, noise included; 0: none",
    "private_delta": "its delta; 0: one divided by the number of training examples",
    "private_clip": "the largest L2 norm of one example's gradient in private training; a longer one is scaled down",
    "seed": "of new weights and of the order of the examples",
    "threads": "CPU threads; another number may change results by rounding",
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, choices=list(LAYOUTS), help="what is learnt")
    parser.add_argument(
        "--from", dest="start", type=Path, required=True, help="a checkpoint, a run's --out, or a Hugging Face folder"
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="training examples (JSONL, CSV, TSV, Parquet, CoNLL, SQuAD), or a folder with files called train, "
        "validation or dev, and test",
    )
    parser.add_argument("--validation", type=Path, help="examples by which the best epoch is chosen")
    parser.add_argument("--test", type=Path, help="examples that are scored; by default those that validate")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its scores")
    parser.add_argument("--columns", nargs="+", default=[], metavar="NAME", help="of a table without a line of names")
    parser.add_argument(
        "--field", action="append", default=[], metavar="FIELD=COLUMN", help="the column of a field; repeatable"
    )
    parser.add_argument(
        "--initial",
        choices=[PRETRAINED, RANDOM],
        default=PRETRAINED,
        help="random: new weights in the same shape, to see what pretraining is worth (default: %(default)s)",
    )
    parser.add_argument(
        "--attention",
        choices=[OWN, BOTH_SIDES],
        default=OWN,
        help=f"{BOTH_SIDES}: a model that reads from left to right is made to see what follows too, which gpt_bert "
        "has learnt (default: %(default)s)",
    )
    for setting in fields(FinetunePlan):
        if setting.name in SETTINGS:
            parser.add_argument(
                f"--{setting.name.replace('_', '-')}",
                type=type(setting.default),
                default=setting.default,
                metavar=type(setting.default).__name__.upper(),
                help=f"{SETTINGS[setting.name]} (default: %(default)s)".replace("%", "%%").replace("%%(d", "%(d"),
            )
    return parser


def read_arguments(args: Mapping[str, Any]) -> tuple[FinetunePlan, Files, Path, Path]:
    """The plan, the data, the model to start from, and where to. Raises ValueError for what cannot be."""
    plan = FinetunePlan(**{setting.name: args[setting.name] for setting in fields(FinetunePlan)})
    wrong = next((one for one in args["field"] if "=" not in one), None)
    if wrong is not None:
        raise ValueError(f"--field {wrong}: give FIELD=COLUMN")
    files = find_files(
        args["data"],
        args["validation"],
        args["test"],
        columns=tuple(args["columns"]),
        fields=dict(one.split("=", 1) for one in args["field"]),
    )
    if plan.folds and files.validation:
        raise ValueError(f"--folds {plan.folds} holds back parts of --data in turn; leave out {files.validation}")
    return plan, files, args["start"], args["out"]
