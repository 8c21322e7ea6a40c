"""Imported: the ids of vocabularies that others trained come out as theirs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import beside
from tiktoken_ext import openai_public
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE, Model, Unigram, WordLevel
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import AutoTokenizer

from corpus.tokenizer.byte_letters import letter_of_bytes
from corpus.tokenizer.imported import ENCODINGS, ImportConfig, read_vocabulary
from corpus.tokenizer.ranks import load_fast_encoding
from corpus.tokenizer.vocabulary import EOS, Vocabulary
from training.checkpoints.export import layout_files
from training.models.qwen3.config import Qwen3Config

TEXTS = [
    "It isn't far: 12345 km! The rain gathers in brooks.\n\n",
    "落在山上的雨水汇成小溪",
    "Дождь  выпадает\t\n",
] * 20
LETTERS = letter_of_bytes()


def trained() -> Tokenizer:
    """A BPE in the manner of GPT-2, without a control token."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TEXTS, BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


ORIGINAL = trained()
PARTS = json.loads(ORIGINAL.to_str())["model"]


def as_gpt2(folder: Path) -> str:
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(PARTS["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in PARTS["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    return str(folder)


def ranks() -> dict[bytes, int]:
    back = {letter: number for number, letter in LETTERS.items()}
    return {bytes(back[letter] for letter in piece): number for piece, number in PARTS["vocab"].items()}


def as_tiktoken(folder: Path, name: str = "r50k_base") -> str:
    folder.mkdir()
    lines = [f"{base64.b64encode(piece).decode()} {rank}" for piece, rank in ranks().items()]
    (folder / f"{name}.tiktoken").write_text("\n".join(lines) + "\n")
    return str(folder / f"{name}.tiktoken")


def as_tokenizer_json(folder: Path) -> str:
    folder.mkdir()
    ORIGINAL.enable_padding(length=1_000)
    ORIGINAL.enable_truncation(4)
    ORIGINAL.save(str(folder / "tokenizer.json"))
    ORIGINAL.no_padding()
    ORIGINAL.no_truncation()
    return str(folder)


@pytest.mark.parametrize(("write", "end"), [(as_gpt2, 0), (as_tiktoken, 50_256), (as_tokenizer_json, 0)])
def test_each_format_gives_the_ids_that_it_had(write: Callable[[Path], str], end: int, tmp_path: Path) -> None:
    vocabulary = Vocabulary(read_vocabulary(ImportConfig(path=write(tmp_path / "theirs"))))
    for text in [*TEXTS[:3], "", "  a \n b  ", EOS, "naïve 🎉 e\u0301 ", "^" * 1_000]:
        *tokens, last = vocabulary.encode([text]).tokens.tolist()
        assert tokens == ORIGINAL.encode(text, add_special_tokens=False).ids
        assert last == vocabulary.eos == (end or ORIGINAL.get_vocab_size()) == vocabulary.size - 1


@pytest.fixture(scope="module")
def encodings(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Tokenizer, tiktoken.Encoding]]:
    """Of each split of a rank file: what we make of it, and tiktoken with its own pattern, both with the same ranks."""
    folder, found = tmp_path_factory.mktemp("ranks"), []
    for name in ENCODINGS:
        data = read_vocabulary(ImportConfig(path=as_tiktoken(folder / name, name)))
        assert load_fast_encoding(data) is not None
        ours = Tokenizer.from_str(data.decode())
        ours.encode_special_tokens = True
        with patch.object(openai_public, "load_tiktoken_bpe", lambda *_, **__: {}):
            pattern = getattr(openai_public, name)()["pat_str"]
        theirs = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks(), special_tokens={})
        found.append((ours, theirs))
    return found


@settings(max_examples=300, deadline=None)
@given(text=st.text() | st.text(alphabet="ab '’stdLVEéſK1½中文。\n\r\t \u0301", max_size=60))
def test_splits_are_tiktokens(encodings: list[tuple[Tokenizer, tiktoken.Encoding]], text: str) -> None:
    for ours, theirs in encodings:
        assert ours.encode(text, add_special_tokens=False).ids == theirs.encode_ordinary(text), theirs.name


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("nothing.tiktoken", "", "known for r50k_base, p50k_base"),
        ("r50k_base.tiktoken", "<html>not found", "not a rank file"),
        ("r50k_base.tiktoken", "IQ== 0\n", "255 of the 256 bytes"),
        ("tokenizer.json", "{}", "not a tokenizer.json"),
        ("vocab.json", "{}", "255|256 of the 256 bytes"),
    ],
)
def test_what_is_no_vocabulary_is_refused(name: str, content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ValueError, match=says):
        read_vocabulary(ImportConfig(path=str(tmp_path if name == "vocab.json" else tmp_path / name)))


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"wanted NAME.tiktoken, tokenizer.json"):
        read_vocabulary(ImportConfig(path=str(tmp_path)))


def test_dropout_is_switched_off(tmp_path: Path) -> None:
    value = json.loads(ORIGINAL.to_str())
    value["model"]["dropout"] = 0.5
    (tmp_path / "tokenizer.json").write_text(json.dumps(value))
    vocabulary = Vocabulary(read_vocabulary(ImportConfig(path=str(tmp_path))))
    assert vocabulary.encode([TEXTS[0]]).tokens.tolist()[:-1] == ORIGINAL.encode(TEXTS[0]).ids


