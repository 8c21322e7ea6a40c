"""Tokens: the vocabulary, the token ids, the tars that a trainer reads."""

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.lineage import latest, upstream, upstream_assets
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.partitions import recipes
from dagster_project.resources import EngineResource, LakeResource
from pipelines.shards import shard
from pipelines.tokenization import by_language, encode
from pipelines.vocabulary import make_vocabulary
from recipes.named import RECIPES

READABLE = "webdataset_reads_it"
READ = "documents_read_by_webdataset"


@dg.asset(
    deps=upstream_assets(stages.TOKENIZER),
    partitions_def=recipes,
    group_name="tokens",
    check_specs=checks.specs(stages.TOKENIZER, checks.DIGESTS, checks.NOT_EMPTY),
)
def tokenizer(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """A byte-level BPE, learnt from the training pages, or one that the recipe brings along."""
    opened = lake.open(context.partition_key)
    source = upstream(context, opened, stages.SPLIT)
    outcome = make_vocabulary(opened, source, RECIPES[context.partition_key].vocabulary, engine.open())
    results = [
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.figures["vocabulary"]),
    ]
    return describe_datasets(opened, outcome, results)


@dg.asset(
    deps=upstream_assets(stages.TOKENS),
    partitions_def=recipes,
    group_name="tokens",
    check_specs=checks.specs(stages.TOKENS, checks.CONSERVATION, checks.DIGESTS, checks.NOT_EMPTY),
)
def tokens(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Token ids of every page."""
    opened = lake.open(context.partition_key)
    pages, vocabulary = upstream(context, opened, stages.SPLIT), upstream(context, opened, stages.TOKENIZER)
    outcome = encode(opened, pages, vocabulary, engine.open())
    results = [
        checks.conservation(["train", "heldout"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    rows = [(language, *numbers.values()) for language, numbers in by_language(outcome.manifest.figures).items()]
    table = markdown_table(("language", "bytes", "bytes a training token", "bytes a held-out token"), rows)
    return describe_datasets(opened, outcome, results, extra={"bytes_per_token": dg.MetadataValue.md(table)})


@dg.asset(
    deps=upstream_assets(stages.SHARDS),
    partitions_def=recipes,
    group_name="tokens",
    check_specs=checks.specs(stages.SHARDS, checks.DIGESTS, checks.NOT_EMPTY, READABLE),
)
def shards(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """WebDataset tars with index.json, for training and for the held-out loss."""
    opened = lake.open(context.partition_key)
    ids, vocabulary = upstream(context, opened, stages.TOKENS), upstream(context, opened, stages.TOKENIZER)
    outcome = shard(opened, ids, vocabulary, RECIPES[context.partition_key].shards, engine.open())
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
        check_name=READABLE,
        passed=documents == indexed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"documents": documents, "indexed": indexed},
    )
