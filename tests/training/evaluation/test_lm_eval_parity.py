"""The same checkpoint and the same items, asked by lm-eval's own Hugging Face backend and by ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmark_files import MAKERS, Made, make
from random_checkpoints import foreign_checkpoint, random_checkpoint
from small_corpus import Data

from tests.helpers.shared import beside
from training.checkpoints.export import load_causal, load_tokenizer
from training.evaluation.catalog import TASKS
from training.evaluation.generation import Generation
from training.evaluation.harness import ask_items, build_table, lm_eval_task
from training.evaluation.items import load_items
from training.evaluation.language_model import LanguageModel
from training.evaluation.task import Doc, Task
from training.inference.huggingface import HuggingFace
from training.inference.model import Model, TrainedModel

import lm_eval.tasks  # isort: skip
from lm_eval import evaluator, simple_evaluate  # isort: skip  # behind harness, which keeps it off the network
from lm_eval.api.task import ConfigurableTask  # isort: skip
from lm_eval.models.huggingface import HFLM  # isort: skip
from lm_eval.tasks import TaskManager  # isort: skip
from lm_eval.tasks._yaml_loader import load_yaml  # isort: skip
from datasets import Dataset  # isort: skip

CONTEXT = 160
ABSOLUTE, RELATIVE = 1e-4, 1e-7  # of a log-likelihood; the second is what float32 keeps of a whole document's
TOKENS = 12  # generated
BEYOND = ("boolq", "cmmlu", "ceval", "xquad_zh")  # some prompts of theirs exceed the context
THEIRS = [name for name, maker in MAKERS.items() if name not in ("eprstmt", "tnews", "ocnli", "texts")]


@pytest.fixture(scope="module")
def folder(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    random_checkpoint(data, folder, CONTEXT)
    return folder


@pytest.fixture(scope="module")
def ours(folder: Path) -> Model:
    return TrainedModel(load_causal(folder), load_tokenizer(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def theirs(folder: Path) -> HFLM:
    return backend(folder)


def backend(folder: Path) -> HFLM:
    return HFLM(pretrained=str(folder), device="cpu", dtype="float32", batch_size=8)


@pytest.fixture(autouse=True)
def no_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    """simple_evaluate lists the machine's packages and asks git, seconds each time."""
    monkeypatch.setattr(evaluator, "add_env_info", lambda results: None)
    monkeypatch.setattr(evaluator, "get_git_commit_hash", lambda: "")


def by_lm_eval(model: HFLM, task: ConfigurableTask) -> list[dict[str, Any]]:
    found = simple_evaluate(model, tasks=[task], task_manager=TaskManager(include_defaults=False), bootstrap_iters=0)
    samples = found["samples"][task.config.task]
    return sorted(samples, key=lambda sample: sample["doc_id"])


def their_task(name: str, made: Made) -> ConfigurableTask:
    """lm-eval's own file of the task over the made rows, as if they had been fetched."""
    # XQuAD's functions want a module that transformers 5 has no more; the texts alone are compared.
    config = load_yaml(Path(lm_eval.tasks.__file__).parent / made.yaml, resolve_func=not made.yaml.startswith("xquad"))
    rows = Dataset.from_list(made.rows)
    splits = {config[key]: rows for key in ("validation_split", "test_split") if config.get(key)}
    if made.first:
        splits[config["fewshot_split"]] = Dataset.from_list(made.first)
        config["num_fewshot"] = len(made.first)
    for key in ("dataset_path", "dataset_name", "training_split", "tag"):
        config.pop(key, None)
    if config["output_type"] == "generate_until":
        config["generation_kwargs"]["max_gen_toks"] = TOKENS
        config["process_results"] = lambda doc, answers: {"f1": 0.0, "exact_match": 0.0}
    return ConfigurableTask(config={**config, "task": name, "custom_dataset": lambda **_: splits})


def short(task: Task) -> Task:
    return replace(task, tokens=TOKENS) if isinstance(task, Generation) else task


