"""Random models, with opinions: what they say of two texts differs. In the Hugging Face layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from small_corpus import EOS, VOCABULARY, Data
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PreTrainedTokenizerFast

from training.checkpoints.export import layout_files
from training.models.qwen3.transformer import Transformer


def random_checkpoint(data: Data, folder: Path, context: int) -> None:
    """Ours, exported."""
    model = Transformer(data.model(max_position_embeddings=context), seed=1)
    drawn = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.normal_(0, 0.25, generator=drawn)
    for name, content in layout_files(model.config, data.tokenizer.read_bytes()).items():
        (folder / name).write_bytes(content)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})


def foreign_checkpoint(data: Data, folder: Path, context: int, architecture: str) -> None:
    """A Llama or GPT-2, whose tokenizer puts a token of its own before each text."""
    torch.manual_seed(3)
    shape: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": data.eos, "eos_token_id": data.eos}
    if architecture == "llama":
        config: Any = LlamaConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=context,
            initializer_range=0.3,
            **shape,
        )
    else:
        config = GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=context, initializer_range=0.3, **shape)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    words = Tokenizer.from_file(str(data.tokenizer))
    words.post_processor = TemplateProcessing(single=f"{EOS} $A", special_tokens=[(EOS, data.eos)])
    made = PreTrainedTokenizerFast(tokenizer_object=words, bos_token=EOS, eos_token=EOS, model_max_length=context)
    made.save_pretrained(folder)
