"""Parallel: the ranks of a run, one process each, as torchrun starts them. Without torchrun, a world of one."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.nn.parallel import DistributedDataParallel

from training.distributed.network import choose_interface
from training.distributed.threads import ThreadParallel, count_splits

LAUNCHER = "HEADWATER_LAUNCHER_PID"

Value = TypeVar("Value")


class World:
    """This process among the ranks. Use as a context: leaving it takes down the process group."""

    def __init__(self, threads: int = 0, timeout: int = 600) -> None:
        """`threads` are the CPU threads of all ranks of this machine together, 0 for one a core.

        When a rank is lost, the others end with an error after `timeout` seconds. Saving must take less than that.
        Raises ConnectionError when the ranks do not find each other in that time.
        """
        self.timeout = timeout
        self.rank = int(os.environ.get("RANK", "0"))
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        if torch.cuda.is_available():
            self.device = torch.device("cuda", local_rank)
            torch.cuda.set_device(self.device)
        else:
            self.device = torch.device("cpu")
            # A resumed run must end in the same bytes as an uninterrupted one.
            torch.use_deterministic_algorithms(True)
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
            torch.set_num_threads(max(1, (threads or os.cpu_count() or 1) // self.local_size))
        if self.size > 1:
            if self.has_several_nodes:
                choose_interface()
            backend = "nccl" if self.device.type == "cuda" else "gloo"
            try:
                dist.init_process_group(backend, timeout=timedelta(seconds=timeout))
            except RuntimeError as error:
                if not _is_of_network(error):
                    raise
                raise ConnectionError(
                    f"{self._name()} does not reach the others, of which rank 0 is on {os.environ.get('MASTER_ADDR')} "
                    f"({_first_line(error)}); start all nodes within {timeout} s, let them connect to each other's "
                    f"ports, and give GLOO_SOCKET_IFNAME or NCCL_SOCKET_IFNAME where they have several networks"
                ) from error

    def __enter__(self) -> World:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Raises ConnectionError where a rank was lost, in place of what the library raises then."""
        if error is not None and _is_of_network(error):  # to take the group down would wait for the lost rank
            raise ConnectionError(
                f"{self._name()} lost the connection to the others ({_first_line(error)}), whose output may say why; "
                f"repeat the command to continue from the newest checkpoint"
            ) from error
        if dist.is_initialized():
            dist.destroy_process_group()

    def _name(self) -> str:
        return f"rank {self.rank} of {self.size}, on {socket.gethostname()},"

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, which writes and reports for all."""
        return self.rank == 0

    @property
    def has_several_nodes(self) -> bool:
        return self.size > self.local_size

    def wrap(self, model: nn.Module, random: bool = False) -> nn.Module:
        """The model to train, its gradients averaged over all ranks. A model sharded by FSDP is returned as it is.

        `random`: whether it draws random numbers, which threads would take from one another.
        """
        if isinstance(model, FSDPModule):
            return model
        if self._splits_over_threads(random):
            model = ThreadParallel(model)
        if self.size == 1:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        # Buffers are not sent: they are tables of positions, the same on every rank.
        return DistributedDataParallel(model, device_ids=ids, gradient_as_bucket_view=True, broadcast_buffers=False)

    def _splits_over_threads(self, random: bool) -> bool:
        return self.device.type == "cpu" and not random

    def thread_splits(self, sequences: int, random: bool) -> int:
        """How many threads of a wrapped model hold gradients, for a micro-batch of so many sequences."""
        return count_splits(sequences, torch.get_num_threads()) if self._splits_over_threads(random) else 1

    def sync_gradients(self, model: nn.Module, last: bool) -> AbstractContextManager[Any]:
        """Around one micro-batch of a step: before the last, gradients are summed on this rank only."""
        if isinstance(model, FSDPModule):
            model.set_requires_gradient_sync(last)
        if isinstance(model, DistributedDataParallel) and not last:
            return model.no_sync()
        return nullcontext()

    def micro_batches(self, batch: Sequence[Tensor], size: int) -> list[tuple[Tensor, ...]]:
        """Tensors [B, ...] in parts of at most `size` along B, on the device of this rank."""
        parts = (part.to(self.device, non_blocking=True).split(size) for part in batch)
        return list(zip(*parts, strict=True))

    def precision(self, dtype: torch.dtype) -> torch.autocast:
        """Around a forward pass: weights stay float32, matrix products are computed in `dtype`."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)

    def sum(self, value: float) -> float:
        """The sum over all ranks, in float64 and the same on each."""
        return self._reduce(value, dist.ReduceOp.SUM)

    def any(self, flag: bool) -> bool:
        return self._reduce(float(flag), dist.ReduceOp.MAX) > 0

    def _reduce(self, value: float, operation: Any) -> float:
        if self.size == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, operation)
        return float(tensor)

    def broadcast(self, value: Value) -> Value:
        """Rank 0's value on every rank."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]


def _is_of_network(error: BaseException) -> bool:
    """Whether a collective failed, and not the code around it. gloo's errors have no type of their own."""
    return isinstance(error, dist.DistError) or (type(error) is RuntimeError and "/gloo/" in str(error))


def _first_line(error: BaseException) -> str:
    """Without gloo's source file in front and advice behind."""
    line = str(error).partition("\n")[0]
    return re.sub(r"\[\S*/gloo/\S+\] ", "", line).partition(". This is typically")[0]


def launcher_is_gone() -> bool:
    """Whether the process that started this run (HEADWATER_LAUNCHER_PID) has ended; a zombie has."""
    pid = os.environ.get(LAUNCHER)
    if pid is None:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    stat = Path("/proc") / pid / "stat"
    return stat.is_file() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
