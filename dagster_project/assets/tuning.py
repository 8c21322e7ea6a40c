"""Tuning: the studies of `headwater tune`, which chose settings of a recipe by held-out loss (docs/tuning.md).

The search is the command's: each of its trials is a run of the graph itself, which no asset may start. This reads what
the command wrote when it ended, so that Dagster and the reports show it; the command materializes it then.
"""

from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import canonical_json, sha256
from dagster_project.lineage import TUNING_STUDY
from dagster_project.metadata.figures import markdown_table
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from dagster_project.tuning_studies import PAGE, Study, read_study, study_folder
from recipes.values import show

VERSION = 1
SHOWN = 50  # trials in Dagster's table, the best ones first


@stage_asset(
    TUNING_STUDY,
    deps=[dg.AssetKey(stages.CHECKPOINT)],
    group="model",
    kinds={"optuna"},
    version=VERSION,
    made_by=read_study,
    automation_condition=None,  # `headwater tune` materializes it
)
def tuning_study(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The trials of a study of `headwater tune`, each with a checkpoint of its own, and the best beside the recipe."""
    opened, name = lake.open(), context.partition_key
    try:
        found = read_study(opened, name)
    except FileNotFoundError as error:
        said = f"{error.filename} is not there: `headwater tune RECIPE --study {name}` writes it at its end"
        raise dg.Failure(said, allow_retries=False) from error
    metadata: dict[str, Any] = {
        "recipe": found["recipe"],
        **{name: found[name] for name in ("method", "pruner", "measure")},
        **{f"trials:{state}": count for state, count in found["counts"].items()},
    }
    if best := found["best"]:
        metadata |= {"best_value": best["value"], "best_trial": best["trial"], "best": _settings(best["settings"])}
    if found["comparison"]:
        metadata["comparison"] = dg.MetadataValue.md(_comparison_table(found))
    metadata |= {
        "written": found["written"] or "no recipe: the base is not beaten",
        "trials": dg.MetadataValue.md(_trial_table(found)),
        "page": dg.MetadataValue.path(study_folder(opened, name) / PAGE),
    }
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(sha256(canonical_json(dict(found)))))


def _settings(settings: Study) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in settings.items())


def _comparison_table(found: Study) -> str:
    header = ("trial", "settings", "mean", f"beside {found['recipe']}", "95 %", "p (Holm)")
    rows = []
    for one in found["comparison"]["candidates"]:
        apart = one["difference"]
        interval = f"{apart['low']:+.4f} to {apart['high']:+.4f}"
        means = (f"{apart['b']:.4f}", f"{apart['value']:+.4f}", interval, f"{one['p_holm']:.4f}")
        rows.append((one["trial"], _settings(one["settings"]), *means))
    return markdown_table(header, rows)


def _trial_table(found: Study) -> str:
    trials = sorted(found["trials"], key=lambda one: (one["value"] is None, one["value"], one["trial"]))
    rows = [
        (
            one["trial"],
            _settings(one["settings"]),
            f"{one['value']:.4f}" if one["value"] is not None else "",
            one["note"],
        )
        for one in trials[:SHOWN]
    ]
    return markdown_table(("trial", "settings", found["measure"], ""), rows)
