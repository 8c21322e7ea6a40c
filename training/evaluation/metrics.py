"""Metrics: what else is said of answers beside a task's own score, by the libraries that the field compares with.

    of_choices   scikit-learn, and torchmetrics for calibration: of items with a right choice among several
    of_texts     sacrebleu, torchmetrics (ROUGE), and SQuAD's exact match and F1: of generated texts
    perplexity, bits_per_byte   of whole texts

Nothing is fetched: BLEU's Chinese tokenizer is in sacrebleu, and ROUGE is given in the kinds that need no sentences.
Imports of the libraries, seconds each, wait until they are used.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CALIBRATION_BINS = 15  # of equal width (Guo et al. 2017)
BY_CHARACTER = ("zh", "ja")  # languages written without spaces
# Han, with its extensions, and kana: each is a word of its own there; so is 々.
CHARACTER = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
PIECE = re.compile(f"[{CHARACTER}]|[^\\W_{CHARACTER}]+")
WORD = re.compile(r"[^\W_]+")
SPACED = re.compile(f"([{CHARACTER}])")
ARTICLES = re.compile(r"\b(a|an|the)\b")
ROUGE = ("rouge1", "rouge2", "rougeL")


def of_choices(items: pa.Table) -> dict[str, float]:
    """accuracy, precision, recall, f1, roc_auc, calibration_error and brier of the columns gold and log_likelihoods.

    A choice's probability is its share of exp(log-likelihood) among the item's choices, whatever their lengths, and the
    likeliest is taken, of equals the first: a task whose own score divides by length may differ. Classes are places of
    choices: for tasks whose places mean something (no and yes), and to see a model that favours one.

    precision, recall, f1   the mean over classes that are right or taken somewhere; 0 for one never taken or right
    roc_auc                 one class against the rest, the mean over classes that are right in some items, not all;
                            not given where there is none, as where the first choice is always right
    calibration_error       of the taken choice's probability, 15 bins weighted by their items (ECE)
    brier                   sum over choices of (probability - right)^2, the mean over items: 0 to 2 (Brier 1950)

    Items without a right choice do not count; nothing is given where no item has one. Raises ValueError where a
    log-likelihood is not a number, or the right choice is none of those given.
    """
    items = items.filter(pc.is_valid(items["gold"]))
    if len(items) == 0:
        return {}
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score
    from torch import from_numpy
    from torchmetrics.functional.classification import binary_calibration_error

    gold = items["gold"].to_numpy()
    scored = items["log_likelihoods"].to_pylist()
    for choice, scores in zip(gold, scored, strict=True):
        if not 0 <= choice < len(scores):
            raise ValueError(
                f"right choice {choice} of {len(scores)} that were scored, counted from 0; there is none such"
            )
    probabilities = _probabilities(scored)
    taken = probabilities.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(gold, taken, average="macro", zero_division=0)
    right = gold[:, None] == np.arange(probabilities.shape[1])
    aucs = [
        roc_auc_score(truth, chance)
        for truth, chance in zip(right.T, probabilities.T, strict=True)
        if truth.any() and not truth.all()
    ]
    surest = np.minimum(probabilities.max(axis=1), 1.0)
    metrics = {
        "accuracy": (taken == gold).mean(),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "calibration_error": binary_calibration_error(
            from_numpy(surest), from_numpy((taken == gold).astype(np.int64)), n_bins=CALIBRATION_BINS
        ),
        "brier": ((probabilities - right) ** 2).sum(axis=1).mean(),
    }
    if aucs:
        metrics["roc_auc"] = np.mean(aucs)
    return {name: float(value) for name, value in metrics.items()}


def _probabilities(log_likelihoods: Sequence[Sequence[float]]) -> np.ndarray:
    """(items, most choices), 0 where an item has fewer. Choices that are all impossible are equally likely."""
    found = np.zeros((len(log_likelihoods), max(map(len, log_likelihoods))))
    for row, scores in zip(found, log_likelihoods, strict=True):
        here = np.asarray(scores, dtype=np.float64)
        if np.isnan(here).any() or (here == np.inf).any():
            raise ValueError(f"log-likelihoods {list(scores)}: each is to be a number below infinity")
        above = np.exp(here - here.max()) if np.isfinite(here.max()) else np.ones(len(here))
        row[: len(here)] = above / above.sum()
    return found


def of_texts(predictions: Sequence[str], references: Sequence[Sequence[str]], language: str = "en") -> dict[str, float]:
    """exact_match, token_f1, bleu, chrf, rouge1, rouge2 and rougeL of texts, each beside one or several references.

    bleu and chrf are of the whole corpus, 0 to 100, as sacrebleu gives them (BLEU with its tokenizer "zh" for Chinese;
    Japanese by characters, for its own needs a dictionary); the others the mean over items of the best reference, 0 to
    1. ROUGE is the F-measure, of lower-case words of letters and digits; Han and kana count one by one in Chinese and
    Japanese, where ROUGE's own tokenizer would drop all that is not ASCII. An empty prediction gets 0 of each, or 1 of
    exact match and F1 where a reference is empty too. Raises ValueError for no items, or one without a reference.
    """
    if not predictions or len(predictions) != len(references) or not all(references):
        raise ValueError(
            f"{len(predictions)} predictions, {len(references)} lists of references, "
            f"{sum(not refs for refs in references)} of them empty; give at least one for each prediction"
        )
    import sacrebleu

    count = max(map(len, references))
    streams: Any = [[refs[place] if place < len(refs) else None for refs in references] for place in range(count)]
    tokenizer = {"zh": "zh", "ja": "char"}.get(language, "13a")
    items = list(zip(predictions, references, strict=True))
    return {
        "exact_match": math.fsum(exact_match(said, refs, language) for said, refs in items) / len(items),
        "token_f1": math.fsum(token_f1(said, refs, language) for said, refs in items) / len(items),
        "bleu": sacrebleu.corpus_bleu(predictions, streams, tokenize=tokenizer).score,
        "chrf": sacrebleu.corpus_chrf(predictions, streams).score,
        **_rouge(predictions, references, language),
    }


def _rouge(predictions: Sequence[str], references: Sequence[Sequence[str]], language: str) -> dict[str, float]:
    from torchmetrics.functional.text.rouge import rouge_score

    found = rouge_score(
        list(predictions),
        [list(refs) for refs in references],
        accumulate="best",
        normalizer=str.lower,
        tokenizer=(PIECE if language in BY_CHARACTER else WORD).findall,
        rouge_keys=ROUGE,
    )
    return {name: float(found[f"{name}_fmeasure"]) for name in ROUGE}


def exact_match(prediction: str, references: Sequence[str], language: str = "en") -> float:
    """1 where it is one of the references, but for case, punctuation, English articles and spaces (SQuAD), else 0."""
    said = answer_words(prediction, language)
    return float(any(said == answer_words(reference, language) for reference in references))


def token_f1(prediction: str, references: Sequence[str], language: str = "en") -> float:
    """The F1 of words that a prediction shares with the best reference, in any order (Rajpurkar et al. 2016).

    Chinese and Japanese by characters, as MLQA and XQuAD are scored. 1 where both are empty, 0 where one is.
    """
    said = Counter(answer_words(prediction, language))

    def against(wanted: Counter[str]) -> float:
        if not said or not wanted:
            return float(said == wanted)
        return 2 * (said & wanted).total() / (said.total() + wanted.total())

    return max(against(Counter(answer_words(reference, language))) for reference in references)


def answer_words(text: str, language: str) -> list[str]:
    """Lower case, without punctuation of any script (SQuAD's own script knows ASCII's alone) nor English articles."""
    kept = "".join(
        char for char in text.lower() if char not in string.punctuation and unicodedata.category(char)[0] != "P"
    )
    if language in BY_CHARACTER:
        kept = SPACED.sub(r" \1 ", kept)
    return (ARTICLES.sub(" ", kept) if language == "en" else kept).split()


def perplexity(log_likelihood: float, tokens: int) -> float:
    """exp(-nats / token); infinite where that is beyond a float. Comparable under one tokenizer only."""
    if tokens < 1:
        raise ValueError(f"{tokens} tokens; the perplexity of nothing would mean nothing")
    try:
        return math.exp(-log_likelihood / tokens)
    except OverflowError:
        return math.inf


def bits_per_byte(log_likelihood: float, size: int) -> float:
    """Of a log-likelihood in nats and the text's bytes in UTF-8: comparable across tokenizers."""
    if size < 1:
        raise ValueError(f"{size} bytes; the bits of nothing would mean nothing")
    return -log_likelihood / math.log(2) / size
