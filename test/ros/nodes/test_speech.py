"""Speech end to end: from a wav file to a mask, with real processes."""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np
import pytest
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import String
from support.ros_camera import SECOND, Camera, Listener, header, wait_until
from support.ros_processes import ROOT, Process, node, node_with_stand_in, player, ros_arguments

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.msg import Utterance

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.demo.demo_bag import DEPTH_TOPIC, IMAGE_TOPIC, INFO_TOPIC, TABLETOP_BAG, read_truth
from zsris_ros.evaluation.metrics import iou
from zsris_ros.models.preset import preset_names

WAV = ROOT / "test" / "data" / "orange_object.wav"
SAID = "the orange object to the right of the yellow bottle"
BEGIN = 1.1
"""Start of speech in the file in seconds."""


def speech(remaps: dict[str, str] | None = None, **parameters: object) -> Process:
    return Process("-m", "zsris_ros.ros.speech.speech_node", *ros_arguments(parameters, remaps))


def test_an_utterance_is_published_with_its_start_time(here: Node) -> None:
    texts = Listener(here, String, "/expression")
    utterances = Listener(here, Utterance, "/speech_node/utterance")
    with speech(wav=WAV, wav_start=1000.5, frame_id="headset") as process:
        utterance = utterances.wait(timeout=60.0)
        assert texts.wait().data == utterance.text == SAID
        assert process.wait(30.0) == 0, "the node ends with the file"
    assert utterance.header.frame_id == "headset"
    assert abs(stamp_ns(utterance.header) / 1e9 - 1000.5 - BEGIN) < 0.3
    assert 2.2 < utterance.duration < 3.6
    assert 0.5 < utterance.confidence <= 1.0
    assert utterance.recogniser == "pocketsphinx"


def test_an_uncertain_utterance_gives_only_a_question(here: Node) -> None:
    texts = Listener(here, String, "/expression")
    asked = Listener(here, String, "/speech_node/say")
    with speech(wav=WAV, min_confidence=1.0) as process:
        sentence = asked.wait(timeout=60.0).data
        assert process.wait(30.0) == 0
    assert sentence == f'Did you say "{SAID}"? Please say it again.'
    assert texts.messages == []


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        ({"wav": "nothing.wav"}, 1, "nothing.wav cannot be read"),
        ({"recogniser": "vosk"}, 1, "vosk needs a model"),
        ({"recogniser": "siri"}, 2, "allowed are pocketsphinx"),
        ({"pause": 0.0}, 2, "0.1 to 5.0"),
    ],
)
def test_a_failed_start_ends_the_node_with_a_sentence(
    here: Node, parameters: dict[str, object], code: int, said: str
) -> None:
    listener = Listener(here, String, "/expression")  # a wav file waits for a subscriber
    with speech(**parameters) as process:
        assert process.wait(60.0) == code
        assert said in process.log()
        assert "Traceback" not in process.log()
    assert listener.messages == []


def test_ctrl_c_ends_the_wait_for_a_subscriber() -> None:
    with speech({"__node": "lonely", "expression": "/unheard"}, wav=WAV) as process:
        process.wait_for_log("has a subscriber", timeout=60.0)
        code, _ = process.end()
    assert code == 0


def test_an_utterance_is_answered_about_its_frame_on_the_topics(here: Node) -> None:
    """The frame is that of the stamp, not the newest."""
    masks = Listener(here, Image, "/refer_segment_node/mask")
    sentences = Listener(here, String, "/refer_segment_node/say")
    utterances = here.create_publisher(Utterance, "/utterance", 10)
    texts = here.create_publisher(String, "/expression", 10)

    def say(text: str, seconds: int) -> None:
        utterances.publish(Utterance(header=header(seconds * SECOND), text=text))

    with node_with_stand_in() as process:
        process.wait_for_log("the model is ready")
        camera = Camera(here)
        camera.wait_until_matched()
        masks.wait_until_matched()
        wait_until(lambda: utterances.get_subscription_count() > 0, 10.0, "no subscriber")
        deadline = time.monotonic() + 20
        while not masks.messages:  # messages before discovery are lost
            assert time.monotonic() < deadline, "no utterance was answered"
            for seconds in (2001, 2003, 2005):
                camera.send(seconds * SECOND)
                time.sleep(0.3)  # best effort drops the frames of a burst
            say("red", 2003)
            with suppress(AssertionError):
                masks.wait(timeout=2.0)
        assert {stamp_ns(each.header) for each in masks.messages} == {2003 * SECOND}
        answered = len(masks.messages)
        assert sentences.wait(lambda message: "red" in message.data)
        say("red", 3000)
        assert sentences.wait(lambda message: "no image is kept" in message.data)
        texts.publish(String(data="refuse"))
        assert sentences.wait(lambda message: "cannot be used" in message.data)
        assert len(masks.messages) == answered


@pytest.mark.skipif("tabletop" not in preset_names(), reason="the tabletop weights are not here")
def test_sound_gives_the_mask_in_the_frame_of_the_utterance(here: Node) -> None:
    """The sentence fits the second scene only, and the newest frame shows the fourth."""
    scene = read_truth(TABLETOP_BAG)[1]
    (question,) = (each for each in scene.expressions if each.text == SAID)
    masks = Listener(here, Image, "/refer_segment_node/mask")
    spoken = Listener(here, String, "/refer_segment_node/say")
    remaps = {
        "image": IMAGE_TOPIC,
        "depth": DEPTH_TOPIC,
        "camera_info": INFO_TOPIC,
        "utterance": "/speech_node/utterance",
    }
    with node(remaps) as refer:
        refer.wait_for_log("the model is ready", timeout=120.0)
        with player(TABLETOP_BAG, "--wait", "30") as camera:
            assert camera.wait(60.0) == 0
        masks.wait_until_matched()
        wait_until(lambda: here.count_subscribers(IMAGE_TOPIC) == 1, 10.0, "no subscriber")
        start = scene.stamps_ns[1] / 1e9 - BEGIN
        # As in the launch file, so that the text is not answered as well.
        with speech({"expression": "~/expression"}, wav=WAV, wav_start=start) as hearing:
            mask = masks.wait(timeout=120.0)
            assert hearing.wait(30.0) == 0
        spoken.wait(timeout=10.0)
    assert stamp_ns(mask.header) in scene.stamps_ns
    assert iou(np.asarray(to_array(mask)) > 0, scene.mask(question)) > 0.8
