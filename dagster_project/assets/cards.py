"""Cards: a checkpoint's card with its scores and risks. Cards of other datasets follow from manifests, and are written
when these are published."""

import dagster as dg

from corpus.cards.writing import write_cards
from corpus.lake import stages
from dagster_project.assets.model import checkpoint
from dagster_project.assets.risk_findings import risks
from dagster_project.assets.scores import benchmark_score, held_out_scores
from dagster_project.lineage import upstream
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.recorded import changed_settings

VERSION = 2


@stage_asset(
    "model_card",
    deps=[checkpoint.key, *(asset.key for asset in held_out_scores), benchmark_score.key, risks.key],
    optional=[risks.key],
    group="model",
    kinds={"markdown"},
    version=VERSION,
    made_by=write_cards,
)
def model_card(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """README.md beside the checkpoint, as Hugging Face has it, with all scores and risks that the checkpoint has."""
    opened = lake.open(context.partition_key)
    [path] = write_cards(opened, upstream(context, opened, stages.CHECKPOINT), changed_settings)
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path)})
