"""Text generation: continues prompts with a checkpoint of Headwater's or with a Hugging Face model, in one way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch

from training.checkpoints.checkpoint import MANIFEST
from training.distributed.device import require_determinism
from training.inference.decoding import Sampling
from training.inference.generate import load, stream_text


class TextSource(Protocol):
    """What continues a prompt. The same prompt, settings and seed give the same text."""

    def stream(
        self, prompt: str, *, max_tokens: int, temperature: float, top_k: int, top_p: float, seed: int
    ) -> Iterator[str]:
        """The pieces of the continuation, each as soon as it is drawn."""
        ...


def check_settings(*, temperature: float, top_k: int, top_p: float, seed: int) -> None:
    """Raises ValueError, naming the setting, for a value outside of its range."""
    Sampling(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)


def load_text_source(folder: Path, threads: int) -> TextSource:
    """Sets torch's number of threads. Raises FileNotFoundError or ValueError where no model can be loaded."""
    require_determinism(threads)
    if (folder / MANIFEST).is_file() or not (folder / "config.json").is_file():
        return load(folder)
    return HuggingFaceText(folder)


class HuggingFaceText:
    """A causal language model in a Hugging Face folder with safetensors. No code of the folder is executed."""

    def __init__(self, folder: Path) -> None:
        from training.inference.huggingface import HuggingFace  # transformers takes seconds to import

        self.loaded = HuggingFace(folder, torch.device("cpu"))

    @torch.no_grad()
    def stream(
        self, prompt: str, *, max_tokens: int, temperature: float, top_k: int, top_p: float, seed: int
    ) -> Iterator[str]:
        """A prompt that is longer than the context leaves room for is cut in front."""
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        yield from stream_text(self._draw(prompt, max_tokens, sampling), self.loaded.decode)

    def _draw(self, prompt: str, max_tokens: int, sampling: Sampling) -> Iterator[int]:
        generator = torch.Generator().manual_seed(sampling.seed)
        tokenizer, model, context = self.loaded.tokenizer, self.loaded.model, self.loaded.context
        max_tokens = min(max_tokens, context - 1)
        [prompt_ids] = self.loaded.encode([prompt], special=True)
        ids = (prompt_ids or [self.loaded.prefix])[-(context - max_tokens) :]
        cache = None
        for _ in range(max_tokens):
            output: Any = model(torch.tensor([ids]), use_cache=True, past_key_values=cache)
            cache = output.past_key_values
            token = sampling.draw(output.logits[0, -1].float(), generator)
            if token == tokenizer.eos_token_id:
                return
            ids = [token]
            yield token
