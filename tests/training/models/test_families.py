"""What holds for every family: sizes that its config knows without a model, and the same logits as in transformers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import save_file
from small_corpus import CONTEXT, VOCABULARY, Data

from training.checkpoints.export import layout_files, load_model
from training.models.config import ModelConfig
from training.models.families import FAMILIES, read_model
from training.models.module import CausalModel
from training.shape import Size

SIZE = Size(
    layers=2, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=CONTEXT, initial_weights=0.2
)
CAUSAL = transformers.AutoModelForCausalLM
LOADER = {
    "qwen3": CAUSAL,
    "gpt2": CAUSAL,
    "xglm": CAUSAL,
    "gpt_bert": CAUSAL,
    "bert": transformers.AutoModelForMaskedLM,
    "roberta": transformers.AutoModelForMaskedLM,
    "albert": transformers.AutoModelForPreTraining,
    "electra": transformers.AutoModelForPreTraining,
    "bart": transformers.AutoModelForSeq2SeqLM,
    "t5": transformers.AutoModelForSeq2SeqLM,
}


def small(family: str) -> ModelConfig:
    return FAMILIES[family].of_size(SIZE, VOCABULARY, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_config_knows_the_size_of_its_model(family: str) -> None:
    config = small(family)
    assert config.parameters == config.build().parameter_count
    assert 0 < config.matrix_parameters < config.parameters and config.activation_bytes(4) > config.activation_bytes(2)
    wider = FAMILIES[family].of_size(Size(**{**vars(SIZE), "context": 2 * CONTEXT}), VOCABULARY, 0)
    # An encoder and its decoder share the tokens of a text.
    assert wider.flops_per_token >= config.flops_per_token > 3 * config.matrix_parameters


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_seeds_give_equal_weights(family: str) -> None:
    one, same, other = (small(family).build(seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("family", LOADER)
def test_transformers_computes_the_same_of_our_folder(family: str, data: Data, tmp_path: Path) -> None:
    model = small(family).build(seed=3).eval()
    for name, content in layout_files(model.config, data.tokenizer.read_bytes()).items():
        (tmp_path / name).write_bytes(content)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    theirs, told = LOADER[family].from_pretrained(tmp_path, output_loading_info=True)
    unused = [name for name in told["unexpected_keys"] if not name.startswith(model.TRAINING_ONLY)]
    assert not told["missing_keys"] and not unused, told
    assert_same_logits(model, theirs.eval())


@pytest.mark.parametrize("family", LOADER)
def test_ours_computes_the_same_of_a_folder_of_transformers(family: str, tmp_path: Path) -> None:
    config = transformers.AutoConfig.for_model(**small(family).exported())
    torch.manual_seed(0)
    theirs = LOADER[family].from_config(config).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, 0.1 if parameter.ndim == 1 else 0.0, 0.2)
    theirs.save_pretrained(tmp_path)
    assert_same_logits(load_model(tmp_path).eval(), theirs)


def test_the_speed_of_rotation_is_read_where_transformers_puts_it(tmp_path: Path) -> None:
    config = transformers.AutoConfig.for_model(**{**small("qwen3").exported(), "rope_theta": 500_000.0})
    theirs = CAUSAL.from_config(config).eval()
    theirs.save_pretrained(tmp_path)
    assert_same_logits(load_model(tmp_path).eval(), theirs)
    assert load_model(tmp_path).config.asdict()["rope_theta"] == 500_000.0


@torch.no_grad()
def assert_same_logits(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    tokens, before = torch.randint(1, VOCABULARY, (2, 3, CONTEXT), generator=torch.Generator().manual_seed(0))
    if theirs.config.is_encoder_decoder:
        found, expected = ours.logits(tokens, before[:, :9]), theirs(tokens, decoder_input_ids=before[:, :9]).logits
    else:
        told = theirs(tokens)
        found, expected = ours.logits(tokens), getattr(told, "prediction_logits", None)
        expected = told.logits if expected is None else expected
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", [name for name, config in FAMILIES.items() if config.CAUSAL])
@torch.no_grad()
def test_a_text_read_token_by_token_beside_a_shorter_one_has_the_logits_of_the_whole(family: str) -> None:
    model = small(family).build(seed=1).eval()
    assert isinstance(model, CausalModel)
    tokens = torch.randint(1, VOCABULARY, (2, 12), generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([7, 4])
    cache = model.new_cache(2, 12)
    model.hidden(tokens[:, :7], cache)  # the second text is padded
    cache.truncate(lengths)
    for _ in range(5):
        found = model.logits(tokens[[0, 1], lengths][:, None], cache)
        for row, length in enumerate(lengths.tolist()):
            whole = model.logits(tokens[row : row + 1, : length + 1])
            torch.testing.assert_close(found[row], whole[0, -1:], atol=1e-5, rtol=1e-4)
        lengths = lengths + 1


@pytest.mark.parametrize("family", [name for name, config in FAMILIES.items() if config.CAUSAL])
@torch.no_grad()
def test_texts_that_were_selected_from_those_read_go_on_as_if_read_alone(family: str) -> None:
    """Also one that goes on in two ways."""
    model = small(family).build(seed=1).eval()
    assert isinstance(model, CausalModel)
    tokens = torch.randint(1, VOCABULARY, (2, 7), generator=torch.Generator().manual_seed(0))
    cache = model.new_cache(2, 12)
    model.hidden(tokens, cache)
    cache.select(torch.tensor([1, 0, 1]))
    texts = tokens[[1, 0, 1]]
    for new in ([4, 5, 6], [7, 8, 9]):
        texts = torch.cat([texts, torch.tensor(new)[:, None]], dim=1)
        found = model.logits(texts[:, -1:], cache)
        torch.testing.assert_close(found, model.logits(texts)[:, -1:], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", [name for name, config in FAMILIES.items() if config.CAUSAL])
@torch.no_grad()
def test_no_token_sees_those_behind_it(family: str) -> None:
    model = small(family).build(seed=1).eval()
    assert isinstance(model, CausalModel)
    tokens = torch.randint(1, VOCABULARY, (1, CONTEXT), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[0, 10:] = 1
    torch.testing.assert_close(model.logits(tokens)[0, :10], model.logits(changed)[0, :10], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("family", "change", "said"),
    [
        ("qwen3", {"attention_bias": True}, "attention_bias is True; only False is supported"),
        ("qwen3", {"rope_scaling": {"type": "yarn"}}, "rope_type is 'yarn'; only 'default' is supported"),
        ("xglm", {"scale_embedding": False}, "scale_embedding is False; only True is supported"),
        ("xglm", {"activation_function": "relu"}, "activation_function is 'relu'; only 'gelu' is supported"),
        ("t5", {"feed_forward_proj": "relu"}, "feed_forward_proj is 'relu'; only 'gated-gelu' is supported"),
        ("bart", {"decoder_layers": 3}, "encoder and decoder differ in layers; only equal ones are supported"),
    ],
)
def test_a_folder_that_computes_otherwise_is_refused(family: str, change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=f"^there: {said}$"):
        read_model({**small(family).exported(), **change}, "there")
