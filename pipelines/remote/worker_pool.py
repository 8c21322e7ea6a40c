"""Worker pool: a service beside an engine's own worker (a Flink task manager, say) that starts Python workers for it,
by the Python that it runs itself. Beam's own pool starts whatever `python` is first on PATH, and an engine waits for
ever for a worker that cannot import what it needs.

The engine finds it by --environment_type=EXTERNAL --environment_config=localhost:PORT. Whoever reaches the port can run
code, so it listens on this machine alone unless told otherwise.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

# What every worker imports first: a pool whose workers could not ends here, with the reason.
import pipelines.remote.phases  # noqa: F401

# isort: split
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

# Run as `python -c`: the arguments are the engine's control service and the worker's name there.
WORKER = (
    "import sys; from apache_beam.runners.worker.sdk_worker import SdkHarness; "
    "SdkHarness(sys.argv[1], worker_id=sys.argv[2], state_cache_size=0, data_buffer_time_limit_ms=0).run()"
)
ENGINES = 16  # task managers that may ask at the same time


class WorkerPool(BeamFnExternalWorkerPoolServicer):
    """Starts workers when an engine asks, and ends them when it says so."""

    def StartWorker(self, start_worker_request, unused_context):  # type: ignore[no-untyped-def]  # noqa: N802
        asked = start_worker_request
        command = [sys.executable, "-c", WORKER, asked.control_endpoint.url, asked.worker_id]
        self._worker_processes[asked.worker_id] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        return beam_fn_api_pb2.StartWorkerResponse()

    def stop(self) -> None:
        for process in self._worker_processes.values():
            process.kill()
            process.wait()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.remote.worker_pool", description=__doc__)
    parser.add_argument("--port", type=int, default=50000, help="port of the service (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    pool, server = WorkerPool(use_process=True), grpc.server(ThreadPoolExecutor(ENGINES))
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        server.add_insecure_port(f"{args.host}:{args.port}")
    except RuntimeError as error:
        print(f"error: {args.host}:{args.port}: {error}; give another --port", file=sys.stderr)
        return 1
    server.start()
    print(f"worker pool: {args.host}:{args.port}, {sys.executable}", flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop(0)
        pool.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
