"""Generate: continue prompts with a trained model.

    generator = load(Path("RUN"))                    # a checkpoint, or the --out of a training run
    generator.complete("The module", seed=1)         # the continuation, as one str
    for piece in generator.stream("The module"):     # the same continuation, piece by piece as it is drawn
        print(piece, end="", flush=True)

`complete` and `stream` take `max_tokens` (100), `temperature` (0.8), `top_k` (50), `top_p` (1.0) and `seed` (0). As a
command: `python -m training.inference.generate --checkpoint DIR --prompt "The module"`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.checkpoints.checkpoint import find_checkpoint
from training.checkpoints.export import load_causal, load_tokenizer
from training.distributed.device import require_determinism
from training.inference.decoding import Sampling, decode, decode_steps
from training.models.module import CausalModel

INCOMPLETE = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer decodes bytes into that are no character yet


def stream_text(tokens: Iterable[int], decode_ids: Callable[[list[int]], str]) -> Iterator[str]:
    """The text of tokens in pieces, each as soon as it ends with a whole character; the last as it is."""
    ids: list[int] = []
    text, sent = "", 0
    for token in tokens:
        ids.append(token)
        text = decode_ids(ids)
        whole = len(text.rstrip(INCOMPLETE))
        if whole > sent:
            yield text[sent:whole]
            sent = whole
    if len(text) > sent:
        yield text[sent:]


class TextGenerator:
    """A model and its tokenizer, text in and text out. A prompt is the opening of a document.

    Texts follow from the prompt, the settings and the number of threads alone: the random state of the process is
    neither read nor changed. `Sampling` says what the settings are; ValueError names one that is out of range.
    """

    def __init__(self, model: CausalModel, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    def complete(
        self,
        prompt: str,
        *,
        max_tokens: int = 100,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> str:
        """The continuation of `prompt`, without the prompt, at most `max_tokens` long."""
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        return self.complete_all([prompt], max_tokens=max_tokens, sampling=sampling)[0]

    def complete_all(self, prompts: Sequence[str], *, max_tokens: int, sampling: Sampling) -> list[str]:
        """`complete` for several prompts side by side, which takes little longer than one alone."""
        with self._inference(max_tokens):
            ids = decode(self.model, self._encode(prompts), max_tokens=max_tokens, sampling=sampling)
        return [self.tokenizer.decode(text) for text in ids]

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int = 100,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """The pieces of what `complete` returns, each as soon as it is drawn and ends with a whole character."""
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        return self._stream(prompt, max_tokens, sampling)

    def _stream(self, prompt: str, max_tokens: int, sampling: Sampling) -> Iterator[str]:
        with self._inference(max_tokens):
            yield from stream_text(self._draw(prompt, max_tokens, sampling), self.tokenizer.decode)

    def _draw(self, prompt: str, max_tokens: int, sampling: Sampling) -> Iterator[int]:
        for [token] in decode_steps(self.model, self._encode([prompt]), max_tokens=max_tokens, sampling=sampling):
            if token is None:
                return
            yield token

    def _encode(self, prompts: Sequence[str]) -> list[list[int]]:
        return [[self.model.config.eos_token_id, *self.tokenizer.encode(prompt).ids] for prompt in prompts]

    @contextmanager
    def _inference(self, max_tokens: int) -> Iterator[None]:
        """The model in evaluation mode, and afterwards in its former one."""
        if max_tokens < 1:
            raise ValueError(f"max_tokens is {max_tokens}; it must be 1 or more")
        training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(training)


def load(path: Path, device: str | torch.device = "cpu") -> TextGenerator:
    """The model of a checkpoint, or of the newest one of a training run, whose bytes are verified.

    Raises FileNotFoundError when there is none, ValueError when it is damaged.
    """
    folder = find_checkpoint(path)
    return TextGenerator(load_causal(folder).to(device).eval(), load_tokenizer(folder / "tokenizer.json"))


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(description="Continue prompts with a trained model.")
    flags.add_argument(
        "--checkpoint", type=Path, required=True, help="a checkpoint, or the --out of a training run for its newest one"
    )
    flags.add_argument(
        "--prompt", required=True, action="append", help="text to continue; repeatable, for several side by side"
    )
    flags.add_argument("--json", action="store_true", help='one JSON object a line: {"prompt": ..., "text": ...}')
    flags.add_argument("--max-tokens", type=int, default=100, help="maximum length of a continuation")
    flags.add_argument(
        "--temperature", type=float, default=0.8, help="below 1 sharpens the probabilities; 0 takes the likeliest token"
    )
    flags.add_argument("--top-k", type=int, default=50, help="draw among the k likeliest tokens; 0 for no limit")
    flags.add_argument(
        "--top-p", type=float, default=1.0, help="draw among the fewest tokens whose probabilities add up to p"
    )
    flags.add_argument("--seed", type=int, default=0, help="of the random draws: the same seed gives the same text")
    flags.add_argument(
        "--threads", type=int, default=2, help="CPU threads; another number may change the text by rounding"
    )
    return flags


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    require_determinism(args.threads)
    sampling = Sampling(temperature=args.temperature, top_k=args.top_k, top_p=args.top_p, seed=args.seed)
    texts = load(args.checkpoint).complete_all(args.prompt, max_tokens=args.max_tokens, sampling=sampling)
    for prompt, text in zip(args.prompt, texts, strict=True):
        print(json.dumps({"prompt": prompt, "text": text}) if args.json else prompt + text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"generate: {error}")
