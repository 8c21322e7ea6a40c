"""`headwater search`: documents are found by their words in any script, with their records, and damage is no answer."""

from __future__ import annotations

import json
import random
import shutil
import threading
from pathlib import Path

import pytest
from crawls import CHINESE, GERMAN, JAPANESE, MODULES, YELLOW_RIVER, prose
from stages import SPOKEN, page, publish

import headwater
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from headwater.cli import main
from headwater.lake_reader import LakeReader
from headwater.searching.word_index import WordIndex

RIVERS = {"zh": CHINESE, "yellow": YELLOW_RIVER, "ja": JAPANESE, "de": GERMAN}
HELD_OUT = {"json", "wave"}


def write(lake: Lake, names: list[str], partition: str = "made") -> Manifest:
    """A split of the standard library's documentation and of four texts about rivers."""
    texts = {**{name: prose(name) for name in MODULES}, **RIVERS}
    rows = [
        page("site", number, title=name, text=texts[name], url=f"https://docs.example/{name}")
        for number, name in enumerate(texts)
        if name in names
    ]
    train = [row for row in rows if row["title"] not in HELD_OUT]
    held_out = [row for row in rows if row["title"] in HELD_OUT]
    return publish(lake, "split", partition, [], {"train": (SPOKEN, train), "heldout": (SPOKEN, held_out)})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    write(lake, [*MODULES, *RIVERS])
    return lake.url


@pytest.fixture
def lake(url: str) -> LakeReader:
    return headwater.open(url)


def titles(lake: LakeReader, words: str, limit: int = 100) -> set[str]:
    return {document.title for document in lake.search(words, limit=limit).documents}


def test_every_document_is_found_by_words_of_its_own_and_no_others(lake: LakeReader) -> None:
    table = lake.documents("split", ["title", "text"])
    texts = dict(zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True))
    dice = random.Random(1)
    for title, text in texts.items():
        words = [word for word in text.split() if word.isalpha() and word.isascii() and len(word) > 3]
        if words:
            chosen = dice.sample(words, min(3, len(words)))
            found = lake.search(" ".join(chosen), limit=100)
            assert title in {document.title for document in found.documents}
            assert found.matching == len(found.documents) and found.searched == len(texts)
            for document in found.documents:
                text_and_title = f"{document.title} {texts[document.title]}".lower()
                assert all(word.lower() in text_and_title for word in chosen)


@pytest.mark.parametrize("name", ["zh", "yellow", "ja"])
def test_a_word_of_any_length_is_found_where_nothing_parts_words(name: str, lake: LakeReader) -> None:
    text = RIVERS[name]
    for length in (1, 2, 3, 4):
        for start in range(0, len(text) - length, 7):
            word = text[start : start + length]
            if word.isalpha():
                found = titles(lake, word)
                assert name in found
                assert found == {other for other, one in RIVERS.items() if word in "".join(filter(str.isalpha, one))}


def test_an_answer_has_its_record_an_excerpt_and_its_dataset(lake: LakeReader) -> None:
    [found] = lake.search("Schneeschmelze Alpen").documents
    [dataset] = lake.datasets("split")
    number = [*MODULES, *RIVERS].index("de")
    assert (found.title, found.url) == ("de", "https://docs.example/de")
    assert (found.warc_file, found.warc_offset, found.warc_length) == ("a.warc.gz", number * 100, 90)
    assert (found.stage, found.address, found.kind) == ("split", dataset.address, "train")
    assert "führt die Schneeschmelze in den Alpen" in found.excerpt and found.excerpt.strip("…") in GERMAN
    assert [one.kind for one in lake.search("url:wave").documents] == ["heldout"]
    for document in lake.search("river OR Fluss OR 长河 OR module", limit=5).documents:
        assert document.excerpt


