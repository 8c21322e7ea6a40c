from __future__ import annotations

import re
import socket

import pytest

from training.distributed.parallel import World


def test_a_rank_whose_companions_never_come_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    world = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
    for name, value in {**world, "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, str(value))
    said = f"rank 0 of 2, on {socket.gethostname()}, does not reach the others, of which rank 0 is on 127.0.0.1 ("
    with pytest.raises(ConnectionError, match=re.escape(said)) as raised:
        World(threads=1, timeout=1)
    assert "1/2 clients joined" in str(raised.value) and "\n" not in str(raised.value)
