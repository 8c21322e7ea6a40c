"""Layouts: the forms in which benchmarks are handed round, each into the rows that its task asks for.

Where a benchmark goes round in its authors' form and in a prepared one (`query`, `choices`, `gold`), both are read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.lake.manifest import sha256
from training.evaluation.files import Rows, read_csv, read_jsonl, read_text

Row = dict[str, Any]


def _each(form: Callable[[Row], Row]) -> Callable[[Sequence[Path]], Rows]:
    """A reader of JSON lines that have the columns of `form` besides their own."""

    def read(paths: Sequence[Path]) -> Rows:
        rows = []
        for number, row in enumerate(_labelled(paths), start=1):
            try:
                rows.append({"id": "", **row, **form(row)})
            except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
                what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
                raise ValueError(f"{paths[0]}: row {number} is of no known layout ({what}): {row}"[:400]) from error
        return rows

    return read


def _labelled(paths: Sequence[Path]) -> Rows:
    """JSON lines, with `label` from the lines of a file *-labels.lst where one lies beside them."""
    rows = read_jsonl([path for path in paths if not path.name.endswith("-labels.lst")])
    if labels := [line for path in paths if path.name.endswith("-labels.lst") for line in read_text(path).split()]:
        if len(labels) != len(rows):
            raise ValueError(f"{paths[0].parent}: {len(rows)} rows and {len(labels)} labels; they do not fit together")
        rows = [{**row, "label": label} for row, label in zip(rows, labels, strict=True)]
    return rows


def digest(text: str) -> str:
    return sha256(text.encode())[:16]


def _piqa(row: Row) -> Row:
    if "label" not in row:
        raise ValueError("no label; --data is the folder that holds valid.jsonl and valid-labels.lst")
    return {}


def _arc(row: Row) -> Row:
    """ARC and OpenBookQA."""
    if "query" in row:
        return {"question": row["query"].removeprefix("Question: ")}
    choices, key = row["question"]["choices"], row["answerKey"].strip()
    return {
        "question": row["question"]["stem"],
        "choices": [choice["text"] for choice in choices],
        "gold": [choice["label"] for choice in choices].index(key),  # A to E, or 1 to 4
    }


def _winogrande(row: Row) -> Row:
    """Twins, which differ in a word, have one passage."""
    if "sentence" in row:
        before, _, after = row["sentence"].partition("_")
        return {
            "id": row["qID"],
            "beginnings": [before + row["option1"], before + row["option2"]],
            "ending": after.strip(),
            "gold": int(row["answer"]) - 1,
            "passage": row["qID"].rpartition("-")[0],
        }
    beginnings = row["context_options"]
    return {"beginnings": beginnings, "ending": row["continuation"], "passage": digest(beginnings[0])}


def _lambada(row: Row) -> Row:
    if "text" in row:
        context, _, last = row["text"].rpartition(" ")
        return {"context": context, "continuation": last}
    return {}


def _boolq(row: Row) -> Row:
    """The authors' `title` stands before the passage as SuperGLUE has it; the prepared form has no titles."""
    if "query" in row:
        passage, _, question = row["query"].removeprefix("Passage: ").rpartition("\nQuestion: ")
        question, gold = question.removesuffix("?"), row["gold"]
    else:
        passage, question = row["passage"], row["question"]
        passage = f"{row['title']} -- {passage}" if "title" in row else passage
        gold = int(row["label"] if "label" in row else row["answer"])
    return {"text": passage, "asked": question, "gold": gold, "passage": digest(passage)}


def _copa(row: Row) -> Row:
    if "premise" in row:
        choices = [row[name][0].lower() + row[name][1:] for name in ("choice1", "choice2")]
        why = {"cause": "because", "effect": "therefore"}[row["question"]]
        return {"query": f"{row['premise'].strip()[:-1]} {why}", "choices": choices, "gold": row["label"]}
    return {}


piqa, arc, winogrande, lambada = map(_each, (_piqa, _arc, _winogrande, _lambada))
boolq, copa = map(_each, (_boolq, _copa))


def hellaswag(paths: Sequence[Path]) -> Rows:
    """The authors' JSON lines, or a text of six lines an item: the context, the right place, four endings."""
    if paths[0].suffix == ".jsonl":
        return [
            {
                "id": str(row["ind"]),
                "context": _unbracketed(f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"),
                "endings": [_unbracketed(ending) for ending in row["endings"]],
                "gold": row["label"],
            }
            for row in read_jsonl(paths)
        ]
    lines = [line for path in paths for line in read_text(path).rstrip("\n").split("\n")]
    if len(lines) % 6:
        raise ValueError(f"{paths[0]} has {len(lines)} lines, which are not six an item")
    return [
        {
            "id": str(start // 6),
            "context": lines[start],
            "gold": lines[start + 1],
            "endings": lines[start + 2 : start + 6],
        }
        for start in range(0, len(lines), 6)
    ]


def _unbracketed(text: str) -> str:
    """Without the marks that WikiHow's pages left: the prompt that published scores were asked with."""
    return re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". ")).replace("  ", " ")


