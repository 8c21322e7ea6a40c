"""Conversation: turns as token ids, in the form that a model was trained on; as one text where it has none.

Ours: a turn is the token of its role, the text, and the token that ends documents. The template is in the tokenizer, as
`apply_chat_template` of transformers reads it; a tokenizer that has a template of its own keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ASSISTANT = "assistant"
ROLES = ("system", "user", ASSISTANT)
TEMPLATE = (
    "{{ eos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
Message = Mapping[str, str]  # "role" and "content"


def encode_conversation(tokenizer: Any, messages: Sequence[Message], *, answer_next: bool = False) -> list[int]:
    """By the template of a tokenizer of transformers; with `answer_next` up to where the next answer begins. In our
    template, what looks like a special token in a message is ordinary text."""
    if tokenizer.chat_template != TEMPLATE:
        return _apply(tokenizer, messages, answer_next) if messages else []
    vocabulary, eos = tokenizer.get_vocab(), tokenizer.eos_token_id
    ids = [eos]
    for one in messages:
        ids += [vocabulary[f"<|{one['role']}|>"], *encode_plain(tokenizer, one["content"]), eos]
    return [*ids, vocabulary[f"<|{ASSISTANT}|>"]] if answer_next else ids


def encode_asked(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """A conversation of others, up to where its answer begins. Nobody can speak in another's name.

    Raises ValueError where a message holds a special token that the template would read, and for a conversation that
    the template has no place for.
    """
    special = sorted(map(str, tokenizer.all_special_tokens)) if tokenizer.chat_template != TEMPLATE else []
    for message in messages:
        if held := next((token for token in special if token in message["content"]), None):
            raise ValueError(f"a message holds {held}, by which the model tells who speaks; leave it out")
    from jinja2 import TemplateError

    try:
        return encode_conversation(tokenizer, messages, answer_next=True)
    except TemplateError as error:
        raise ValueError(f"the model's form of conversations has no place for these messages: {error}") from error


def encode_plain(tokenizer: Any, text: str) -> list[int]:
    """Without special tokens. What looks like one in the text is ordinary text."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return ids


def join_turns(turns: Sequence[str]) -> str:
    """For a model that was not trained on conversations: what was typed begins a line, and what was said goes on in it,
    in turn."""
    return "".join(f"\n{turn}" if place and place % 2 == 0 else turn for place, turn in enumerate(turns))


def _apply(tokenizer: Any, messages: Sequence[Message], answer_next: bool) -> list[int]:
    turns = [dict(one) for one in messages]
    ids = tokenizer.apply_chat_template(turns, add_generation_prompt=answer_next, tokenize=True, return_dict=False)
    return list(ids)
