"""The worker pool, asked as task managers ask it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2 as api
from apache_beam.portability.api import beam_fn_api_pb2_grpc as services

from pipelines.remote.worker_pool import Workers

PATIENCE = 30.0


class TaskManager(services.BeamFnControlServicer):
    """Its worker's connection, which it ends when it has `hung_up`; `ended`: when the worker has."""

    def __init__(self) -> None:
        self.connected, self.hung_up, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.server = grpc.server(ThreadPoolExecutor(4))
        services.add_BeamFnControlServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("localhost:0")
        self.server.start()

    def Control(  # noqa: N802
        self, answers: Iterator[api.InstructionResponse], context: grpc.ServicerContext
    ) -> Iterator[api.InstructionRequest]:
        threading.Thread(target=self._read, args=(answers,), daemon=True).start()
        self.connected.set()
        self.hung_up.wait()
        yield from ()

    def _read(self, answers: Iterator[api.InstructionResponse]) -> None:
        for _ in answers:
            pass
        self.ended.set()


@pytest.fixture
def managers() -> Iterator[list[TaskManager]]:
    made = [TaskManager(), TaskManager()]
    yield made
    for manager in made:
        manager.hung_up.set()
        manager.server.stop(None)


def test_a_task_manager_does_not_stop_the_worker_of_another_with_the_same_id(managers: list[TaskManager]) -> None:
    pool, context = Workers(), None
    for manager in managers:
        request = api.StartWorkerRequest(worker_id="1-1")
        request.control_endpoint.url = f"localhost:{manager.port}"
        assert not pool.StartWorker(request, context).error
    assert all(manager.connected.wait(PATIENCE) for manager in managers)

    managers[0].hung_up.set()
    pool.StopWorker(api.StopWorkerRequest(worker_id="1-1"), context)

    assert managers[0].ended.wait(PATIENCE)
    assert not managers[1].ended.wait(1)
    managers[1].hung_up.set()
    assert managers[1].ended.wait(PATIENCE)