def crows_pairs(paths: Sequence[Path]) -> Rows:
    """`number` is the first column, which has no name."""
    return [{"number": row.get("", str(place)), **row} for place, row in enumerate(read_csv(paths))]


def exam(subjects: Mapping[str, str]) -> Callable[[Sequence[Path]], Rows]:
    """A reader of CSV files, one for each of `subjects`: a question, A to D and the answer's letter, in lower-case."""

    def read(paths: Sequence[Path]) -> Rows:
        rows = []
        for row in read_csv(paths):
            kept = {name.lower() or "id": value for name, value in row.items()}
            subject = re.sub(r"_(dev|val|test)$", "", row["file"])
            if subject not in subjects:
                raise ValueError(f"{row['file']}.csv: {subject!r} is none of the {len(subjects)} subjects")
            rows.append(
                {
                    **kept,
                    "question": kept["question"].strip(),
                    "subject": subject,
                    "name": subjects[subject],
                    "id": f"{subject}-{kept['id']}",
                }
            )
        return rows

    return read


def squad(paths: Sequence[Path]) -> Rows:
    """A row a question of SQuAD's JSON; `texts` are its answers, each once."""
    return [
        {
            "id": question["id"],
            "context": paragraph["context"],
            "question": question["question"],
            "texts": list(dict.fromkeys(answer["text"] for answer in question["answers"])),
            "passage": f"{article['title']}-{place}",
        }
        for path in paths
        for article in json.loads(read_text(path))["data"]
        for place, paragraph in enumerate(article["paragraphs"])
        for question in paragraph["qas"]
    ]


def labelled_tsv(paths: Sequence[Path]) -> Rows:
    """A sentence, a tab and a label a line, with or without the header that GLUE has."""
    rows = []
    for line in csv.reader(io.StringIO("".join(map(read_text, paths))), "excel-tab", quoting=csv.QUOTE_NONE):
        if len(line) != 2:
            raise ValueError(f"{paths[0]}: {line} is not a sentence and a label")
        rows.append({"sentence": line[0], "label": line[1]})
    return rows[1:] if rows and rows[0]["label"] == "label" else rows


def wikitext(paths: Sequence[Path]) -> Rows:
    """A row an article: `page` as it lies there, `text` with its spaces as people set them."""
    found = re.split(r"^(?= = [^=].* = $)", "".join(map(read_text, paths)), flags=re.MULTILINE)
    return [
        {"number": number, "page": page, "text": detokenized(page)}
        for number, page in enumerate(page for page in found if page.strip())
    ]


def texts(paths: Sequence[Path]) -> Rows:
    """A row a line of JSON with a `text`; `file` is the name of its file up to the first dot."""
    rows = []
    for path in paths:
        for number, row in enumerate(read_jsonl([path]), start=1):
            if not isinstance(row.get("text"), str):
                raise ValueError(f"{path}: row {number} has no text: {row}"[:400])
            rows.append({"file": path.name.partition(".")[0], "number": number, "text": row["text"]})
    return rows


def logged_prompts(paths: Sequence[Path]) -> Rows:
    """A row a line of `headwater serve --log-prompts`, with what a person typed last as `text`; where nobody typed
    anything there is none. `same` is equal for equal texts."""
    rows = []
    for row in read_jsonl(paths):
        if "messages" in row:
            typed = next((one["content"] for one in reversed(row["messages"]) if one["role"] == "user"), "")
        else:
            typed = row["prompt"]
        if typed:
            rows.append({"text": typed, "same": sha256(typed.encode())[:16]})
    return rows


# In this order; the same text as lm-eval's wikitext_detokenizer makes.
SPACES = (
    ("s '", "s'"),
    (" @-@ ", "-"),
    (" @,@ ", ","),
    (" @.@ ", "."),
    *((f" {mark} ", f"{mark} ") for mark in ":;.!?,"),
)
ENCLOSED = tuple(rf"(\{a})\s*([^\{b}]*?)\s*(\{b})" for a, b in ("()", "[]", "{}", '""', "''"))
LATER = (
    *(("= " * times + "=", "=" * (times + 1)) for times in (3, 2, 1)),
    (" ° ", "°"),
    (" \n", "\n"),
    ("\n ", "\n"),
    (" N ", " 1 "),
    (" 's", "'s"),
)


def detokenized(text: str) -> str:
    for old, new in SPACES:
        text = text.replace(old, new)
    for pattern in ENCLOSED:
        text = re.sub(pattern, r"\1\2\3", text)
    for old, new in LATER:
        text = text.replace(old, new)
    return text
