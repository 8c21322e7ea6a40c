"""Simulation: phases of splits on workers that are slow, or get lost, and share one store.

A phase begins when all splits of the one before are done, as in pipelines.plan. A split occupies a worker for its
processor time, the bytes that it moves and the requests that it makes, one after the other: a worker reads, works and
writes by turns. A worker that is lost loses the split that it is at, which is done again; what it had finished stays,
because a part is in the store before its split counts as done.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import simpy

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Task:
    """A split: `seconds` of processor time, `moved` bytes that are read and written, `requests` to the store."""

    seconds: float
    moved: float = 0.0
    requests: int = 0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`start`: seconds until a worker is ready. `bandwidth`: bytes a second between a worker and the store. `latency`:
    seconds of a request. `request_rate`: requests a second that the store serves, of all workers together.
    `slow_share` of the workers need `slow_factor` times as long. `losses`: how often an hour a worker is lost, and
    `replaced` the seconds until another one stands in its place. `dealing`: "pull" gives each worker that is free the
    heaviest split that is left; "hash" gives each split to a worker beforehand, by a hash of its name."""

    workers: int
    start: float = 0.0
    bandwidth: float = math.inf
    latency: float = 0.0
    request_rate: float = math.inf
    slow_share: float = 0.0
    slow_factor: float = 1.0
    losses: float = 0.0
    replaced: float = 0.0
    dealing: Literal["pull", "hash"] = "pull"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`seconds` until the last phase is done, and of each of the `phases`. `done`: how often each split of each phase
    was finished. `attempts` counts those that were lost with their worker too, on which `thrown_away` seconds went.
    `busy`: seconds of workers that were at a split."""

    seconds: float
    phases: tuple[float, ...]
    done: tuple[tuple[int, ...], ...]
    attempts: int
    thrown_away: float
    busy: float

    def utilisation(self, workers: int) -> float:
        """The share of the workers' time that they were at a split."""
        return self.busy / (workers * self.seconds) if self.seconds else 0.0


def simulate(phases: Sequence[Sequence[Task]], cluster: Cluster, seed: int) -> Outcome:
    """One run. Raises ValueError when there is no worker."""
    if cluster.workers < 1:
        raise ValueError(f"{cluster.workers} workers: at least 1 is needed")
    run = _Run(cluster, seed)
    ends = [0.0]
    done = []
    for tasks in phases:
        done.append(run.phase(tasks))
        ends.append(run.environment.now)
    return Outcome(
        seconds=ends[-1],
        phases=tuple(after - before for before, after in pairwise(ends)),
        done=tuple(tuple(counts) for counts in done),
        attempts=run.attempts,
        thrown_away=run.thrown_away,
        busy=run.busy,
    )


class _Run:
    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster, self.dice, self.environment = cluster, random.Random(seed), simpy.Environment()
        self.attempts, self.thrown_away, self.busy = 0, 0.0, 0.0
        # Little's law: a store that serves a rate has so many requests under way.
        under_way = cluster.request_rate * cluster.latency
        limited = under_way < cluster.workers
        self.store = simpy.Resource(self.environment, max(1, int(under_way))) if limited and cluster.latency else None

    def phase(self, tasks: Sequence[Task]) -> list[int]:
        """Runs until all tasks are done; how often each was."""
        done, left = [0] * len(tasks), len(tasks)
        if not tasks:
            return done
        finished = self.environment.event()

        def finish(number: int) -> None:
            nonlocal left
            done[number] += 1
            left -= 1
            if left == 0:
                finished.succeed()

        for queue in self._queues(tasks):
            self.environment.process(self._worker(queue, tasks, finish))
        self.environment.run(until=finished)
        return done

    def _queues(self, tasks: Sequence[Task]) -> list[simpy.PriorityStore]:
        """Of each worker, the heaviest first; where workers pull, all have the same."""
        heaviest_first = sorted(range(len(tasks)), key=lambda number: (-self._seconds(tasks[number]), number))
        if self.cluster.dealing == "pull":
            queues = [simpy.PriorityStore(self.environment)] * min(self.cluster.workers, len(tasks))
        else:
            queues = [simpy.PriorityStore(self.environment) for _ in range(self.cluster.workers)]
        for rank, number in enumerate(heaviest_first):  # ranks rise, so what is appended is a heap
            self.dice.choice(queues).items.append((rank, number))
        return queues

    def _seconds(self, task: Task) -> float:
        return task.seconds + task.moved / self.cluster.bandwidth + task.requests * self.cluster.latency

    def _worker(
        self, queue: simpy.PriorityStore, tasks: Sequence[Task], finish: Callable[[int], None]
    ) -> Generator[simpy.Event, tuple[int, int], None]:
        cluster, environment = self.cluster, self.environment
        factor = self._factor()
        yield environment.timeout(cluster.start)
        while True:
            rank, number = yield queue.get()
            self.attempts += 1
            began = environment.now
            # A worker's life has no memory, so it may as well begin with each split; losing an idle one costs nothing.
            lost_after = self.dice.expovariate(cluster.losses / HOUR) if cluster.losses else math.inf
            task = tasks[number]
            rest = task.seconds * factor + task.moved / cluster.bandwidth
            if self.store is None:
                rest += task.requests * cluster.latency
            else:
                yield from self._served(task)
            lost = environment.now - began + rest > lost_after
            yield environment.timeout(max(0.0, began + lost_after - environment.now) if lost else rest)
            self.busy += environment.now - began
            if not lost:
                finish(number)
                continue
            self.thrown_away += environment.now - began
            yield queue.put((rank, number))
            yield environment.timeout(cluster.replaced + cluster.start)
            factor = self._factor()

    def _served(self, task: Task) -> Generator[simpy.Event, None, None]:
        """The requests of a task, where the store does not serve all workers at once."""
        with self.store.request() as served:
            yield served
            yield self.environment.timeout(task.requests * self.cluster.latency)

    def _factor(self) -> float:
        return self.cluster.slow_factor if self.dice.random() < self.cluster.slow_share else 1.0
