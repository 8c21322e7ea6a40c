"""Several nodes: one is lost, and the run ends as if none had been. docs/several-nodes.md says the same in words."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from nodes import (
    BOUND,
    LOST_AT,
    SMALL,
    STEPS,
    Network,
    Node,
    assert_as_unbroken,
    torchrun,
    wait_for_checkpoint,
    wait_until,
)
from small_corpus import Data, metrics, run
from training_faults import tokens

# torch 2.13 remembers the store of the first world, and a node that comes later waits for it in vain.
UNSHARED = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(Network(tmp_path, ("node-0", "node-1", "node-2", "node-3")))
        except OSError as error:
            pytest.skip(f"there can be no nodes here: {error}")
        yield made
        for node in made.nodes.values():  # pytest shows it when the test has failed
            print(f"--- {node.name}\n{node.text()}")


def resumed_at(node: Node) -> int:
    """The step from which it went on when it was started last."""
    return int([line for line in node.text().splitlines() if ": from step " in line][-1].rsplit(" ", 1)[1])


@pytest.mark.parametrize("parallel", ["ddp", pytest.param("fsdp", marks=pytest.mark.nodes)])
def test_a_lost_node_is_replaced_by_another(
    data: Data, unbroken: Path, network: Network, tmp_path: Path, parallel: str
) -> None:
    """The one that comes sorts before the others, so that rank 0 and the writing move to it."""
    flags = (*SMALL, "--parallel", parallel)
    if parallel == "fsdp":
        unbroken = tmp_path / "unbroken"
        done = run(data.command(unbroken, *flags, ranks=2))
        assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    command = torchrun(data, out, *flags, host="node-1")
    stays, lost, comes = network["node-1"], network["node-2"], network["node-0"]
    stays.start(command, **UNSHARED)
    lost.start(command, **UNSHARED)
    wait_for_checkpoint(out, LOST_AT, lost.process)
    lost.kill()
    comes.start(command, **UNSHARED)
    assert comes.wait(BOUND) == 0, comes.text()
    assert stays.wait(BOUND) == 0, stays.text()
    assert LOST_AT <= resumed_at(comes) < STEPS
    [line] = [line for line in stays.text().splitlines() if line.startswith("train: ")]
    assert "on node-1, lost the connection to the others" in line and "repeat the command" in line
    assert_as_unbroken(out, unbroken)


def test_a_node_that_never_comes_ends_the_wait(data: Data, network: Network, tmp_path: Path) -> None:
    waits = network["node-1"]
    waits.start(torchrun(data, tmp_path / "out", host="node-1", join_timeout=3))
    assert waits.wait(BOUND) != 0
    assert "RendezvousTimeoutError" in waits.text()


@pytest.mark.nodes
def test_the_run_goes_on_with_one_node(data: Data, unbroken: Path, network: Network, tmp_path: Path) -> None:
    """On one rank sums are rounded differently, in the seventh place; other samples would change the third."""
    out = tmp_path / "out"
    command = torchrun(data, out, *SMALL, host="node-1", nodes="1:2", last_call_timeout=5)
    stays, lost = network["node-1"], network["node-2"]
    for node in (lost, stays):
        node.start(command, **UNSHARED)
    wait_for_checkpoint(out, LOST_AT, lost.process)
    assert "float32 on 2 x cpu: from step 0" in stays.text()
    lost.kill()
    assert stays.wait(BOUND) == 0, stays.text()
    assert LOST_AT <= resumed_at(stays) < STEPS
    assert "float32 on 1 x cpu: from step" in stays.text()
    wanted, found = metrics(unbroken), metrics(out)
    assert [line["step"] for line in found] == [line["step"] for line in wanted]
    for one, two in zip(wanted, found, strict=True):
        assert two == pytest.approx(one, rel=1e-4)


@pytest.mark.nodes
def test_a_node_that_comes_later_is_taken_in(data: Data, network: Network, tmp_path: Path) -> None:
    """For that the ranks are started again, and before that they save what they have."""
    out = tmp_path / "out"
    endless = (*SMALL, "--tokens", tokens(1_000_000), "--checkpoint-every", "1000000")
    command = torchrun(data, out, *endless, host="node-1", nodes="1:2", last_call_timeout=1)
    first, later = network["node-1"], network["node-2"]
    first.start(command, **UNSHARED)
    lines = out / "metrics.jsonl"
    wait_until(lambda: lines.is_file() and '"step":10,' in lines.read_text(), "ten steps on one node")
    later.start(command, **UNSHARED)
    wait_until(lambda: "float32 on 2 x cpu: from step" in first.text(), "both nodes train")
    assert resumed_at(first) >= 10


@pytest.mark.nodes
def test_the_node_of_the_rendezvous_is_lost(data: Data, unbroken: Path, network: Network, tmp_path: Path) -> None:
    """The others end, and the same commands go on from the newest checkpoint."""
    out = tmp_path / "out"
    command = torchrun(data, out, *SMALL, host="node-1")
    lost, ends = network["node-1"], network["node-2"]
    for node in (lost, ends):
        node.start(command, **UNSHARED)
    wait_for_checkpoint(out, LOST_AT, lost.process)
    lost.kill()
    assert ends.wait(BOUND) != 0
    assert "RendezvousConnectionError" in ends.text()
    for node in (lost, ends):
        node.start(command, **UNSHARED)
    for node in (lost, ends):
        assert node.wait(BOUND) == 0, node.text()
    assert LOST_AT <= resumed_at(lost) < STEPS
    assert_as_unbroken(out, unbroken)


@pytest.mark.nodes
def test_a_writer_that_is_cut_off_and_frozen_keeps_others_out_until_it_has_ended(
    data: Data, unbroken: Path, network: Network, tmp_path: Path
) -> None:
    """It closes no connection, so nobody is told, and has the lock. It wakes up when a new world waits for that."""
    out = tmp_path / "out"
    command = torchrun(data, out, *SMALL, "--timeout", "20", host="node-2", restarts=9)
    writer, stays, comes = network["node-1"], network["node-2"], network["node-3"]
    for node in (writer, stays):
        node.start(command, **UNSHARED)
    wait_for_checkpoint(out, LOST_AT, writer.process)
    writer.signal_all(signal.SIGSTOP)
    network.unplug(writer)
    before = sorted(path.name for path in (out / "checkpoints").iterdir())
    comes.start(command, **UNSHARED)
    wait_until(lambda: "is held by another trainer (node-1, process" in stays.text(), "the lock is seen")
    assert sorted(path.name for path in (out / "checkpoints").iterdir()) == before
    writer.signal_all(signal.SIGCONT)
    wait_until(
        lambda: "train: rank 0 of 2, on node-1, lost the connection to the others" in writer.text(),
        "the writer has ended",
    )
    for node in (stays, comes):
        assert node.wait(BOUND) == 0, node.text()
    assert_as_unbroken(out, unbroken)
