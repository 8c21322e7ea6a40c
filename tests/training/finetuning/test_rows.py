"""Rows: the same examples in every form that a file may have, and what is said of one that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.finetuning.fields import LAYOUTS, read_examples
from training.finetuning.rows import find_parts, read_rows

ROWS = [{"text": 'a "quoted" one, with comma', "label": "1"}, {"text": "第二", "label": "0"}]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_form_gives_the_same_rows(tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    paths = [
        write(tmp_path, "rows.jsonl", lines),
        write(tmp_path, "lines.json", lines),  # as FewCLUE has it
        write(tmp_path, "list.json", json.dumps(ROWS)),
        write(tmp_path, "rows.csv", 'text,label\n"a ""quoted"" one, with comma",1\n第二,0\n'),
        write(tmp_path, "rows.tsv", '\ufefftext\tlabel\na "quoted" one, with comma\t1\n第二\t0\n'),
        tmp_path / "rows.parquet",
        tmp_path / "rows.jsonl.gz",
    ]
    assert all(list(map(dict, read_rows(path))) == ROWS for path in paths)
    bare = write(tmp_path, "bare.tsv", 'a "quoted" one, with comma\t1\n第二\t0\n')
    assert list(map(dict, read_rows(bare, ["text", "label"]))) == ROWS


def test_a_line_of_json_may_hold_what_separates_lines_elsewhere(tmp_path: Path) -> None:
    rows = [{"text": "one\u2028two\u2029three\x85four", "label": "a"}, {"text": "five", "label": "b"}]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows)
    assert read_rows(write(tmp_path, "rows.jsonl", text)) == rows


def test_sentences_of_conll(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.conll", "-DOCSTART- -X- O\n\nIn\tO\nPort Said\tB-place\n\t\n\n\nYes UH O\n")
    assert [dict(row) for row in read_rows(path)] == [
        {"tokens": ["In", "Port Said"], "tags": ["O", "B-place"]},
        {"tokens": ["Yes"], "tags": ["O"]},
    ]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("# id 7c8  domain=en\nthe _ _ O\ncat _ _ B-x\n\n# id 7c9  domain=en\nnow _ _ O\n", [["the", "cat"], ["now"]]),
        ("# newdoc id = a\n# sent_id = 1\n# text = the cat\nthe\tx\tO\ncat\tx\tB-x\n", [["the", "cat"]]),
        ("#\thttp://news.example [2009]\ndie\tO\tO\nKatze\tB-x\tO\n", [["die", "Katze"]]),  # GermEval
        ("#\tO\n1\tO\n\n#cats\tO\n#text\tO\n", [["#", "1"], ["#cats", "#text"]]),  # these are tokens
        ("1 O\n# O\n", [["1", "#"]]),
    ],
)
def test_comments_of_conll_are_no_words(tmp_path: Path, text: str, tokens: list[list[str]]) -> None:
    assert [row["tokens"] for row in read_rows(write(tmp_path, "rows.conll", text))] == tokens


def test_questions_of_squad(tmp_path: Path) -> None:
    answers = [{"text": "Cairo", "answer_start": 0}]
    asked = {"question": "Where?", "id": "1", "answers": answers}
    nested = {"data": [{"title": "t", "paragraphs": [{"context": "Cairo it is.", "qas": [asked]}]}]}
    [row] = read_rows(write(tmp_path, "rows.json", json.dumps(nested)))
    assert row == {
        "context": "Cairo it is.",
        "question": "Where?",
        "answers": {"text": ["Cairo"], "answer_start": [0]},
    }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("rows.csv", "text,label\none,1\ntwo\n", "line 3: 1 values for the columns text, label"),
        ("rows.jsonl", '{"a": 1}\n{"a": \n', "line 2"),
        ("rows.jsonl", "[1]\n[2]\n", "row 1: \\[1\\] is no object"),
        ("rows.conll", "word O\nalone\n", "line 2: 'alone' is no token with a tag"),
        ("rows.csv", "text,label\n", "there is no row in it"),
        ("rows.docx", "x", "it may end with .jsonl"),
        ("rows.jsonl.gz", "{}", "gzip"),
        ("rows.parquet", "{}", "rows.parquet"),
    ],
)
def test_a_file_that_is_none_is_named_with_its_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_rows(write(tmp_path, name, text))


def test_parts_of_a_folder(tmp_path: Path) -> None:
    for name in ("train.tsv", "dev.tsv", "test.jsonl.gz", "README.md"):
        write(tmp_path, name, "")
    assert {part: path.name for part, path in find_parts(tmp_path).items()} == {
        "train": "train.tsv",
        "validation": "dev.tsv",
        "test": "test.jsonl.gz",
    }
    write(tmp_path, "train.csv", "")
    with pytest.raises(ValueError, match=r"both train\.csv and train\.tsv"):
        find_parts(tmp_path)


# The first lines of the files of GLUE and SuperGLUE, and what they mean.
GLUE = {
    "SST-2": ("classification", "sentence\tlabel\ngood\t1\n", {"text": "good", "label": "1"}),
    "MRPC": (
        "classification",
        "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tOne.\tTwo.\n",
        {"text": "One.", "pair": "Two.", "label": "1"},
    ),
    "STS-B": (
        "regression",
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
        "0\tg\tf\ty\t1\tn\tn\tOne.\tTwo.\t2.5\n",
        {"text": "One.", "pair": "Two.", "score": "2.5"},
    ),
    "RTE": (
        "classification",
        "index\tsentence1\tsentence2\tlabel\n0\tOne.\tTwo.\tentailment\n",
        {"text": "One.", "pair": "Two.", "label": "entailment"},
    ),
    "CB": (
        "classification",
        {"premise": "One.", "hypothesis": "Two.", "label": "neutral", "idx": 0},
        {"text": "One.", "pair": "Two.", "label": "neutral"},
    ),
    "COPA": (
        "choice",
        {"premise": "It fell.", "choice1": "a", "choice2": "b", "question": "cause", "label": 1, "idx": 0},
        {"text": "It fell. What was the cause?", "choices": ["a", "b"], "label": 1},
    ),
    "BoolQ": (
        "classification",
        {"question": "is it", "passage": "It is.", "idx": 0, "label": True},
        {"text": "It is.", "pair": "is it", "label": True},
    ),
    "QNLI": (
        "classification",
        "index\tquestion\tsentence\tlabel\n0\tIs it?\tIt is.\tentailment\n",
        {"text": "Is it?", "pair": "It is.", "label": "entailment"},
    ),
    "WiC": (
        "classification",
        {"word": "bank", "sentence1": "One.", "sentence2": "Two.", "label": False, "start1": 0, "idx": 0},
        {"text": "bank: One.", "pair": "Two.", "label": False},
    ),
}


@pytest.mark.parametrize("name", GLUE)
def test_layouts_of_glue_and_superglue(tmp_path: Path, name: str) -> None:
    task, content, wanted = GLUE[name]
    text = content if isinstance(content, str) else json.dumps(content) + "\n"
    path = write(tmp_path, "train.tsv" if isinstance(content, str) else "train.jsonl", text)
    assert read_examples(task, read_rows(path), {}, str(path)) == [wanted]


def test_columns_are_named_where_their_names_are_others() -> None:
    rows = [{"headline": "a", "kind": "x"}]
    assert read_examples("classification", rows, {"text": "headline", "label": "kind"}, "f") == [
        {"text": "a", "label": "x"}
    ]
    with pytest.raises(
        ValueError, match=r"f: classification needs the columns text and pair and label or .*'headline'"
    ):
        read_examples("classification", rows, {}, "f")
    with pytest.raises(ValueError, match="there is no column 'title', but 'headline', 'kind'"):
        read_examples("classification", rows, {"text": "title"}, "f")
    with pytest.raises(ValueError, match="--field summary: classification has the fields label, pair, text"):
        read_examples("classification", rows, {"summary": "headline"}, "f")
    with pytest.raises(ValueError, match="f, row 2: 'label' is empty"):
        read_examples("classification", [{"text": "a", "label": "x"}, {"text": "b", "label": ""}], {}, "f")


def test_a_field_that_the_first_row_lacks_is_not_thrown_away() -> None:
    whole = {"text": "a", "pair": "b", "label": "x"}
    with pytest.raises(ValueError, match="f, row 1: 'pair' is empty or missing"):
        read_examples("classification", [{"text": "a", "label": "x"}, whole], {}, "f")
    assert read_examples("classification", [{"idx": 0, **whole}, whole], {}, "f") == [whole, whole]


@pytest.mark.parametrize(
    "places", [{"target": {"span1_text": "Mark", "span2_text": "He"}}, {"span1_text": "Mark", "span2_text": "He"}]
)
def test_wsc_is_refused_unless_its_places_are_in_the_text(places: dict[str, object]) -> None:
    row = {"text": "Mark came. He sat.", "marked": "*Mark* came. _He_ sat.", "label": True, **places}
    with pytest.raises(ValueError, match="f: SuperGLUE's WSC asks about two places in its text"):
        read_examples("classification", [row], {}, "f")
    read = read_examples("classification", [row], {"text": "marked"}, "f")
    assert read == [{"text": "*Mark* came. _He_ sat.", "label": True}]


def test_every_task_has_a_layout() -> None:
    from training.finetuning.catalog import TASKS

    assert set(TASKS) == set(LAYOUTS)
