"""The node's process: start, executor loop, logging, memory and end."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from zsris_ros.ros.parameters.parameter_declaration import ParameterError

SWITCH_INTERVAL = 0.001
"""Seconds before a thread must yield Python's global lock (default 0.005). Callbacks need the lock
several times each, so this bounds their delay by the model's thread."""

STOP_TIMEOUT = 1.0
"""Seconds that a running inference may take after Ctrl-C before the process exits without it."""

LAST_RESPONSES_TIME = 0.5
"""Seconds for the responses to open requests before a process without its device exits."""

FAILED, INVALID_PARAMETER, DEVICE_LOST = 1, 2, 3
"""Exit codes besides 0: a model could not be loaded or the node failed; a parameter is invalid; the
device cannot compute any more in this process, but probably in a new one."""


class Stoppable(Protocol):
    """A node with its own thread; ``exit_error`` is the reason if the process should end."""

    exit_error: str
    exit_code: int

    def stop(self, timeout: float) -> bool:
        """End the thread; return False if it still runs after ``timeout`` seconds."""

    def destroy_node(self) -> None:
        """Destroy the node, so that others know at once that its services have gone."""


def run(
    makers: Sequence[Callable[[], Stoppable]], name: str, args: Sequence[str] | None = None
) -> int:
    """Make nodes, spin them until a signal arrives and return the process's exit code.

    A node with an ``exit_error`` ends the process as well. The code is 0 after SIGINT or SIGTERM,
    the node's ``exit_code`` with an ``exit_error``, INVALID_PARAMETER for an invalid parameter. The
    caller should exit then: further SIGINTs are ignored. While an inference runs, and without the
    device, this function exits the process itself, because Python crashes if it finalises below a
    running native thread or a lost device.
    """
    # rclpy shuts the context down on both signals. Python's handler would raise KeyboardInterrupt
    # in addition, and the second SIGINT of `ros2 launch` would interrupt the clean-up.
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.setswitchinterval(SWITCH_INTERVAL)
    rclpy.init(args=None if args is None else list(args))
    nodes: list[Stoppable] = []
    executor = SingleThreadedExecutor()
    stopped = True
    code = 0
    try:
        for make in makers:
            nodes.append(make())
            executor.add_node(cast(Node, nodes[-1]))
        while rclpy.ok() and not any(node.exit_error for node in nodes):
            _spin_once(executor, nodes)
    except ParameterError as error:
        print(f"{name}: {error}", file=sys.stderr)
        code = INVALID_PARAMETER
    except Exception:
        if rclpy.ok():  # else a signal shut the context down during construction
            raise
    finally:
        for node in nodes:
            stopped = node.stop(STOP_TIMEOUT) and stopped
            code = node.exit_code if node.exit_error else code
        end = time.monotonic() + LAST_RESPONSES_TIME
        while code == DEVICE_LOST and rclpy.ok() and time.monotonic() < end:
            _spin_once(executor, nodes, end - time.monotonic())
        for node in nodes if stopped else ():
            node.destroy_node()
        rclpy.try_shutdown()
    for reason in dict.fromkeys(node.exit_error for node in nodes if node.exit_error):
        print(f"{name}: {reason}", file=sys.stderr)
    if not stopped or code == DEVICE_LOST:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    # While Python finalises it restores the default handler, for which a second SIGINT is fatal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # else the final garbage collections traverse all of torch, which takes a second
    return code


def _spin_once(
    executor: SingleThreadedExecutor, nodes: Sequence[Stoppable], timeout: float | None = None
) -> None:
    """Run one callback, waiting for it for ``timeout`` seconds; log its exception."""
    try:
        executor.spin_once(timeout)
    except ExternalShutdownException:
        return
    except Exception as error:  # also a response whose client has gone
        if rclpy.ok():
            cast(Node, nodes[0]).get_logger().error(format_traceback(error))


def format_traceback(error: BaseException) -> str:
    """Return the traceback of ``error`` as text."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()


def trim_memory() -> None:
    """Return freed memory to the system; glibc would keep it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def forward_logging(node: Node) -> None:
    """Send the records of Python's logger "zsris_ros" to the log of ``node``.

    Of several nodes of a process the first one gets them, until ``end_forwarding``.
    """
    logger = logging.getLogger("zsris_ros")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _RosLogHandler) for handler in logger.handlers):
        logger.addHandler(_RosLogHandler(node))


def end_forwarding(node: Node) -> None:
    """Undo ``forward_logging``."""
    logger = logging.getLogger("zsris_ros")
    for handler in tuple(logger.handlers):
        if isinstance(handler, _RosLogHandler) and handler.node is node:
            logger.removeHandler(handler)


class _RosLogHandler(logging.Handler):
    def __init__(self, node: Node) -> None:
        super().__init__(logging.INFO)
        self.node = node
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        # One call per severity: rclpy requires a constant severity for each calling line.
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        else:
            self._logger.info(text)
