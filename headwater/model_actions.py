"""Model actions: what models are trained, asked and made smaller from Python beside the path of a recipe. Each imports
what it needs when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headwater.options import DEFAULT_LAKE

if TYPE_CHECKING:
    from headwater.mask_filling import Candidate
    from headwater.word_vectors import TrainedVectors
    from training.compress.shrinking import Shrunk
    from training.finetuning.finished import Finetuned
    from training.risks.findings import Finding
    from training.serving.baseline import Baseline
    from training.vectors.agreement import Agreement
    from training.vectors.word_vectors import Neighbour


def train_vectors(
    out: str | os.PathLike[str],
    *,
    texts: Sequence[str] = (),
    text: str | None = None,
    languages: Sequence[str] = (),
    method: Literal["skip_gram", "cbow", "glove"] = "skip_gram",
    size: int = 100,
    window: int = 5,
    epochs: int | None = None,
    min_count: int = 5,
    seed: int = 0,
    normal_form: Literal["NFKC", "NFC"] = "NFKC",
    lower_case: bool = True,
    numbers: Literal["keep", "zero", "drop"] = "keep",
    stop_words: Literal["keep", "drop"] = "keep",
    chinese: Literal["words", "characters"] = "words",
    parts_of_speech: bool = False,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> TrainedVectors:
    """Learns word vectors of the documents that a recipe trains on, or of `texts`, and writes the folder `out`, as
    `headwater vectors` (docs/vectors.md has the settings). `text`: the column of the texts. Raises ValueError or
    OSError naming what cannot be used; nothing is written then."""
    from corpus.sources.rows import Columns
    from headwater.lakes import open_lake
    from headwater.word_vectors import GivenTexts, LakeDocuments
    from headwater.word_vectors import train_vectors as compute
    from training.vectors.config import VectorConfig
    from training.vectors.words import WordConfig

    learning = VectorConfig(method=method, size=size, window=window, epochs=epochs, min_count=min_count, seed=seed)
    preparation = WordConfig(
        normal_form=normal_form,
        lower_case=lower_case,
        numbers=numbers,
        stop_words=stop_words,
        chinese=chinese,
        parts_of_speech=parts_of_speech,
    )
    if texts and recipe is not None:
        raise ValueError(f"--recipe {recipe} and texts of your own: give one of the two")
    documents = GivenTexts(texts, Columns(text=text)) if texts else LakeDocuments(open_lake(os.fspath(lake), recipe))
    return compute(documents, languages, preparation, learning, Path(out))


def nearest(
    words: Sequence[str],
    vectors: str | os.PathLike[str],
    *,
    plus: Sequence[str] = (),
    minus: Sequence[str] = (),
    count: int = 10,
) -> dict[str, list[Neighbour]]:
    """For each of the words those whose vectors are nearest to it, or to what it is with `plus` and without `minus`.

    `vectors`: a folder that `train_vectors` wrote, or a file in word2vec's text format. Raises ValueError for a word
    without a vector."""
    from headwater.word_vectors import open_vectors

    opened = open_vectors(Path(vectors))
    return {word: opened.nearest([word, *plus], minus, count) for word in words}


def score_vectors(
    vectors: str | os.PathLike[str],
    *,
    similarity: str | os.PathLike[str] | None = None,
    analogies: str | os.PathLike[str] | None = None,
) -> dict[str, Agreement]:
    """How far vectors agree with people, by files of lines `word word number` and `man woman king queen`; by
    "similarity" and "analogies". Raises ValueError or OSError naming the file or line that cannot be used."""
    from headwater.word_vectors import open_vectors
    from headwater.word_vectors import score_vectors as compute

    given = [Path(path) if path is not None else None for path in (similarity, analogies)]
    return compute(open_vectors(Path(vectors)), *given) if any(given) else {}


def fill_mask(
    text: str,
    checkpoint: str = "latest",
    *,
    top: int = 5,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> list[list[Candidate]]:
    """The likeliest tokens at each <mask> of a text, likeliest first, as `headwater fill-mask`.

    `checkpoint`: as --checkpoint takes it. Raises ValueError for a text without a mask, and for a model that fills
    none; FileNotFoundError where there is no model."""
    from headwater.checkpoints import resolve_checkpoint
    from headwater.mask_filling import fill_masks

    return fill_masks(resolve_checkpoint(checkpoint, os.fspath(lake), recipe), text, top)


def load_finetuned(folder: str | os.PathLike[str]) -> Finetuned:
    """The model that training/finetune.py left in a folder: `predict` takes examples with the fields of its task, and
    returns what it says of each (docs/finetuning.md). Raises FileNotFoundError where there is none."""
    from training.finetuning.finished import load_finetuned as load

    return load(Path(folder))


def measure_risks(
    checkpoint: str = "latest",
    *,
    texts: int = 200,
    seen: Sequence[str] = (),
    unseen: Sequence[str] = (),
    benchmarks: Mapping[str, str | os.PathLike[str]] | None = None,
    items: int = 200,
    bias: str | os.PathLike[str] | None = None,
    bad_words: str | None = None,
    toxic_examples: str | os.PathLike[str] | None = None,
    language: str = "en",
    canaries: str | os.PathLike[str] | None = None,
    threads: int = 2,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
    out: str | os.PathLike[str] | None = None,
    say: Callable[[str], None] = lambda part: None,
) -> list[Finding]:
    """What a model, and the filters of its recipe, may do wrong, as `headwater risks` (docs/risks.md). `benchmarks`:
    the data of tasks by their names. `out`: a folder for risks.json and risks.md. `say` is told of each part. Sets
    torch's number of threads. Raises ValueError or FileNotFoundError naming what cannot be used."""
    if bool(seen) != bool(unseen):
        raise ValueError("--seen and --unseen need each other: give both, or neither for the texts of the lake")
    from headwater.checkpoints import resolve_checkpoint
    from headwater.lakes import open_lake
    from headwater.risks.filters import measure_filters
    from headwater.risks.page import write_page
    from headwater.risks.texts import texts_of_files, texts_of_lake
    from training.distributed.device import require_determinism
    from training.risks.measuring import Tests, measure_model

    require_determinism(threads)
    folder = resolve_checkpoint(checkpoint, os.fspath(lake), recipe)
    opened = None if seen else open_lake(os.fspath(lake), recipe)
    read = texts_of_lake(opened, texts) if opened else texts_of_files(seen, unseen, texts)
    tests = Tests(
        bias=Path(bias) if bias else None,
        bad_words=bad_words,
        language=language,
        canaries=Path(canaries) if canaries else None,
        toxic_examples=Path(toxic_examples) if toxic_examples else None,
        benchmarks={name: Path(path) for name, path in (benchmarks or {}).items()},
        items=items,
    )
    found = list(measure_model(folder, read.seen, read.unseen, tests, say))
    if opened:
        say("filters")
        found += measure_filters(opened)
    if out is not None:
        write_page(found, folder, Path(out))
    return found


