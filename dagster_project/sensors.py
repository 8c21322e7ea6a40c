"""Sensors: what Dagster looks at from time to time.

    known_partitions   the recipes of the lake  -> partitions, and a run of `recipe` when the settings of one change
    watched_folder     HEADWATER_WATCH          -> a partition of each file or folder there, and a run of `crawl`
    new_common_crawls  the ids of Common Crawl  -> a partition of the first files of a new one, and a run of `crawl`
    follow             dagster_project.automation: runs what comes after

The last three stand still until somebody switches them on, as `headwater ui --watch FOLDER` does with two of them.
"""

import json
import os

import dagster as dg

from corpus.sources.commoncrawl import list_crawls
from dagster_project.assets.crawls import crawl
from dagster_project.assets.recipes import recipe, settings_digest
from dagster_project.partitions import crawls, recipes
from dagster_project.resources import LakeResource
from dagster_project.watching import USED_RECIPES, WATCH, watched_crawls
from recipes.files import load_recipe, recipe_names
from recipes.named import RECIPES

FIRST_CRAWL, FIRST_RECIPE = "stdlib", "demo"  # what a lake begins with that nobody has put anything into
COMMON_CRAWL_FILES = 1  # of about 1 GB
SECONDS, HOUR = 15, 3600

Status = dg.DefaultSensorStatus
_when_watching = Status.RUNNING if os.environ.get(WATCH) else Status.STOPPED


def _known(context: dg.SensorEvaluationContext, of: dg.DynamicPartitionsDefinition) -> set[str]:
    return set(context.instance.get_dynamic_partitions(str(of.name)))


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=Status.RUNNING, asset_selection=[recipe])
def known_partitions(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Adds a recipe as soon as its file is there, and those that HEADWATER_RECIPES names; into an empty lake a built-in
    crawl and the recipe for it. None is taken away: what was computed under it stays to be seen."""
    opened, known = lake.open(), _known(context, recipes)
    named = [name for name in os.environ.get(USED_RECIPES, "").split(",") if name]
    files = [name for name in recipe_names(opened) if name not in RECIPES]
    first = [] if named or files or known or os.environ.get(WATCH) else [FIRST_RECIPE]
    new = [name for name in dict.fromkeys([*named, *files, *first]) if name not in known]
    requests: list[dg.AddDynamicPartitionsRequest] = [recipes.build_add_request(new)] if new else []
    if first and not _known(context, crawls):
        requests.append(crawls.build_add_request([FIRST_CRAWL]))
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    runs = []
    for name in sorted({*known, *new}):
        try:
            digest = settings_digest(load_recipe(opened, name))
        except ValueError as error:
            context.log.warning("%s", error)
            continue
        if seen.get(name) != digest:
            runs.append(dg.RunRequest(run_key=f"{name} {digest}", partition_key=name))
        seen[name] = digest
    return dg.SensorResult(
        run_requests=runs, dynamic_partitions_requests=requests, cursor=json.dumps(seen, sort_keys=True)
    )


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=_when_watching, asset_selection=[crawl])
def watched_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Each file or folder that is put into the folder or below the URL of HEADWATER_WATCH becomes a crawl, once it has
    stayed the same from one look to the next. One that has changed since is read again."""
    url = os.environ.get(WATCH)
    if not url:
        return dg.SkipReason(f"{WATCH} names no folder or URL; `headwater ui --watch FOLDER` does")
    before: dict[str, str] = json.loads(context.cursor or "{}")
    now = dict(watched_crawls(url))
    settled = [key for key, state in now.items() if before.get(key) == state]
    new = [key for key in settled if key not in _known(context, crawls)]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"{key} {now[key]}", partition_key=key) for key in settled],
        dynamic_partitions_requests=[crawls.build_add_request(new)] if new else [],
        cursor=json.dumps(now, sort_keys=True),
    )


@dg.sensor(minimum_interval_seconds=HOUR, default_status=Status.STOPPED, asset_selection=[crawl])
def new_common_crawls(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """The first files of each crawl that Common Crawl publishes from now on."""
    ids = list_crawls()
    if context.cursor is None:  # not those that have been there for years
        context.update_cursor(json.dumps(ids))
        return dg.SkipReason(f"{len(ids)} crawls are there; the next one becomes a partition")
    new = [f"{name}#{COMMON_CRAWL_FILES}" for name in ids if name not in json.loads(context.cursor)]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=key, partition_key=key) for key in new],
        dynamic_partitions_requests=[crawls.build_add_request(new)] if new else [],
        cursor=json.dumps(ids),
    )


follow = dg.AutomationConditionSensorDefinition(
    "follow",
    target=dg.AssetSelection.all(),
    default_status=_when_watching,
    minimum_interval_seconds=SECONDS,
    description="Computes what is missing, and what has changed code, recipe or inputs, and nothing else.",
)
