"""Job servers: the Java services by which Beam reaches Flink and Spark, started and stopped by the tests.

A shaded jar of Beam's is not in every mirror of Maven's repository, so the parts are, and a jar of a manifest alone
names them as its class path. By that jar FlinkRunner and SparkRunner start their job server as they would by Beam's.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POMS = Path(__file__).parent / "java"
MAIN = {
    "flink": "org.apache.beam.runners.flink.FlinkJobServerDriver",
    "spark": "org.apache.beam.runners.spark.SparkJobServerDriver",
}
MASTER = {"flink": "--flink-master", "spark": "--spark-master-url"}
# What Spark reaches into, which Java closes from version 17 on.
OPENED = ("sun.nio.ch", "java.nio", "java.util", "java.lang", "java.lang.invoke", "java.net", "java.util.concurrent")
START = 120.0  # seconds


def missing() -> str | None:
    """Why no engine can be started here, or None."""
    absent = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"{' and '.join(absent)} not installed (Debian: openjdk-17-jre-headless, maven)" if absent else None


def make_jar(engine: str, folder: Path) -> Path:
    """The job server of "flink" or "spark", its parts fetched by Maven, which keeps them for the next time."""
    jar = folder / f"{engine}-job-server.jar"
    if not jar.exists():
        listing = folder / f"{engine}.classpath"
        command = ["mvn", "-q", "-B", "-f", str(POMS / f"{engine}.xml"), "dependency:build-classpath"]
        done = subprocess.run(
            [*command, f"-Dmdep.outputFile={listing}"], capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}"
        parts = [Path(part).as_uri() for part in listing.read_text().split(os.pathsep)]
        lines = {
            "Manifest-Version": "1.0",
            "Main-Class": MAIN[engine],
            "Add-Opens": " ".join(f"java.base/{package}" for package in (*OPENED, "sun.util.calendar")),
            "Class-Path": " ".join(parts),
        }
        with zipfile.ZipFile(jar, "w") as file:
            text = "".join(_wrapped(f"{name}: {value}") for name, value in lines.items())
            file.writestr("META-INF/MANIFEST.MF", text + "\r\n")
    return jar


def _wrapped(line: str) -> str:
    """A line of a manifest has at most 72 bytes; what follows begins with a space."""
    pieces = [line[:70]] + [f" {line[at : at + 69]}" for at in range(70, len(line), 69)]
    return "\r\n".join(pieces) + "\r\n"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args}: ended: {log.read_text()[-3_000:]}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{process.args}: port {port} is not open after {START} s: {log.read_text()[-3_000:]}")


@contextmanager
def job_server(engine: str, master: str, folder: Path) -> Iterator[list[str]]:
    """Beam's flags for a job server that all stages use; one of its own for each would take four seconds more."""
    port, log = free_port(), folder / f"{engine}-job-server.log"
    command = ["java", "-jar", str(make_jar(engine, folder)), "--job-port", str(port)]
    command += ["--artifact-port", "0", "--expansion-port", "0", "--artifacts-dir", str(folder / "artifacts")]
    command += [MASTER[engine], master]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            wait_for_port(port, process, log)
            yield [f"--job_endpoint=localhost:{port}"]
        finally:
            process.kill()
