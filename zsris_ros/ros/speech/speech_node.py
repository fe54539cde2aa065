"""speech_node: a microphone or a wav file in, text out.

Each utterance is published as text on ``expression`` (std_msgs/String) and, with its confidence and
start time, on ``~/utterance`` (Utterance); a subscriber needs one of the two. Below a confidence of
``min_confidence`` the node publishes only a question on ``~/say``.

Recording and recognition run in their own thread; the executor serves the parameters.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String

from zsris_ros.msg import Utterance as UtteranceMessage
from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.parameters import parameter_declaration
from zsris_ros.ros.parameters.speech_parameters import SpeechParameters
from zsris_ros.ros.qos import RESULTS
from zsris_ros.speech.audio import SECOND, AudioBlock, SpeechError, Utterance
from zsris_ros.speech.microphone import microphone
from zsris_ros.speech.recogniser import load_recogniser
from zsris_ros.speech.utterances import clarification, recognise_utterances
from zsris_ros.speech.wav import audio_blocks, read_wav

NAME = "speech_node"
POLL_PERIOD = 0.05
"""Seconds between two checks for subscribers."""
DELIVERY_TIMEOUT = Duration(seconds=5)
"""Longest wait for the delivery of the last messages before the node ends."""


class SpeechNode(Node):
    """Publishes utterances. Raises ParameterError for an invalid parameter."""

    exit_error = ""
    """Reason for which the node shut itself down; empty without one."""

    exit_code = process.FAILED
    """Exit code of the process with an ``exit_error``."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__(NAME, **node_options)
        self._settings = parameter_declaration.declare(self, SpeechParameters)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._expression = self.create_publisher(String, "expression", RESULTS)
        self._utterance = self.create_publisher(UtteranceMessage, "~/utterance", RESULTS)
        self._say = self.create_publisher(String, "~/say", RESULTS)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speech", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Stop recording; return False if a recognition still runs after ``timeout`` seconds."""
        self._stopped.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        self._settings, result = parameter_declaration.update(self._settings, changes)
        return result

    # In the speech thread

    def _run(self) -> None:
        """Publish utterances until ``stop``, the end of the wav file or an error.

        The latter two shut the context down, which ends the executor.
        """
        try:
            recogniser = load_recogniser(self._settings.recogniser, self._settings.model)
            endpointing = self._settings.endpointing
            for utterance in recognise_utterances(self._blocks(), recogniser, endpointing):
                if self._stopped.is_set():
                    return
                self._publish(utterance)
            for publisher in (self._expression, self._utterance, self._say):
                publisher.wait_for_all_acked(DELIVERY_TIMEOUT)
        except SpeechError as error:
            self.exit_error = str(error)
        except Exception as error:
            if self.context.ok():  # else publishing failed because of the shutdown
                self.exit_error = f"recognition failed: {process.format_traceback(error)}"
        if not self._stopped.is_set():
            rclpy.try_shutdown(context=self.context)

    def _blocks(self) -> Iterator[AudioBlock]:
        """Yield blocks of sound, silenced while the parameter ``hearing`` is false."""
        stopped = self._stopped.is_set
        source = (
            self._wav_blocks(Path(self._settings.wav))
            if self._settings.wav
            else microphone(self._settings.microphone, self._now_ns, stopped)
        )
        for block in source:
            if stopped():
                return
            # Silence and not a gap, so that the current utterance ends.
            samples = block.samples if self._settings.hearing else block.samples * 0
            yield AudioBlock(samples, block.start_ns)

    def _wav_blocks(self, path: Path) -> Iterator[AudioBlock]:
        """Yield the blocks of a file in real time, from the first subscriber on."""
        samples = read_wav(path)
        outputs = self._expression, self._utterance
        topics = " or ".join(each.topic_name for each in outputs)
        self.get_logger().info(f"{path} is played once {topics} has a subscriber")
        while not any(each.get_subscription_count() for each in outputs):
            if self._stopped.wait(POLL_PERIOD):
                return
        begin = time.monotonic()
        start_ns = round(self._settings.wav_start * SECOND) or self._now_ns()
        for block in audio_blocks(samples, start_ns):
            due = begin + (block.start_ns - start_ns) / SECOND
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            yield block

    def _publish(self, utterance: Utterance) -> None:
        text = f"{utterance.text!r} ({utterance.confidence:.2f})"
        if utterance.confidence < self._settings.min_confidence:
            self.get_logger().info(f"uncertain of {text}: asking again")
            self._say.publish(String(data=clarification(utterance)))
            return
        self.get_logger().info(f"recognised {text}")
        self._expression.publish(String(data=utterance.text))
        self._utterance.publish(to_message(utterance, self._settings.frame_id))

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


def to_message(utterance: Utterance, frame_id: str) -> UtteranceMessage:
    """Convert an utterance; the stamp is its start."""
    message = UtteranceMessage(
        text=utterance.text,
        confidence=float(utterance.confidence),
        duration=float(utterance.duration),
        recogniser=utterance.recogniser,
    )
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(utterance.start_ns, SECOND)
    return message


def main(args: Sequence[str] | None = None) -> int:
    """Run speech_node and return the exit code."""
    return process.run([SpeechNode], NAME, args)


if __name__ == "__main__":
    sys.exit(main())
