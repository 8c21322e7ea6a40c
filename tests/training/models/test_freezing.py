"""Of every family the embeddings and the lowest layers can be frozen, and the rest goes on learning."""

from __future__ import annotations

import pytest
from small_corpus import CONTEXT, VOCABULARY

from training.models.families import FAMILIES
from training.models.module import TrainableModel
from training.shape import Size

SIZE = Size(layers=3, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=CONTEXT)
# The parts below the layers, and where the number of a layer stands in its name.
BELOW = {
    "qwen3": ("model.embed_tokens.", "model.layers."),
    "gpt2": ("transformer.wte.", "transformer.wpe.", "transformer.h."),
    "gpt_bert": ("model.embed_tokens.", "model.layers."),
    "lstm": ("embed_tokens.", "layers."),
    "gru": ("embed_tokens.", "layers."),
    "rnn": ("embed_tokens.", "layers."),
    "gated_convolution": ("embed_tokens.", "layers."),
    "bert": ("bert.embeddings.", "bert.encoder.layer."),
    "roberta": ("roberta.embeddings.", "roberta.encoder.layer."),
    "electra": (
        *("electra.embeddings.", "generator.embeddings_project."),
        *("electra.encoder.layer.", "generator.encoder.layer."),
    ),
    "bart": (
        *("model.shared.", "model.encoder.embed_positions.", "model.decoder.embed_positions."),
        *("model.encoder.layernorm_embedding.", "model.decoder.layernorm_embedding."),
        *("model.encoder.layers.", "model.decoder.layers."),
    ),
    "t5": ("shared.", "encoder.block.", "decoder.block."),
}


def frozen(model: TrainableModel) -> set[str]:
    return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}


def build(family: str) -> TrainableModel:
    return FAMILIES[family].of_size(SIZE, VOCABULARY, 0).build()


@pytest.mark.parametrize("family", BELOW)
def test_the_embeddings_and_the_lowest_layers_are_frozen(family: str) -> None:
    model = build(family)
    model.freeze(0)
    assert not frozen(model)
    model.freeze(2)
    rest = {name for name, _ in model.named_parameters()} - frozen(model)
    for prefix in BELOW[family]:
        names = {name for name, _ in model.named_parameters() if name.startswith(prefix)}
        above = {name for name in names if name.removeprefix(prefix).startswith("2.")}
        assert names and names & rest == above, prefix
    allowed = {name for name in frozen(model) if name.startswith(BELOW[family])}
    assert frozen(model) == allowed and rest
    with pytest.raises(ValueError, match=r"freeze 4: this model of the family \w+ has 3 layers .*; freeze at most 3"):
        model.freeze(4)


def test_layers_that_are_one_are_frozen_at_once() -> None:
    model = build("albert")
    model.freeze(1)
    below = ("albert.embeddings.", "albert.encoder.")
    assert frozen(model) == {name for name, _ in model.named_parameters() if name.startswith(below)}
    with pytest.raises(ValueError, match="has 1 layers with weights of their own"):
        model.freeze(2)
    with pytest.raises(ValueError, match="has 0 layers with weights of their own"):
        build("autoencoder").freeze(1)
