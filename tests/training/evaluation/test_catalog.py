from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from benchmark_files import MAKERS, make, to_jsonl
from lm_eval.api.model import LM

from tests.helpers.shared import beside
from training.evaluation import curve, score
from training.evaluation.catalog import PREPARED, TASKS, check_unique_names, find_tasks, format_catalog
from training.evaluation.catalog.layouts import crows_pairs
from training.evaluation.files import read_csv, read_parquet
from training.evaluation.files import read_jsonl as files_of_jsonl
from training.evaluation.harness import ask_items, build_table
from training.evaluation.items import load_items
from training.evaluation.task import Doc

Row = dict[str, Any]


@pytest.mark.parametrize("name", MAKERS)
def test_every_prepared_task_reads_its_layout(name: str, tmp_path: Path) -> None:
    made, task = make(name, tmp_path), TASKS[name]
    docs = load_items(task, tmp_path).docs
    assert len(docs) == len(made.rows) == len({doc["item_id"] for doc in docs})
    assert load_items(task, tmp_path).data == load_items(task, tmp_path).data
    for path in made.files:  # the digest of the data heeds every file that is read
        before = load_items(task, tmp_path).data
        (tmp_path / path).write_text("\ufeff" + made.files[path], newline="")
        assert load_items(task, tmp_path).data != before


def test_all_prepared_tasks_are_tried() -> None:
    assert set(MAKERS) == {task.name for task in PREPARED} and all(task.source for task in PREPARED)
    assert [line.split()[0] for line in format_catalog()[: len(TASKS)]] == list(TASKS)
    with pytest.raises(ValueError, match=r"no task 'hellaswga'; there are .*hellaswag, piqa.*nearest is hellaswag"):
        find_tasks("hellaswga")


def of_query(doc: Doc, before: str = "", after: str = "") -> Row:
    query = doc["context"].removesuffix("\nAnswer:").removesuffix(after)
    return {"query": before + query, "choices": doc["options"], "gold": doc["answer"]}


PREPARED_FORMS: dict[str, tuple[str, Callable[[Doc], Row]]] = {
    "arc_easy": ("arc_easy.jsonl", of_query),
    "openbookqa": ("openbook_qa.jsonl", of_query),
    "copa": ("copa.jsonl", of_query),
    "boolq": ("boolq.jsonl", lambda doc: of_query(doc, "Passage: ")),
    "winogrande": (
        "winogrande.jsonl",
        lambda doc: {"context_options": doc["beginnings"], "continuation": doc["ending"], "gold": doc["answer"]},
    ),
    "lambada": ("lambada_openai.jsonl", lambda doc: {"context": doc["context"], "continuation": doc["target"][1:]}),
}


@pytest.mark.parametrize("name", PREPARED_FORMS)
def test_the_prepared_form_asks_the_same_as_the_authors(name: str, tmp_path: Path) -> None:
    make(name, tmp_path / "authors")
    docs = load_items(TASKS[name], tmp_path / "authors").docs
    file, form = PREPARED_FORMS[name]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / file).write_text(to_jsonl(map(form, docs)))
    again = load_items(TASKS[name], tmp_path).docs
    names = [name for name in docs[0] if name not in ("item_id", "cluster")]
    assert [[doc[name] for name in names] for doc in again] == [[doc[name] for name in names] for doc in docs]
    assert len({doc["cluster"] for doc in again}) == len({doc["cluster"] for doc in docs})


def test_hellaswag_as_text_of_six_lines(tmp_path: Path) -> None:
    lines = ["Mowing: A man", "1", "a.", "b.", "c.", "d.", "Digging: A dog", "3", "e.", "f.", "g.", "h."]
    path = tmp_path / "hellaswag_val_full.txt.bz2"
    path.write_bytes(bz2.compress(("\n".join(lines) + "\n").encode()))
    first, second = load_items(TASKS["hellaswag"], tmp_path).docs
    assert first["context"] == "Mowing: A man" and first["options"] == ["a.", "b.", "c.", "d."]
    assert (first["answer"], second["answer"], second["item_id"]) == (1, 3, "1")
    path.write_bytes(bz2.compress("\n".join(lines[:-1]).encode()))
    with pytest.raises(ValueError, match="11 lines, which are not six an item"):
        load_items(TASKS["hellaswag"], tmp_path)


