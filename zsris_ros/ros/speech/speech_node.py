"""speech_node: a microphone or a wav file in, what was said out.

What was understood goes out twice: as text on ``expression`` (std_msgs/String), as any recogniser
would publish it, and on ``~/utterance`` (Utterance) with its confidence and with the time at which
the person began to speak. Whoever listens needs one of the two. What was not understood for sure is
asked again on ``~/say`` instead.

Sound is heard and recognised in a thread of its own; the executor serves parameters meanwhile.
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
from zsris_ros.ros.publishers.result_publishers import OUTPUT
from zsris_ros.speech.audio import SECOND, AudioBlock, SpeechError, Utterance
from zsris_ros.speech.microphone import microphone
from zsris_ros.speech.recogniser import load_recogniser
from zsris_ros.speech.utterances import clarification, recognise_utterances
from zsris_ros.speech.wav import audio_blocks, read_wav

NAME = "speech_node"
STEP = 0.05
"""Seconds between two looks whether somebody listens."""
DELIVERY = Duration(seconds=5)
"""How long the last words may take to arrive before the node ends."""


class SpeechNode(Node):
    """Publishes what is said. Raises ParameterError when a parameter cannot be used."""

    failure = ""
    """Why the node ended by itself, as a sentence; empty while all is well."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__(NAME, **node_options)
        self._chosen = parameter_declaration.declare(self, SpeechParameters)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._expression = self.create_publisher(String, "expression", OUTPUT)
        self._utterance = self.create_publisher(UtteranceMessage, "~/utterance", OUTPUT)
        self._say = self.create_publisher(String, "~/say", OUTPUT)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._hear, name="speech", daemon=True)
        self._thread.start()

    def stop(self, patience: float) -> bool:
        """Hears no more; False if a recognition is still running after ``patience`` seconds."""
        self._stopped.set()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        self._chosen, result = parameter_declaration.update(self._chosen, changes)
        return result

    # In the thread of the sound

    def _hear(self) -> None:
        """Until it is stopped, the wav file ends, or something is missing; the latter two end all.

        The context is shut down from here, because the executor waits for nothing of this thread.
        """
        try:
            recogniser = load_recogniser(self._chosen.recogniser, self._chosen.model)
            endpointing = self._chosen.endpointing
            for utterance in recognise_utterances(self._sound(), recogniser, endpointing):
                if self._stopped.is_set():
                    return
                self._tell(utterance)
            self._deliver()
        except SpeechError as error:
            self.failure = str(error)
        except Exception as error:
            if self.context.ok():  # else there is nothing to publish with any more
                self.failure = f"hearing failed: {process.traceback_of(error)}"
        if not self._stopped.is_set():
            rclpy.try_shutdown(context=self.context)

    def _sound(self) -> Iterator[AudioBlock]:
        stopped = self._stopped.is_set
        heard = (
            self._wav(Path(self._chosen.wav))
            if self._chosen.wav
            else microphone(self._chosen.microphone, self._now_ns, stopped)
        )
        for block in heard:
            if stopped():
                return
            # Silence instead of nothing: what was being said has ended.
            samples = block.samples if self._chosen.hearing else block.samples * 0
            yield AudioBlock(samples, block.start_ns)

    def _wav(self, path: Path) -> Iterator[AudioBlock]:
        """The file in real time, once somebody listens: what is said before is lost."""
        samples = read_wav(path)
        outputs = self._expression, self._utterance
        topics = " or ".join(each.topic_name for each in outputs)
        self.get_logger().info(f"{path} is heard once somebody listens to {topics}")
        while not any(each.get_subscription_count() for each in outputs):
            if self._stopped.wait(STEP):
                return
        begin = time.monotonic()
        start_ns = round(self._chosen.wav_start * SECOND) or self._now_ns()
        for block in audio_blocks(samples, start_ns):
            due = begin + (block.start_ns - start_ns) / SECOND
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            yield block

    def _tell(self, utterance: Utterance) -> None:
        if utterance.confidence < self._chosen.min_confidence:
            self.get_logger().info(
                f"not sure of {utterance.text!r} ({utterance.confidence:.2f}): asking again"
            )
            self._say.publish(String(data=clarification(utterance)))
            return
        self.get_logger().info(f"heard {utterance.text!r} ({utterance.confidence:.2f})")
        self._expression.publish(String(data=utterance.text))
        self._utterance.publish(to_message(utterance, self._chosen.frame_id))

    def _deliver(self) -> None:
        """Waits until those who listen have what was published."""
        for publisher in (self._expression, self._utterance, self._say):
            publisher.wait_for_all_acked(DELIVERY)

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


def to_message(utterance: Utterance, frame_id: str) -> UtteranceMessage:
    """``utterance`` as a message; its stamp is when the person began to speak."""
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
    """Entry point of the executable speech_node; returns the exit code."""
    return process.run(SpeechNode, NAME, args)


if __name__ == "__main__":
    sys.exit(main())
