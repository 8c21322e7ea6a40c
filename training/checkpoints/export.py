"""Export: a model folder in the Hugging Face layout, as its `AutoModel` classes and `AutoTokenizer` load it.

config.json  generation_config.json  model.safetensors  tokenizer.json  tokenizer_config.json
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import load_file
from tokenizers import AddedToken, Tokenizer
from torch import Tensor

from corpus.lake.manifest import canonical_json
from training.models.config import ModelConfig
from training.models.families import read_model
from training.models.module import CausalModel, MaskedModel, TrainableModel
from training.models.quantized import Scheme, dequantize, insert, read_scheme

GENERATION = ("eos_token_id", "decoder_start_token_id")  # of config.json, what transformers' `generate` needs


def layout_files(
    config: ModelConfig, tokenizer: bytes, tokens: Sequence[str] = (), roles: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """All files except the weights, by name. `tokenizer` is the content of tokenizer.json, copied unchanged where the
    objective has no `tokens` of its own; `roles` are theirs."""
    eos = Tokenizer.from_str(tokenizer.decode()).id_to_token(config.eos_token_id)
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": eos,
        **(roles or {}),
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.max_position_embeddings,
    }
    exported = config.exported()
    generation = {name: exported[name] for name in GENERATION if name in exported}
    return {
        "config.json": canonical_json(exported),
        "generation_config.json": canonical_json(generation),
        "tokenizer.json": _with_tokens(tokenizer, tokens) if tokens else tokenizer,
        "tokenizer_config.json": canonical_json(tokenizer_config),
    }


def _with_tokens(tokenizer: bytes, tokens: Sequence[str]) -> bytes:
    """Tokens that no text holds, with the ids that follow on the vocabulary."""
    found = Tokenizer.from_str(tokenizer.decode())
    found.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens])
    return found.to_str().encode()


def read_config(folder: Path) -> ModelConfig:
    """The shape of the model in a folder. Raises ValueError when it is of a family that is not here."""
    path = folder / "config.json"
    return read_model(json.loads(path.read_bytes()), where=str(path))


def read_quantization(folder: Path) -> Scheme | None:
    """How the matrices of the model in a folder are held; None where they are floating-point numbers."""
    path = folder / "config.json"
    return read_scheme(json.loads(path.read_bytes()), where=str(path))


def read_floats(folder: Path) -> dict[str, Tensor]:
    """The weights of a folder by name; what is quantized comes back in float32."""
    stored, scheme = load_file(folder / "model.safetensors"), read_quantization(folder)
    return dequantize(stored, scheme) if scheme else stored


def load_model(folder: Path) -> TrainableModel:
    """The model of a folder, ours or Hugging Face's, on the CPU: in float32, or as it is quantized. Nothing in the
    folder is executed.

    Raises ValueError where weights are missing, and warns of those that the model has no use for.
    """
    path, model = folder / "model.safetensors", read_config(folder).build()
    stored, scheme = load_file(path), read_quantization(folder)
    if scheme:
        stored = insert(model, stored, scheme)
    missing, unused = model.load_state_dict(stored, strict=False)
    missing = [name for name in missing if not name.startswith(model.TRAINING_ONLY)]
    if missing:
        raise ValueError(f"{path} has no weights {', '.join(missing)}: it is of another model than config.json says")
    if unused:
        warnings.warn(f"{path}: weights that this model has not are left out: {', '.join(unused)}", stacklevel=2)
    return model


def load_causal(folder: Path) -> CausalModel:
    """`load_model`. Raises ValueError where the model does not predict each token from those before it."""
    model = load_model(folder)
    if not isinstance(model, CausalModel):
        does = "; `headwater fill-mask` fills masks with it" if isinstance(model, MaskedModel) else ""
        raise ValueError(f"{folder}: a model of the family {model.config.model_type} does not continue texts{does}")
    return model


def load_tokenizer(path: Path) -> Tokenizer:
    return read_tokenizer(path.read_bytes())


def read_tokenizer(data: bytes) -> Tokenizer:
    """The tokenizer in the content of tokenizer.json. What looks like a control token in a page, such as
    `<|endoftext|>`, is encoded as ordinary text."""
    tokenizer = Tokenizer.from_str(data.decode())
    tokenizer.encode_special_tokens = True
    return tokenizer