def test_twins_passages_subjects_and_shots(tmp_path: Path) -> None:
    for name in ("winogrande", "boolq", "cmmlu", "ceval", "xquad_zh", "blimp", "ocnli"):
        make(name, tmp_path / name)
    docs = {
        name: load_items(TASKS[name], tmp_path / name).docs for name in ("winogrande", "boolq", "xquad_zh", "ocnli")
    }
    assert [doc["cluster"] for doc in docs["winogrande"]][:3] == ["W0", "W0", "W1"]
    assert [len({doc["cluster"] for doc in docs[name]}) for name in ("boolq", "xquad_zh", "ocnli")] == [2, 2, 4]
    assert {doc["group"] for doc in load_items(TASKS["blimp"], tmp_path / "blimp").docs} == {"rule_0", "rule_1"}
    for name, about in (("cmmlu", "以下是关于解剖学的"), ("ceval", "以下是中国关于注册会计师的")):
        doc = load_items(TASKS[name], tmp_path / name).docs[0]
        assert doc["context"].startswith(about) and doc["context"].count("\n答案： ") == 5
        assert doc["context"].count("\n答案：") == 6 and doc["group"] in ("anatomy", "accountant")


def test_no_item_is_solved_before_itself_and_none_lacks_its_shots(tmp_path: Path) -> None:
    make("cmmlu", tmp_path)
    test = tmp_path / "data" / "test"
    with pytest.raises(ValueError, match=r"anatomy.csv would be asked about .* that holds \*\*/dev/\*.csv too"):
        load_items(TASKS["cmmlu"], test / "anatomy.csv")
    (test / "virology.csv").write_bytes((test / "anatomy.csv").read_bytes())
    with pytest.raises(ValueError, match=r"cannot be asked: .*dev.* has no solved rows of virology"):
        load_items(TASKS["cmmlu"], tmp_path)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Document(name='../mine')", "task name '../mine': it names a folder"),
        ("Document(name='')", "task name ''"),
        ("Choice(name='mine', options='o', by='norm')", "by='norm' is none of acc, acc_norm, acc_bytes"),
        ("Document(name='mine', shots=2)", "shots=2 of shots_from=''; give both, or neither"),
        ("Choice(name='mine')", "mine.py cannot be run: TypeError: .*'options'"),
        ("(", "mine.py cannot be run: SyntaxError"),
        ("3", "mine.py defines no task"),
    ],
)
def test_a_task_of_one_s_own_that_cannot_be_asked(tmp_path: Path, written: str, message: str) -> None:
    own = tmp_path / "mine.py"
    own.write_text(f"from training.evaluation.kinds import Choice, Document\n\nmine = {written}\n")
    with pytest.raises(ValueError, match=message):
        find_tasks(str(own))


