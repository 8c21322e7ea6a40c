from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.training.small_corpus import Data, newest
from training import transformer
from training.export import load_model, load_tokenizer
from training.outdir import Outdir
from training.presets import PRESETS
from training.transformer import Cache, Transformer


@pytest.mark.parametrize("tied", [True, False])
def test_transformers_loads_a_checkpoint_and_computes_the_same(data: Data, tmp_path: Path, tied: bool) -> None:
    out = Outdir(tmp_path / "out")
    trainer = data.trainer(out, model=data.model(tie_word_embeddings=tied), tokens=4 * 128)
    assert trainer.run() == 0
    folder = newest(out.path)
    theirs = AutoModelForCausalLM.from_pretrained(folder)
    ours = load_model(folder)
    tokens = torch.randint(0, 512, (3, 32), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(theirs(tokens).logits, ours.logits(tokens), atol=1e-4, rtol=0)
    assert theirs.num_parameters() == ours.parameter_count
    text = "Return an iterator, naïve  or not.\n\n  >>> x = [1, 2]"
    words = AutoTokenizer.from_pretrained(folder)
    assert words(text)["input_ids"] == load_tokenizer(folder / "tokenizer.json").encode(text).ids
    assert words.eos_token_id == theirs.config.eos_token_id == theirs.generation_config.eos_token_id == data.eos


def test_control_token_text_is_ordinary_text(data: Data) -> None:
    assert data.eos not in load_tokenizer(data.tokenizer).encode("a <|endoftext|> b").ids


def test_reading_token_by_token_gives_the_logits_of_reading_at_once(data: Data) -> None:
    model = Transformer(data.model(), seed=1)
    tokens = torch.randint(0, 512, (1, 20), generator=torch.Generator().manual_seed(0))
    cache: Cache = []
    with torch.no_grad():
        whole = model.logits(tokens)
        parts = [model.logits(tokens[:, :8], cache)] + [model.logits(tokens[:, i : i + 1], cache) for i in range(8, 20)]
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_the_future_is_not_seen(data: Data) -> None:
    model = Transformer(data.model(), seed=1)
    tokens = torch.randint(0, 512, (1, 20), generator=torch.Generator().manual_seed(0))
    other = tokens.clone()
    other[0, 12:] = (other[0, 12:] + 1) % 512
    with torch.no_grad():
        one, two = model.logits(tokens), model.logits(other)
    assert torch.equal(one[:, :12], two[:, :12]) and not torch.equal(one[:, 12:], two[:, 12:])


def test_sliced_loss_has_the_value_and_the_gradient_of_the_whole(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = torch.randint(0, 512, (4, 33), generator=torch.Generator().manual_seed(0))
    results = []
    for at_once in (1 << 26, 512 * 10):
        monkeypatch.setattr(transformer, "LOGITS_AT_ONCE", at_once)
        model = Transformer(data.model(), seed=1)
        loss = model(tokens[:, :-1], tokens[:, 1:])
        loss.backward()
        gradient = model.model.embed_tokens.weight.grad
        assert gradient is not None
        results.append((loss.item(), gradient))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-4)


def test_weights_follow_the_seed_alone(data: Data) -> None:
    torch.manual_seed(5)
    one = Transformer(data.model(), seed=1).state_dict()
    torch.manual_seed(6)
    two, three = Transformer(data.model(), seed=1).state_dict(), Transformer(data.model(), seed=2).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["model.embed_tokens.weight"], three["model.embed_tokens.weight"])


def test_flops_count_what_is_multiplied(data: Data) -> None:
    model = Transformer(data.model())
    assert model.flops_per_token == 6 * model.parameter_count + 12 * 2 * 32 * 32
    untied = Transformer(data.model(tie_word_embeddings=False))
    assert untied.flops_per_token == model.flops_per_token


@pytest.mark.parametrize(("name", "millions"), [("small", 124), ("base", 1009)])
def test_presets_have_the_size_that_they_promise(name: str, millions: int) -> None:
    config, _ = PRESETS[name](50257, 50256)
    with torch.device("meta"):
        model = Transformer.__new__(Transformer)
        torch.nn.Module.__init__(model)
        model.model = transformer.Decoder(config)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)
