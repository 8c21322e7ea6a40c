"""Commands: `python -m pipelines STAGE`: run one stage on any Beam runner; print the addresses of its datasets."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from corpus.contamination.policy import ContaminationConfig
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.holdout.items import ItemConfig
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.stage import Outcome
from corpus.lake.store import Lake
from corpus.optout.blocklists import OptOutConfig
from corpus.quality.toxicity import BadWordConfig
from corpus.repeats.lines import LineConfig
from corpus.repeats.spans import SpanConfig
from corpus.shards.mix import MixConfig
from corpus.sources import Crawl, open_crawl
from corpus.sources.rows import Columns
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.arguments import MIX, add_arguments
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.contamination import find_contamination
from pipelines.deduplication import deduplicate
from pipelines.engine import LOCAL_RUNNERS, Engine
from pipelines.holdout import hold_out, make_items
from pipelines.ingestion import ingest
from pipelines.parts import StageError
from pipelines.repeats import TrimConfig
from pipelines.shards import ShardConfig, shard
from pipelines.text_index import index_text
from pipelines.tokenization import encode
from pipelines.trimming import trim
from pipelines.vocabulary import make_vocabulary


def _ingest(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    opt_out = OptOutConfig(removals=args.removals, urls=args.blocked_urls, hosts=args.blocked_hosts)
    config = replace(_config(IngestConfig, args), opt_out=opt_out, columns=_columns(args))
    return [ingest(lake, _crawl(url, config.columns), config, engine) for url in args.crawl]


def _columns(args: argparse.Namespace) -> Columns:
    return Columns(text=getattr(args, "text", None), id=getattr(args, "id", None))


def _crawl(url: str, columns: Columns) -> Crawl:
    crawl = open_crawl(url, columns)
    for file, found in crawl.skipped.items():
        print(f"{crawl.id}: not read: {file}: {found}", file=sys.stderr)
    return crawl


def _clean(lake: Lake, args: argparse.Namespace, engine: Engine) -> Iterator[Outcome]:
    config = replace(_config(CleanConfig, args), bad_words=BadWordConfig(folder=args.bad_words))
    columns = _columns(args)
    for name in args.dataset:
        if DATASET.fullmatch(name) and not os.path.exists(name):
            if columns != Columns():
                raise ValueError(
                    f"--text and --id are of files; {name} was read from its files before: ingest them again"
                )
            [documents] = _datasets(lake, [name], stages.DOCUMENTS)
        else:
            ingested = ingest(lake, _crawl(name, columns), IngestConfig(columns=columns), engine)
            yield ingested
            documents = ingested.manifest
        yield clean(lake, documents, config, engine)


def _trim(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    lines = _config(LineConfig, args) if args.lines else None
    config = TrimConfig(lines=lines, spans=SpanConfig(words=args.spans) if args.spans else None)
    return [trim(lake, clean, config, engine) for clean in _datasets(lake, args.dataset, stages.CLEAN)]


def _deduplicate(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    read = [stages.TRIMMED if name.startswith(f"{stages.TRIMMED}/") else stages.CLEAN for name in args.dataset]
    crawls = [_datasets(lake, [name], stage)[0] for name, stage in zip(args.dataset, read, strict=True)]
    return deduplicate(lake, crawls, _config(DuplicateConfig, args), engine)


def _contamination(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    benchmarks, others = _apart(args.dataset, stages.BENCHMARK)
    found, config = _datasets(lake, benchmarks, stages.BENCHMARK), _config(ContaminationConfig, args)
    uniques = _datasets(lake, others, stages.UNIQUE)
    return [find_contamination(lake, unique, found, config, engine) for unique in uniques]


def _apart(names: Sequence[str], stage: str) -> tuple[list[str], list[str]]:
    """The datasets of a stage, and the others."""
    mine = [name for name in names if name.startswith(f"{stage}/")]
    return mine, [name for name in names if name not in mine]


def _hold_out(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    compared, others = _apart(args.dataset, stages.CONTAMINATION)
    uniques, found = _datasets(lake, others, stages.UNIQUE), _datasets(lake, compared, stages.CONTAMINATION)
    split = hold_out(lake, uniques, _config(HeldOutConfig, args), engine, found)
    return [split, make_items(lake, split.manifest, ItemConfig(), engine)]


def _encode(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    [split] = _datasets(lake, args.dataset, stages.SPLIT)
    learnt = _config(VocabularyConfig, args)
    if args.vocabulary and learnt != VocabularyConfig():
        raise ValueError("--vocabulary replaces learning one: leave out the flags that configure learning")
    if args.allow_loss and not args.vocabulary:
        raise ValueError("--allow-loss is of --vocabulary: a learnt vocabulary gives every text back")
    config = ImportConfig(path=args.vocabulary, allow_loss=args.allow_loss) if args.vocabulary else learnt
    tokenizer = make_vocabulary(lake, split, config, engine)
    return [tokenizer, encode(lake, split, tokenizer.manifest, engine)]


def _shard(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    tokens, tokenizer = _datasets(lake, args.dataset, stages.TOKENS, stages.TOKENIZER)
    config = replace(_config(ShardConfig, args), mix=_mix(args))
    return [shard(lake, tokens, tokenizer, config, engine)]


def _index(lake: Lake, args: argparse.Namespace, engine: Engine) -> list[Outcome]:
    return [index_text(lake, shards, engine) for shards in _datasets(lake, args.dataset, stages.SHARDS)]


def _mix(args: argparse.Namespace) -> MixConfig | None:
    given = {name: getattr(args, f"mix_{name}") for name in MIX if getattr(args, f"mix_{name}") is not None}
    if not args.share:
        if given:
            raise ValueError(f"--mix-{next(iter(given)).replace('_', '-')}: a mix needs a --share for each group too")
        return None
    shares: dict[str, float] = {}
    for text in args.share:
        name, _, share = text.rpartition("=")
        try:
            number = float(share)
        except ValueError:
            name = ""
        if not name or name in shares:
            raise ValueError(f"--share {text}: wanted is GROUP=NUMBER, such as en=0.7, each group once")
        shares[name] = number
    return MixConfig(shares=shares, **given)


DESCRIPTION = "Runs one stage on any Beam runner and prints the addresses of its datasets."
DATASET = re.compile("[a-z_]+/[0-9a-f]+")

# name: (what runs, its configuration, what it reads, help)
STAGES: dict[str, tuple[Any, type | None, str, str]] = {
    "ingest": (_ingest, IngestConfig, "", "files of a crawl -> documents with their main text"),
    "clean": (
        _clean,
        CleanConfig,
        "documents/ADDRESS",
        "documents, or files of a crawl -> documents that pass the rules",
    ),
    "trim": (_trim, LineConfig, "clean/ADDRESS", "clean documents -> the same without text that many of them repeat"),
    "deduplicate": (
        _deduplicate,
        DuplicateConfig,
        "clean/ADDRESS",
        "clean documents of all crawls -> unique ones, crawl by crawl",
    ),
    "contamination": (
        _contamination,
        ContaminationConfig,
        "unique/ADDRESS benchmark/ADDRESS",
        "unique documents and benchmarks -> which documents hold which items",
    ),
    "hold-out": (
        _hold_out,
        HeldOutConfig,
        "unique/ADDRESS contamination/ADDRESS",
        "unique documents of all crawls -> training pages, held-out pages, questions made of the latter",
    ),
    "encode": (_encode, VocabularyConfig, "split/ADDRESS", "pages -> tokenizer and tokens"),
    "shard": (_shard, ShardConfig, "tokens/ADDRESS tokenizer/ADDRESS", "tokens -> WebDataset tars with index.json"),
    "index": (
        _index,
        None,
        "shards/ADDRESS",
        "training shards -> where each text stands in them, for `headwater trace`",
    ),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description=DESCRIPTION)
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, (_, config, reads, text) in STAGES.items():
        stage = stages.add_parser(
            name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        add_arguments(stage, name, config, reads)
    return parser


def _config(config: type, args: argparse.Namespace) -> Any:
    return config(**{field.name: getattr(args, field.name) for field in fields(config) if hasattr(args, field.name)})


def _datasets(lake: Lake, names: Sequence[str], *stages: str) -> list[Manifest]:
    """The datasets named on the command line. Raises ValueError when they are not of the stages that are wanted."""
    found = []
    for name in names:
        stage, _, address = name.partition("/")
        if stage not in stages or not address:
            raise ValueError(f"{name!r}: wanted {' '.join(f'{stage}/ADDRESS' for stage in stages)}, as printed before")
        found.append(lake.get(stage, address))
    if len(stages) > 1 and sorted(manifest.stage for manifest in found) != sorted(stages):
        raise ValueError(f"wanted one dataset each of {', '.join(stages)}; got {' '.join(names)}")
    return sorted(found, key=lambda manifest: stages.index(manifest.stage)) if len(stages) > 1 else found


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    args, beam_flags = parser.parse_known_args(argv)
    if beam_flags and args.runner in LOCAL_RUNNERS:
        parser.error(
            f"unknown arguments: {' '.join(beam_flags)} (Beam's own flags are passed on with another --runner)"
        )
    engine = Engine(
        runner=args.runner, workers=args.workers, options=tuple(beam_flags), worker_timeout=args.worker_timeout
    )
    try:
        for outcome in STAGES[args.stage][0](Lake(args.lake), args, engine):
            manifest = outcome.manifest
            counts = manifest.counts
            lost = {**counts.dropped, **counts.quarantined}
            print(f"{manifest.stage}/{manifest.address}  {manifest.partition}  digest {manifest.digest[:16]}", end="  ")
            print(f"kept {counts.kept} of {counts.records_in}  {'reused' if outcome.reused else 'computed'}", end="")
            print(
                f" in {outcome.seconds:.1f} s" + "".join(f"\n    {n:>8} {reason}" for reason, n in sorted(lost.items()))
            )
    except (StageError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
