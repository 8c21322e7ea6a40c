from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import save_file
from small_corpus import CONTEXT, VOCABULARY, Data

from training.checkpoints.export import layout_files, load_causal
from training.inference.beam_search import search_beams
from training.inference.decoding import decode
from training.inference.sampling import GREEDY, Sampling
from training.models.families import FAMILIES
from training.models.module import CausalModel
from training.shape import Size

SIZE = Size(
    layers=2, width=32, heads=4, kv_heads=2, head_width=8, feed_forward=64, context=CONTEXT, initial_weights=0.3
)
PROMPT = [0, 5, 6]
CAUSAL = [name for name, family in FAMILIES.items() if family.CAUSAL]


def small(family: str, vocabulary: int = VOCABULARY) -> CausalModel:
    model = FAMILIES[family].of_size(SIZE, vocabulary, 0).build(seed=5).eval()
    assert isinstance(model, CausalModel)
    return model


@pytest.mark.parametrize("family", ["qwen3", "gpt2"])
def test_the_text_is_that_of_transformers(family: str, data: Data, tmp_path: Path) -> None:
    """Of an exported folder, whether texts end early or not, and with a penalty."""
    model = small(family)
    for name, content in layout_files(model.config, data.tokenizer.read_bytes()).items():
        (tmp_path / name).write_bytes(content)
    save_file(model.state_dict(), tmp_path / "model.safetensors", {"format": "pt"})
    ours = load_causal(tmp_path).eval()
    theirs: Any = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    for beams, penalty in itertools.product((2, 5), (1.0, 1.4)):
        sampling = Sampling(beams=beams, repetition_penalty=penalty)
        ours.config, lengths = model.config, set[int]()
        likeliest = search_beams(ours, PROMPT, max_tokens=16, sampling=sampling)
        for end in (0, *sorted(set(likeliest))[:6]):  # with a token of that text for its end, other texts are found
            ours.config = replace(model.config, eos_token_id=end)
            found = search_beams(ours, PROMPT, max_tokens=16, sampling=sampling)
            assert found == transformers_text(theirs, end, beams, penalty)
            lengths.add(len(found))
        assert len(lengths) > 1


def transformers_text(model: Any, end: int, beams: int, penalty: float) -> list[int]:
    ids = torch.tensor([PROMPT])
    found = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        num_beams=beams,
        do_sample=False,
        max_new_tokens=16,
        repetition_penalty=penalty,
        eos_token_id=end,
        pad_token_id=end,
    )
    return [token for token in found[0, len(PROMPT) :].tolist() if token != end]


@pytest.mark.parametrize("family", CAUSAL)
def test_enough_beams_find_the_likeliest_of_all_texts(family: str) -> None:
    """By likelihood a token: of all texts of three tokens, or of fewer and eos."""
    model, prompt = small(family, vocabulary=6), [0, 4]
    texts = [text for text in itertools.product(range(6), repeat=3) if 0 not in text]
    texts += [(*text, 0) for length in range(3) for text in itertools.product(range(1, 6), repeat=length)]
    best = max(texts, key=lambda text: mean_likelihood(model, prompt, text))
    found = search_beams(model, prompt, max_tokens=3, sampling=Sampling(beams=300))
    assert found == [token for token in best if token]


@torch.no_grad()
def mean_likelihood(model: CausalModel, prompt: list[int], text: tuple[int, ...]) -> float:
    logits = model.logits(torch.tensor([[*prompt, *text[:-1]]]))[0, len(prompt) - 1 :]
    return float(logits.log_softmax(-1)[torch.arange(len(text)), list(text)].mean())


@pytest.mark.parametrize("family", CAUSAL)
def test_one_beam_takes_the_likeliest_token_each_time(family: str) -> None:
    """Past the context too, where the older half is forgotten."""
    model = small(family)
    [greedy] = decode(model, [PROMPT], max_tokens=50, sampling=GREEDY)
    assert search_beams(model, PROMPT, max_tokens=50, sampling=GREEDY) == greedy
    assert len(greedy) > CONTEXT


def test_a_text_of_several_beams_may_outgrow_the_context() -> None:
    model = small("gpt2")
    prompt = list(range(1, 90))
    found = search_beams(model, prompt, max_tokens=50, sampling=Sampling(beams=3))
    assert len(found) > CONTEXT
    assert found == search_beams(model, prompt, max_tokens=50, sampling=Sampling(beams=3))


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        search_beams(small("gpt2"), [], max_tokens=1, sampling=Sampling(beams=2))