def test_phrases_alternatives_and_exclusions(lake: LakeReader) -> None:
    assert titles(lake, '"Schwarze Meer"') == {"de"}
    assert titles(lake, '"Meer Schwarze"') == set()
    assert titles(lake, "黄土高原 OR Schwarzwald") == {"yellow", "de"}
    assert titles(lake, "河 -泥沙") == {"zh"}
    assert titles(lake, "title:wave") == {"wave"}
    assert titles(lake, "don't") == titles(lake, "don’t") == titles(lake, "don t") != set()
    assert titles(lake, "fu\u0308hrt") == {"de"}, "composed as documents are"


@pytest.mark.parametrize("words", ["", " !?", '"unclosed', "https://site.example", "(", "a AND", "-json", "/x/"])
def test_a_query_that_cannot_be_parsed_is_refused(words: str, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--lake", url, "--", words]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and repr(words) in printed.err
    assert "give " in printed.err


def test_a_stage_without_documents_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for stage, message in (
        ("splt", "no documents in stage 'splt'; did you mean split?"),
        ("unique", "no dataset of stage unique in the lake"),
    ):
        assert main(["search", "--lake", url, "--stage", stage, "word"]) == 1
        assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match="limit is 0"):
        headwater.open(url).search("word", limit=0)


def test_it_prints_the_best_first_and_what_to_type_next(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--lake", url, "--limit", "2", "module"]) == 0
    printed = capsys.readouterr().out
    assert ", the best 2:" in printed
    assert main(["search", "--lake", url, "--limit", "2", "--json", "module"]) == 0
    head, *found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 2 < head["matching"] <= head["searched"]
    assert found[0]["score"] >= found[1]["score"]
    assert printed.rstrip().endswith(f"headwater trace --lake {url} {found[0]['doc_id']}")
    assert main(["search", "--lake", url, "Quetzalcoatl"]) == 0
    assert capsys.readouterr().out == f"0 of {head['searched']} documents hold Quetzalcoatl\n"


def test_the_index_is_made_once_and_again_where_it_is_damaged(tmp_path: Path) -> None:
    write(Lake(str(tmp_path)), ["json", *RIVERS])

    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*") if path.is_file()}

    def ask() -> list[tuple[str, float]]:
        return [(one.title, one.score) for one in headwater.open(str(tmp_path)).search("河").documents]

    expected = ask()
    made = files()
    assert {title for title, _ in expected} == {"zh", "yellow"}
    assert ask() == expected and files() == made
    for path in made:
        if path.stat().st_size and path.name != "lock":
            data = path.read_bytes()
            path.write_bytes(data[: len(data) // 2])
            assert ask() == expected
            shutil.rmtree(tmp_path / "cache")
            assert ask() == expected
            break
    largest = max(files(), key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    assert ask() == expected
    assert not largest.exists() or largest.read_bytes() != bytes(data)


def test_two_who_ask_at_once_get_one_index(tmp_path: Path) -> None:
    manifest = write(Lake(str(tmp_path)), [*MODULES])
    counts: list[int] = []

    def ask() -> None:
        counts.append(WordIndex(Lake(str(tmp_path)), manifest).find("module", 5)[0])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 4 and len(set(counts)) == 1
    assert len(list((tmp_path / "cache" / "search").iterdir())) == 2, "an index and the lock"


def test_a_document_of_several_datasets_is_one_answer(tmp_path: Path) -> None:
    write(Lake(str(tmp_path)), ["de", "zh"])
    write(Lake(str(tmp_path)), ["de", "ja"], partition="made+more")
    assert [one.title for one in headwater.open(str(tmp_path)).search("Donau").documents] == ["de"]


def test_a_damaged_dataset_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = Lake(str(tmp_path))
    manifest = write(lake, ["de", "zh"])
    path = Path(lake.folder(manifest)) / manifest.of_kind("train")[0].path
    path.write_bytes(path.read_bytes()[:-20])
    assert main(["search", "--lake", lake.url, "Donau"]) == 1
    assert str(path) in capsys.readouterr().err
    assert not [one for one in (tmp_path / "cache" / "search").iterdir() if one.name not in ("lock", "making")]
