"""What the core logs, in the node's own log: the core uses Python's logging and knows no ROS."""

from __future__ import annotations

import logging

from rclpy.node import Node


class ToRos(logging.Handler):
    """Hands records on to the logger of ``node``."""

    def __init__(self, node: Node) -> None:
        super().__init__(logging.INFO)
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """As ``logging.Handler.emit``."""
        text = record.getMessage()
        # A call for each severity: rclpy remembers the severity of the line that called it.
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        else:
            self._logger.info(text)


def forward(node: Node) -> None:
    """From now on the core's records appear in the log of ``node``, and only there."""
    core = logging.getLogger("zsris_ros")
    core.setLevel(logging.INFO)
    core.handlers = [ToRos(node)]
