from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_corpus import Data, newest
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.checkpoints.export import load_model, load_tokenizer
from training.data.loader import IGNORED
from training.inference.decoding import decode
from training.inference.sampling import GREEDY
from training.models.qwen3 import transformer
from training.models.qwen3.layers import rotate
from training.models.qwen3.transformer import Transformer
from training.ops import fused
from training.presets import make_plan
from training.run.outdir import Outdir


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
    cache = model.new_cache(1, model.config.max_position_embeddings)
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


def test_a_packed_row_has_the_loss_of_its_documents_alone(data: Data) -> None:
    model = Transformer(data.model(), seed=1)
    tokens = torch.randint(0, 512, (2, 33), generator=torch.Generator().manual_seed(0))
    tokens, targets = tokens[:, :-1], tokens[:, 1:].clone()
    ends = ((7, 20, 32), (15, 16, 32))
    segments, alone = torch.zeros_like(tokens, dtype=torch.int32), torch.zeros(())
    for row, stops in enumerate(ends):
        for number, (start, stop) in enumerate(zip((0, *stops), stops, strict=False)):
            segments[row, start:stop] = number
            targets[row, stop - 1] = IGNORED
            if stop - start > 1:
                alone = alone + model(tokens[row : row + 1, start:stop], targets[row : row + 1, start:stop])
    packed = model(tokens, targets, segments)
    assert packed.item() == pytest.approx(alone.item(), rel=1e-5)
    assert packed.item() != pytest.approx(model(tokens, targets).item(), rel=1e-4)
    packed.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_dropout_and_smoothing_are_part_of_training_alone(data: Data) -> None:
    tokens = torch.randint(0, 512, (2, 33), generator=torch.Generator().manual_seed(0))
    batch = tokens[:, :-1], tokens[:, 1:]
    plain = Transformer(data.model(), seed=1)(*batch).item()
    for changes in ({"dropout": 0.2}, {"label_smoothing": 0.1}):
        model = Transformer(data.model(), seed=1, **changes)
        torch.manual_seed(0)
        one = model(*batch).item()
        torch.manual_seed(0)
        assert one == model(*batch).item() != plain
        assert model.eval()(*batch).item() == plain


@pytest.mark.parametrize("keys", [2, 4])
def test_on_a_cpu_the_gradients_are_those_of_plain_operations(
    data: Data, keys: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The formulas that are compiled elsewhere, against the blocks that stay near the cores."""
    monkeypatch.setattr(fused, "BLOCK", 256)
    tokens = torch.randint(0, 512, (3, 33), generator=torch.Generator().manual_seed(0))
    found = []
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(fused, "norm", lambda x, w, eps: functional.rms_norm(x, w.shape, w, eps))
            monkeypatch.setattr(fused, "project", lambda x, *ws: tuple(functional.linear(x, w) for w in ws))
            monkeypatch.setattr(fused, "gate", lambda gate, up: functional.silu(gate) * up)
            monkeypatch.setattr(
                fused,
                "norm_rotate",
                lambda x, w, cos, sin, eps: rotate(functional.rms_norm(x, w.shape, w, eps), cos, sin),
            )
        model = Transformer(data.model(num_key_value_heads=keys), seed=1)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "norm" in name:
                    weight.copy_(torch.linspace(0.5, 1.5, len(weight)))
        loss = model(tokens[:, :-1], tokens[:, 1:])
        loss.backward()
        found.append((loss.item(), {name: p.grad for name, p in model.named_parameters()}))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for name, gradient in found[1][1].items():
        assert torch.allclose(found[0][1][name], gradient, rtol=1e-3, atol=1e-4 * float(gradient.abs().max())), name


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # of the tracer itself
def test_one_compilation_serves_all_layers(data: Data) -> None:
    """Compiled layers compute what plain ones do, also with segments, after a change of mode and while generating."""
    counter = CompileCounterWithBackend("aot_eager")
    plain = Transformer(data.model(num_hidden_layers=3), seed=1)
    model = Transformer(data.model(num_hidden_layers=3), seed=1)
    model.compile_blocks(counter)
    assert list(model.state_dict()) == list(plain.state_dict())
    tokens = torch.randint(0, 512, (2, 33), generator=torch.Generator().manual_seed(0))
    segments = (torch.arange(32) > 12).int().expand(2, -1)
    for number, some in enumerate((None, segments), start=1):
        expected, found = (one(tokens[:, :-1], tokens[:, 1:], some) for one in (plain, model))
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)
        assert counter.frame_count == number
        expected.backward()
        found.backward()
    for one, two in zip(plain.parameters(), model.parameters(), strict=True):
        assert torch.allclose(one.grad, two.grad, rtol=1e-3, atol=1e-4 * float(one.grad.abs().max()))
    compiled, eager = (decode(one, [[1, 2, 3]], max_tokens=5, sampling=GREEDY) for one in (model, plain))
    assert compiled == eager
    assert counter.frame_count == 2


def test_bfloat16_stays_close_to_float32(data: Data) -> None:
    model = Transformer(data.model(), seed=1)
    tokens = torch.randint(0, 512, (3, 33), generator=torch.Generator().manual_seed(0))
    losses, gradients = [], []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = model(tokens[:, :-1], tokens[:, 1:])
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))]))
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=2e-3) and losses[0] != losses[1]
    assert functional.cosine_similarity(*gradients, dim=0) > 0.999


def test_weights_follow_the_seed_alone(data: Data) -> None:
    torch.manual_seed(5)
    one = Transformer(data.model(), seed=1).state_dict()
    torch.manual_seed(6)
    two, three = Transformer(data.model(), seed=1).state_dict(), Transformer(data.model(), seed=2).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["model.embed_tokens.weight"], three["model.embed_tokens.weight"])


def test_flops_count_what_is_multiplied(data: Data) -> None:
    config = data.model()
    assert config.flops_per_token == 6 * config.parameters + 12 * 2 * 32 * 32
    assert data.model(tie_word_embeddings=False).flops_per_token == config.flops_per_token


@pytest.mark.parametrize(("name", "millions"), [("small", 124), ("base", 1009)])
def test_presets_have_the_size_that_they_promise(name: str, millions: int) -> None:
    config, _ = make_plan(name, 50257, 50256)
    with torch.device("meta"):
        model = Transformer.__new__(Transformer)
        torch.nn.Module.__init__(model)
        model.model = transformer.Decoder(config)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)
