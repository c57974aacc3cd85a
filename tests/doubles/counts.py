"""Metrics of this process as numbers, which tests compare before and after."""

import socket

from prometheus_client import REGISTRY


def count(name: str, **labels: str) -> float:
    """The present value of one sample, 0 while it does not exist."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
