"""Recipes by name: configurations of the whole path. Two that agree up to a stage share all datasets up to it.

base            ordinary web pages
trimmed         base, without the lines that many pages of a host repeat
documentation   base, with quality rules for reference documentation
demo            documentation, of the standard library alone, in a budget of minutes

babylm_strict_small   base, with as many words, readings and weights as BabyLM's track strict-small has; for a GPU

recipes.files has those that differ from one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from corpus.contamination.policy import ContaminationConfig
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.holdout.items import ItemConfig
from corpus.quality.rules import DEFAULT, Rule
from corpus.repeats.lines import LineConfig
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig
from pipelines.repeats import TrimConfig
from pipelines.shards import ShardConfig
from recipes.finetune import FinetuneConfig
from recipes.risks import RiskConfig
from recipes.shrink import ShrinkConfig
from recipes.training import TrainingConfig
from training.evaluation.catalog import PREPARED


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One configuration per stage. `crawls`: those that it takes where none is given. `trim`: None cuts nothing out of
    documents. `contamination` matters only once a benchmark is materialized. `finetune`: for which tasks the model is
    fine-tuned, each by its name. `risks`: what of them is measured, and `shrink`: which smaller models are made of it,
    each by its name, where somebody asks for that."""

    crawls: tuple[str, ...] = ("stdlib", "packages")
    ingest: IngestConfig = field(default_factory=IngestConfig)
    clean: CleanConfig = field(default_factory=CleanConfig)
    trim: TrimConfig | None = None
    duplicates: DuplicateConfig = field(default_factory=DuplicateConfig)
    contamination: ContaminationConfig = field(default_factory=ContaminationConfig)
    heldout: HeldOutConfig = field(default_factory=HeldOutConfig)
    items: ItemConfig = field(default_factory=ItemConfig)
    vocabulary: VocabularyConfig | ImportConfig = field(default_factory=VocabularyConfig)
    shards: ShardConfig = field(default_factory=ShardConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    finetune: tuple[FinetuneConfig, ...] = ()
    risks: RiskConfig = field(default_factory=RiskConfig)
    shrink: tuple[ShrinkConfig, ...] = ()


def base() -> Recipe:
    """Gopher's quality rules, deduplication over all crawls at Jaccard 0.8, the tiny model."""
    return Recipe()


def trimmed() -> Recipe:
    """As base, without the lines that many pages of a host repeat."""
    return replace(base(), trim=TrimConfig(lines=LineConfig()))


def documentation() -> Recipe:
    """As base, with bounds for reference documentation. It repeats itself within a page as nothing else that people
    write: the same parameter under ten functions, the same inherited method under ten classes, and signatures on lines
    of their own. The bounds are near the 99th percentile of 1,045 such pages (docs/experiments.md, 2026-11-28)."""
    maxima = {
        "duplicate_lines": 0.8,
        "duplicate_line_characters": 0.8,
        "duplicate_paragraph_characters": 0.8,
        "duplicate_5grams": 0.8,
        "duplicate_10grams": 0.8,
        "lines_per_word": 0.4,
    }
    return replace(base(), clean=CleanConfig(rules=with_maxima(DEFAULT, maxima)))


def demo() -> Recipe:
    """As documentation, of one built-in crawl and a quarter of the tokens: minutes on two CPU cores."""
    return replace(documentation(), crawls=("stdlib",), training=TrainingConfig(tokens=196_608, along=2))


def babylm_strict_small() -> Recipe:
    """As base, within the bounds of the BabyLM challenge's track strict-small: tokenizer and model see at most 10
    million words, at most ten times. The model is as large as the baseline GPT-BERT (31M weights; Charpentier and
    Samuel 2024, arXiv:2410.24159), which is for a GPU."""
    training = TrainingConfig(
        preset="small",
        family="gpt_bert",
        layers=12,
        width=384,
        heads=6,
        kv_heads=6,
        head_width=64,
        feed_forward=1280,
        context=256,
        tokens=150_000_000,
        max_epochs=10,
    )
    return replace(
        base(),
        heldout=HeldOutConfig(training_words=10_000_000),
        vocabulary=VocabularyConfig(size=16_384),
        training=training,
    )


def with_maxima(rules: tuple[Rule, ...], maxima: Mapping[str, float]) -> tuple[Rule, ...]:
    """Rules with other upper bounds, by name. Raises ValueError for a name that none of them has."""
    unknown = set(maxima) - {rule.name for rule in rules}
    if unknown:
        raise ValueError(f"no rule is named {', '.join(sorted(unknown))}: there are {', '.join(r.name for r in rules)}")
    return tuple(replace(rule, maximum=maxima.get(rule.name, rule.maximum)) for rule in rules)


BUILT_IN = (base, demo, documentation, trimmed, babylm_strict_small)
RECIPES = {make.__name__: make() for make in BUILT_IN}
# The first sentence on each.
ABOUT = {make.__name__: " ".join((make.__doc__ or "").split()).partition(". ")[0] for make in BUILT_IN}
# Whose items documents are compared with: assets benchmarks/<task>.
BENCHMARKS = tuple(task.name for task in PREPARED)
