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
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import grpc

# What every worker imports first: a pool whose workers could not ends here, with the reason.
import pipelines.remote.phases  # noqa: F401

# isort: split
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker.sdk_worker import SdkHarness
from apache_beam.utils.sentinel import Sentinel

from pipelines import forkserver
from pipelines.remote.submission import report_unless_hung_up
from pipelines.remote.worker_code import WorkerCode

ENGINES = 16  # task managers that may ask at the same time
LOADED = ["pipelines.blocks", "pipelines.measures"]  # before the first job


class Workers(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """A thread for each worker that an engine asks for, which ends when the engine hangs up."""

    def StartWorker(  # noqa: N802
        self, request: beam_fn_api_pb2.StartWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StartWorkerResponse:
        try:
            worker = SdkHarness(request.control_endpoint.url, worker_id=request.worker_id)
        except Exception:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        Thread(target=_serve, args=(worker,), name=f"worker {request.worker_id}", daemon=True).start()
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(  # noqa: N802
        self, request: beam_fn_api_pb2.StopWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StopWorkerResponse:
        """Stops none: it is asked for after the engine has hung up, by an id that each task manager counts for itself,
        so that Beam's own pool, which obeys, stops the worker of another task manager in the middle of its work."""
        return beam_fn_api_pb2.StopWorkerResponse()


def _serve(worker: SdkHarness) -> None:
    try:
        worker.run()
    finally:
        worker._responses.put(Sentinel.sentinel)  # the thread that sends answers waits for the next one otherwise


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
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(Workers(), server)
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