def test_another_kind_of_tokenizer_is_encoded_by_its_own_library(tmp_path: Path) -> None:
    words = Tokenizer(WordLevel({"rain": 0, "sun": 1, "?": 2}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    data = read_vocabulary(ImportConfig(path=str(tmp_path / "tokenizer.json")))
    assert load_fast_encoding(data) is None
    assert Vocabulary(data).encode(["rain or sun"]).tokens.tolist() == [0, 2, 1, 3]


def test_tokens_around_a_text_are_left_out_for_every_reader_of_the_file(tmp_path: Path) -> None:
    """As BERT's [CLS] and Llama's <s>: a model that was trained here has never seen them before a text."""
    other = Tokenizer.from_str(ORIGINAL.to_str())
    other.add_special_tokens(["<s>"])
    begin = other.token_to_id("<s>")
    other.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", begin)])
    other.save(str(tmp_path / "tokenizer.json"))
    assert other.encode(TEXTS[0]).ids[0] == begin
    data = read_vocabulary(ImportConfig(path=str(tmp_path)))
    ids = Vocabulary(data).encode([TEXTS[0]]).tokens[:-1].tolist()
    assert Tokenizer.from_str(data.decode()).encode(TEXTS[0]).ids == ids == ORIGINAL.encode(TEXTS[0]).ids


# The vectors beside the checkout ---------------------------------------------------------------------------------

VECTOR = re.compile(r"EncodingName: r50k_base\nSample: (.*?)\nEncoded: (\[.*?\])(?=\n|$)", re.DOTALL)
SOURCES = {"gpt2": ("gpt2",), "r50k_base": ("tiktoken", "SharpToken", "data", "r50k_base.tiktoken")}
PLANS = beside("data", "tokenizers", "tiktoken", "SharpToken.Tests", "data", "TestPlans.txt")
SHAPE = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "head_dim": 8}


@pytest.mark.parametrize("source", SOURCES)
def test_the_67_vectors(source: str, tmp_path: Path) -> None:
    """By us, and by transformers from a checkpoint's folder."""
    path = beside("data", "tokenizers", *SOURCES[source])
    if PLANS is None or path is None:
        pytest.skip("../shared/data/tokenizers is not there")
    vectors = [(text, json.loads(ids)) for text, ids in VECTOR.findall(PLANS.read_text())]
    assert len(vectors) == 67
    data = read_vocabulary(ImportConfig(path=str(path)))
    vocabulary = Vocabulary(data)
    config = Qwen3Config(
        vocab_size=vocabulary.size,
        eos_token_id=vocabulary.eos,
        num_key_value_heads=1,
        max_position_embeddings=1_024,
        rope_theta=5_000.0,
        **SHAPE,
    )
    for name, content in layout_files(config, data).items():
        (tmp_path / name).write_bytes(content)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    as_text = AutoTokenizer.from_pretrained(tmp_path, split_special_tokens=True)
    spelt = 0
    for text, ids in vectors:
        tokens = vocabulary.encode([text]).tokens.tolist()[:-1]
        assert theirs(text)["input_ids"] == ids, "in a prompt the control token is one"
        assert as_text(text)["input_ids"] == tokens
        if EOS in text:
            spelt += 1
            assert vocabulary.eos in ids and vocabulary.eos not in tokens, "in a page it is text"
        else:
            assert tokens == ids
        assert theirs.decode(ids) == text
    assert spelt == 3


def test_of_a_folder_with_both_the_file_that_says_how_text_is_split_is_taken(tmp_path: Path) -> None:
    """As folders of later models have them, which split otherwise than GPT-2 does."""
    folder = Path(as_gpt2(tmp_path / "both"))
    other = Tokenizer.from_str(ORIGINAL.to_str())
    other.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    other.save(str(folder / "tokenizer.json"))
    vocabulary = Vocabulary(read_vocabulary(ImportConfig(path=str(folder))))
    assert vocabulary.encode(TEXTS[:1]).tokens[:-1].tolist() == other.encode(TEXTS[0]).ids
    assert other.encode(TEXTS[0]).ids != ORIGINAL.encode(TEXTS[0]).ids


@pytest.mark.parametrize(
    "model", [WordLevel({"a": 0, "b": 1, EOS: 2, "?": 3}, unk_token="?"), Unigram([("?", 0), (EOS, 0)], 0)]
)
def test_a_vocabulary_that_makes_the_control_token_of_words_is_refused(model: Model, tmp_path: Path) -> None:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "words.json"))
    with pytest.raises(ValueError, match=r"words\.json: a page that spells .* would get the control token"):
        read_vocabulary(ImportConfig(path=str(tmp_path / "words.json")))


@pytest.mark.parametrize(
    ("pieces", "merges", "said"),
    [
        ([1, 2], "a b", "wanted are pieces with their ids; it begins b'\\[1, 2\\]'"),
        ({"a": "b"}, "a b", "wanted are pieces with their ids"),
        ({letter: number for number, letter in LETTERS.items()}, "a b", "merges are not of its pieces .*ab"),
    ],
)
def test_pieces_and_merges_that_do_not_fit_are_refused(pieces: object, merges: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps(pieces))
    (tmp_path / "merges.txt").write_text(merges)
    with pytest.raises(ValueError, match=f"{tmp_path}: .*{said}"):
        read_vocabulary(ImportConfig(path=str(tmp_path)))


def test_merges_with_the_line_ends_of_windows(tmp_path: Path) -> None:
    folder = Path(as_gpt2(tmp_path / "gpt2"))
    wanted = read_vocabulary(ImportConfig(path=str(folder)))
    merges = folder / "merges.txt"
    merges.write_bytes(merges.read_bytes().replace(b"\n", b"\r\n"))
    assert read_vocabulary(ImportConfig(path=str(folder))) == wanted
