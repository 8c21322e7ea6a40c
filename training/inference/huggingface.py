"""Hugging Face: any causal language model in a folder, loaded by transformers.

Nothing in the folder is executed: weights are read from safetensors, and code in the folder is not trusted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lm_eval.models.utils import configure_pad_token, has_bos_prefix, resolve_max_length
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria, StoppingCriteriaList
from transformers.utils import logging

from training.inference.batches import Batch
from training.inference.model import score_states

OPTIONS = {"local_files_only": True, "trust_remote_code": False}


def load_pretrained(folder: Path, kind: Any) -> Any:
    """The model of a folder as one of transformers' AutoModel classes, in float32, on the CPU and for inference.

    Raises ValueError where there are no safetensors, or weights are damaged or missing.
    """
    if not any(folder.glob("*.safetensors")):
        raise ValueError(f"{folder} holds no *.safetensors; convert the weights, others can execute code when read")
    logging.disable_progress_bar()
    try:
        model, about = kind.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **OPTIONS
        )
    except SafetensorError as error:
        raise ValueError(f"{folder}: the weights are damaged ({error}); get them again") from error
    if missing := sorted(about["missing_keys"]):  # transformers would draw them at random
        raise ValueError(f"{folder} lacks the weights {', '.join(missing)[:200]}; get them again")
    return model.eval()


def load_pretrained_tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder, **OPTIONS)


class HuggingFace:
    """A model in float32 with its tokenizer, which adds the special tokens that it is configured to, as in lm-eval."""

    branches = False  # not every architecture supports a mask for them

    def __init__(self, folder: Path, device: torch.device) -> None:
        model = load_pretrained(folder, AutoModelForCausalLM)
        self.model: Any = model.to(device)
        self.tokenizer = load_pretrained_tokenizer(folder)
        configure_pad_token(self.tokenizer, model.config)
        self.context = resolve_max_length(model.config, self.tokenizer)
        bos, eos = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        if bos is None and eos is None:
            raise ValueError(f"{folder}: the tokenizer has neither a bos nor an eos token to open a text with")
        self.prefix: int = eos if bos is None else bos
        self.prefix_text = self.tokenizer.decode([self.prefix])
        self.some_logits = "logits_to_keep" in inspect.signature(model.forward).parameters

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        """A text that already begins with the token that would be added is left as it is."""
        has_prefix = [special and has_bos_prefix(text, self.prefix_text) for text in texts]
        encoded: list[list[int]] = [[]] * len(texts)
        for add in (True, False):
            chosen = [number for number, has in enumerate(has_prefix) if (special and not has) == add]
            if chosen:
                ids = self.tokenizer([texts[number] for number in chosen], add_special_tokens=add)["input_ids"]
                for number, text_ids in zip(chosen, ids, strict=True):
                    encoded[number] = text_ids
        return encoded

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def spell(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    @torch.no_grad()
    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Where the architecture allows it, logits are computed only at the columns that some row needs."""
        tokens = torch.from_numpy(batch.tokens).to(self.model.device)
        width = tokens.shape[1]
        rows, columns = np.divmod(batch.indices, width)
        logging.disable_progress_bar()
        options = {}
        if self.some_logits:
            needed, columns = np.unique(columns, return_inverse=True)
            options, width = {"logits_to_keep": torch.from_numpy(needed).to(tokens.device)}, len(needed)
        logits = self.model(tokens, use_cache=False, **options).logits
        indices = rows * width + columns
        return score_states(logits.flatten(0, 1), lambda states: states, logits.shape[-1], indices, batch.targets)

    @torch.no_grad()
    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        longest = max(map(len, prompts))
        padding = self.tokenizer.pad_token_id
        padded = torch.tensor([[padding] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        device = self.model.device
        generated = self.model.generate(
            input_ids=padded.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=max_tokens,
            do_sample=False,
            pad_token_id=padding,
            stopping_criteria=StoppingCriteriaList([_Stop(stop, longest)]),
        )
        return [self._until_eos(row[longest:].tolist()) for row in generated]

    def _until_eos(self, tokens: list[int]) -> list[int]:
        eos: Any = self.tokenizer.eos_token_id
        return tokens[: tokens.index(eos)] if eos in tokens else tokens


class _Stop(StoppingCriteria):
    """Ends each row by itself."""

    def __init__(self, stop: Callable[[list[int]], bool], begin: int) -> None:
        self.stop, self.begin = stop, begin

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        done = [self.stop(row[self.begin :].tolist()) for row in input_ids]
        return torch.tensor(done, device=input_ids.device)
