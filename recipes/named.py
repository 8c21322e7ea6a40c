"""Recipes: named configurations of the whole river. Two that agree up to a stage share all datasets up to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from corpus.contamination.policy import ContaminationConfig
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.holdout.items import ItemConfig
from corpus.repeats.lines import LineConfig
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.blocks import IngestConfig
from pipelines.clean import CleanConfig
from pipelines.repeats import TrimConfig
from pipelines.shard import ShardConfig
from training.evaluation.catalog import PREPARED


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A preset of training/config.py, its budget of tokens where that is another, and how it is launched: one process
    with the preset's threads, whatever the worker count of the data stages, for the order of a floating-point sum is
    part of a checkpoint's bytes.

    Of `along` checkpoints on the way, at most and evenly spaced, the weights are kept too: what the learning curve is
    of. They cost `along` times the size of the model."""

    preset: str = "tiny"
    tokens: int | None = None
    processes: int = 1
    along: int = 4

    def __post_init__(self) -> None:
        if self.along < 0:
            raise ValueError(f"along {self.along}: a number of checkpoints is 0 or more")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One configuration a stage. `ingest` belongs to the crawl and is shared by all recipes. Without `trim`, nothing is
    cut out of documents. `contamination` matters only once a benchmark is materialized."""

    clean: CleanConfig = field(default_factory=CleanConfig)
    trim: TrimConfig | None = None
    duplicates: DuplicateConfig = field(default_factory=DuplicateConfig)
    contamination: ContaminationConfig = field(default_factory=ContaminationConfig)
    heldout: HeldOutConfig = field(default_factory=HeldOutConfig)
    items: ItemConfig = field(default_factory=ItemConfig)
    vocabulary: VocabularyConfig | ImportConfig = field(default_factory=VocabularyConfig)
    shards: ShardConfig = field(default_factory=ShardConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


def base() -> Recipe:
    """Gopher's quality rules, deduplication over all crawls at Jaccard 0.8, the tiny model."""
    return Recipe()


def trimmed() -> Recipe:
    """As base, without the lines that many pages of a host repeat."""
    return Recipe(trim=TrimConfig(lines=LineConfig()))


RECIPES = {"base": base(), "trimmed": trimmed()}
INGEST = IngestConfig()
# Whose items documents are compared with: assets benchmarks/<task>.
BENCHMARKS = tuple(task.name for task in PREPARED)
