"""Automation: when an asset is computed without being asked: once it is missing, and when what it reads or its code has
changed. Nothing is, until the sensor of `definitions` is switched on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from dagster_project.partitions import crawl_recipes, mapping

Condition = dg.AutomationCondition


def follow(
    partitions: dg.PartitionsDefinition,
    read: Mapping[dg.AssetKey, dg.PartitionsDefinition],
    triggers: Sequence[dg.AssetKey],
    optional: Sequence[dg.AssetKey] = (),
) -> dg.AutomationCondition:
    """The condition of an asset with these partitions. `read`: the partitions of each asset that it reads; a change of
    one of `triggers` starts it; it does not wait for `optional` ones that are not there.

    What is made of one partition of another asset waits until that is there. What takes all crawls together takes those
    that are there, at least one: one that cannot be read would hold up the others for ever. So with benchmarks, of
    which there may be none.
    """
    changed: dg.AutomationCondition = Condition.newly_missing() | Condition.code_version_changed()
    if triggers:
        changed |= Condition.any_deps_updated().allow(dg.AssetSelection.assets(*triggers))
    condition = changed.since_last_handled() & ~Condition.in_progress()
    if read:
        condition &= ~Condition.any_deps_in_progress()
    single = [key for key, of in read.items() if key not in optional and not _takes_several(of, partitions)]
    crawls = [key for key, of in read.items() if _takes_several(of, partitions) and of == crawl_recipes]
    if single:
        condition &= ~Condition.any_deps_missing().allow(dg.AssetSelection.assets(*single))
    if crawls:
        condition &= Condition.any_deps_match(~Condition.missing()).allow(dg.AssetSelection.assets(*crawls))
    return condition.with_label("follow what is read")


def _takes_several(upstream: dg.PartitionsDefinition, downstream: dg.PartitionsDefinition) -> bool:
    """Whether one partition is made of any number of the other asset's."""
    return isinstance(mapping(upstream, downstream), dg.AllPartitionMapping) or (
        _is_pair(upstream) and upstream != downstream
    )


def _is_pair(partitions: dg.PartitionsDefinition) -> bool:
    return isinstance(partitions, dg.MultiPartitionsDefinition)
