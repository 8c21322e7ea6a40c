"""Tasks: each learns what its examples say, from a small model of random weights, and says it of others."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from training.finetuning.catalog import TASKS
from training.finetuning.fields import Example
from training.finetuning.heads import load_headed
from training.finetuning.inputs import IGNORED, Inputs, load_inputs
from training.finetuning.instructions import encode_messages
from training.finetuning.learning import fit
from training.finetuning.plan import FinetunePlan
from training.finetuning.preferences import Preferences, log_likelihoods
from training.finetuning.tagging import join_words
from training.finetuning.tasks import Task
from training.inference.conversation import TEMPLATE

Start = Callable[[str], Path]
WORDS = ("list", "value", "return", "object", "string", "file", "the", "of", "number", "class")


def sentences(count: int, seed: int) -> list[list[str]]:
    drawn = random.Random(seed)
    return [[drawn.choice(WORDS) for _ in range(drawn.randint(4, 8))] for _ in range(count)]


def texts(count: int, seed: int) -> list[Example]:
    """Their label is which of two words they hold."""
    found = []
    for number, words in enumerate(sentences(count, seed)):
        label = ("error", "import")[number % 2]
        found.append({"text": " ".join([*words[:3], label, *words[3:]]), "label": label})
    return found


def learn(task: str, start: Path, train: Sequence[Example], asked: Sequence[Example], out: Path, **settings: object):
    """The task and its predictions of `asked`, which also validate."""
    plan = FinetunePlan(task=task, **{"epochs": 8, "batch": 8, "learning_rate": 5e-3, **settings})  # type: ignore[arg-type]
    found = TASKS[task].learn(plan, train)
    inputs = load_inputs(start, plan.max_tokens)
    found.prepare(inputs)
    model = fit(found, start, train, asked, inputs, out).model
    return found, model, inputs, found.predict(model, inputs, asked)


@pytest.mark.parametrize("family", ["bert", "roberta", "albert", "electra", "gpt2", "qwen3", "bart", "t5"])
def test_classification_of_every_family(start: Start, tmp_path: Path, family: str) -> None:
    asked = texts(20, seed=2)
    task, _, _, said = learn("classification", start(family), texts(80, seed=1), asked, tmp_path)
    scores = task.score(asked, said)
    assert scores.metrics["accuracy"] >= 0.9 and scores.metrics["roc_auc"] >= 0.9, scores.metrics
    assert scores.values.mean() == scores.metrics["accuracy"]
    assert np.array(scores.tables["confusion"]).sum() == len(asked)
    trivial = task.score(asked, task.trivial(texts(80, seed=1), asked))
    assert trivial.metrics["accuracy"] == 0.5 and trivial.metrics["matthews"] == 0


def test_pairs_regression_and_choices(start: Start, tmp_path: Path) -> None:
    """The second text of a pair, and the choice, say what is right."""
    drawn = random.Random(0)
    pairs = [{"text": " ".join(words), "pair": drawn.choice(["error", "import"])} for words in sentences(60, seed=1)]
    numbers = [{**one, "score": "4.5" if one["pair"] == "error" else "1.5"} for one in pairs]
    task, _, _, said = learn("regression", start("bert"), numbers, numbers[:20], tmp_path / "regression")
    scores = task.score(numbers[:20], said)
    usual = task.score(numbers[:20], task.trivial(numbers, numbers[:20])).metrics
    assert scores.metrics["spearman"] > 0.8 and usual["spearman"] == 0, scores.metrics
    asked = [
        {"text": one["text"], "choices": ["error", "import"][:: 1 if number % 2 else -1], "label": int(not number % 2)}
        for number, one in enumerate(pairs)
    ]
    task, _, _, said = learn("choice", start("roberta"), asked, asked[:20], tmp_path / "choice")
    assert task.score(asked[:20], said).metrics["accuracy"] >= 0.9


def test_tagging_finds_entities(start: Start, tmp_path: Path) -> None:
    def tagged(count: int, seed: int) -> list[Example]:
        found = []
        for words in sentences(count, seed):
            tokens = [*words[:2], "import", "error", *words[2:], "import", "list", "error"]
            tags = ["O", "O", "B-name", "I-name", *["O"] * (len(words) + 1)]
            found.append({"tokens": tokens, "tags": tags})
        return found

    asked = tagged(10, seed=2)
    task, _, _, said = learn("tagging", start("bert"), tagged(60, seed=1), asked, tmp_path)
    scores = task.score(asked, said)
    assert scores.metrics["entity_f1"] > 0.9, scores.metrics
    assert scores.values.sum() / scores.weights.sum() == pytest.approx(scores.metrics["entity_f1"])
    usual = task.score(asked, task.trivial(tagged(60, seed=1), asked))
    assert usual.metrics["entity_f1"] < scores.metrics["entity_f1"]  # it knows no context


def test_words_that_were_cut_off_are_outside(start: Start, tmp_path: Path) -> None:
    long = {"tokens": ["import"] * 200, "tags": ["B-name"] * 200}
    _, _, _, [said] = learn("tagging", start("bert"), [long] * 8, [long], tmp_path, epochs=4)
    assert len(said["tags"]) == 200 and said["tags"][0] == "B-name" and said["tags"][-1] == "O"


def test_chinese_words_are_joined_without_spaces() -> None:
    text, starts = join_words(["我", "用", "Python", "3", "写", "。"])
    assert (text, starts) == ("我用Python 3写。", [0, 1, 2, 9, 10, 11])
    assert join_words([]) == ("", [])


def test_answers_are_spans_of_the_context(start: Start, tmp_path: Path) -> None:
    def asked(count: int, seed: int, padding: int = 0) -> list[Example]:
        found = []
        for words in sentences(count, seed):
            context = " ".join([*["file"] * padding, *words, "error", "is", "import", *words[::-1]])
            begin = context.index("import")
            answers = {"text": ["import"], "answer_start": [begin]}
            found.append({"question": "What is error", "context": context, "answers": answers})
        return found

    test = asked(10, seed=2)
    task, model, inputs, said = learn("answering", start("bert"), asked(60, seed=1), test, tmp_path, epochs=12)
    scores = task.score(test, said)
    assert scores.metrics["exact_match"] >= 0.8, (scores.metrics, said)
    # Where the answer is far beyond what is read at once, a later window has it.
    far = asked(4, seed=3, padding=100)
    [first, *_] = windows = list(task.features(far[0], inputs))
    assert len(windows) > 3 and first["start_positions"] == first["end_positions"] == 0
    assert sum(one["start_positions"] > 0 for one in windows) >= 1
    inside = [one for one in windows if one["start_positions"]]
    said_there = inputs.tokenizer.decode(
        inside[0]["input_ids"][inside[0]["start_positions"] : inside[0]["end_positions"] + 1]
    )
    assert said_there.strip() == "import"
    assert len(task.predict(model, inputs, far)) == 4


def test_a_question_without_an_answer_is_right_when_nothing_is_said(start: Start) -> None:
    plan = FinetunePlan(task="answering")
    known = {"question": "q", "context": "one two", "answers": {"text": ["two"], "answer_start": [4]}}
    task = TASKS["answering"].learn(plan, [known])
    none = {"question": "q", "context": "one two", "answers": {"text": [], "answer_start": []}}
    found = task.score([none, none, known], [{"answer": ""}, {"answer": "one"}, {"answer": "two"}])
    assert found.values.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="example 1: at 0 of its context stands 'one', not 'two'"):
        TASKS["answering"].learn(plan, [{**known, "answers": {"text": ["two"], "answer_start": [0]}}])


@pytest.mark.parametrize("family", ["t5", "bart", "gpt2", "qwen3"])
def test_translation_by_models_with_and_without_an_encoder(start: Start, tmp_path: Path, family: str) -> None:
    pairs = [{"source": word, "target": WORDS[-1 - number]} for number, word in enumerate(WORDS[:4])]
    task, _, _, said = learn(
        "translation", start(family), pairs * 24, pairs, tmp_path, epochs=5, learning_rate=1e-2, max_tokens=16
    )
    scores = task.score(pairs, said)
    copied = task.score(pairs, task.trivial(pairs, pairs))
    assert scores.metrics["text_chrf"] > 60 > copied.metrics["text_chrf"], (said, scores.metrics)


def test_only_answers_are_learnt_and_the_template_is_that_of_the_tokenizer(start: Start) -> None:
    plan = FinetunePlan(task="instructions")
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "What is a list?"},
        {"role": "assistant", "content": "A sequence."},
        {"role": "user", "content": "And <|endoftext|>?"},
        {"role": "assistant", "content": "A token."},
    ]
    task = TASKS["instructions"].learn(plan, [{"messages": messages}])
    inputs = load_inputs(start("qwen3"), 0)
    task.prepare(inputs)
    ids, labels = encode_messages(messages, inputs)
    learnt = [number for number in labels if number != IGNORED]
    assert inputs.tokenizer.decode(learnt) == "A sequence.<|endoftext|>A token.<|endoftext|>"
    assert len(ids) == len(labels) and all(
        label in (IGNORED, number) for label, number in zip(labels, ids, strict=True)
    )
    assert inputs.tokenizer.chat_template == TEMPLATE
    plain = [{**one, "content": one["content"].replace("<|endoftext|>", "more")} for one in messages]
    stock = inputs.tokenizer.apply_chat_template(plain, tokenize=True, return_dict=False)
    assert encode_messages(plain, inputs)[0] == stock
    # What a text says of a special token is ordinary text: only the opening and the five ends are that token.
    assert ids.count(inputs.tokenizer.eos_token_id) == 1 + len(messages)


def test_instructions_are_answered(start: Start, tmp_path: Path) -> None:
    asked = [{"prompt": f"say {word}", "response": word} for word in WORDS[:4]]
    task, model, inputs, said = learn(
        "instructions", start("qwen3"), asked * 24, asked, tmp_path, epochs=5, learning_rate=1e-2
    )
    assert task.score(asked, said).metrics["exact_match"] >= 0.75, said
    assert model.get_input_embeddings().num_embeddings == len(inputs.tokenizer)


def test_preferences_begin_at_the_logarithm_of_two_and_are_learnt(start: Start, tmp_path: Path) -> None:
    asked = [{"prompt": " ".join(words), "chosen": "error", "rejected": "import"} for words in sentences(24, seed=1)]
    plan = FinetunePlan(task="preferences", batch=4)
    task = TASKS["preferences"].learn(plan, asked)
    assert isinstance(task, Preferences)
    inputs = load_inputs(start("gpt2"), 0)
    task.prepare(inputs)
    model = load_headed(start("gpt2"), task.head(start("gpt2")), plan, inputs, {}).eval()
    task.begin(model)
    batch = task.collate([one for example in asked[:3] for one in task.features(example, inputs)], inputs)
    assert float(task.loss(model, batch).detach()) == pytest.approx(math.log(2), abs=1e-6)
    # By the formula of the paper, with every likelihood taken token by token.
    with torch.no_grad():
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.log_softmax(-1)
    by_hand = [
        sum(float(row[place - 1, label]) for place, label in enumerate(labels.tolist()) if label != IGNORED)
        for row, labels in zip(logits, batch["labels"], strict=True)
    ]
    assert log_likelihoods(model, batch).tolist() == pytest.approx(by_hand, rel=1e-4)
    *_, said = learn("preferences", start("gpt2"), asked, asked, tmp_path, epochs=3, learning_rate=3e-3)
    assert task.score(asked, said).metrics["accuracy"] == 1


def test_frozen_layers_and_lora_leave_the_rest_as_it_was(start: Start, tmp_path: Path) -> None:
    folder, train = start("bert"), texts(40, seed=1)
    inputs, plan = load_inputs(folder, 0), FinetunePlan(task="classification")
    before = weights(TASKS["classification"].learn(plan, train), folder, plan, inputs)
    _, frozen, _, _ = learn("classification", folder, train, train, tmp_path / "frozen", epochs=1, freeze=1)
    same = {name for name, weight in frozen.state_dict().items() if torch.equal(weight.cpu(), before[name])}
    assert {"bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.output.dense.weight"} <= same
    assert not any(name.startswith(("bert.encoder.layer.1", "classifier")) for name in same)
    _, adapted, _, said = learn("classification", folder, train, train, tmp_path / "lora", lora_rank=4, epochs=10)
    assert set(adapted.state_dict()) == set(before)  # merged: nothing of LoRA is left
    assert torch.equal(
        adapted.state_dict()["bert.embeddings.word_embeddings.weight"], before["bert.embeddings.word_embeddings.weight"]
    )
    assert np.mean([one["label"] == other["label"] for one, other in zip(train, said, strict=True)]) > 0.8
    with pytest.raises(ValueError, match="freeze 3: the model has 2 layers"):
        learn("classification", folder, train, train, tmp_path / "many", freeze=3)


def weights(task: Task, folder: Path, plan: FinetunePlan, inputs: Inputs) -> dict[str, torch.Tensor]:
    model = load_headed(folder, task.head(folder), plan, inputs, task.configuration())
    return {name: weight.clone() for name, weight in model.state_dict().items()}


@pytest.mark.parametrize(
    ("task", "examples", "said"),
    [
        ("classification", [{"text": "a", "label": "x"}] * 3, "all 3 examples have the label 'x'"),
        ("regression", [{"text": "a", "score": "many"}], "example 1: the score 'many' is no number"),
        ("tagging", [{"tokens": ["a", "b"], "tags": ["O"]}], "example 1: 2 words and 1 tags"),
        ("tagging", [{"tokens": ["a", "b"], "tags": [0, 3]}], "'0' is no tag of entities"),
        ("answering", [{"question": "q", "context": "c", "answers": {"text": [], "answer_start": []}}], "none of 1"),
        ("answering", [{"question": "q", "context": "c", "answers": ["c"]}], "example 1: answers"),
    ],
)
def test_examples_that_cannot_be_learnt_are_refused(task: str, examples: list[Example], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TASKS[task].learn(FinetunePlan(task=task), examples)


def test_a_label_that_was_never_seen_names_its_example(start: Start, tmp_path: Path) -> None:
    train = texts(10, seed=1)
    plan = FinetunePlan(task="classification")
    task = TASKS["classification"].learn(plan, train)
    with pytest.raises(ValueError, match="training example 3: the label 'other' is in no training example"):
        fit(
            task,
            start("bert"),
            [*train[:2], {"text": "a", "label": "other"}],
            train,
            load_inputs(start("bert"), 0),
            tmp_path,
        )
