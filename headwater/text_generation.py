"""Text generation: continues prompts with a checkpoint of Headwater's or with a Hugging Face model, in one way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from training.checkpoints.checkpoint import is_ours
from training.distributed.device import require_determinism
from training.inference.conversation import Message, encode_asked
from training.inference.generate import load, stream_text
from training.inference.sampling import Sampling


class TextSource(Protocol):
    """What continues a prompt. The same prompt, settings and seed give the same text."""

    def stream(self, prompt: str, *, max_tokens: int, sampling: Sampling) -> Iterator[str]:
        """The pieces of the continuation, each as soon as it is drawn; with several beams all of them at the end."""
        ...


def load_text_source(folder: Path, threads: int) -> TextSource:
    """Sets torch's number of threads. Raises FileNotFoundError or ValueError where no model can be loaded."""
    require_determinism(threads)
    if is_ours(folder):
        return load(folder)
    return HuggingFaceText(folder)


class HuggingFaceText:
    """A causal language model in a Hugging Face folder with safetensors. No code of the folder is executed."""

    def __init__(self, folder: Path) -> None:
        from training.inference.huggingface import HuggingFace  # transformers takes seconds to import

        self.loaded = HuggingFace(folder, torch.device("cpu"))

    def stream(self, prompt: str, *, max_tokens: int, sampling: Sampling) -> Iterator[str]:
        """A prompt that is longer than the context leaves room for is cut in front."""
        [ids] = self.loaded.encode([prompt], special=True)
        yield from self._continue(ids or [self.loaded.prefix], max_tokens, sampling)

    @property
    def converses(self) -> bool:
        """Whether it was trained on conversations: its tokenizer says what one looks like."""
        return bool(self.loaded.tokenizer.chat_template)

    def reply(self, messages: Sequence[Message], *, max_tokens: int, sampling: Sampling) -> Iterator[str]:
        """The pieces of the answer to a conversation. Raises ValueError as `encode_asked`."""
        yield from self._continue(encode_asked(self.loaded.tokenizer, messages), max_tokens, sampling)

    @torch.no_grad()
    def _continue(self, ids: list[int], max_tokens: int, sampling: Sampling) -> Iterator[str]:
        max_tokens = min(max_tokens, self.loaded.context - 1)
        ids = ids[-(self.loaded.context - max_tokens) :]
        if sampling.beams > 1:
            yield self.loaded.decode(self._search(ids, max_tokens, sampling))
        else:
            yield from stream_text(self._draw(ids, max_tokens, sampling), self.loaded.decode)

    def _draw(self, prompt: list[int], max_tokens: int, sampling: Sampling) -> Iterator[int]:
        generator = torch.Generator().manual_seed(sampling.seed)
        text, unread, cache = list(prompt), prompt, None
        for _ in range(max_tokens):
            output: Any = self.loaded.model(torch.tensor([unread]), use_cache=True, past_key_values=cache)
            cache = output.past_key_values
            token = sampling.draw(output.logits[0, -1].float(), text, generator)
            if token == self.loaded.tokenizer.eos_token_id:
                return
            text.append(token)
            unread = [token]
            yield token

    def _search(self, prompt: list[int], max_tokens: int, sampling: Sampling) -> list[int]:
        ids = torch.tensor([prompt])
        found: Any = self.loaded.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max_tokens,
            num_beams=sampling.beams,
            do_sample=False,
            repetition_penalty=sampling.repetition_penalty,
            length_penalty=1.0,  # this and the next as in ours, whatever generation_config.json says
            early_stopping=False,
            eos_token_id=self.loaded.tokenizer.eos_token_id,
            pad_token_id=self.loaded.tokenizer.pad_token_id,
        )
        return found[0, len(prompt) :].tolist()
