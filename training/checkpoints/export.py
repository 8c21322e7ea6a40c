"""Export: a model folder in the Hugging Face layout, as `AutoModelForCausalLM` and `AutoTokenizer` load it.

config.json  generation_config.json  model.safetensors  tokenizer.json  tokenizer_config.json
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from tokenizers import Tokenizer

from corpus.lake.manifest import canonical_json
from training.config import ModelConfig, from_mapping
from training.models.transformer import Transformer


def layout_files(config: ModelConfig, tokenizer: bytes) -> dict[str, bytes]:
    """All files except the weights, by name. `tokenizer` is the content of tokenizer.json, copied unchanged."""
    model = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "dtype": "float32",
        "hidden_act": "silu",
        "use_sliding_window": False,
        **asdict(config),
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": Tokenizer.from_str(tokenizer.decode()).id_to_token(config.eos_token_id),
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.max_position_embeddings,
    }
    return {
        "config.json": canonical_json(model),
        "generation_config.json": canonical_json({"eos_token_id": config.eos_token_id}),
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": canonical_json(tokenizer_config),
    }


def read_config(folder: Path) -> ModelConfig:
    """The shape of the model in a folder. Raises ValueError when it is another architecture."""
    path = folder / "config.json"
    values: dict[str, Any] = json.loads(path.read_bytes())
    if values.get("model_type") != "qwen3":
        raise ValueError(f"{path}: model_type is {values.get('model_type')!r}; only 'qwen3' is supported")
    known = {field.name for field in fields(ModelConfig)}
    return from_mapping(ModelConfig, {key: value for key, value in values.items() if key in known}, where=str(path))


def load_model(folder: Path) -> Transformer:
    """The model of a folder, float32 on the CPU. Nothing in the folder is executed."""
    model = Transformer(read_config(folder))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def load_tokenizer(path: Path) -> Tokenizer:
    return read_tokenizer(path.read_bytes())


def read_tokenizer(data: bytes) -> Tokenizer:
    """The tokenizer in the content of tokenizer.json. What looks like a control token in a page, such as
    `<|endoftext|>`, is encoded as ordinary text."""
    tokenizer = Tokenizer.from_str(data.decode())
    tokenizer.encode_special_tokens = True
    return tokenizer
