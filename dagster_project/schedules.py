"""Schedules: the crawls looked at again every week. What has not changed is digested, and nothing is computed."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.crawls import crawl
from dagster_project.partitions import crawls


@dg.schedule(cron_schedule="0 3 * * 1", target=[crawl], execution_timezone="UTC")
def weekly_crawl(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Mondays at 03:00 UTC: the built-in crawls are crawled again, the files of the others are read again."""
    week = context.scheduled_execution_time.date().isoformat()
    for key in context.instance.get_dynamic_partitions(str(crawls.name)):
        yield dg.RunRequest(run_key=f"{key} {week}", partition_key=key)
