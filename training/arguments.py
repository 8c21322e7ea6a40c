"""Arguments of train.py: the command line, with a line of help for each setting of TrainConfig and
part of Shape. Needs no torch."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from training.config import CHOICES, TrainConfig
from training.models.families import FAMILIES
from training.objectives.catalog import OBJECTIVES
from training.presets import DEFAULT_FAMILY, PRESETS
from training.shape import Shape

DESCRIPTION = """\
Train a language model on shards of tokens:

    torchrun --nproc_per_node=2 training/train.py --shards DIR --tokenizer FILE --out DIR

Without torchrun it is one process. To continue a run that ended early, repeat the command: it resumes from the newest
intact checkpoint in OUT.
"""

# The help of each part of a model's shape; a part that is not given follows from the others (training.shape.Shape).
SHAPE = {
    "layers": "number of layers",
    "width": "size of the vectors between the layers",
    "heads": "attention heads of a layer",
    "kv_heads": "heads of keys and values, which attention heads share; they divide the heads",
    "head_width": "size of a head's vectors, an even number",
    "feed_forward": "width of the feed-forward layers",
}
# The help of each setting.
SETTINGS = {
    "tokens": "number of tokens to train on; the last step may exceed it",
    "context": "tokens of a sequence",
    "global_batch": "sequences of a step, over all ranks; 0: derived by a scaling law from model size and tokens",
    "micro_batch": "sequences that a rank holds in memory at a time",
    "learning_rate": "peak learning rate; 0: derived by a scaling law from model size and tokens",
    "optimizer": "muon: Muon for the matrices of the layers, AdamW for the rest; adamw: AdamW for all",
    "schedule": "of the learning rate, after the warmup",
    "warmup_fraction": "fraction of the steps in which the learning rate rises to its peak",
    "decay_fraction": "fraction of the steps in which the learning rate falls; for --schedule wsd",
    "final_lr_fraction": "learning rate of the last step, as a fraction of the peak",
    "weight_decay": "decoupled weight decay, of matrices",
    "l1": "decoupled L1 decay, of matrices: a step reduces absolute values by learning rate * l1",
    "dropout": "probability that a value of a layer's output is dropped in training",
    "label_smoothing": "probability that is spread evenly over the vocabulary in the training loss",
    "beta1": "of AdamW",
    "beta2": "of AdamW",
    "momentum": "of Muon",
    "max_grad_norm": "gradients are scaled down to at most this norm",
    "objective": "what is learnt (default: what models of the family usually learn)",
    "mask_share": "fraction of the tokens that are hidden and predicted; of objectives that hide some",
    "mean_span": "mean length of a hidden span in tokens; for --objective span_corruption",
    "whole_words": "hide all tokens of a word or none; Chinese words too; needs headwater[words]",
    "packing": "concat: documents in a row, cut evenly; bestfit: whole documents where they fit, and padding",
    "document_masks": "attention stays within a document",
    "freeze": "the embeddings and so many of the lowest layers do not learn; 0: all learn",
    "seed": "of the initial weights and of the order of the sequences",
    "patience": "end the run after so many held-out losses in a row that are not the best so far; 0: never",
    "eval_every": "steps between two evaluations of the held-out loss",
    "eval_sequences": "number of held-out sequences of an evaluation",
    "checkpoint_every": "steps between two checkpoints",
    "keep_last": "number of newest checkpoints to keep",
    "keep_every": "also keep the checkpoints at multiples of so many steps; 0: none",
    "sample_every": "steps between two samples of generated text; 0: none",
    "threads": "CPU threads of all ranks of a machine together; 0: one a core",
    "dtype": "of matrix products; auto: bfloat16 where the hardware has matrix units for it, else float32",
    "parallel": "ddp: each rank holds the whole model; fsdp: each rank holds a part of it",
    "compile": "torch.compile of the layers; auto: on GPUs",
    "timeout": "seconds that a rank waits for the others before the run ends with an error",
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", required=True, help="folder of training shards (index.json and tars), or its URL")
    parser.add_argument("--heldout", help="folder of shards for the held-out loss, which are never trained on")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the tokenizer.json of the shards")
    parser.add_argument(
        "--out",
        required=True,
        help="folder for checkpoints, metrics.jsonl and tensorboard, or its URL in an object store",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="FOLDER",
        help="begin with the weights of this checkpoint, of the newest one of this --out, or of this Hugging Face "
        "folder, and with its shape; of a checkpoint or an --out also a URL (default: begin with random weights)",
    )
    parser.add_argument(
        "--teacher",
        metavar="FOLDER",
        help="learn the predictions of this checkpoint as well (distillation); of the same tokenizer",
    )
    parser.add_argument("--temperature", type=float, default=2.0, help="of a teacher's predictions (%(default)s)")
    parser.add_argument(
        "--hard-weight",
        type=float,
        default=0.5,
        help="weight of the text in the loss beside a teacher's predictions, 0 to 1 (%(default)s)",
    )
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="tiny",
        help="the defaults of the model and of all settings below (default: %(default)s)",
    )
    parser.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="SETTING",
        help="let this setting differ from the saved run, such as train.learning_rate; repeatable",
    )
    parser.add_argument("--profile", action="store_true", help="trace three of the first steps into OUT/profile")
    model = parser.add_argument_group("model", "What is not given is the preset's, or follows from the width.")
    model.add_argument(
        "--family",
        choices=FAMILIES,
        help=f"architecture of the model (default: that of --from, else {DEFAULT_FAMILY})",
    )
    for part in fields(Shape):
        model.add_argument("--" + part.name.replace("_", "-"), type=_positive, metavar="N", help=SHAPE[part.name])
    settings = parser.add_argument_group("settings", "Defaults come from the preset.")
    types = {"int": int, "float": float, "str": str}
    for field in fields(TrainConfig):
        flag, text = "--" + field.name.replace("_", "-"), SETTINGS[field.name]
        if field.type == "bool":
            settings.add_argument(flag, action=argparse.BooleanOptionalAction, help=text)
        else:
            choices = OBJECTIVES if field.name == "objective" else CHOICES.get(field.name)
            settings.add_argument(flag, type=types[str(field.type)], choices=choices, help=text)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value
