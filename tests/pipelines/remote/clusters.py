"""Clusters: Flink's and Spark's own servers on this machine, with workers that a test may kill and replace.

Their distributions come as Python packages: `make test-flink` and `make test-spark` install them into DISTRIBUTIONS.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.pipelines.remote.job_servers import free_port, job_server, wait_for_port

DISTRIBUTIONS = Path(__file__).resolve().parents[3] / "build" / "engines"
FLINK = DISTRIBUTIONS / "flink" / "pyflink"
SPARK = DISTRIBUTIONS / "spark" / "pyspark"
REGISTERED = 60.0  # seconds within which a new worker must be known
FLINK_SETTINGS = {
    "jobmanager.rpc.address": "localhost",
    "jobmanager.bind-host": "localhost",
    "jobmanager.memory.process.size": "1600m",
    "taskmanager.bind-host": "localhost",
    "taskmanager.host": "localhost",
    "taskmanager.numberOfTaskSlots": "1",
    "taskmanager.memory.process.size": "1728m",
    "rest.address": "localhost",
    # A killed task manager is missed within seconds, and what it did is done again when another one is there.
    "heartbeat.interval": "500",
    "heartbeat.timeout": "5000",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "3",
    "restart-strategy.fixed-delay.delay": "1 s",
}
EXPORTS = ("java.base/sun.net.util", "java.rmi/sun.rmi.registry", "java.security.jgss/sun.security.krb5")
OPENED = ("lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent")


class Cluster:
    """A cluster with `size` workers of one slot each, and a pool that does their Python work. `flags` are Beam's, for a
    job on it."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        self.folder, self.size, self.flags = folder, size, list[str]()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._all: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """A process group, so that what a script starts ends with it."""
        with (self.folder / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=out, env={**os.environ, **environment}, start_new_session=True
            )
        self._all.append(process)
        return process

    def start_pool(self) -> list[str]:
        """Beam's flags for it."""
        port = free_port()
        command = [sys.executable, "-m", "pipelines.remote.worker_pool", "--port", str(port)]
        self.pool = self.start("worker-pool", command, {"PYTHONPATH": os.pathsep.join(sys.path)})
        wait_for_port(port, self.pool, self.log("worker-pool"))
        return ["--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def begin(self) -> None:
        raise NotImplementedError

    def add_worker(self) -> None:
        raise NotImplementedError

    def replace_worker(self) -> None:
        """SIGKILL for the oldest worker, and a new one."""
        self.kill(self.workers.pop(0))
        self.add_worker()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        for process in self._all:
            self.kill(process)


class FlinkCluster(Cluster):
    """One job manager, and task managers."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        super().__init__(folder, size)
        self.rest = free_port()
        opens = [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in OPENED]
        opens += ["--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"]
        exports = [f"--add-exports={name}=ALL-UNNAMED" for name in EXPORTS]
        settings = FLINK_SETTINGS | {
            "jobmanager.rpc.port": str(free_port()),
            "rest.port": str(self.rest),
            "env.java.opts.all": " ".join([*exports, *opens]),
        }
        conf = folder / "conf"
        conf.mkdir()
        (conf / "config.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        for file in ("log4j-console.properties", "logback-console.xml"):
            (conf / file).write_bytes((FLINK / "conf" / file).read_bytes())
        self._environment = {"FLINK_CONF_DIR": str(conf), "FLINK_HOME": str(FLINK), "FLINK_LOG_DIR": str(folder)}

    def begin(self) -> None:
        manager = self.start("job-manager", self._script("jobmanager.sh"), self._environment)
        wait_for_port(self.rest, manager, self.log("job-manager"))
        for _ in range(self.size):
            self.add_worker()
        self.flags = [*self.start_pool(), f"--parallelism={self.size}"]

    def _script(self, name: str) -> list[str]:
        return ["bash", str(FLINK / "bin" / name), "start-foreground"]

    def add_worker(self) -> None:
        self.workers.append(self.start("task-manager", self._script("taskmanager.sh"), self._environment))


class SparkCluster(Cluster):
    """A standalone master, and workers of one core each."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        super().__init__(folder, size)
        self.port = free_port()
        self._environment = {"SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(folder)}

    def begin(self) -> None:
        command = self._class("master.Master", "--port", str(self.port), "--webui-port", str(free_port()))
        master = self.start("master", command, self._environment)
        wait_for_port(self.port, master, self.log("master"))
        for _ in range(self.size):
            self.add_worker()
        self.flags = self.start_pool()

    def _class(self, name: str, *arguments: str) -> list[str]:
        script = str(SPARK / "bin" / "spark-class")
        return ["bash", script, f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *arguments]

    def add_worker(self) -> None:
        arguments = ("--cores", "1", "--memory", "2g", "--webui-port", str(free_port()))
        command = self._class("worker.Worker", *arguments, f"spark://127.0.0.1:{self.port}")
        self.workers.append(self.start("worker", command, self._environment))


@contextmanager
def flink_cluster(folder: Path, size: int = 2) -> Iterator[FlinkCluster]:
    """A cluster with a job server of its own; its `flags` name both."""
    cluster = FlinkCluster(folder, size)
    try:
        cluster.begin()
        _wait_for_slots(cluster)
        with job_server("flink", f"localhost:{cluster.rest}", folder) as flags:
            cluster.flags += flags
            yield cluster
    finally:
        cluster.stop()


@contextmanager
def spark_cluster(folder: Path, size: int = 2) -> Iterator[SparkCluster]:
    cluster = SparkCluster(folder, size)
    try:
        cluster.begin()
        with job_server("spark", f"spark://127.0.0.1:{cluster.port}", folder) as flags:
            cluster.flags += flags
            yield cluster
    finally:
        cluster.stop()


def _wait_for_slots(cluster: FlinkCluster) -> None:
    deadline = time.monotonic() + REGISTERED
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://localhost:{cluster.rest}/overview", timeout=10) as answer:
            if f'"slots-total":{cluster.size}'.encode() in answer.read():
                return
        time.sleep(0.5)
    raise TimeoutError(
        f"no {cluster.size} task managers after {REGISTERED} s: {cluster.log('task-manager').read_text()[-3_000:]}"
    )
