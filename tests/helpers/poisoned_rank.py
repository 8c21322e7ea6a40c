"""Run under torchrun by test_trainer: rank 1 alone meets a NaN in step 3, and both ranks must skip it."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from small_corpus import VOCABULARY, Data

from training.models.qwen3.transformer import Transformer
from training.run.outdir import Outdir
from training.run.trainer import Trainer


def main(corpus: Path, out: Path) -> None:
    data = Data.__new__(Data)
    data.folder, data.shards, data.heldout = corpus, corpus / "train", corpus / "heldout"
    data.tokenizer, data.eos, data.vocabulary = corpus / "tokenizer.json", 0, VOCABULARY
    trainer: Trainer = data.trainer(Outdir(out))
    original = Transformer.forward

    def poisoned(self: Transformer, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = original(self, tokens, targets)
        bad = self.training and torch.is_grad_enabled() and trainer.step == 2 and trainer.world.rank == 1
        return loss * float("nan") if bad else loss

    Transformer.forward = poisoned  # type: ignore[method-assign]
    with trainer.world as world:
        assert trainer.run() == 0
        mine = torch.cat([parameter.detach().flatten() for parameter in trainer.state.model.parameters()])
        assert bool(mine.isfinite().all())
        other = mine.clone()
        dist.broadcast(other, src=0)
        assert torch.equal(mine, other), world.rank
        print("ranks agree", flush=True)


main(Path(sys.argv[1]), Path(sys.argv[2]))
