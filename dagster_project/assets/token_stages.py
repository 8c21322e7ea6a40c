"""Tokens: the vocabulary, the token ids, the tars that a trainer reads."""

import dagster as dg

from corpus.cards.writing import write_cards
from corpus.lake import stages
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.lineage import latest, upstream
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import EngineResource, LakeResource
from dagster_project.stage_assets import stage_asset
from pipelines import shards as sharding
from pipelines import text_index as text_indexes
from pipelines import tokenization
from pipelines import vocabulary as vocabularies
from pipelines.cleaning import CLEAN
from pipelines.tokenization import TOKENS, by_language
from recipes.files import load_recipe
from recipes.recorded import changed_settings

READ = "documents_read_by_webdataset"


@stage_asset(
    stages.TOKENIZER,
    group="tokens",
    kinds={"huggingface"},
    version=vocabularies.VERSION,
    made_by=vocabularies.make_vocabulary,
    checked=(checks.DIGESTS, checks.NOT_EMPTY),
)
def tokenizer(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """A byte-level BPE, learnt from the training pages, or one that the recipe brings along."""
    opened = lake.open(context.partition_key)
    source = upstream(context, opened, stages.SPLIT)
    outcome = vocabularies.make_vocabulary(
        opened, source, load_recipe(opened, context.partition_key).vocabulary, engine.open()
    )
    results = [
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.figures["vocabulary"]),
    ]
    return describe_datasets(opened, outcome, results)


@stage_asset(
    stages.TOKENS,
    group="tokens",
    kinds={"beam", "parquet"},
    version=tokenization.VERSION,
    made_by=tokenization.encode,
    checked=(checks.CONSERVATION, checks.DIGESTS, checks.NOT_EMPTY),
    columns=TOKENS,
    columns_from=(stages.SPLIT, CLEAN),
)
def tokens(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Token ids of every page."""
    opened = lake.open(context.partition_key)
    pages, vocabulary = upstream(context, opened, stages.SPLIT), upstream(context, opened, stages.TOKENIZER)
    outcome = tokenization.encode(opened, pages, vocabulary, engine.open())
    results = [
        checks.conservation(["train", "heldout"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    rows = [(language, *numbers.values()) for language, numbers in by_language(outcome.manifest.figures).items()]
    table = markdown_table(("language", "bytes", "bytes a training token", "bytes a held-out token"), rows)
    return describe_datasets(opened, outcome, results, extra={"bytes_per_token": dg.MetadataValue.md(table)})


@stage_asset(
    stages.SHARDS,
    group="tokens",
    kinds={"beam", "tar"},
    version=sharding.VERSION,
    made_by=sharding.shard,
    checked=(checks.DIGESTS, checks.NOT_EMPTY, checks.READABLE),
)
def shards(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """WebDataset tars with index.json, for training and for the held-out loss."""
    opened = lake.open(context.partition_key)
    ids, vocabulary = upstream(context, opened, stages.TOKENS), upstream(context, opened, stages.TOKENIZER)
    config = load_recipe(opened, context.partition_key).shards
    outcome = sharding.shard(opened, ids, vocabulary, config, engine.open())
    write_cards(opened, outcome.manifest, changed_settings)
    before = latest(context.instance, stages.SHARDS, context.partition_key) or {}
    if READ in before and before["content"] == outcome.manifest.content():
        documents = int(before[READ])
    else:
        documents = _documents_read_by_webdataset(opened, outcome.manifest)
    results = [
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.figures["train_tokens"]),
        _is_readable(outcome.manifest, documents),
    ]
    return describe_datasets(opened, outcome, results, extra={READ: documents, **_mixed(outcome.manifest)})


@stage_asset(
    stages.TEXT_INDEX,
    group="tokens",
    kinds={"numpy"},
    version=text_indexes.VERSION,
    made_by=text_indexes.index_text,
    checked=(checks.DIGESTS, checks.NOT_EMPTY),
    automation_condition=None,  # of many tokens it takes long, and few ask for it
)
def text_index(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Where each text stands in the training tokens. In no job, and not automatic: a report makes that of few tokens,
    and `headwater trace --text` any when it is asked."""
    opened = lake.open(context.partition_key)
    outcome = text_indexes.index_text(opened, upstream(context, opened, stages.SHARDS), engine.open())
    results = [
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.figures["tokens"]),
    ]
    return describe_datasets(opened, outcome, results)


def _mixed(manifest: Manifest) -> dict[str, dg.MetadataValue]:
    """What each group of the mix has, was to have and got."""
    if "mix" not in manifest.figures:
        return {}
    made = manifest.figures["mix"]
    header = (made["by"], "documents", "tokens", "factor", "taken", "copies", "tokens taken", "wanted")
    names = ("name", "documents", "tokens", "factor", "taken_documents", "copies", "taken_tokens", "wanted_tokens")
    return {
        "mix": dg.MetadataValue.md(markdown_table(header, [[one[name] for name in names] for one in made["groups"]]))
    }


def _first_tar(manifest: Manifest) -> FileEntry:
    return next(entry for entry in manifest.of_kind("train") if entry.path.endswith(".tar"))


def _documents_read_by_webdataset(lake: Lake, manifest: Manifest) -> int:
    """How many documents the stock library finds in the first tar."""
    import webdataset as wds  # brings torch, which takes longer than all of a run in which nothing is to be done

    first = _first_tar(manifest)
    with lake.fs.open(f"{lake.folder(manifest)}/{first.path}", "rb") as stream:
        samples = wds.tariterators.group_by_keys(
            wds.tariterators.tar_file_expander([{"url": first.path, "stream": stream}])
        )
        return sum(len(wds.autodecode.basichandlers("json", sample["json"])["doc_ids"]) for sample in samples)


def _is_readable(manifest: Manifest, documents: int) -> dg.AssetCheckResult:
    indexed = _first_tar(manifest).rows
    return dg.AssetCheckResult(
        check_name=checks.READABLE,
        passed=documents == indexed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"documents": documents, "indexed": indexed},
    )
