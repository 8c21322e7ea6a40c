"""Is text learnt by an adversary? A generator of bytes is trained on likelihood, then on by likelihood or against a
discriminator, with as many steps: `python -m benchmarks.token_gan`.

The adversarial half is RelGAN's (Nie et al. 2019): samples by Gumbel-softmax, a convolutional discriminator, the
relativistic loss. Told are bits per byte of held-out text, and of samples how many of their 8-byte strings the held-out
text has (quality) and how many are different (diversity), which "Language GANs Falling Short" (Caccia et al. 2020) says
must be looked at together: a temperature of 0.7 moves a generator of likelihood along the same line.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.proof.pages import SHARED

BYTES, WIDTH, LENGTH, BATCH = 256, 256, 48, 64
SAMPLES, GRAM = 512, 8
TEMPERATURE = 0.7
HELD_OUT = 0.1


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(BYTES, WIDTH, bias=False)
        self.states = nn.GRU(WIDTH, WIDTH, batch_first=True)
        self.output = nn.Linear(WIDTH, BYTES)

    def forward(self, hot: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits (rows, bytes, 256) of the bytes that come after `hot` (rows, bytes, 256), and the state."""
        states, state = self.states(self.embedding(hot), state)
        return self.output(states), state

    def write(self, first: Tensor, temperature: float) -> Tensor:
        """LENGTH bytes after `first` (rows,), as nearly one-hot (rows, LENGTH, 256) through which gradients flow."""
        hot, state, written = functional.one_hot(first, BYTES).float()[:, None], None, []
        for _ in range(LENGTH):
            logits, state = self(hot, state)
            hot = functional.gumbel_softmax(logits / temperature, hard=True)
            written.append(hot)
        return torch.cat(written, 1)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(BYTES, 64, bias=False)
        self.windows = nn.ModuleList(nn.Conv1d(64, 96, size) for size in (2, 3, 4, 6))
        self.output = nn.Sequential(nn.Linear(4 * 96, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))

    def forward(self, hot: Tensor) -> Tensor:
        rows = self.embedding(hot).transpose(1, 2)
        return self.output(
            torch.cat([functional.leaky_relu(one(rows), 0.2).amax(2) for one in self.windows], 1)
        ).squeeze(1)


@dataclass(frozen=True, kw_only=True)
class Text:
    train: Tensor
    heldout: Tensor

    def batch(self) -> Tensor:
        """(BATCH, LENGTH + 1) bytes of places by chance."""
        starts = torch.randint(len(self.train) - LENGTH - 1, (BATCH,))
        return self.train[starts[:, None] + torch.arange(LENGTH + 1)]


def read_text(path: Path) -> Text:
    found = torch.from_numpy(np.frombuffer(path.read_bytes(), np.uint8).astype(np.int64))
    cut = int(len(found) * (1 - HELD_OUT))
    return Text(train=found[:cut], heldout=found[cut:])


def loss_of(generator: Generator, rows: Tensor) -> Tensor:
    """Nats a byte."""
    logits, _ = generator(functional.one_hot(rows[:, :-1], BYTES).float())
    return functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())


def train_by_likelihood(generator: Generator, text: Text, steps: int, rate: float) -> None:
    optimizer = torch.optim.Adam(generator.parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(generator, text.batch()).backward()
        optimizer.step()


def train_against(generator: Generator, text: Text, steps: int, rate: float) -> None:
    """Real text should look more real than what is written, to a discriminator that learns beside; and the reverse."""
    discriminator = Discriminator()
    ours = torch.optim.Adam(generator.parameters(), rate, betas=(0.5, 0.9))
    theirs = torch.optim.Adam(discriminator.parameters(), 1e-4, betas=(0.5, 0.9))
    for _ in range(steps):
        rows = text.batch()
        real, written = functional.one_hot(rows[:, 1:], BYTES).float(), generator.write(rows[:, 0], 1.0)
        theirs.zero_grad()
        functional.softplus(discriminator(written.detach()) - discriminator(real)).mean().backward()
        theirs.step()
        ours.zero_grad()
        functional.softplus(discriminator(real).detach() - discriminator(written)).mean().backward()
        ours.step()


@torch.no_grad()
def measure(generator: Generator, text: Text, temperature: float = 1.0) -> tuple[float, float, float]:
    """Bits per byte of held-out text, and of samples how many strings it has and how many differ, as shares."""
    whole = text.heldout[: len(text.heldout) // 257 * 257].reshape(-1, 257)
    nats = np.mean([loss_of(generator, rows).item() for rows in whole.split(BATCH)])
    first = text.train[torch.randint(len(text.train), (SAMPLES,))]
    samples = generator.write(first, temperature).argmax(2).to(torch.uint8).numpy()
    known = _grams(text.heldout.to(torch.uint8).numpy()[None])
    written = _grams(samples)
    return nats / math.log(2), float(np.isin(written, known).mean()), len(np.unique(written)) / len(written)


def _grams(rows: np.ndarray) -> np.ndarray:
    """Each string of GRAM bytes of each row, as one number."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, GRAM, axis=1).reshape(-1, GRAM)
    return np.ascontiguousarray(windows).view(np.uint64).ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=SHARED / "text" / "tinyshakespeare" / "input.txt")
    parser.add_argument("--first", type=int, default=1_000, help="steps of likelihood for all (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=400, help="then, of either (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    text, rows = read_text(args.text), dict[str, list[tuple[float, float, float]]]()
    ways: dict[str, Callable[[Generator], None]] = {
        "likelihood": lambda one: train_by_likelihood(one, text, args.steps, 2e-3),
        "adversary": lambda one: train_against(one, text, args.steps, 1e-4),
    }
    for seed in range(args.seeds):
        torch.manual_seed(seed)
        started = Generator()
        train_by_likelihood(started, text, args.first, 2e-3)
        rows.setdefault("the beginning", []).append(measure(started, text))
        for name, train in ways.items():
            generator = Generator()
            generator.load_state_dict(started.state_dict())
            train(generator)
            rows.setdefault(name, []).append(measure(generator, text))
            if name == "likelihood":
                cold = measure(generator, text, TEMPERATURE)
                rows.setdefault(f"likelihood, temperature {TEMPERATURE}", []).append(cold)
        generator = Generator()
        train_against(generator, text, args.first + args.steps, 1e-4)
        rows.setdefault("adversary alone", []).append(measure(generator, text))
    print(f"| | bits per byte | strings that text has | different strings |\n|---|{'---|' * 3}")
    for name, values in rows.items():
        mean, spread = np.mean(values, 0), np.std(values, 0, ddof=1) if args.seeds > 1 else np.zeros(3)
        print(f"| {name} | {' | '.join(f'{a:.3f} ± {b:.3f}' for a, b in zip(mean, spread, strict=True))} |")


if __name__ == "__main__":
    main()
