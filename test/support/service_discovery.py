"""Service clients that the node has discovered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node

UNANSWERED = 2.0
"""Seconds after which a first call is repeated."""

PATIENCE = 30.0


def discovered_client(
    node: Node, kind: Any, service: str, harmless: Any, executor: Executor | None = None
) -> Any:
    """Return a client of ``service`` that has had a response to the request ``harmless``.

    A server whose process has not discovered the client yet drops its response, and the client
    cannot see that: ``wait_for_service`` only tells that the client has discovered the server.

    Args:
        node: The client's node.
        kind: The service's type.
        service: Its name.
        harmless: A request that changes nothing.
        executor: The node's executor, if it has one.
    """
    client: Any = node.create_client(kind, service)
    assert client.wait_for_service(PATIENCE), f"no node serves {service}"
    deadline = time.monotonic() + PATIENCE
    with nullcontext(executor) if executor else _spinning(node) as mine:
        while time.monotonic() < deadline:
            first = client.call_async(harmless)
            mine.spin_until_future_complete(first, UNANSWERED)
            if first.done():
                return client
    raise AssertionError(f"{service} did not answer")


@contextmanager
def _spinning(node: Node) -> Iterator[Executor]:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        yield executor
    finally:
        executor.remove_node(node)
        executor.shutdown(timeout_sec=0.0)
