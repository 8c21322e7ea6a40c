"""Nodes: what processes take for machines, each with a network, a host name and process ids of its own.

Their cables lead to a switch; another network namespace is that.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from small_corpus import ROOT, Data, contents, newest
from training_faults import tokens

STEPS = 60
LOST_AT = 10
SMALL = ("--layers", "1", "--width", "32", "--heads", "2", "--tokens", tokens(STEPS))
BOUND = 180.0  # seconds: generous, for a slow machine; what hangs takes for ever
PORT = 29400
# The whole of a node's start: a name, names of the others as a cluster's DNS has them, and the command in its place.
BOOT = 'hostname "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"'


class Node:
    """Ends with all of its processes when `kill` is called. Its lines are in `log`."""

    def __init__(self, name: str, address: str, namespace: str, folder: Path) -> None:
        self.name, self.address, self.namespace, self.folder = name, address, namespace, folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], **environment: str) -> None:
        # Should the tests be killed, so is the node.
        tied = ["setpriv", "--pdeathsig", "KILL"]
        own = ["unshare", "--fork", "--pid", "--kill-child=KILL", "--mount-proc", "--uts"]
        boot = ["sh", "-c", BOOT, "sh", self.name, str(self.folder / "hosts")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *tied, *own, *boot, *command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    def wait(self, timeout: float) -> int:
        """The exit code. What the node printed is part of the error when it takes longer."""
        assert self.process is not None
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on after {timeout:g} s; it printed\n{self.text()}") from None

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal_all(self, sign: signal.Signals) -> None:
        for pid in ip("netns", "pids", self.namespace).split():
            os.kill(int(pid), sign)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Network:
    """Use as a context, which removes all that it made. Raises OSError, saying why, where there can be none."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        prefix = f"hw-{uuid.uuid4().hex[:8]}"
        self.switch = f"{prefix}-switch"
        self.nodes = {
            name: Node(name, f"10.0.0.{number}", f"{prefix}-{name}", folder)
            for number, name in enumerate(names, start=1)
        }
        lines = ["127.0.0.1 localhost", *(f"{node.address} {node.name}" for node in self.nodes.values())]
        (folder / "hosts").write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Network:
        try:
            self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _make(self) -> None:
        if os.geteuid() != 0:
            raise OSError("network namespaces need root")
        if missing := [name for name in ("ip", "setpriv", "unshare") if shutil.which(name) is None]:
            raise OSError(f"there is no command {missing[0]}")
        ip("netns", "add", self.switch)
        ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.switch, "link", "set", "bridge", "up")
        for node in self.nodes.values():
            ip("netns", "add", node.namespace)
            ends = ("eth0", "netns", node.namespace, "type", "veth", "peer", "name", node.name, "netns", self.switch)
            ip("link", "add", *ends)
            ip("-n", node.namespace, "addr", "add", f"{node.address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", node.namespace, "link", "set", device, "up")
            ip("-n", self.switch, "link", "set", node.name, "up", "master", "bridge")

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def unplug(self, node: Node) -> None:
        """Nothing reaches it from now on, nothing comes from it, and no connection is closed."""
        ip("-n", self.switch, "link", "set", node.name, "nomaster")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for node in self.nodes.values():
            node.kill()
        for namespace in (*(node.namespace for node in self.nodes.values()), self.switch):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)


def ip(*arguments: str) -> str:
    """Raises OSError with what the command says."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def torchrun(
    data: Data, out: Path, *flags: str, host: str, nodes: str = "2", restarts: int = 3, **conf: int
) -> list[str]:
    """The same command for each node; `host` is where the rendezvous is. A dead node is noticed after eight seconds."""
    settings = {"keep_alive_interval": 1, "keep_alive_max_attempt": 8, "read_timeout": 20, "join_timeout": 120, **conf}
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=1", f"--nnodes={nodes}"),
        *("--rdzv-backend=c10d", f"--rdzv-endpoint={host}:{PORT}", "--rdzv-id=run", f"--max-restarts={restarts}"),
        "--rdzv-conf=" + ",".join(f"{name}={value}" for name, value in settings.items()),
        *data.command(out, *flags)[1:],
    ]


def wait_until(reached: Callable[[], bool], what: str, timeout: float = BOUND) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline, f"after {timeout:g} s still not: {what}"
        time.sleep(0.01)


def wait_for_checkpoint(out: Path, step: int, process: subprocess.Popen[bytes] | None) -> None:
    """Of a run that the process is part of."""
    folder = out / "checkpoints" / f"step-{step:08d}"
    assert process is not None
    wait_until(lambda: folder.is_dir() or process.poll() is not None, f"{folder} is there")
    assert folder.is_dir(), f"the run ended with {process.poll()} before {folder} was there"


def assert_as_unbroken(out: Path, unbroken: Path) -> None:
    """Every byte of weights, moments, counters and metrics."""
    assert (out / "metrics.jsonl").read_bytes() == (unbroken / "metrics.jsonl").read_bytes()
    assert contents(newest(out)) == contents(newest(unbroken))
