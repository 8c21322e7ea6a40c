"""`headwater vectors` and `headwater nearest`: word vectors of a lake's documents, or of any texts."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dedups import write_lines
from graphs import Graph
from topics import CODE, FARM, SHARED, topic_texts

import headwater
from headwater.cli import main
from training.vectors.word_vectors import read_word_vectors

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "topics.jsonl"
    return write_lines(path, [{"id": str(n), "text": text} for n, text in enumerate(topic_texts())])


@pytest.fixture(scope="module")
def vectors(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("learnt") / "vectors"
    assert main(["vectors", str(texts), "--out", str(out), "--size", "16", "--epochs", "30"]) == 0
    return out


def test_a_recipe_s_training_documents(graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("vectors", "--lake", graph.lake.url, "--size", "8", "--min-count", "3", "--json")
    assert main([*words, "--out", str(tmp_path / "one"), "--language", "en"]) == 0
    said = json.loads(capsys.readouterr().out)
    [split] = graph.lake.datasets("split")
    assert said["made_of"] == {f"split/{split.address}": split.digest}
    languages = [row["language"] for table in graph.lake.read(split, "train") for row in table.to_pylist()]
    assert said["documents"] == languages.count("en") > 0
    about = json.loads((tmp_path / "one" / "about.json").read_bytes())
    assert about == {name: value for name, value in said.items() if name not in ("path", "scores")}
    assert about["learning"]["epochs"] == 5
    data = (tmp_path / "one" / "vectors.txt").read_bytes()
    assert about["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(read_word_vectors(tmp_path / "one" / "vectors.txt").words) == about["vocabulary"]
    assert main([*words, "--out", str(tmp_path / "two"), "--language", "en"]) == 0
    for name in ("vectors.txt", "about.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    capsys.readouterr()
    assert main([*words, "--out", str(tmp_path / "three"), "--language", "xx"]) == 1
    assert f"no document in xx in the lake {graph.lake.url}" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_nearest_of_each_word(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["nearest", "Cow", "queue", "--vectors", str(vectors), "--count", "7"]
    assert main([*words, "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["word"] for one in found] == ["Cow", "queue"]
    for one, topic in zip(found, (FARM, CODE), strict=True):
        assert {near["word"] for near in one["nearest"]} <= {*topic, *SHARED} - {one["word"].lower()}
        assert all(-1 <= near["similarity"] <= 1 for near in one["nearest"])
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Cow"


def test_nearest_of_a_word_that_was_moved(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nearest", "cow", "--minus", "barn", "--plus", "loop", "--vectors", str(vectors)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("cow - barn + loop\n")
    similarity, word = printed.splitlines()[1].split()
    [best, *_] = headwater.nearest(["cow"], vectors, minus=["barn"], plus=["loop"])["cow"]
    assert (best.word, f"{best.similarity:.3f}") == (word, similarity)
    assert not {"cow", "barn", "loop"} & {*printed.split("loop\n", 1)[1].split()}


def test_an_unknown_word_is_an_error_with_words_spelled_alike(
    vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nearest", "compilers", "--vectors", str(vectors)]) == 1
    assert "no vector for the word 'compilers' among 19; did you mean compiler?" in capsys.readouterr().err


def test_scores_by_files_of_the_user(
    texts: Path, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("cow\tbarn\t9\ncow\tloop\t1\nqueue\tloop\t8\nqueue\thay\t2\ncow\tdragon\t5\n")
    words = ["vectors", str(texts), "--size", "16", "--epochs", "30", "--out", str(tmp_path / "out")]
    assert main([*words, "--similarity", str(pairs)]) == 0
    assert "of 4 lines; 1 with unknown words" in capsys.readouterr().out
    similarity = headwater.score_vectors(vectors, similarity=pairs)["similarity"]
    assert similarity.score > 0.7
    assert main([*words, "--analogies", str(tmp_path / "none")]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--min-count", "5000"], "of 19 words in 400 texts 0 occur 5000 times or more"),
        (["--recipe", "base"], "--recipe base and texts of your own: give one of the two"),
        (["--text", "body"], "body"),
    ],
)
def test_what_fails_leaves_nothing(
    more: list[str], message: str, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vectors", str(texts), "--out", str(tmp_path / "out"), *more]) == 1
    assert message in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_without_gensim_it_says_what_to_install(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    words = ["vectors", str(texts), "--out", str(tmp_path / "out"), "--epochs", "1"]
    assert main([*words, "--method", "cbow"]) == 1
    printed = capsys.readouterr().err
    assert printed == "error: skip_gram and cbow need gensim: pip install 'headwater[vectors]', or --method glove\n"
    assert main([*words, "--method", "glove"]) == 0


def test_a_folder_that_holds_something_is_left_alone(
    texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main(["vectors", str(texts), "--out", str(tmp_path)]) == 1
    assert f"--out {tmp_path} is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_run_that_is_killed_publishes_nothing(texts: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "headwater", "vectors", str(texts), "--out", str(tmp_path / "out")]
    run = subprocess.Popen(
        [*command, "--epochs", "1000000"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.stderr is not None
    with run.stderr:
        assert "learning 19 vectors" in run.stderr.readline()
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 130
    assert not [*tmp_path.iterdir()]


def test_chinese_texts(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "zh.jsonl", [{"id": str(n), "text": "我来到北京清华大学学习"} for n in range(5)])
    trained = headwater.train_vectors(tmp_path / "out", texts=[str(path)], size=4, method="glove", epochs=1)
    assert {"北京", "清华大学"} <= {*read_word_vectors(tmp_path / "out" / "vectors.txt").words}
    assert trained.documents == 5
