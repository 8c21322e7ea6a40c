"""Small benchmarks in the layouts of the real ones, and the rows in which lm-eval would find the same items."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from small_corpus import documents

ITEMS = 8
HANZI = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜"
Row = dict[str, Any]


class Made(NamedTuple):
    """`files` by path below the folder of data; `rows` as lm-eval's `yaml`, under its tasks, asks for them."""

    files: dict[str, str]
    yaml: str
    rows: list[Row]
    first: list[Row] = []  # what shots are taken from


class Words:
    """Phrases of real text, another each time."""

    def __init__(self) -> None:
        self.words = " ".join(documents()[:2]).split()
        self.place = 0

    def __call__(self, number: int) -> str:
        self.place += number
        return " ".join(self.words[self.place - number : self.place])

    def sentence(self, number: int) -> str:
        return self(number).capitalize() + "."


def to_jsonl(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def hellaswag(say: Words) -> Made:
    rows = [
        {
            "ind": number,
            "activity_label": say(2),
            "ctx_a": say.sentence(9),
            "ctx_b": say(2),
            "endings": [say(4 + place) + " [header] and [title] so on." for place in range(4)],
            "label": str(number % 4),
        }
        for number in range(ITEMS)
    ]
    return Made({"hellaswag_val.jsonl": to_jsonl(rows)}, "hellaswag/hellaswag.yaml", rows)


def piqa(say: Words) -> Made:
    rows = [{"goal": say(6), "sol1": say(8), "sol2": say(5) + " ", "label": number % 2} for number in range(ITEMS)]
    files = {
        "data/valid.jsonl": to_jsonl({name: row[name] for name in ("goal", "sol1", "sol2")} for row in rows),
        "data/valid-labels.lst": "".join(f"{row['label']}\n" for row in rows),
    }
    return Made(files, "piqa/piqa.yaml", rows)


def _arc(say: Words, asks: int) -> Iterator[tuple[Row, Row]]:
    """Rows of the authors and of lm-eval; some label their choices with letters, some with numbers."""
    for number in range(ITEMS):
        labels = list("ABCD" if number % 2 else "1234")
        row = {"id": f"q{number}", "answerKey": labels[number % 4]}
        texts, asked = [say(2 + place % 3) for place in range(4)], say(asks)
        choices = [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]
        theirs = {"question": asked, "question_stem": asked, "choices": {"text": texts, "label": labels}}
        yield {**row, "question": {"stem": asked, "choices": choices}}, {**row, **theirs}


def arc_easy(say: Words) -> Made:
    ours, theirs = zip(*_arc(say, 12), strict=True)
    return Made({"ARC-Easy-Test.jsonl": to_jsonl(ours)}, "arc/arc_easy.yaml", list(theirs))


def arc_challenge(say: Words) -> Made:
    ours, theirs = zip(*_arc(say, 12), strict=True)
    return Made({"ARC-Challenge-Test.jsonl": to_jsonl(ours)}, "arc/arc_challenge.yaml", list(theirs))


def openbookqa(say: Words) -> Made:
    ours, theirs = zip(*_arc(say, 7), strict=True)
    return Made({"Main/test.jsonl": to_jsonl(ours)}, "openbookqa/openbookqa.yaml", list(theirs))


def winogrande(say: Words) -> Made:
    rows = [
        {
            "qID": f"W{number // 2}-{number % 2 + 1}",
            "sentence": f"{say.sentence(8)} So _ {say(4 + number % 3)}.",
            "option1": say(1),
            "option2": say(1),
            "answer": str(number % 2 + 1),
        }
        for number in range(ITEMS)
    ]
    return Made({"winogrande_1.1/dev.jsonl": to_jsonl(rows)}, "winogrande/default.yaml", rows)


def lambada(say: Words) -> Made:
    rows = [{"text": say(12) + "\n\n" + say(30)} for _ in range(ITEMS)]
    return Made({"lambada_test.jsonl": to_jsonl(rows)}, "lambada/lambada_openai.yaml", rows)


def boolq(say: Words) -> Made:
    passages = [say(60 * number) for number in (1, 2)]  # the second is beyond the context
    rows = [{"passage": passages[n % 2], "question": say(6), "label": n // 2 % 2, "idx": n} for n in range(ITEMS)]
    ours = [{**row, "label": bool(row["label"])} for row in rows]
    return Made({"BoolQ/val.jsonl": to_jsonl(ours)}, "super_glue/boolq/default.yaml", rows)


def copa(say: Words) -> Made:
    rows = [
        {
            "premise": say.sentence(6),
            "choice1": say.sentence(5),
            "choice2": say.sentence(3),
            "question": ("cause", "effect")[number % 2],
            "label": number // 2 % 2,
            "idx": number,
        }
        for number in range(ITEMS)
    ]
    return Made({"COPA/val.jsonl": to_jsonl(rows)}, "super_glue/copa/default.yaml", rows)


def blimp(say: Words) -> Made:
    rows = [
        {
            "sentence_good": say.sentence(6),
            "sentence_bad": say.sentence(6),
            "UID": f"rule_{n % 2}",
            "pairID": str(n // 2),
        }
        for n in range(ITEMS)
    ]
    files = {f"data/rule_{n}.jsonl": to_jsonl(rows[n::2]) for n in range(2)}
    return Made(files, "blimp/_template_yaml", rows[::2] + rows[1::2])


def zhoblimp(say: Words) -> Made:
    rows = [
        {
            "UID": f"规则_{n % 2}",
            "phenomenon": "规则",
            "sentence_good": f"{HANZI[n : n + 6]}。",
            "sentence_bad": f"{HANZI[n + 1 : n + 6]}{HANZI[n]}。",
            "pairID": n // 2,
        }
        for n in range(ITEMS)
    ]
    files = {f"data/规则_{n}.jsonl": to_jsonl(rows[n::2]) for n in range(2)}
    return Made(files, "zhoblimp/_template_yaml", rows[::2] + rows[1::2])


def crows_pairs(say: Words) -> Made:
    rows = [
        {"sent_more": f'{say(7)}, "{say(2)}"', "sent_less": say(8), "bias_type": ("age", "gender")[number % 2]}
        for number in range(ITEMS)
    ]
    return Made({"data/crows_pairs_anonymized.csv": _table(rows)}, "crows_pairs/crows_pairs_english.yaml", rows)


def _table(rows: list[Row]) -> str:
    """CSV whose first column, a number, has no name."""
    quoted = [
        [str(n), *(f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in r.values())] for n, r in enumerate(rows)
    ]
    return "".join(",".join(line) + "\n" for line in [["", *rows[0]], *quoted])


def sst2(say: Words) -> Made:
    rows = [{"sentence": say(8) + ' "', "label": number % 2} for number in range(ITEMS)]
    text = "".join(f"{row['sentence']}\t{row['label']}\n" for row in rows)
    return Made({"dev.tsv": "sentence\tlabel\n" + text}, "glue/sst2/default.yaml", rows)


def _exam(names: tuple[str, ...]) -> Iterator[Row]:
    """Questions of Chinese characters under the names of their columns."""
    for number in count():
        turned = HANZI[number * 5 % len(HANZI) :] + HANZI
        cells = [turned[:9], *(turned[10 + place : 12 + place] for place in range(4)), "ABCD"[number % 4]]
        yield dict(zip(names, cells, strict=True))


def cmmlu(say: Words) -> Made:
    made = _exam(("Question", "A", "B", "C", "D", "Answer"))
    first, rows = ([next(made) for _ in range(number)] for number in (5, ITEMS))
    files = {"data/dev/anatomy.csv": _table(first), "data/test/anatomy.csv": _table(rows)}
    return Made(files, "cmmlu/cmmlu_anatomy.yaml", rows, first)


def ceval(say: Words) -> Made:
    made = _exam(("question", "A", "B", "C", "D", "answer"))
    first, rows = ([next(made) for _ in range(number)] for number in (5, ITEMS))
    files = {
        "dev/accountant_dev.csv": "id" + _table([{**row, "explanation": say(3)} for row in first]),
        "val/accountant_val.csv": "id" + _table(rows),
    }
    return Made(files, "ceval/ceval-valid_accountant.yaml", rows, first)


def _squad(paragraphs: list[tuple[str, list[str]]], answer: Callable[[], str]) -> tuple[str, list[Row]]:
    rows = [
        {"id": f"{place}-{n}", "context": text, "question": asked, "answers": {"text": [answer()], "answer_start": [0]}}
        for place, (text, questions) in enumerate(paragraphs)
        for n, asked in enumerate(questions)
    ]
    made = [
        {
            "context": text,
            "qas": [
                {**row, "answers": [{"text": row["answers"]["text"][0], "answer_start": 0}]}
                for row in rows
                if row["context"] == text
            ],
        }
        for text, _ in paragraphs
    ]
    return json.dumps({"data": [{"title": "one", "paragraphs": made}]}), rows


def xquad_en(say: Words) -> Made:
    text, rows = _squad([(say(20), [say(5), say(6)]), (say(90), [say(4)])], lambda: say(2))
    return Made({"xquad.en.json": text}, "xquad/xquad_en.yaml", rows)


def xquad_zh(say: Words) -> Made:
    text, rows = _squad([(HANZI[:20], [HANZI[5:9], HANZI[7:10]]), (HANZI * 3, [HANZI[2:8]])], lambda: HANZI[8:11])
    return Made({"xquad.zh.json": text}, "xquad/xquad_zh.yaml", rows)


def wikitext(say: Words) -> Made:
    """Articles of less than a context, and of several."""
    pages = [
        f" = {say(2)} = \n \n {say(12 * 3**number)} @-@ {say(3)} , ( {say(2)} ) . \n = = {say(1)} = = \n {say(4)} 's \n"
        for number in range(4)
    ]
    return Made({"wiki.test.raw": "".join(pages)}, "wikitext/wikitext.yaml", [{"page": page} for page in pages])


def eprstmt(say: Words) -> Made:
    rows = [{"id": n, "sentence": HANZI[n : n + 9], "label": ("Negative", "Positive")[n % 2]} for n in range(ITEMS)]
    return Made({"eprstmt/test_public.json": to_jsonl(rows)}, "", rows)


def tnews(say: Words) -> Made:
    rows = [{"id": n, "sentence": HANZI[n : n + 9], "label": 100 + n} for n in (0, 4, 8, 16)]
    return Made({"tnews/test_public.json": to_jsonl(rows)}, "", rows)


def ocnli(say: Words) -> Made:
    labels = ("entailment", "neutral", "contradiction")
    rows = [
        {
            "id": n,
            "prem_id": n // 2,
            "sentence1": HANZI[n : n + 9],
            "sentence2": HANZI[n + 3 : n + 9],
            "label": labels[n % 3],
        }
        for n in range(ITEMS)
    ]
    return Made({"ocnli/test_public.json": to_jsonl(rows)}, "", rows)


def texts(say: Words) -> Made:
    """Two domains, one of them with a text twice."""
    rows = [{"text": f"{say(40)}."} for _ in range(ITEMS)]
    files = {"news.jsonl": to_jsonl(rows), "web.en.jsonl": to_jsonl(rows[:1])}
    return Made(files, "", [*rows, rows[0]])


MAKERS: dict[str, Callable[[Words], Made]] = {
    maker.__name__: maker
    for maker in (
        hellaswag, piqa, arc_easy, arc_challenge, openbookqa, winogrande, lambada, boolq, copa, blimp, crows_pairs,
        sst2, zhoblimp, cmmlu, ceval, xquad_en, xquad_zh, wikitext, eprstmt, tnews, ocnli,
        texts,
    )
}  # fmt: skip


def make(name: str, folder: Path) -> Made:
    """Writes the benchmark of a task's name into `folder`."""
    made = MAKERS[name](Words())
    for path, text in made.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return made
