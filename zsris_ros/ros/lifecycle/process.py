"""The node's process: start, executor loop, logging, memory and end."""

from __future__ import annotations

import ctypes
import gc
import logging
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
"""Seconds before a thread must yield Python's global lock (default 0.005). Callbacks need the lock
several times each, so this bounds their delay by the model's thread."""

STOP_TIMEOUT = 1.0
"""Seconds that a running inference may take after Ctrl-C before the process exits without it."""


FAILED, INVALID_PARAMETER, DEVICE_LOST = 1, 2, 3
"""Exit codes besides 0: a model could not be loaded or the node failed; a parameter is invalid; the
device cannot compute any more in this process, but probably in a new one."""


class Stoppable(Protocol):
    """A node with its own thread; ``exit_error`` is the reason if it shut itself down."""

    exit_error: str
    exit_code: int

    def stop(self, timeout: float) -> bool:
        """End the thread; return False if it still runs after ``timeout`` seconds."""


def run(make_node: Callable[[], Stoppable], name: str, args: Sequence[str] | None = None) -> int:
    """Spin a node until a signal arrives and return the process's exit code.

    The code is 0 after SIGINT or SIGTERM, the node's ``exit_code`` with an ``exit_error``,
    INVALID_PARAMETER for an invalid parameter. The caller should exit then: further SIGINTs are
    ignored. While an inference runs, and without the device, this function exits the process
    itself, because Python crashes if it finalises below a running native thread or a lost device.
    """
    # rclpy shuts the context down on both signals. Python's handler would raise KeyboardInterrupt
    # in addition, and the second SIGINT of `ros2 launch` would interrupt the clean-up.
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.setswitchinterval(SWITCH_INTERVAL)
    rclpy.init(args=None if args is None else list(args))
    node: Stoppable | None = None
    stopped = True
    code = 0
    try:
        node = make_node()
        spin(cast(Node, node))
    except ParameterError as error:
        print(f"{name}: {error}", file=sys.stderr)
        code = INVALID_PARAMETER
    except Exception:
        if rclpy.ok():  # else a signal shut the context down during construction
            raise
    finally:
        if node is not None:
            stopped = node.stop(STOP_TIMEOUT)
            code = node.exit_code if node.exit_error else code
        rclpy.try_shutdown()
    if node is not None and node.exit_error:
        print(f"{name}: {node.exit_error}", file=sys.stderr)
    if not stopped or code == DEVICE_LOST:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    # While Python finalises it restores the default handler, for which a second SIGINT is fatal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # else the final garbage collections traverse all of torch, which takes a second
    return code


def spin(node: Node) -> None:
    """Run the node's callbacks until the context ends; log the exceptions of callbacks."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while rclpy.ok():
        try:
            executor.spin_once()
        except ExternalShutdownException:
            return
        except Exception as error:  # also a response whose client has gone
            if rclpy.ok():
                node.get_logger().error(format_traceback(error))


def format_traceback(error: BaseException) -> str:
    """Return the traceback of ``error`` as text."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()


def trim_memory() -> None:
    """Return freed memory to the system; glibc would keep it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def forward_logging(node: Node) -> None:
    """Send the records of Python's logger "zsris_ros" to the log of ``node`` only."""
    logger = logging.getLogger("zsris_ros")
    logger.setLevel(logging.INFO)
    logger.handlers = [_RosLogHandler(node)]


class _RosLogHandler(logging.Handler):
    def __init__(self, node: Node) -> None:
        super().__init__(logging.INFO)
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
