"""Writing: a text, and the text that is to be written to it: translation, summarization, answers to instructions.

A model with an encoder reads the one and writes the other; one that continues texts reads both in a row, and learns
the second alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from training.evaluation.metrics import of_texts
from training.finetuning.fields import Example
from training.finetuning.inputs import IGNORED, Features, Inputs, on_device, read_config
from training.finetuning.tasks import Prediction, Scores, Task
from training.inference.conversation import encode_plain

SENTENCE = re.compile(r".*?(?:[.!?](?=\s|$)|[。！？]|$)", re.DOTALL)
SHARE = 0.5  # of what a model that continues texts can read, at most so much is the text that is read
BEAMS = 4


class Writing(Task):
    """What translation and summarization have in common."""

    def head(self, folder: Path) -> Any:
        self.saved["reads_first"] = read_config(folder).is_encoder_decoder
        return AutoModelForSeq2SeqLM if self.saved["reads_first"] else AutoModelForCausalLM

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        target = self._target(str(example["target"]), inputs)
        if self.saved["reads_first"]:
            yield {**dict(inputs.encode(str(example["source"]))), "labels": target[: inputs.limit]}
            return
        opening = self._opening(example, inputs)
        ids = [*opening, *target][: inputs.limit]
        labels = [*[IGNORED] * len(opening), *target][: inputs.limit]
        yield {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}

    def _target(self, text: str, inputs: Inputs) -> list[int]:
        return [*encode_plain(inputs.tokenizer, text), inputs.tokenizer.eos_token_id]

    def _opening(self, example: Example, inputs: Inputs) -> list[int]:
        """What a model that continues texts reads before it writes: the text between two tokens that open documents."""
        eos = inputs.tokenizer.eos_token_id
        return [eos, *encode_plain(inputs.tokenizer, str(example["source"]))[: int(SHARE * inputs.limit)], eos]

    @torch.no_grad()
    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        """The likeliest text that a search by four beams finds."""
        model.eval()
        if self.saved["reads_first"]:
            features = [dict(inputs.encode(str(example["source"]))) for example in examples]
        else:
            openings = [self._opening(example, inputs) for example in examples]
            features = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in openings]
        found: list[Prediction] = [{} for _ in examples]
        for numbers, batch in inputs.batches(features, self.plan.batch if self.saved["reads_first"] else 1):
            texts = self._write(model, inputs, batch)
            for number, text in zip(numbers, texts, strict=True):
                found[number] = {"text": text}
        return found

    def _write(self, model: Any, inputs: Inputs, batch: dict[str, torch.Tensor]) -> list[str]:
        read = 0 if self.saved["reads_first"] else batch["input_ids"].shape[1]
        eos = inputs.tokenizer.eos_token_id
        said = model.generate(
            **on_device(batch, model.device),
            max_new_tokens=max(1, inputs.limit - read - 1),
            num_beams=BEAMS,
            do_sample=False,
            eos_token_id=eos,
            pad_token_id=inputs.tokenizer.pad_token_id,
        )
        return [text.strip() for text in inputs.tokenizer.batch_decode(said[:, read:], skip_special_tokens=True)]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """chrF, BLEU, ROUGE and what else training.evaluation.metrics.of_texts gives, on all texts together. The
        interval is of the mean over the texts of the task's own metric."""
        said, wanted = [one["text"] for one in predictions], [[str(example["target"])] for example in examples]
        each = [self._one(text, reference) for text, [reference] in zip(said, wanted, strict=True)]
        metrics = {**of_texts(said, wanted, self.plan.language), self.METRIC: float(np.mean(each))}
        return Scores(values=np.array(each), weights=np.ones(len(each)), metrics=metrics)

    def _one(self, said: str, wanted: str) -> float:
        return of_texts([said], [[wanted]], self.plan.language)["rougeL"]


class Translation(Writing):
    NAME, METRIC, TRIVIAL = "translation", "text_chrf", "the text as it is, copied"

    def _one(self, said: str, wanted: str) -> float:
        import sacrebleu

        return float(sacrebleu.sentence_chrf(said, [wanted]).score)

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        return [{"text": str(example["source"])} for example in asked]


class Summarization(Writing):
    NAME, METRIC, TRIVIAL = "summarization", "rougeL", "the first sentence"

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        return [{"text": first_sentence(str(example["source"]))} for example in asked]


def first_sentence(text: str) -> str:
    found = SENTENCE.match(text.strip())
    return found.group().strip() if found else ""
