"""Rows: a file of examples -> its rows, each a mapping from column to value, by the name of the file.

    .jsonl .json    an object a line, a list of objects, or the nested layout of SQuAD
    .csv .tsv       with a line of names, or with names given; .tsv without quotation marks, as GLUE has it
    .parquet
    .conll .bio     a token and its tag a line, blank lines between sentences, perhaps comments above one

Each of them but Parquet may be compressed as .gz.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.text.lines import split_lines

Row = Mapping[str, Any]
COMMENT = re.compile(r"# (?:id|sent_id|text|newdoc)\b")  # of MultiCoNER and Universal Dependencies
PARTS = {  # of a folder, by the names that its files may have
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}


def read_rows(path: Path, columns: Sequence[str] = ()) -> list[Row]:
    """The rows of a file. `columns`: the names of a table's columns, which then has no line of names.

    Raises ValueError, naming file and line, for a file that is not what its name says, and where there is no row.
    """
    suffix = _kind(path)
    if suffix not in READERS:
        raise ValueError(f"{path}: of what kind it is cannot be told by its name; it may end with {', '.join(READERS)}")
    if columns and suffix not in TABLES:
        raise ValueError(f"{path}: its columns have names; leave out --columns {' '.join(columns)}")
    try:
        rows = list(READERS[suffix](path, columns))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is no UTF-8; convert the file first") from error
    except gzip.BadGzipFile as error:
        raise ValueError(f"{path}: {error}") from error
    if not rows:
        raise ValueError(f"{path}: there is no row in it")
    return rows


def find_parts(folder: Path) -> dict[str, Path]:
    """The files of a folder by what they are for: "train", "validation", "test". Raises ValueError where there is no
    training file, or several for one part."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        stem = path.name.partition(".")[0].lower()
        for part, names in PARTS.items():
            if path.is_file() and stem in names and _kind(path) in READERS:
                if part in found:
                    raise ValueError(
                        f"{folder}: both {found[part].name} and {path.name} may be its {part} file; name one"
                    )
                found[part] = path
    if "train" not in found:
        raise ValueError(f"{folder}: no file in it is called train, with one of {', '.join(READERS)}; name the file")
    return found


def _kind(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _json_rows(path: Path, _: Sequence[str]) -> Iterator[Row]:
    with _text(path) as file:
        text = file.read()
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        yield from _json_lines(path, text)
        return
    if isinstance(whole, dict) and isinstance(whole.get("data"), list):
        yield from _squad_rows(path, whole["data"])
    else:
        yield from (
            _row(path, number, row) for number, row in enumerate(whole if isinstance(whole, list) else [whole], 1)
        )


def _json_lines(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            try:
                yield _row(path, number, json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error


def _row(path: Path, number: int, row: Any) -> Row:
    if not isinstance(row, dict):
        raise ValueError(f"{path}, row {number}: {json.dumps(row)[:60]} is no object with named values")
    return row


def _squad_rows(path: Path, articles: Sequence[Any]) -> Iterator[Row]:
    """Questions, each with its context (Rajpurkar et al. 2016)."""
    try:
        for article in articles:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    yield {
                        "context": paragraph["context"],
                        "question": asked["question"],
                        "answers": {
                            "text": [answer["text"] for answer in asked["answers"]],
                            "answer_start": [answer["answer_start"] for answer in asked["answers"]],
                        },
                    }
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: is not in the layout of SQuAD, which has {error}") from error


def _table_rows(path: Path, columns: Sequence[str], options: Mapping[str, Any]) -> Iterator[Row]:
    with _text(path) as file:
        lines = csv.reader(file, strict=True, **options)
        try:
            names = list(columns) or next(lines, [])
            for line in lines:
                if len(line) == len(names):
                    yield dict(zip(names, line, strict=True))
                elif line:
                    raise ValueError(
                        f"{path}, line {lines.line_num}: {len(line)} values for the columns {', '.join(names)}; where "
                        f"the first line has no names, give them by --columns"
                    )
        except csv.Error as error:
            raise ValueError(f"{path}, line {lines.line_num}: {error}") from error


def _csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    return _table_rows(path, columns, {})


def _tsv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    return _table_rows(path, columns, {"delimiter": "\t", "quoting": csv.QUOTE_NONE})


def _parquet_rows(path: Path, _: Sequence[str]) -> Iterator[Row]:
    try:
        yield from pq.read_table(path).to_pylist()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: {error}") from error


def _conll_rows(path: Path, _: Sequence[str]) -> Iterator[Row]:
    tokens, tags = list[str](), list[str]()
    with _text(path) as file:
        lines = list(file)
    # A token may begin with "#" as a comment does; it has as many cells as the others.
    widths = Counter(len(_cells(line)) for line in lines if line.strip() and not line.startswith(("#", "-DOCSTART-")))
    width = max(widths, key=lambda cells: widths[cells], default=0)
    for number, line in enumerate([*lines, ""], start=1):
        cells = _cells(line)
        is_comment = not tokens and line.startswith("#") and (len(cells) != width or COMMENT.match(line))
        if is_comment or line.startswith("-DOCSTART-"):
            continue
        if line.strip() and (len(cells) < 2 or not cells[-1].strip()):
            raise ValueError(f"{path}, line {number}: {line.strip()[:60]!r} is no token with a tag")
        if line.strip():
            tokens.append(cells[0].strip())
            tags.append(cells[-1].strip())
        elif tokens:
            yield {"tokens": tokens, "tags": tags}
            tokens, tags = [], []


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
    ".jsonl": _json_rows,
    ".json": _json_rows,
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".parquet": _parquet_rows,
    ".conll": _conll_rows,
    ".bio": _conll_rows,
}
TABLES = (".csv", ".tsv")