def compare(task: Task, docs: Sequence[Doc], model: Model, samples: Sequence[dict[str, Any]]) -> float:
    """Asserts that both found the same. Returns the largest difference between log-likelihoods."""
    asker = LanguageModel(model)
    found = build_table(task, docs, ask_items(asker, task, docs)).to_pylist()
    assert asker.truncated or task.name not in BEYOND
    worst, varied = 0.0, set()
    assert len(found) == len(samples) > 0
    for row, sample in zip(found, samples, strict=True):
        answers = [answer[0] for answer in sample["resps"]]
        if isinstance(task, Generation):
            assert row["generated"] == answers[0]
            varied.add(answers[0])
            continue
        likelihoods = [float(answer[0]) if isinstance(answer, tuple) else float(answer) for answer in answers]
        assert row["log_likelihoods"] == pytest.approx(likelihoods, abs=ABSOLUTE, rel=RELATIVE)
        worst = max(worst, *(abs(a - b) for a, b in zip(row["log_likelihoods"], likelihoods, strict=True)))
        varied |= set(likelihoods)
        assert row["greedy"] == [answer[1] for answer in answers if isinstance(answer, tuple)]
        for metric in set(task.metrics) & set(sample) - {"bits_per_byte"}:
            assert row[metric] == sample[metric], metric
        if "page" in sample["doc"]:
            assert row["weight"] == sample["bits_per_byte"][1]
        if "pct_stereotype" in sample:
            assert row["acc"] == sample["pct_stereotype"]
    assert len(varied) > 1
    print(f"{task.name}: {len(found)} items, largest difference {worst:.1e}")
    return worst


@pytest.mark.parametrize("name", THEIRS)
def test_prompts_and_answers_are_lm_evals(name: str, ours: Model, theirs: HFLM, tmp_path: Path) -> None:
    made, task = make(name, tmp_path), short(TASKS[name])
    samples = by_lm_eval(theirs, their_task(name, made))
    compare(task, load_items(task, tmp_path).docs, ours, samples)


REAL = {
    "hellaswag": "bench",
    "piqa": "bench",
    "winogrande": "bench",
    "lambada": "bench",
    "boolq": "bench",
    "blimp": "bench/blimp",
    "crows_pairs": "bench",
    "cmmlu": "bench/CMMLU",
    "xquad_zh": "bench",
    "tnews": "bench",
}
LONG = ("hellaswag", "boolq", "cmmlu", "tnews", "xquad_zh")  # many tokens an item


@pytest.mark.parametrize("name", REAL)
def test_answers_about_the_real_files(name: str, ours: Model, theirs: HFLM) -> None:
    if (data := beside("data", *REAL[name].split("/"))) is None:
        pytest.skip("../shared/data is not there")
    task = short(TASKS[name])
    docs = [
        doc for doc in load_items(task, data).first(400).docs if all(len(text) < CONTEXT for text in task.choices(doc))
    ]
    docs = docs[: 12 if name in LONG else 40]  # lm-eval refuses choices that are longer than a context
    compare(task, docs, ours, by_lm_eval(theirs, lm_eval_task(task, docs)))


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def other(request: pytest.FixtureRequest, data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    foreign_checkpoint(data, folder, CONTEXT, request.param)
    return folder


def test_other_checkpoints_in_the_hugging_face_layout(other: Path, tmp_path: Path) -> None:
    model, theirs = HuggingFace(other, torch.device("cpu")), backend(other)
    assert model.encode(["a"], True)[0][0] == model.prefix
    for name in ("piqa", "winogrande", "blimp", "boolq", "cmmlu", "lambada", "wikitext", "xquad_en"):
        task = short(TASKS[name])
        make(name, tmp_path / name)
        docs = load_items(task, tmp_path / name).docs
        compare(task, docs, model, by_lm_eval(theirs, lm_eval_task(task, docs)))


def test_our_own_folder_by_the_transformers_library(folder: Path, ours: Model, tmp_path: Path) -> None:
    """Read as a Hugging Face checkpoint, it says the same as read by us."""
    make("arc_easy", tmp_path)
    docs = load_items(TASKS["arc_easy"], tmp_path).docs
    samples = ask_items(LanguageModel(HuggingFace(folder, torch.device("cpu"))), TASKS["arc_easy"], docs)
    compare(TASKS["arc_easy"], docs, ours, samples)
