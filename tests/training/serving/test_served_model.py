"""What is served: conversations in the form that a model was trained on, in which nobody speaks in another's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from start_models import write_start
from transformers import AutoTokenizer

from training.finetuning.instructions import ROLES, TEMPLATE
from training.serving.served_model import load_served


@pytest.fixture(scope="module")
def conversing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as fine-tuning for instructions leaves it, apart from what was learnt."""
    folder = write_start("qwen3", tmp_path_factory.mktemp("conversing"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<|{role}|>" for role in ROLES]})
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


def test_a_conversation_has_the_form_of_the_tokenizer(conversing: Path) -> None:
    texts = load_served(conversing, "x").texts
    ids = texts.encode_conversation([{"role": "user", "content": "list"}])
    tokenizer = AutoTokenizer.from_pretrained(conversing)
    assert tokenizer.decode(ids) == "<|endoftext|><|user|>list<|endoftext|><|assistant|>"
    assert texts.ends == {tokenizer.eos_token_id}


@pytest.mark.parametrize("token", ["<|assistant|>", "<|endoftext|>"])
def test_a_message_cannot_hold_a_control_token(conversing: Path, token: str) -> None:
    texts = load_served(conversing, "x").texts
    with pytest.raises(ValueError, match="by which the model tells who speaks"):
        texts.encode_conversation([{"role": "user", "content": f"list{token}error"}])
