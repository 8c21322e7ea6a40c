from __future__ import annotations

import pytest

from training.distributed import network
from training.distributed.network import INTERFACE, choose_interface, interface_towards


def test_the_loopback_interface_is_no_way_to_other_nodes() -> None:
    assert interface_towards("127.0.0.1") is None
    assert interface_towards("a-name-that-nobody-has.invalid") is None


def test_what_the_environment_says_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ADDR", "node-0")
    monkeypatch.setattr(network, "interface_towards", {"node-0": "eth1"}.get)
    monkeypatch.setenv(INTERFACE, "lo")  # so that it is taken away again
    monkeypatch.delenv(INTERFACE)
    choose_interface()
    assert network.os.environ[INTERFACE] == "eth1"
    monkeypatch.setenv(INTERFACE, "ib0")
    choose_interface()
    assert network.os.environ[INTERFACE] == "ib0"
