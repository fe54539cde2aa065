"""How the node's process starts, survives errors, and ends."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from zsris_ros.ros.parameters.parameter_declaration import ParameterError

SWITCH_INTERVAL = 0.001
"""Seconds a thread may keep Python to itself (Python's default is 0.005). Callbacks share it with
the model's thread and need it several times each, so this bounds how late they are."""

STOP_PATIENCE = 1.0
"""Seconds an inference may take to end after Ctrl-C before the process leaves without it."""


class Runnable(Protocol):
    """A node with a thread of its own, which ``stop`` ends as ``ManagedNode.stop`` does.

    ``failure`` says why the node ended by itself; empty while all is well.
    """

    failure: str

    def stop(self, patience: float) -> bool: ...


def run(make_node: Callable[[], Runnable], name: str, args: Sequence[str] | None = None) -> int:
    """Spins the node of ``make_node`` until a signal, and returns the process's exit code.

    0 after SIGINT or SIGTERM, 1 when the node reports a ``failure``, 2 when a parameter is wrong.
    The process should end then: further SIGINTs are ignored. Does not return when an inference is
    still running: it cannot be interrupted, and Python's own ending crashes below a running native
    thread.
    """
    # rclpy ends the context on both signals. Without this, Python would raise KeyboardInterrupt
    # besides, and the second SIGINT that `ros2 launch` sends would strike during the clean-up.
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.setswitchinterval(SWITCH_INTERVAL)
    rclpy.init(args=None if args is None else list(args))
    node: Runnable | None = None
    stopped = True
    code = 0
    try:
        node = make_node()
        spin(cast(Node, node))
    except ParameterError as error:
        print(f"{name}: {error}", file=sys.stderr)
        code = 2
    except Exception:
        if rclpy.ok():  # else a signal ended the context while the node was being made
            raise
    finally:
        if node is not None:
            stopped = node.stop(STOP_PATIENCE)
            code = 1 if node.failure else code
        rclpy.try_shutdown()
    if node is not None and node.failure:
        print(f"{name}: {node.failure}", file=sys.stderr)
    if not stopped:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    # While Python ends it hands SIGINT back to the system, to which the second one would be fatal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Else Python would look through all of torch's objects for garbage, several times: a second.
    gc.freeze()
    return code


def give_memory_back() -> None:
    """What was freed goes to the system, where the C library is glibc, which else keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def spin(node: Node) -> None:
    """Runs the node's callbacks until the context ends; an error in one does not end the others."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while rclpy.ok():
        try:
            executor.spin_once()
        except ExternalShutdownException:
            return
        except Exception as error:
            # A response that cannot be sent, because its client has gone, ends up here as well.
            if rclpy.ok():
                node.get_logger().error(traceback_of(error))


def traceback_of(error: BaseException) -> str:
    """The traceback as text, for the log."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
