"""Generate: continue prompts with a trained model.

    generator = load(Path("RUN"))                    # a checkpoint, or the --out of a training run
    generator.complete("The module", sampling=Sampling(seed=1))      # the continuation, as one str
    for piece in generator.stream("The module"):     # a continuation piece by piece, as it is drawn
        print(piece, end="", flush=True)

`complete` and `stream` take `max_tokens` (100) and `sampling`, whose settings are in sampling.py. As a
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
from training.inference.beam_search import search_beams
from training.inference.decoding import decode, decode_steps
from training.inference.flags import add_flags, read_sampling
from training.inference.sampling import Sampling
from training.models.module import CausalModel

DEFAULT = Sampling()
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

    def complete(self, prompt: str, *, max_tokens: int = 100, sampling: Sampling = DEFAULT) -> str:
        """The continuation of `prompt`, without the prompt, at most `max_tokens` long."""
        return self.complete_all([prompt], max_tokens=max_tokens, sampling=sampling)[0]

    def complete_all(self, prompts: Sequence[str], *, max_tokens: int, sampling: Sampling) -> list[str]:
        """`complete` for several prompts side by side, which takes little longer than one alone."""
        encoded = self._encode(prompts)
        with self._inference(max_tokens):
            if sampling.beams > 1:
                ids = [search_beams(self.model, one, max_tokens=max_tokens, sampling=sampling) for one in encoded]
            else:
                ids = decode(self.model, encoded, max_tokens=max_tokens, sampling=sampling)
        return [self.tokenizer.decode(text) for text in ids]

    def stream(self, prompt: str, *, max_tokens: int = 100, sampling: Sampling = DEFAULT) -> Iterator[str]:
        """The pieces of what `complete` returns, each as soon as it is drawn and ends with a whole character; with
        several beams all of them at the end."""
        with self._inference(max_tokens):
            yield from stream_text(self._draw(prompt, max_tokens, sampling), self.tokenizer.decode)

    def _draw(self, prompt: str, max_tokens: int, sampling: Sampling) -> Iterator[int]:
        [ids] = self._encode([prompt])
        if sampling.beams > 1:
            yield from search_beams(self.model, ids, max_tokens=max_tokens, sampling=sampling)
            return
        for [token] in decode_steps(self.model, [ids], max_tokens=max_tokens, sampling=sampling):
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
    add_flags(flags)
    return flags


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    require_determinism(args.threads)
    sampling = read_sampling(args)
    texts = load(args.checkpoint).complete_all(args.prompt, max_tokens=args.max_tokens, sampling=sampling)
    for prompt, text in zip(args.prompt, texts, strict=True):
        print(json.dumps({"prompt": prompt, "text": text}) if args.json else prompt + text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"generate: {error}")
