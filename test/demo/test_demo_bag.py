"""The shipped recordings: camera messages, size, and consistency with their ground truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import Reader

from zsris_ros.demo import demo_bag, record
from zsris_ros.demo.bag_writer import STORE
from zsris_ros.demo.demo_bag import (
    DEPTH_TOPIC,
    HOUSEHOLD_BAG,
    IMAGE_TOPIC,
    INFO_TOPIC,
    TABLETOP_BAG,
    RecordedScene,
)
from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.geometry.masks import mask_box
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.types import InputError, Verdict

ENCODINGS = {IMAGE_TOPIC: "rgb8", DEPTH_TOPIC: "16UC1"}


@pytest.fixture(scope="module", params=[HOUSEHOLD_BAG, TABLETOP_BAG], ids=["household", "tabletop"])
def bag(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture(scope="module")
def scenes(bag: Path) -> tuple[RecordedScene, ...]:
    return demo_bag.read_truth(bag)


def test_the_bag_is_small_enough_for_the_package(bag: Path) -> None:
    assert sum(file.stat().st_size for file in bag.iterdir()) <= 8_000_000
    assert {file.suffix for file in bag.iterdir()} == {".mcap", ".yaml", ".json", ".png"}


def test_the_bag_has_the_messages_of_a_camera_driver(
    bag: Path, scenes: tuple[RecordedScene, ...]
) -> None:
    count: Counter[str] = Counter()
    stamps = {stamp for scene in scenes for stamp in scene.stamps_ns}
    with Reader(bag) as reader:
        for connection, recorded_ns, data in reader.messages():
            message = STORE.deserialize_cdr(data, connection.msgtype)
            count[connection.topic] += 1
            stamp = message.header.stamp
            assert stamp.sec * 1_000_000_000 + stamp.nanosec == recorded_ns
            assert recorded_ns in stamps
            assert message.header.frame_id == "camera_color_optical_frame"
            assert (message.width, message.height) == (640, 480)
            if connection.topic in ENCODINGS:
                assert message.encoding == ENCODINGS[connection.topic]
                assert message.step * message.height == len(message.data)
    assert count == {topic: len(stamps) for topic in (IMAGE_TOPIC, DEPTH_TOPIC, INFO_TOPIC)}


def test_the_bag_has_enough_expressions_and_frames(scenes: tuple[RecordedScene, ...]) -> None:
    expressions = [each for scene in scenes for each in scene.expressions]
    assert len(scenes) >= 3 and len(expressions) >= 10
    categories = {each.category for each in expressions}
    assert categories >= {"attribute", "position", "relation", "superlative"}
    assert max(len(scene.expressions) for scene in scenes) >= 2
    for scene in scenes:
        assert np.ptp(scene.stamps_ns) >= 1_000_000_000, "held for a second"


def test_centroids_agree_with_the_recorded_depth(
    bag: Path, scenes: tuple[RecordedScene, ...]
) -> None:
    frames = demo_bag.read_frames(bag, [scene.stamps_ns[-1] for scene in scenes])
    for scene in scenes:
        frame = frames[scene.stamps_ns[-1]]
        assert frame.depth is not None and frame.intrinsics is not None
        for expression in scene.expressions:
            assert {each.label for each in scene.targets(expression)} == set(expression.labels)
            assert (expression.verdict is Verdict.NOT_FOUND) == (not expression.labels)
        for each in scene.objects:
            mask = scene.labels == each.label
            assert mask_box(mask) == each.box
            assert " " in each.name
            point = centroid_3d(mask, frame.depth, frame.intrinsics)
            assert point is not None
            np.testing.assert_allclose(point, each.centroid_m, atol=1e-5)


def test_objects_have_the_colours_of_their_names() -> None:
    """Labels, images and names belong together."""
    scenes = demo_bag.read_truth(TABLETOP_BAG)
    frames = demo_bag.read_frames(TABLETOP_BAG, [scene.stamps_ns[0] for scene in scenes])
    strongest = {"red": 0, "green": 1, "blue": 2}
    seen = 0
    for scene in scenes:
        for each in scene.objects:
            channel = strongest.get(each.name.split()[0])
            if channel is not None:
                rgb = frames[scene.stamps_ns[0]].rgb[scene.labels == each.label]
                assert np.median(rgb, axis=0).argmax() == channel, each.name
                seen += 1
    assert seen >= 4


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"truth\.json is missing"):
        demo_bag.read_truth(tmp_path)


def test_a_stamp_that_was_not_recorded_is_refused() -> None:
    with pytest.raises(InputError, match="no image within"):
        demo_bag.read_frames(TABLETOP_BAG, [12])


def test_a_new_recording_is_read_back(tmp_path: Path) -> None:
    try:
        record.record(tmp_path / "new" / "bag", [record.SEEDS[0]])
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    (scene,) = demo_bag.read_truth(tmp_path / "new" / "bag")
    shipped = demo_bag.read_truth(TABLETOP_BAG)[0]
    assert [each.name for each in scene.objects] == [each.name for each in shipped.objects]
    assert np.mean(scene.labels != shipped.labels) < 1e-3, "another renderer may move an edge"
    with pytest.raises(InputError, match="there already"):
        record.record(tmp_path / "new" / "bag")
    assert scene.expressions == shipped.expressions
    assert {q.verdict for q in scene.expressions} == set(Verdict)
    meant = {q.verdict: len(scene.targets(q)) for q in scene.expressions}
    assert meant[Verdict.AMBIGUOUS] > 1 and meant[Verdict.NOT_FOUND] == 0
