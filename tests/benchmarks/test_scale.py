"""The simulation of whole crawls: what must hold of it whatever the cluster, and that its figures are those of the page
about it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scale import __main__ as bench
from benchmarks.scale import check, state
from benchmarks.scale.report import RESULT, TABLE, table
from benchmarks.scale.simulation import HOUR, Cluster, Task, simulate
from benchmarks.scale.traffic import PASSED_ON, loads
from corpus.lake.store import Lake
from pipelines.duplicates.splits import TOGETHER

tasks = st.lists(st.floats(0.1, 100).map(lambda seconds: Task(seconds=seconds)), min_size=1, max_size=30)
clusters = st.builds(
    Cluster,
    workers=st.integers(1, 8),
    losses=st.sampled_from([0.0, 5.0, 30.0]),
    replaced=st.sampled_from([0.0, 60.0]),
    slow_share=st.sampled_from([0.0, 0.5]),
    slow_factor=st.just(2.0),
    dealing=st.sampled_from(["pull", "hash"]),
)
LIMIT = settings(max_examples=50, deadline=None)


@LIMIT
@given(phases=st.lists(tasks, min_size=1, max_size=3), cluster=clusters, seed=st.integers(0, 99))
def test_every_split_is_done_once_whatever_is_lost(phases: list[list[Task]], cluster: Cluster, seed: int) -> None:
    found = simulate(phases, cluster, seed)
    assert found.done == tuple((1,) * len(phase) for phase in phases)
    assert found.attempts >= sum(map(len, phases))
    assert (found.attempts > sum(map(len, phases))) == (found.thrown_away > 0)
    assert found.seconds == pytest.approx(sum(found.phases))


@LIMIT
@given(phase=tasks, cluster=clusters, seed=st.integers(0, 99))
def test_no_cluster_is_faster_than_its_work(phase: list[Task], cluster: Cluster, seed: int) -> None:
    found = simulate([phase], cluster, seed)
    work = [task.seconds for task in phase]
    assert found.seconds >= max(max(work), sum(work) / cluster.workers) * (1 - 1e-9)
    assert found.busy - found.thrown_away >= sum(work) * (1 - 1e-9)


@LIMIT
@given(phases=st.lists(tasks, min_size=1, max_size=3), start=st.sampled_from([0.0, 7.0]))
def test_one_worker_takes_the_sum(phases: list[list[Task]], start: float) -> None:
    found = simulate(phases, Cluster(workers=1, start=start), seed=0)
    assert found.seconds == pytest.approx(sum(start + sum(task.seconds for task in phase) for phase in phases))


@LIMIT
@given(phase=tasks, cluster=clusters, seed=st.integers(0, 99))
def test_a_seed_decides_all_of_it(phase: list[Task], cluster: Cluster, seed: int) -> None:
    assert simulate([phase], cluster, seed) == simulate([phase], cluster, seed)


def test_a_free_worker_takes_the_heaviest_split_that_is_left() -> None:
    work = [Task(seconds=seconds) for seconds in (1, 2, 3, 6)]
    assert simulate([work], Cluster(workers=2), seed=0).seconds == 6
    assert simulate([work], Cluster(workers=99), seed=0).seconds == 6


def test_dealing_beforehand_leaves_workers_idle() -> None:
    work = [Task(seconds=1)] * 90
    pulled = simulate([work], Cluster(workers=9), seed=0)
    dealt = simulate([work], Cluster(workers=9, dealing="hash"), seed=0)
    assert pulled.seconds == 10 < dealt.seconds
    assert dealt.utilisation(9) < pulled.utilisation(9) == pytest.approx(1)


def test_a_lost_worker_costs_the_split_that_it_was_at() -> None:
    work = [Task(seconds=60)] * 2_000
    cluster = Cluster(workers=10, losses=6)  # one loss in ten minutes of work
    found = simulate([work], cluster, seed=0)
    lost = found.attempts - len(work)
    assert lost == pytest.approx(found.busy / HOUR * cluster.losses, rel=0.2)
    assert found.thrown_away / lost == pytest.approx(30, rel=0.1)  # half of a split, in the mean


def test_bytes_and_requests_take_their_time() -> None:
    task = Task(seconds=1, moved=100, requests=3)
    assert simulate([[task]], Cluster(workers=1, bandwidth=50, latency=0.5), seed=0).seconds == 1 + 2 + 1.5


def test_a_store_serves_no_more_than_its_rate() -> None:
    work = [Task(seconds=0, requests=10)] * 100
    cluster = Cluster(workers=50, latency=0.1, request_rate=100)
    assert simulate([work], cluster, seed=0).seconds == pytest.approx(10 * 100 / 100)
    assert simulate([work], replace(cluster, request_rate=1e9), seed=0).seconds == pytest.approx(2)


def test_no_worker_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 workers"):
        simulate([[Task(seconds=1)]], Cluster(workers=0), seed=0)


def test_a_stage_is_predicted_from_a_run_with_one_worker() -> None:
    dice = random.Random(3)
    splits, now = [], 2.0
    for number in range(40):
        ended = now + dice.uniform(0.5, 1.5)
        splits.append({"work": "Sign", "name": f"part-{number}", "began": now, "ended": ended})
        now = ended
    stage = {"seconds": now + 3, "splits": splits, "phases": [{"began": 1.5, "ended": now}]}
    assert check.predict(check.phases(stage), stage, 1) == pytest.approx(stage["seconds"])
    assert check.predict(check.phases(stage), stage, 2) == pytest.approx(3 + 1.5 + 0.5 + (now - 2) / 2, rel=0.05)


def test_the_page_is_made_from_the_results() -> None:
    result = json.loads(RESULT.read_text())
    assert TABLE.read_text() == table(result, bench.__doc__ or "")


def test_each_work_is_measured_on_made_up_signatures(tmp_path: Path) -> None:
    lake, documents = Lake(str(tmp_path)), 3_000
    state.make(lake, documents)
    state.make_texts(lake, documents)
    found = {what: state.measure(what, documents, lake) for what in state.WORKS}
    assert all(one["seconds"] > 0 for one in found.values())
    assert 0.1 < found["components"]["candidates"] / documents < 1
    assert found["removals"]["exact_duplicate"] / documents == pytest.approx(state.COPIES, rel=0.3)


@LIMIT
@given(documents=st.floats(2e3, 3e9), of_a_file=st.integers(100_000, 10_000_000))
def test_no_split_but_that_of_components_grows_with_the_crawl(documents: float, of_a_file: int) -> None:
    kinds = dict.fromkeys(("ids", "order", "digests", "bands", "removals", "clean", "unique", *PASSED_ON), 10.0)
    kinds |= {"signed": 300.0, "candidates": 0.5, "removed": 0.3}
    found = loads(kinds, documents, max(1, round(documents / of_a_file)))
    shares = {phase: load.work / load.splits for phase, load in found.items()}
    assert shares.pop("components") == documents
    assert max(shares.values()) <= max(TOGETHER, 2 * of_a_file)
