"""Worker pool: a service beside an engine's own worker (a Flink task manager, say) that does its Python work, by the
Python that it runs itself. Beam's own pool starts whatever `python` is first on PATH, for every job and task manager
anew, and an engine waits for ever for a worker that cannot import what it needs.

Workers are threads here: what works on splits are processes behind them (pipelines.guard), and what these need is
loaded once for all jobs. The engine finds the pool by --environment_type=EXTERNAL --environment_config=localhost:PORT.
Whoever reaches the port can run code, so it listens on this machine alone unless told otherwise.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

# What every worker imports first: a pool whose workers could not ends here, with the reason.
import pipelines.remote.phases  # noqa: F401

# isort: split
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

from pipelines import forkserver
from pipelines.remote.submission import report_unless_hung_up
from pipelines.remote.worker_code import WorkerCode

ENGINES = 16  # task managers that may ask at the same time
LOADED = ["pipelines.blocks", "pipelines.measures"]  # before the first job


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.remote.worker_pool", description=__doc__)
    parser.add_argument("--port", type=int, default=50000, help="port of the service (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    report_unless_hung_up()
    WorkerCode.here()  # noted before anybody can change it
    forkserver.start(LOADED)
    server = grpc.server(ThreadPoolExecutor(ENGINES))
    pool = BeamFnExternalWorkerPoolServicer(use_process=False)
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
        server.stop(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
