"""Prompts and options that meet inside a token, asked by lm-eval's own Hugging Face backend and by ours."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from small_corpus import small_model
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from training.checkpoints.export import layout_files, load_causal, load_tokenizer
from training.evaluation.harness import ask_items, build_table, lm_eval_task
from training.evaluation.kinds import Choice, Completion
from training.evaluation.language_model import LanguageModel
from training.evaluation.task import Doc, Task
from training.inference.batches import build_batches
from training.inference.huggingface import HuggingFace
from training.inference.model import Model, TrainedModel
from training.inference.questions import continuation_questions
from training.models.qwen3.transformer import Transformer

from lm_eval import evaluator  # isort: skip  # behind harness, which keeps it off the network
from lm_eval.models.huggingface import HFLM  # isort: skip

EOS, CONTEXT, SIZE = "<|endoftext|>", 96, 160
LINES = [
    "the cat sat on the mat, and the cats sat on mats in the end of the day",
    "at the end of the day  the rat sat\n at the end of the mat",
    "abc abcd bcd cde ab abc abcd of the abc",
    "天地玄黄宇宙洪荒 天地玄黄 宇宙 日月盈昃 日月",
]


def merging(pre_tokenizer: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    byte_level = isinstance(pre_tokenizer, pre_tokenizers.ByteLevel)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet()) if byte_level else []
    size = SIZE + 256 * byte_level
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[EOS], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(LINES * 9, trainer)
    return tokenizer


def likely(pre_tokenizer: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=[EOS, "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(LINES * 9, trainer)
    return tokenizer


VOCABULARIES: dict[str, Callable[[], Tokenizer]] = {
    "BPE across blanks": lambda: merging(None),
    "byte-level BPE across blanks": lambda: merging(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)),
    "byte-level BPE": lambda: merging(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "byte-level BPE that adds a blank": lambda: merging(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "Metaspace": lambda: likely(pre_tokenizers.Metaspace()),
    "Metaspace across blanks": lambda: likely(pre_tokenizers.Metaspace(split=False)),
    "Metaspace first": lambda: likely(pre_tokenizers.Metaspace(prepend_scheme="first")),
}


def our_folder(tokenizer: Tokenizer, folder: Path) -> Path:
    """A random checkpoint of ours, whose rows branch where choices share a prompt."""
    config = small_model(tokenizer.get_vocab_size(), tokenizer.get_vocab()[EOS], max_position_embeddings=CONTEXT)
    model = Transformer(config, seed=1)
    drawn = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.normal_(0, 0.25, generator=drawn)
    for name, content in layout_files(config, tokenizer.to_str().encode()).items():
        (folder / name).write_bytes(content)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    return folder


def their_folder(tokenizer: Tokenizer, folder: Path) -> Path:
    """A random Llama, whose tokenizer puts a token of its own before each text."""
    torch.manual_seed(3)
    eos = tokenizer.token_to_id(EOS)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        bos_token_id=eos,
        eos_token_id=eos,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.post_processor = TemplateProcessing(single=f"{EOS} $A", special_tokens=[(EOS, eos)])
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=EOS, eos_token=EOS, model_max_length=CONTEXT)
    made.save_pretrained(folder)
    return folder


def cut_anywhere(task: Task, theirs: HFLM, count: int) -> list[Doc]:
    """Items whose prompt ends at any character of a text, and whose options go on from there, each for another length,
    the delimiter put in. lm-eval cannot ask where the whole option is in the prompt's last token; those are left out.
    """
    draw, text = random.Random(1), " ".join(LINES)
    docs: list[Doc] = []
    while len(docs) < count:
        place = draw.randrange(30, len(text) - 12)
        prompt, begin = text[place - draw.randrange(1, 30) : place], place
        if isinstance(task, Choice) and task.delimiter:
            begin += text[place] == " "
        options = [text[begin : begin + length] for length in draw.sample(range(1, 9), 3)]
        delimiter = task.delimiter if isinstance(task, Choice) else ""
        if prompt.strip() and all(theirs._encode_pair(prompt, delimiter + option)[1] for option in options):
            name = str(len(docs))
            about = {"item_id": name, "cluster": name, "group": "", "context": prompt}
            docs.append({**about, "options": options, "answer": 0, "target": options[0]})
    return docs


TASKS: tuple[Task, ...] = (
    Choice(name="glued", options="options", delimiter=""),
    Choice(name="spaced", options="options", delimiter=" "),
    Completion(name="target", prompt="{context}", target="{target}"),
)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("folder", [our_folder, their_folder])
def test_an_option_that_begins_inside_a_token_is_scored_as_lm_eval_scores_it(
    folder: Callable[[Tokenizer, Path], Path], vocabulary: str, tmp_path: Path
) -> None:
    folder(VOCABULARIES[vocabulary](), tmp_path)
    model: Model = (
        TrainedModel(load_causal(tmp_path), load_tokenizer(tmp_path / "tokenizer.json"))
        if folder is our_folder
        else HuggingFace(tmp_path, torch.device("cpu"))
    )
    theirs = HFLM(pretrained=str(tmp_path), device="cpu", dtype="float32", batch_size=8)
    joined = 0
    for task in TASKS:
        docs = cut_anywhere(task, theirs, 40)
        asked = LanguageModel(model)
        found = build_table(task, docs, ask_items(asked, task, docs))["log_likelihoods"].to_pylist()
        asks = {"tasks": {task.name: lm_eval_task(task, docs)}, "groups": {}}
        samples = evaluator.evaluate(theirs, asks, bootstrap_iters=0)["samples"][task.name]
        for row, sample in zip(found, sorted(samples, key=lambda sample: sample["doc_id"]), strict=True):
            assert row == pytest.approx([float(answer[0][0]) for answer in sample["resps"]], abs=1e-4)
        joined += asked.joined
    assert joined > 5


def test_choices_that_meet_the_prompt_inside_a_token_still_share_it(tmp_path: Path) -> None:
    """One row of a tree: the prompt's own tokens are read for all choices, whatever each would have made of them."""
    our_folder(merging(None), tmp_path)
    model = TrainedModel(load_causal(tmp_path), load_tokenizer(tmp_path / "tokenizer.json"))
    prompt = "the cat sat on the mat in the end of th"
    pairs = [(prompt, option) for option in ("e day sat", "e mats on", "at rat the")]
    questions = continuation_questions(pairs, model.encode, model.prefix)
    (own,) = model.encode([prompt], True)
    assert [question.tokens[: question.start] for question in questions] == [own] * 3
    assert any(question.joined for question in questions)
    (batch,) = build_batches(questions, CONTEXT, None, branches=True)
    assert batch.branched and len(batch.tokens) == 1


def test_an_option_wholly_inside_the_prompt_s_last_token_is_encoded_by_itself() -> None:
    """lm-eval stops with an error there; a run of hours should not."""
    pieces = ["a", "b", "c", "d", "e", "ab", "cd", "abcd"]
    merges = [("a", "b"), ("c", "d"), ("ab", "cd")]
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(pieces)}, merges))

    def encode(texts: Sequence[str], special: bool) -> list[list[int]]:
        return [tokenizer.encode(text).ids for text in texts]

    pairs = [("abcd", "e"), ("ab", "cd"), ("a", "b"), ("ab", "cde")]
    own, inside, alone, rest = continuation_questions(pairs, encode, 0)
    assert [question.joined for question in (own, inside, alone, rest)] == [False, True, True, True]
    named = [[pieces[token] for token in question.tokens] for question in (own, inside, alone, rest)]
    assert named == [["abcd", "e"], ["ab", "cd"], ["a", "b"], ["ab", "e"]]
