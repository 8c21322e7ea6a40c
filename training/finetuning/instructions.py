"""Instructions: conversations, of which the answers alone are learnt, by a model that continues texts.

A turn is the token of its role, the text, and the token that ends documents. The template is in the tokenizer, as
`apply_chat_template` of transformers reads it; a tokenizer that has a template of its own keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM

from training.finetuning.fields import Example
from training.finetuning.inputs import IGNORED, Features, Inputs
from training.finetuning.tasks import Prediction
from training.finetuning.writing import Writing, encode_plain, first_sentence

ASSISTANT = "assistant"
ROLES = ("system", "user", ASSISTANT)
TEMPLATE = (
    "{{ eos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
Message = Mapping[str, str]


class Instructions(Writing):
    NAME, METRIC, TRIVIAL = "instructions", "rougeL", "the first sentence of the question"

    def prepare(self, inputs: Inputs) -> None:
        add_template(inputs)

    def head(self, folder: Path) -> Any:
        self.saved["reads_first"] = False
        return AutoModelForCausalLM

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        ids, labels = encode_messages(messages_of(example), inputs)
        if all(label == IGNORED for label in labels[: inputs.limit]):
            return  # the question alone is longer than the model can read
        ids, labels = ids[: inputs.limit], labels[: inputs.limit]
        yield {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}

    def _opening(self, example: Example, inputs: Inputs) -> list[int]:
        """The conversation up to its last answer."""
        asked = [*messages_of(example)]
        while asked and asked[-1]["role"] == ASSISTANT:
            asked.pop()
        return encode_question(asked, inputs)

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Any:
        return super().score([{"target": messages_of(example)[-1]["content"]} for example in examples], predictions)

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        said = [[one["content"] for one in messages_of(example) if one["role"] != ASSISTANT] for example in asked]
        return [{"text": first_sentence(texts[-1]) if texts else ""} for texts in said]


def messages_of(example: Example) -> list[Message]:
    """Raises ValueError for a conversation that has no answer, or a role that is none."""
    if "messages" not in example:
        return [
            {"role": "user", "content": str(example["prompt"])},
            {"role": ASSISTANT, "content": str(example["response"])},
        ]
    messages = list(example["messages"])
    if wrong := next((one for one in messages if one.get("role") not in ROLES or "content" not in one), None):
        raise ValueError(f"the message {str(wrong)[:80]}: it needs content and a role of {', '.join(ROLES)}")
    if not any(one["role"] == ASSISTANT for one in messages):
        raise ValueError(f"the conversation {str(messages)[:80]}: nothing in it is said by the {ASSISTANT}")
    return messages


def add_template(inputs: Inputs) -> None:
    if not inputs.tokenizer.chat_template:
        inputs.tokenizer.add_special_tokens(
            {"additional_special_tokens": [f"<|{role}|>" for role in ROLES]}, replace_extra_special_tokens=False
        )
        inputs.tokenizer.chat_template = TEMPLATE


def encode_messages(messages: Sequence[Message], inputs: Inputs) -> tuple[list[int], list[int]]:
    """Token ids, and as labels those of the answers, each with the token that ends it."""
    ids, labels = encode_question([], inputs), list[int]()
    labels = [IGNORED] * len(ids)
    for number, message in enumerate(messages):
        opened = _encode(messages[:number], inputs, answer_next=message["role"] == ASSISTANT)
        whole = _encode(messages[: number + 1], inputs)
        learnt = max(len(opened), len(ids)) if message["role"] == ASSISTANT else len(whole)
        labels += [IGNORED] * (learnt - len(ids)) + whole[learnt:]
        ids = whole
    return ids, labels


def encode_question(messages: Sequence[Message], inputs: Inputs) -> list[int]:
    """A conversation that the model is to answer, from its end as much as it can read beside an answer."""
    ids = _encode(messages, inputs, answer_next=bool(messages))
    return ids if len(ids) < inputs.limit else ids[-inputs.limit // 2 :]


def _encode(messages: Sequence[Message], inputs: Inputs, answer_next: bool = False) -> list[int]:
    tokenizer = inputs.tokenizer
    if tokenizer.chat_template != TEMPLATE:
        return list(
            tokenizer.apply_chat_template(
                [dict(one) for one in messages], add_generation_prompt=answer_next, tokenize=True, return_dict=False
            )
            if messages
            else []
        )
    # As the template says, but for what looks like a special token in a text: it is ordinary text.
    vocabulary, eos = tokenizer.get_vocab(), tokenizer.eos_token_id
    ids = [eos]
    for one in messages:
        ids += [vocabulary[f"<|{one['role']}|>"], *encode_plain(one["content"], inputs), eos]
    return [*ids, vocabulary[f"<|{ASSISTANT}|>"]] if answer_next else ids