def make_baseline(
    out: str | os.PathLike[str],
    checkpoint: str = "latest",
    *,
    texts: Sequence[str] = (),
    limit: int = 500,
    threads: int = 2,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> Baseline:
    """Describes held-out documents of a recipe, or `texts`, as a model reads them, and writes the file `out`, as
    `headwater baseline` (docs/serving.md). `limit`: texts to read, at most. Sets torch's number of threads. Raises
    ValueError or OSError naming what cannot be used; nothing is written then."""
    from headwater.baseline_texts import texts_of_files, texts_of_lake
    from headwater.checkpoints import resolve_checkpoint
    from headwater.lakes import open_lake

    folder = resolve_checkpoint(checkpoint, os.fspath(lake), recipe)
    from training.distributed.device import require_determinism
    from training.serving.baseline import make_baseline as compute
    from training.serving.served_model import load_served

    require_determinism(threads)
    read = texts_of_files(texts, limit) if texts else texts_of_lake(open_lake(os.fspath(lake), recipe), limit)
    baseline = compute(load_served(folder, Path(checkpoint).name), read)
    baseline.write(Path(out))
    return baseline


def shrink(
    checkpoint: str,
    out: str | os.PathLike[str],
    *,
    layers: int = 0,
    heads: int = 0,
    prune: float = 0.0,
    bits: Literal[0, 4, 8] = 0,
    dynamic: bool = False,
    group: int = 32,
    shards: str | None = None,
    heldout: str | None = None,
    tokens: int = 0,
    learning_rate: float = 1e-3,
    teacher: str | None = None,
    temperature: float = 2.0,
    hard_weight: float = 0.5,
    calibration_tokens: int = 32_768,
    threads: int = 2,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> Shrunk:
    """Writes a smaller model into the new folder `out`, as `headwater shrink` (docs/shrinking.md has the settings).
    Sets torch's number of threads. Raises ValueError or OSError naming what cannot be; `out` is then not there."""
    from headwater.checkpoints import resolve_checkpoint
    from training.compress.plan import ShrinkSettings

    settings = ShrinkSettings(
        layers=layers,
        heads=heads,
        prune=prune,
        bits=bits,
        group=group,
        dynamic=dynamic,
        calibration_tokens=calibration_tokens,
        tokens=tokens,
        learning_rate=learning_rate,
        temperature=temperature,
        hard_weight=hard_weight,
    )
    further = settings.further(teacher)
    folder = resolve_checkpoint(checkpoint, os.fspath(lake), recipe)
    from training.compress import shrinking
    from training.compress.further import Shards
    from training.distributed.device import require_determinism

    require_determinism(threads)
    return shrinking.shrink(
        str(folder),
        Path(out),
        settings.plan,
        shards=Shards(train=shards, heldout=heldout) if shards else None,
        further=further,
        threads=threads,
        log=lambda line: print(line, file=sys.stderr),
    )
