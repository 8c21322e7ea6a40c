"""What each objective hides and asks, counted over many sequences."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from training.data.sequences import IGNORED, Batch
from training.objectives.autoencoding import Autoencoding
from training.objectives.both_sides import BothSides
from training.objectives.denoising import Denoising
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.objective import Text
from training.objectives.replaced_tokens import ReplacedTokens
from training.objectives.sentence_order import SentenceOrder
from training.objectives.span_corruption import SpanCorruption

TEXT = Text(vocab_size=1000, eos=0)
ROWS, LENGTH = 200, 256
SAMPLES = np.arange(ROWS)


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Tokens of no document's opening but one in 50."""
    random = np.random.RandomState(0)
    tokens = random.randint(1, TEXT.vocab_size, (ROWS, LENGTH))
    tokens[random.random_sample(tokens.shape) < 0.02] = TEXT.eos
    return Batch(tokens, np.roll(tokens, -1, axis=1))


def test_a_seventh_of_the_tokens_is_asked_and_most_of_these_are_hidden(batch: Batch) -> None:
    tokens, targets = MaskedTokens(TEXT, seed=0, share=0.15)(batch, SAMPLES)
    asked = targets != IGNORED
    words = batch.tokens != TEXT.eos
    assert (asked.sum(1) == np.maximum(1, np.round(0.15 * words.sum(1)))).all() and not asked[~words].any()
    assert (targets[asked] == batch.tokens[asked]).all() and (tokens[~asked] == batch.tokens[~asked]).all()
    hidden, same = (tokens[asked] == TEXT.vocab_size).mean(), (tokens[asked] == batch.tokens[asked]).mean()
    assert hidden == pytest.approx(0.8, abs=0.015) and same == pytest.approx(0.1, abs=0.015)
    others = tokens[asked & (tokens != batch.tokens) & (tokens != TEXT.vocab_size)]
    assert len(np.unique(others)) > 500 and others.max() < TEXT.vocab_size  # any token of the vocabulary
    places = asked.mean(0)
    assert places.std() < 0.04  # no place is preferred


def test_a_sequence_is_hidden_anew_in_each_epoch_and_alike_on_any_rank(batch: Batch) -> None:
    objective = MaskedTokens(TEXT, seed=7, share=0.15)
    _, first = objective(batch, SAMPLES)
    _, later = objective(batch, SAMPLES + ROWS)
    both = (first != IGNORED) & (later != IGNORED)
    assert both.sum() / (first != IGNORED).sum() == pytest.approx(0.15, abs=0.02)
    part = Batch(batch.tokens[50:60], batch.targets[50:60])
    assert (objective(part, SAMPLES[50:60])[1] == first[50:60]).all()
    assert (MaskedTokens(TEXT, seed=8, share=0.15)(batch, SAMPLES)[1] != first).any()


def test_spans_are_told_after_their_sentinels(batch: Batch) -> None:
    objective = SpanCorruption(TEXT, seed=0, share=0.15, span=3.0)
    noise, spans = objective.counts(LENGTH)
    assert noise == round(0.15 * LENGTH) and spans == round(noise / 3)
    read, targets, before = objective(batch, SAMPLES)
    assert read.shape == (ROWS, LENGTH - noise + spans + 1) and targets.shape == (ROWS, noise + spans + 1)
    assert (before[:, 0] == TEXT.eos).all() and (before[:, 1:] == targets[:, :-1]).all()
    lengths: Counter[int] = Counter()
    for row in range(ROWS):
        told = _spans(targets[row][:-1])
        assert list(told) == list(range(TEXT.vocab_size, TEXT.vocab_size + spans)) and targets[row][-1] == TEXT.eos
        rebuilt = [piece for token in read[row][:-1].tolist() for piece in (told.get(token) or [token])]
        assert rebuilt == batch.tokens[row].tolist()
        lengths.update(map(len, told.values()))
    assert sum(size * count for size, count in lengths.items()) / lengths.total() == pytest.approx(3.0, abs=0.1)
    assert lengths[1] > lengths[3] > lengths[6] > 0  # each division is as likely as any other


def _spans(targets: np.ndarray) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for token in targets.tolist():
        if token >= TEXT.vocab_size:
            found[token] = []
        else:
            found[list(found)[-1]].append(token)
    return found


@pytest.mark.parametrize("length", [2, 3, 5, 17])
def test_short_sequences_have_something_to_read_and_to_tell(length: int) -> None:
    tokens = np.arange(1, length + 1)[None]
    read, targets, _ = SpanCorruption(TEXT, seed=0, share=0.15, span=3.0)(Batch(tokens, tokens), np.array([3]))
    assert read.size > 2 and targets.size > 2
    _, asked = MaskedTokens(TEXT, seed=0, share=0.15)(Batch(tokens, tokens), np.array([3]))
    assert (asked != IGNORED).sum() == max(1, round(0.15 * length))


@pytest.fixture(scope="module")
def spelled() -> Text:
    """Ids from 1 to 999 are words; of them every tenth ends a sentence."""
    text = Text(vocab_size=1000, eos=0)
    text.ends_sentence = np.arange(1000) % 10 == 0
    return text


