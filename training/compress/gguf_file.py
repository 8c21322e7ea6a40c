"""GGUF: a model and its tokenizer as one file, as llama.cpp and what is built on it read it.

Names and numbers are those of llama.cpp's architectures `qwen3` and `gpt2`. Matrices are float32, float16 or Q8_0: 32
weights share a float16 scale, by the quantizer of the package `gguf`. Norms and biases stay float32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFReader, GGUFWriter, LlamaFileType, TokenType
from torch import Tensor

from corpus.tokenizer import splits
from training.checkpoints.export import read_config, read_floats
from training.compress.published import check_absent, unfinished
from training.models.config import ModelConfig
from training.models.module import CausalModel

TYPES = {
    "f32": (Kind.F32, LlamaFileType.ALL_F32),
    "f16": (Kind.F16, LlamaFileType.MOSTLY_F16),
    "q8_0": (Kind.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
# By type of the matrices, how far a logit may be from the checkpoint's, as a share of the largest one.
TOLERANCE = {"f32": 1e-5, "f16": 5e-3, "q8_0": 5e-2}
ARCHITECTURES = {"qwen3": gguf.MODEL_ARCH.QWEN3, "gpt2": gguf.MODEL_ARCH.GPT2}
TRANSPOSED = (
    "attn_qkv.weight",
    "attn_output.weight",
    "ffn_up.weight",
    "ffn_down.weight",
)  # of gpt2, which has [in, out]
# llama.cpp cuts texts into words by expressions that it knows by name; for our own the one that is most like it.
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    splits.OWN: "llama-bpe",
    splits.GPT2: "gpt-2",
    splits.GPT4: "llama-bpe",
    splits.GPT4O: "gpt-4o",
    QWEN: "qwen2",
}
ALIKE = (splits.GPT2, splits.GPT4O, QWEN)  # those that llama.cpp has as they are


def export_gguf(folder: Path, out: Path, kind: str, check: Tensor) -> tuple[float, list[str]]:
    """Writes the file `out` for the model of a folder, and reads it back. Returns the greatest difference of a
    logit, as a share of the greatest logit, and notes for the person who asked.

    `check`, int64 [B, T]: tokens of which the logits must be those of the checkpoint. Raises ValueError where they are
    not, where the family is none of llama.cpp's, and where `out` is there; the file is then not written.
    """
    check_absent(out)
    config = read_config(folder)
    if config.model_type not in ARCHITECTURES:
        raise ValueError(
            f"a model of the family {config.model_type} cannot be exported as GGUF; those of "
            f"{', '.join(ARCHITECTURES)} can (and of gpt_bert)"
        )
    weights = read_floats(folder)
    with unfinished(out) as partial:
        writer = GGUFWriter(partial, gguf.MODEL_ARCH_NAMES[ARCHITECTURES[config.model_type]])
        _add_shape(writer, config, TYPES[kind][1])
        notes = _add_tokenizer(writer, config, json.loads((folder / "tokenizer.json").read_bytes()))
        for name, value in _renamed(weights, config).items():
            used = TYPES[kind][0] if value.ndim == 2 and "position" not in name else Kind.F32
            if used == Kind.Q8_0 and value.shape[1] % 32:
                raise ValueError(f"{name} has {value.shape[1]} columns, which Q8_0 cannot hold: no multiple of 32")
            writer.add_tensor(name, gguf.quants.quantize(value.numpy(), used), raw_dtype=used)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        right, found = (_logits(config, one, check) for one in (weights, read_weights(partial, config)))
        apart = float((right - found).abs().max() / right.abs().max())
        if not apart <= TOLERANCE[kind]:
            raise ValueError(f"the GGUF file differs from the checkpoint: logits by {apart:.2g} of the largest one")
        partial.rename(out)
    return apart, notes


def read_weights(path: Path, config: ModelConfig) -> dict[str, Tensor]:
    """The weights of a GGUF file in float32, under our names."""
    names = {theirs: ours for ours, theirs in _names(config).items()}
    found = {}
    for tensor in GGUFReader(path).tensors:
        value = torch.from_numpy(np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type)))
        transposed = config.model_type == "gpt2" and tensor.name.endswith(TRANSPOSED)
        found[names[tensor.name]] = value.t().contiguous() if transposed else value
    return found


@torch.no_grad()
def _logits(config: ModelConfig, weights: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    model = config.build()
    model.load_state_dict(dict(weights), strict=False)
    assert isinstance(model, CausalModel)
    return model.eval().logits(tokens)


def _names(config: ModelConfig) -> dict[str, str]:
    """Our name of each weight: llama.cpp's."""
    known = gguf.get_tensor_name_map(ARCHITECTURES[config.model_type], config.num_hidden_layers)
    with torch.device("meta"):
        ours = list(config.build().state_dict())
    return {name: found for name in ours if (found := known.get_name(name, try_suffixes=(".weight", ".bias")))}


def _renamed(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    renamed = {theirs: weights[ours] for ours, theirs in _names(config).items()}
    for name in renamed if config.model_type == "gpt2" else ():
        if name.endswith(TRANSPOSED):
            renamed[name] = renamed[name].t().contiguous()
    return renamed


def _add_shape(writer: GGUFWriter, config: ModelConfig, kind: LlamaFileType) -> None:
    shape = config.asdict()
    writer.add_file_type(kind)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(shape["intermediate_size"])
    writer.add_head_count(shape["num_attention_heads"])
    if config.model_type == "gpt2":
        writer.add_layer_norm_eps(shape["layer_norm_eps"])
        return
    writer.add_head_count_kv(shape["num_key_value_heads"])
    writer.add_key_length(shape["head_dim"])
    writer.add_value_length(shape["head_dim"])
    writer.add_rope_freq_base(shape["rope_theta"])
    writer.add_layer_norm_rms_eps(shape["rms_norm_eps"])


def _add_tokenizer(writer: GGUFWriter, config: ModelConfig, tokenizer: Mapping[str, Any]) -> list[str]:
    """Raises ValueError for another kind of tokenizer than byte-level BPE, which ours are."""
    model = tokenizer["model"]
    if model["type"] != "BPE":
        raise ValueError(f"a tokenizer of the kind {model['type']} cannot be exported as GGUF; byte-level BPE can")
    cutting = json.dumps(tokenizer["pre_tokenizer"])
    found = next((one for one in SPLITS if json.dumps(one) in cutting), None)
    split = found or splits.GPT2  # as byte-level BPE cuts where nothing else does
    tokens = [f"[unused{number}]" for number in range(config.vocab_size)]
    kinds = [TokenType.UNUSED] * config.vocab_size
    for text, number in model["vocab"].items():
        tokens[number], kinds[number] = text, TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        kind = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
        tokens[added["id"]], kinds[added["id"]] = added["content"], kind
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(SPLITS[split])
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in model["merges"]])
    writer.add_eos_token_id(config.eos_token_id)
    # A text begins as a document does in training, behind the token that ended the one before.
    writer.add_bos_token_id(config.eos_token_id)
    writer.add_add_bos_token(True)
    if found is None and '"Split"' in cutting:
        return [
            f"the tokenizer cuts words by an expression that is not known here; the file says {SPLITS[split]}, by "
            f"which llama.cpp may cut texts into other tokens: give it token ids"
        ]
    if split in ALIKE:
        return []
    return [
        f"llama.cpp cuts words as {SPLITS[split]} does, which differs from this tokenizer in places, such as numbers "
        f"of more than three digits; where that matters, give it token ids"
    ]
