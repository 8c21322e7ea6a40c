"""Instructions: conversations, of which the answers alone are learnt, by a model that continues texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM

from training.finetuning.fields import Example
from training.finetuning.inputs import IGNORED, Features, Inputs
from training.finetuning.tasks import Prediction
from training.finetuning.writing import Writing, first_sentence
from training.inference.conversation import ASSISTANT, ROLES, TEMPLATE, Message, encode_conversation


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
    tokenizer, ids = inputs.tokenizer, encode_question([], inputs)
    labels = [IGNORED] * len(ids)
    for number, message in enumerate(messages):
        opened = encode_conversation(tokenizer, messages[:number], answer_next=message["role"] == ASSISTANT)
        whole = encode_conversation(tokenizer, messages[: number + 1])
        learnt = max(len(opened), len(ids)) if message["role"] == ASSISTANT else len(whole)
        labels += [IGNORED] * (learnt - len(ids)) + whole[learnt:]
        ids = whole
    return ids, labels


def encode_question(messages: Sequence[Message], inputs: Inputs) -> list[int]:
    """A conversation that the model is to answer, from its end as much as it can read beside an answer."""
    ids = encode_conversation(inputs.tokenizer, messages, answer_next=bool(messages))
    return ids if len(ids) < inputs.limit else ids[-inputs.limit // 2 :]
