"""classify, tag, answer, translate, summarize and chat: what a fine-tuned model says, and which command is its own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from start_models import write_start

import headwater
from headwater.cli import main
from training.finetuning.arguments import build_parser, read_arguments
from training.finetuning.run import finetune

TASKS = {
    "classification": ("bert", [{"text": f"list {word}", "label": word} for word in ("error", "import")]),
    "regression": ("bert", [{"text": f"list {number}", "score": number} for number in (1, 2)]),
    "tagging": ("bert", [{"tokens": ["list", "error"], "tags": ["O", "B-name"]}]),
    "answering": (
        "bert",
        [{"question": "what", "context": "a list of", "answers": {"text": ["list"], "answer_start": [2]}}],
    ),
    "translation": ("t5", [{"source": "list", "target": "error"}]),
    "summarization": ("gpt2", [{"source": "list of words", "target": "list"}]),
    "instructions": ("qwen3", [{"prompt": "say list", "response": "list"}]),
    "choice": ("bert", [{"text": "list", "choices": ["error", "import"], "label": number} for number in (0, 1)]),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder of a model that was fine-tuned for a task, a little."""
    made = dict[str, str]()

    def make(task: str) -> str:
        if task not in made:
            family, examples = TASKS[task]
            folder = tmp_path_factory.mktemp(task)
            start, data, out = folder / "start", folder / "train.jsonl", folder / "out"
            start.mkdir()
            data.write_text("".join(json.dumps(example) + "\n" for example in examples * 10))
            words = ["--task", task, "--from", str(write_start(family, start)), "--data", str(data), "--out", str(out)]
            settings = ["--epochs", "2", "--learning-rate", "5e-3", "--max-tokens", "32"]
            finetune(*read_arguments(vars(build_parser().parse_args([*words, *settings]))))
            made[task] = str(out)
        return made[task]

    return make


Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def ask(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 0
        return capsys.readouterr().out

    return ask


def test_classify(model: Callable[[str], str], said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said("classify", "list error", "a list", "--model", model("classification")).splitlines()
    assert [line.split("\t")[2] for line in lines] == ["list error", "a list"]
    assert all(line.split("\t")[0] in ("error", "import") and float(line.split("\t")[1]) >= 0.5 for line in lines)
    monkeypatch.setattr("sys.stdin", io.StringIO("list error\n\na list\n"))
    assert said("classify", "-", "--model", model("classification")).splitlines() == lines
    found = json.loads(said("classify", "list error", "--model", model("classification"), "--json"))
    assert found["label"] == lines[0].split("\t")[0] and sum(found["probabilities"].values()) == pytest.approx(1)
    number, text = said("classify", "list 1", "--model", model("regression")).rstrip().split("\t")
    assert float(number) == pytest.approx(1.5, abs=1.5) and text == "list 1"
    [again] = headwater.load_finetuned(model("classification")).predict([{"text": "list error"}])
    assert again["label"] == found["label"]


def test_tag(model: Callable[[str], str], said: Said) -> None:
    lines = said("tag", "list error, 列表", "--model", model("tagging")).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["list", "error", ",", "列", "表", ""]
    assert {line.split("\t")[1] for line in lines if line} <= {"O", "B-name"}


def test_answer(model: Callable[[str], str], said: Said, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("a list of words")
    answers = said("answer", "what", "who", "--in", str(page), "--model", model("answering")).splitlines()
    assert len(answers) == 2 and all(answer in page.read_text() for answer in answers)


def test_translate_summarize_and_chat(model: Callable[[str], str], said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(said("translate", "list", "--model", model("translation"), "--json"))
    assert found["source"] == "list" and isinstance(found["text"], str)
    assert said("summarize", "list of words", "--model", model("summarization")).endswith("\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("say list\nand again\n/new\nsay list\n"))
    words = ["--checkpoint", model("instructions"), "--temperature", "0", "--max-tokens", "8", "--json"]
    turns = [json.loads(line) for line in said("chat", *words).splitlines()]
    assert [turn["prompt"] for turn in turns] == ["say list", "and again", "say list"]
    assert turns[0]["text"] == turns[2]["text"] and "<|" not in turns[0]["text"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["tag", "x", "--model", "classification"], "fine-tuned for classification; use `headwater classify`"),
        (["classify", "x", "--model", "instructions"], "fine-tuned for instructions; use `headwater chat`"),
        (["classify", "x", "--model", "choice"], "fine-tuned for choice; use headwater.load_finetuned in Python"),
        (["classify", " ", "--model", "classification"], "there is no text to read"),
    ],
)
def test_a_model_of_another_task_names_its_command(
    model: Callable[[str], str], capsys: pytest.CaptureFixture[str], words: list[str], error: str
) -> None:
    assert main([*words[:-1], model(words[-1])]) == 1
    assert error in capsys.readouterr().err


def test_a_folder_without_a_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "x", "--model", str(tmp_path)]) == 1
    assert f"{tmp_path}: no fine-tuned model is there" in capsys.readouterr().err