def test_a_text_is_damaged_by_masks_for_spans_and_by_the_order_of_its_sentences(batch: Batch, spelled: Text) -> None:
    objective = Denoising(spelled, seed=0, share=0.3, span=3.0)
    read, targets, before, lengths = objective(batch, SAMPLES)
    assert (targets == batch.tokens).all() and (before[:, 1:] == targets[:, :-1]).all() and not before[:, 0].any()
    masks = (read == spelled.vocab_size).sum(1)
    assert (lengths == LENGTH - round(0.3 * LENGTH) + masks).all()
    spans = round(0.3 * LENGTH) / masks.mean()
    assert spans == pytest.approx(3.0, rel=0.05)  # the last span is cut, some have no token
    for row in range(ROWS):
        kept = Counter(read[row, : lengths[row]].tolist())
        del kept[spelled.vocab_size]
        assert not kept - Counter(batch.tokens[row].tolist())
    random = np.random.RandomState(0)
    turned = objective.permute(batch.tokens[0], random)
    assert sorted(turned) == sorted(batch.tokens[0]) and (turned != batch.tokens[0]).any()
    sentences = np.split(batch.tokens[0], np.flatnonzero(spelled.ends_sentence[batch.tokens[0]]) + 1)
    joined = " ".join(map(str, turned.tolist()))
    assert all(" ".join(map(str, sentence.tolist())) in joined for sentence in sentences)


def test_sentences_end_as_people_write_them(tokenizer_of_all_bytes: Tokenizer) -> None:
    text = Text(tokenizer_of_all_bytes.get_vocab_size(), 0, tokenizer_of_all_bytes.to_str().encode())
    ends = {tokenizer_of_all_bytes.decode([token]) for token in np.flatnonzero(text.ends_sentence)[1:]}
    assert {".", "!", "?", "\n"} <= ends and not {",", " ", "a", "("} & ends


@pytest.fixture
def tokenizer_of_all_bytes() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([], trainers.BpeTrainer(special_tokens=["<|eos|>"], initial_alphabet=alphabet))
    return tokenizer


def test_parts_are_swapped_in_half_of_the_sequences(batch: Batch) -> None:
    tokens, targets, swapped = SentenceOrder(TEXT, seed=0, share=0.15)(batch, SAMPLES)
    assert swapped.mean() == pytest.approx(0.5, abs=0.1)
    middle = (LENGTH - 2) // 2
    whole = np.where(targets != IGNORED, targets, tokens)
    assert (whole[:, 0] == TEXT.eos).all()
    for row in range(ROWS):
        first = batch.tokens[row, :middle] if not swapped[row] else batch.tokens[row, middle : LENGTH - 2]
        assert (whole[row, 1 : 1 + len(first)] == first).all()


def test_replaced_tokens_are_all_masked_and_drawn_by_even_numbers(batch: Batch) -> None:
    tokens, targets, draws = ReplacedTokens(TEXT, seed=0, share=0.15)(batch, SAMPLES)
    assert (tokens[targets != IGNORED] == TEXT.vocab_size).all()
    assert draws.dtype == np.float32 and draws.mean() == pytest.approx(0.5, abs=0.01)
    assert 0 <= draws.min() < draws.max() < 1


def test_half_of_the_sequences_are_read_on_both_sides_and_a_state_predicts_what_is_behind_it(batch: Batch) -> None:
    tokens, targets, both_sides = BothSides(TEXT, seed=0, share=0.15)(batch, SAMPLES)
    assert both_sides.mean() == pytest.approx(0.5, abs=0.1)
    assert (tokens[~both_sides] == batch.tokens[~both_sides]).all()
    assert (targets[~both_sides] == batch.targets[~both_sides]).all()
    asked = targets[both_sides, :-1] != IGNORED
    assert asked.mean() == pytest.approx(0.147, abs=0.002)  # but for what opens a document, and for the first token
    assert (targets[both_sides, :-1][asked] == batch.tokens[both_sides, 1:][asked]).all()
    assert (tokens[both_sides, 1:][asked] == TEXT.vocab_size).mean() == pytest.approx(0.8, abs=0.02)


def test_the_divergence_gains_weight_in_the_first_half_of_a_run(batch: Batch) -> None:
    tokens, targets, before, noise, weight = Autoencoding(TEXT, seed=0, share=0.25, samples=ROWS)(batch, SAMPLES)
    assert (tokens == batch.tokens).all() and (targets == batch.tokens).all()
    hidden = before == TEXT.vocab_size
    assert hidden.mean() == pytest.approx(0.25, abs=0.01)
    assert (before[:, 1:][~hidden[:, 1:]] == batch.tokens[:, :-1][~hidden[:, 1:]]).all()
    assert noise.mean() == pytest.approx(0, abs=0.05) and noise.std() == pytest.approx(1, abs=0.05)
    assert weight[0] == 0 and weight[ROWS // 4] == 0.5 and (weight[ROWS // 2 :] == 1).all()
    *_, no_noise, no_weight = Autoencoding(TEXT, seed=0, share=0.25, samples=None)(batch, SAMPLES)
    assert not no_noise.any() and not no_weight.any()
