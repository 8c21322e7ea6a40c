"""Inputs: texts -> padded batches of token ids, as the model that is started from reads them.

B examples   T tokens
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers.processors import Sequence as Processors
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import CONFIG_MAPPING, AutoConfig, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import logging

from training.models.families import FAMILIES

Features = dict[str, Any]  # of one example: lists of ids, or a number as its label
IGNORED = -100  # a label that no loss counts, for PyTorch
PADDING = {"attention_mask": 0, "token_type_ids": 0, "labels": IGNORED}
PAD = "<|pad|>"
OPTIONS: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
LONGEST = 1_024  # tokens, where a model says of itself that it reads texts of any length


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """`limit`: the most tokens of an example."""

    tokenizer: PreTrainedTokenizerFast
    limit: int

    def encode(self, text: str, pair: str | None = None, **options: Any) -> Any:
        """Token ids with the special tokens of the model; what is too long is cut at the end, of a pair the longer."""
        return self.tokenizer(text, pair, truncation=True, max_length=self.limit, **options)

    def batch(self, features: Sequence[Features]) -> dict[str, Tensor]:
        """Padded on the right to the longest: int64 [B, T], or [B] where there is one label each."""
        found = {}
        for name in features[0]:
            values = [one[name] for one in features]
            if isinstance(values[0], list):
                longest, filler = max(map(len, values)), PADDING.get(name, self.tokenizer.pad_token_id)
                values = [[*value, *[filler] * (longest - len(value))] for value in values]
            found[name] = torch.tensor(values)
        return found

    def batches(self, features: Sequence[Features], size: int) -> Iterator[tuple[list[int], dict[str, Tensor]]]:
        """In the order of their length, so that little is padded: the numbers of the examples, and their batch."""
        order = sorted(range(len(features)), key=lambda number: len(features[number]["input_ids"]))
        for start in range(0, len(order), size):
            numbers = order[start : start + size]
            yield numbers, self.batch([features[number] for number in numbers])


def read_config(folder: Path, **changes: Any) -> Any:
    """Of a model in transformers. Raises ValueError where it is of a family that is not there."""
    logging.set_verbosity_error()  # its report of new weights is long; load_headed says them in a line
    logging.disable_progress_bar()
    try:
        return AutoConfig.from_pretrained(folder, **OPTIONS, **changes)
    except ValueError as error:
        known = ", ".join(name for name in FAMILIES if name in CONFIG_MAPPING or name == "gpt_bert")
        raise ValueError(
            f"{folder}: transformers does not have its family, so it cannot be fine-tuned; take one of {known}"
        ) from error


def load_inputs(folder: Path, max_tokens: int) -> Inputs:
    """With the tokenizer of a folder. Where that adds no special tokens, as ours, a text opens with the token by which
    documents opened in training, and so does the second of a pair; with an encoder and a decoder it also closes with
    it, which is what transformers' heads read there. Raises ValueError where `max_tokens` is more than the model can
    read."""
    closed = read_config(folder).is_encoder_decoder
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, **OPTIONS)
    opening = tokenizer.eos_token
    if tokenizer.pad_token is None and closed:
        tokenizer.add_special_tokens({"pad_token": PAD})  # the heads look for the last token that closes a text
    elif tokenizer.pad_token is None:
        tokenizer.pad_token = opening
    if not tokenizer.num_special_tokens_to_add():
        backend, closing = tokenizer.backend_tokenizer, f" {opening}:0" if closed else ""
        template = TemplateProcessing(
            single=f"{opening}:0 $A:0{closing}",
            pair=f"{opening}:0 $A:0 {opening}:0 $B:0{closing}",
            special_tokens=[(opening, tokenizer.eos_token_id)],
        )
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
        own = backend.post_processor
        backend.post_processor = template if own is None else Processors([own, template])
    limit = tokenizer.model_max_length
    if max_tokens > limit:
        raise ValueError(f"max_tokens {max_tokens}: the model of {folder} reads at most {limit}")
    return Inputs(tokenizer=tokenizer, limit=max_tokens or min(limit, LONGEST))


def on_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: values.to(device) for name, values in batch.items()}
