"""Model: how likely words and pairs of words are in reference texts, and in a crawl: a score for each document.

    ratio        how much likelier a document's n-grams are in the reference than in the crawl, in bits an n-gram: the
                 weights by which DSIR (Xie et al. 2023, arXiv:2302.03169) samples, and a naive form of the classifier
                 that DCLM (Li et al. 2024, arXiv:2406.11794) fits on hashed n-grams
    perplexity   how likely they are in the reference alone, in bits an n-gram, as CCNet (Wenzek et al. 2020,
                 arXiv:1911.00359) filters, with a smaller model

Weights are whole numbers, so that a document has the same score on every machine.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import fsspec
import numpy as np
import pyarrow as pa

from corpus.lake.manifest import sha256
from corpus.selection.ngrams import BUCKETS, count_ngrams, find_ngrams

Measure = Literal["ratio", "perplexity"]
MEASURES: tuple[Measure, ...] = ("ratio", "perplexity")
FORMAT = 1
PRIOR = 0.1  # n-grams that are added to each bucket
UNITS = 1024  # a bit
STEPS = 1000  # quantiles of the crawl's scores


@dataclass(frozen=True, kw_only=True)
class SelectionConfig:
    """`model`: the URL of a file that `headwater select` wrote; None selects nothing. `by`: the measure. `keep`:
    the share of the crawl that the model was fitted on which would be kept. `languages`: of the documents that are
    judged, () for all; documents in others stay."""

    model: str | None = None
    by: Measure = "ratio"
    keep: float = 0.5
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep = {self.keep}: a share above 0 and at most 1")


@dataclass(frozen=True, kw_only=True)
class SelectionModel:
    """`weights`: by measure (BUCKETS,) int64, in bits / UNITS. `quantiles`: by measure the scores of the crawl,
    (STEPS + 1,), ascending. `about`: what it was fitted on."""

    weights: Mapping[Measure, np.ndarray]
    quantiles: Mapping[Measure, np.ndarray]
    about: Mapping[str, Any]

    def score(self, texts: pa.Array, by: Measure) -> np.ndarray:
        """Bits an n-gram, (texts,) float64; of a text without a word as of one that has the least likely alone."""
        return _score(find_ngrams(texts), self.weights[by])

    def bound(self, by: Measure, keep: float) -> float:
        """The score from which on a document is kept, so that of the crawl the share `keep` is."""
        return float(self.quantiles[by][round((1 - keep) * STEPS)])

    def to_bytes(self) -> bytes:
        """The same for the same model."""
        arrays = {f"weights_{by}": self.weights[by].astype(np.int32) for by in MEASURES}
        arrays |= {f"quantiles_{by}": self.quantiles[by] for by in MEASURES}
        about = json.dumps({"format": FORMAT, **self.about}, sort_keys=True)
        sink = io.BytesIO()
        np.savez_compressed(sink, about=np.frombuffer(about.encode(), np.uint8), **arrays)  # type: ignore[arg-type]
        return sink.getvalue()


def fit(
    reference: Iterable[pa.Array], crawl: Callable[[], Iterable[pa.Array]], about: Mapping[str, Any]
) -> SelectionModel:
    """`crawl` gives its texts each time it is called: they are read twice. `about`: what is noted in the model, beside
    the number of texts of each. Raises ValueError where either has no words."""
    shares, numbers = [], {}
    for name, texts in (("reference", reference), ("crawl", crawl())):
        counts, numbers[name] = count_ngrams(texts)
        if not counts.any():
            raise ValueError(f"the {name} has no words; give texts with some")
        shares.append(np.log2((counts + PRIOR) / (counts.sum() + PRIOR * BUCKETS)))
    weights: dict[Measure, np.ndarray] = {"ratio": shares[0] - shares[1], "perplexity": shares[0]}
    whole = {by: np.rint(values * UNITS).astype(np.int64) for by, values in weights.items()}
    scores: dict[Measure, list[np.ndarray]] = {by: [] for by in MEASURES}
    for batch in crawl():
        ngrams = find_ngrams(batch)
        for by in MEASURES:
            scores[by].append(_score(ngrams, whole[by]))
    quantiles = {by: _quantiles(np.concatenate(found)) for by, found in scores.items()}
    return SelectionModel(weights=whole, quantiles=quantiles, about={**about, **numbers})


def read_model(url: str) -> tuple[SelectionModel, str]:
    """A model and the digest of its file. Raises OSError or ValueError naming it."""
    try:
        with fsspec.open(url, "rb") as file:
            data = file.read()
        arrays = np.load(io.BytesIO(data), allow_pickle=False)
        about = json.loads(arrays["about"].tobytes())
        if about.pop("format") != FORMAT:
            raise ValueError("it is of another version")
        model = SelectionModel(
            weights={by: arrays[f"weights_{by}"].astype(np.int64) for by in MEASURES},
            quantiles={by: arrays[f"quantiles_{by}"] for by in MEASURES},
            about=about,
        )
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{url} does not exist; `headwater select` writes such a file") from error
    except (ValueError, KeyError, EOFError) as error:
        raise ValueError(f"{url} is no model of selection ({error}); write it by `headwater select`") from error
    return model, f"sha256:{sha256(data)}"


def _score(ngrams: Sequence[tuple[np.ndarray, np.ndarray]], weights: np.ndarray) -> np.ndarray:
    """`ngrams`: of a batch of texts, as find_ngrams has them."""
    texts = len(ngrams[0][1]) - 1
    totals, counts = np.zeros(texts, np.int64), np.zeros(texts, np.int64)
    for buckets, offsets in ngrams:
        before = np.concatenate([[0], np.cumsum(weights[buckets])])
        totals += before[offsets[1:]] - before[offsets[:-1]]
        counts += np.diff(offsets)
    none = counts == 0
    return np.asarray((totals + none * weights.min()) / ((counts + none) * UNITS))


def _quantiles(scores: np.ndarray) -> np.ndarray:
    """Scores that documents have, none between two of them."""
    ordered = np.sort(scores)
    return ordered[np.minimum(np.arange(STEPS + 1) * len(ordered) // STEPS, len(ordered) - 1)]