def test_two_tasks_of_one_name_do_not_take_each_other_s_place(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text("from training.evaluation.kinds import Document\n\none = alias = Document(name='mine')\n")
    check_unique_names(find_tasks(str(own)))
    with pytest.raises(ValueError, match="2 tasks are named piqa"):
        check_unique_names([*find_tasks("piqa"), *find_tasks("sst2"), *find_tasks("piqa")])


@pytest.mark.parametrize("flag", ["--batch-size", "--limit", "--threads"])
@pytest.mark.parametrize("of", [score, curve])
def test_none_of_a_thing_is_refused(flag: str, of: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Batches of -1 asked nothing, and scored that."""
    with pytest.raises(SystemExit):
        of.main([flag, "-1", "--task", "piqa", "--data", ".", "--checkpoint", "."])
    assert f"argument {flag}: -1: at least 1 is needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "held", "message"),
    [
        ("a.jsonl.gz", gzip.compress(b"{}", mtime=0)[:-9], "cannot be read .*get it again"),
        ("a.jsonl.bz2", b"BZ", "cannot be read .*get it again"),
        ("a.csv", b"q,a\n1,2,3\n", "line 2: the row has more cells than the header"),
        ("a.csv", b"q,a\n" + b"x" * 200_000, "line .: field larger than field limit"),
        ("a.parquet", b"PAR1", "cannot be read .*get it again"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, held: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(held)
    read = {".csv": read_csv, ".parquet": read_parquet}.get(path.suffix, files_of_jsonl)
    with pytest.raises(ValueError, match=f"{name}.*{message}"):
        read([path])


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    make("piqa", tmp_path / "piqa")
    with pytest.raises(ValueError, match=r"--data is the folder that holds valid.jsonl and valid-labels.lst"):
        load_items(TASKS["piqa"], tmp_path / "piqa" / "data" / "valid.jsonl")
    (tmp_path / "piqa" / "data" / "valid-labels.lst").write_text("0\n1\n")
    with pytest.raises(ValueError, match="8 rows and 2 labels"):
        load_items(TASKS["piqa"], tmp_path / "piqa")
    with pytest.raises(ValueError, match=r"row 1 is of no known layout \(it lacks 'question'\)"):
        load_items(TASKS["arc_easy"], tmp_path / "piqa" / "data" / "valid.jsonl")
    make("cmmlu", tmp_path / "cmmlu")
    for part in ("dev", "test"):
        (tmp_path / "cmmlu" / "data" / part / "anatomy.csv").rename(tmp_path / "cmmlu" / "data" / part / "magic.csv")
    with pytest.raises(ValueError, match=r"magic.csv: 'magic' is none of the 67 subjects"):
        load_items(TASKS["cmmlu"], tmp_path / "cmmlu")
    with pytest.raises(FileNotFoundError, match=r"no file \*\*/xquad.en.json there, which xquad_en reads"):
        load_items(TASKS["xquad_en"], tmp_path)
    with pytest.raises(ValueError, match=r"cannot be asked: '{bias_type}' asks for 'bias_type'"):
        load_items(TASKS["crows_pairs"], tmp_path / "cmmlu" / "data" / "dev" / "magic.csv")
    (tmp_path / "xquad.en.json").write_text("{}")
    with pytest.raises(ValueError, match=r"xquad.en.json is not laid out as it should be \(it lacks 'data'\)"):
        load_items(TASKS["xquad_en"], tmp_path)


def test_a_cell_may_hold_any_line_separator(tmp_path: Path) -> None:
    path = tmp_path / "crows_pairs_anonymized.csv"
    path.write_text(',sent_more,sent_less,bias_type\n0,one\u2028two,"three\nfour",age\n', newline="")
    assert [row["sent_more"] for row in crows_pairs([path])] == ["one\u2028two"]
    assert crows_pairs([path])[0]["sent_less"] == "three\nfour"


class Parrot(LM):
    """Says what it is given to say."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts = texts

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        assert all(
            request.args[1] == {"until": ["\n"], "max_gen_toks": 256, "do_sample": False} for request in requests
        )
        return list(self.texts)

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


def test_a_generated_answer_is_held_against_its_references(tmp_path: Path) -> None:
    make("xquad_zh", tmp_path)
    docs = load_items(TASKS["xquad_zh"], tmp_path).docs
    (right,) = {text for doc in docs for text in doc["references"]}
    found = build_table(
        TASKS["xquad_zh"], docs, ask_items(Parrot(f" {right}。", right[0], "no"), TASKS["xquad_zh"], docs)
    )
    assert found["exact_match"].to_pylist() == [1.0, 0.0, 0.0]
    assert found["f1"].to_pylist() == found["value"].to_pylist() == [1.0, 0.5, 0.0]
    assert found["generated"].to_pylist()[2] == "no" and found["log_likelihoods"].to_pylist() == [[], [], []]


def test_an_item_that_comes_again_is_counted_among_the_first_ones_too(tmp_path: Path) -> None:
    rows = [{"text": "a b c"}, {"text": "a b d"}, {"text": "a b c"}]
    (tmp_path / "lambada_test.jsonl").write_text(to_jsonl(rows))
    found = load_items(TASKS["lambada"], tmp_path)
    assert (found.repeated, found.first(2).repeated, found.first(3).repeated) == (1, 0, 1)
    assert len({doc["item_id"] for doc in found.docs}) == 3 and found.first(2).data != found.data


# Items, and passages where items share one, of what ../shared/data holds.
REAL = {
    "hellaswag": ("bench", 10042, 10042),
    "piqa": ("bench", 1838, 1838),
    "arc_easy": ("bench", 2376, 2376),
    "winogrande": ("bench", 1267, 1032),
    "lambada": ("bench", 5153, 5151),
    "boolq": ("bench", 3270, 2938),
    "openbookqa": ("bench", 500, 500),
    "copa": ("bench", 100, 100),
    "blimp": ("bench/blimp", 14000, 14000),
    "crows_pairs": ("bench", 1508, 1508),
    "sst2": ("bench/sst2", 872, 872),
    "cmmlu": ("bench/CMMLU", 11582, 11582),
    "xquad_en": ("bench", 1190, 240),
    "xquad_zh": ("bench", 1190, 240),
    "wikitext": ("text/wikitext-2", 62, 62),
    "eprstmt": ("bench", 610, 610),
    "tnews": ("bench", 2010, 2010),
    "ocnli": ("bench", 2520, 1959),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_have_all_items(name: str) -> None:
    folder, items, passages = REAL[name]
    if (data := beside("data", *folder.split("/"))) is None:
        pytest.skip("../shared/data is not there")
    found = load_items(TASKS[name], data)
    assert len(found.docs) == items and len({doc["cluster"] for doc in found.docs}) == passages
    assert len({doc["item_id"] for doc in found.docs}) == items
    parts = [TASKS[name].parts(row) for row in found.rows[:50]]
    assert all(text.strip() for part in parts for text in part.values())
