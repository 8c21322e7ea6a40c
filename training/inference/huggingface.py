"""Hugging Face: any causal language model in a folder, by the transformers library.

Nothing in the folder is executed: weights are read from safetensors, and code that a folder brings is not trusted.
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

from training.inference.batches import Batch
from training.inference.model import of_states


class HuggingFace:
    """A model in float32 with its tokenizer, which adds the special tokens that it is set to add, as lm-eval has it."""

    trees = False  # not every architecture takes a mask of branches

    def __init__(self, folder: Path, device: torch.device) -> None:
        if not any(folder.glob("*.safetensors")):
            raise ValueError(f"{folder} holds no *.safetensors; convert the weights, others can execute code when read")
        kept = {"local_files_only": True, "trust_remote_code": False}
        try:
            found: Any = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **kept
            )
        except SafetensorError as error:
            raise ValueError(f"{folder}: the weights are damaged ({error}); get them again") from error
        model, about = found
        if missing := sorted(about["missing_keys"]):  # transformers draws them at random, another each time
            raise ValueError(f"{folder} lacks the weights {', '.join(missing)[:200]}; get them again")
        self.model: Any = model.to(device).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, **kept)
        configure_pad_token(self.tokenizer, model.config)
        self.context = resolve_max_length(model.config, self.tokenizer)
        bos, eos = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        if bos is None and eos is None:
            raise ValueError(f"{folder}: the tokenizer has neither a bos nor an eos token, one of which begins a text")
        self.prefix: int = eos if bos is None else bos
        self.beginning = self.tokenizer.decode([self.prefix])
        self.some_logits = "logits_to_keep" in inspect.signature(model.forward).parameters

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        """A text that begins with the token that would be put before it is left as it is."""
        begun = [special and has_bos_prefix(text, self.beginning) for text in texts]
        found: list[list[int]] = [[]] * len(texts)
        for add in (True, False):
            chosen = [place for place, has in enumerate(begun) if (special and not has) == add]
            if chosen:
                ids = self.tokenizer([texts[place] for place in chosen], add_special_tokens=add)["input_ids"]
                for place, one in zip(chosen, ids, strict=True):
                    found[place] = one
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    @torch.no_grad()
    def likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Where the architecture can, logits are made of those columns alone in which some row is asked."""
        tokens = torch.from_numpy(batch.tokens).to(self.model.device)
        width = tokens.shape[1]
        rows, columns = np.divmod(batch.places, width)
        asked = {}
        if self.some_logits:
            kept, columns = np.unique(columns, return_inverse=True)
            asked, width = {"logits_to_keep": torch.from_numpy(kept).to(tokens.device)}, len(kept)
        logits = self.model(tokens, use_cache=False, **asked).logits
        places = rows * width + columns
        return of_states(logits.flatten(0, 1), lambda found: found, logits.shape[-1], places, batch.wanted)

    @torch.no_grad()
    def generate(self, prompts: Sequence[list[int]], tokens: int, stop: Callable[[list[int]], bool]) -> list[list[int]]:
        longest = max(map(len, prompts))
        filler = self.tokenizer.pad_token_id
        padded = torch.tensor([[filler] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
        seen = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        device = self.model.device
        found = self.model.generate(
            input_ids=padded.to(device),
            attention_mask=seen.to(device),
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=filler,
            stopping_criteria=StoppingCriteriaList([_Stop(stop, longest)]),
        )
        return [self._own(row[longest:].tolist()) for row in found]

    def _own(self, tokens: list[int]) -> list[int]:
        eos: Any = self.tokenizer.eos_token_id
        return tokens[: tokens.index(eos)] if eos in tokens else tokens


class _Stop(StoppingCriteria):
    """Ends each row by itself."""

    def __init__(self, stop: Callable[[list[int]], bool], begin: int) -> None:
        self.stop, self.begin = stop, begin

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        done = [self.stop(row[self.begin :].tolist()) for row in input_ids]
        return torch.tensor(done, device=input_ids.device)
