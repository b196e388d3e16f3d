"""A container's health is that of the service it was started for."""

import runpy
import shlex
import socket

import pytest
import yaml
from dockerfiles import DOCKER

HEALTH = runpy.run_path(str(DOCKER / "health.py"))
SERVICES = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        ("spark-master", [7077]),
        ("spark-worker-0", [8081]),
        ("train-1", [2222]),
        ("train-0", []),
        ("photos", []),
    ],
)
def test_a_service_is_asked_at_its_port_and_a_job_at_none(service, ports):
    assert HEALTH["service_ports"](["tini", "--", *shlex.split(SERVICES[service]["command"])]) == ports


def test_a_port_where_nobody_listens_is_no_health(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        names = HEALTH["main"].__globals__
        monkeypatch.setitem(names, "service_ports", lambda _: [free.getsockname()[1]])
        monkeypatch.setattr(socket, "gethostname", lambda: "127.0.0.1")
        with pytest.raises(ConnectionRefusedError):
            HEALTH["main"]()
        free.listen()
        HEALTH["main"]()
