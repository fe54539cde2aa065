"""Replay without ROS: frames, topics, matching as in the node, answers and output files."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rosbags.rosbag2 import StoragePlugin

from zsris_ros import cli
from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import CameraInfo
from zsris_ros.commands.replay import seconds, stamp
from zsris_ros.demo import bag_writer
from zsris_ros.demo.bag_writer import SECOND, camera_info_message, image_message, write_bag
from zsris_ros.demo.demo_bag import TABLETOP_BAG, read_truth
from zsris_ros.evaluation.datasets.osd import KINECT, osd_names, read_osd
from zsris_ros.geometry import run_lengths
from zsris_ros.models.preset import preset_names
from zsris_ros.referring.instructions import instruct
from zsris_ros.replay.answers import answer_frames
from zsris_ros.replay.bag import Bag, Topics
from zsris_ros.replay.recording import Recording
from zsris_ros.replay.topics import find_topics
from zsris_ros.replay.video import Video
from zsris_ros.types import (
    Expression,
    Frame,
    InputError,
    InstructionResult,
    Intrinsics,
    NounPhrase,
    Proposals,
    ReferringResult,
    Scene,
    Verdict,
)

OSD = Path(os.environ.get("ZSRIS_OSD_DIR", Path(__file__).parents[3] / "shared" / "osd"))
MS = 1_000_000
START = 100 * SECOND
WIDTH, HEIGHT = 64, 48
COLOUR, DEPTH, INFO = "/cam/color/image_raw", "/cam/depth/image_raw", "/cam/color/camera_info"

TABLETOP = ("--weights", "tabletop", "--device", "cpu")
with_weights = pytest.mark.skipif(
    "tabletop" not in preset_names(), reason="the tabletop weights are not in this checkout"
)


def image(stamp_ns: int, pixels: np.ndarray, encoding: str, frame_id: str = "camera") -> Any:
    return image_message(stamp_ns, pixels, encoding, frame_id)


def compressed(stamp_ns: int, pixels: np.ndarray, form: str, head: int = 0) -> Any:
    """Return ``pixels`` as a PNG of OpenCV behind ``head`` empty bytes."""
    stored = np.concatenate([np.zeros(head, np.uint8), cv2.imencode(".png", pixels)[1].ravel()])
    header = bag_writer.header(stamp_ns, "camera")
    return bag_writer.TYPES["sensor_msgs/msg/CompressedImage"](header, form, stored)


def camera_info(stamp_ns: int, width: int = WIDTH, height: int = HEIGHT, f: float = 60.0) -> Any:
    lens = Intrinsics(f, f, width / 2 - 0.5, height / 2 - 0.5)
    return camera_info_message(stamp_ns, width, height, lens, "camera")


def colours(value: int) -> np.ndarray:
    rgb = np.full((HEIGHT, WIDTH, 3), value, np.uint8)
    rgb[10:20, 10:20] = (250, 10, 10)
    return rgb


def millimetres(value: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), value, np.uint16)


def camera(count: int = 3, late: int = 10 * MS) -> list[tuple[str, int, Any]]:
    """Messages of a camera at 10 Hz from ``START`` on, with depth after its image."""
    messages: list[tuple[str, int, Any]] = [(INFO, START - SECOND, camera_info(START - SECOND))]
    for number in range(count):
        now = START + number * SECOND // 10
        messages.append((COLOUR, now, image(now, colours(number), "rgb8")))
        depth = image(now + late, millimetres(1000 + number), "16UC1")
        messages.append((DEPTH, now + late, depth))
    return messages


def frames(
    bag: Path, step_ns: int = 0, rectified: bool = False, **chosen: Any
) -> list[tuple[Frame, str]]:
    with Bag(bag) as opened:
        topics = find_topics(opened, **chosen)
        recording = opened.recording(topics, 50 * MS, rectified)
        return [
            assemble_frame(frame)
            for frame in opened.synced_messages(topics, recording.every(step_ns))
        ]


@pytest.mark.parametrize("storage", StoragePlugin)
def test_recorded_frames_are_read_back(tmp_path: Path, storage: StoragePlugin) -> None:
    read = frames(write_bag(tmp_path / "bag", camera(), storage))
    assert len(read) == 3
    for number, (frame, note) in enumerate(read):
        assert note == ""
        assert np.array_equal(frame.rgb, colours(number))
        assert frame.depth is not None and frame.intrinsics is not None
        np.testing.assert_allclose(frame.depth, 1 + number / 1000, atol=1e-6)
        assert frame.intrinsics.fx == 60.0
        assert frame.stamp_ns == START + number * SECOND // 10
        assert frame.frame_id == "camera"


def test_rectified_images_use_p(tmp_path: Path) -> None:
    messages = camera(1)
    messages[0][2].p[[0, 2, 5, 6, 10]] = (50.0, 31.0, 51.0, 22.0, 1.0)
    ((frame, _),) = frames(write_bag(tmp_path / "bag", messages), rectified=True)
    lens = frame.intrinsics
    assert lens is not None and (lens.fx, lens.cx, lens.fy, lens.cy) == (50.0, 31.0, 51.0, 22.0)


def test_depth_of_another_time_is_unmatched(tmp_path: Path) -> None:
    (frame, note), *_ = frames(write_bag(tmp_path / "bag", camera(1, late=60 * MS)))
    assert frame.depth is None and note == ""


def test_depth_of_another_camera_is_left_out_with_a_note(tmp_path: Path) -> None:
    depth = image(START, millimetres(900), "16UC1", "elsewhere")
    bag = write_bag(tmp_path / "bag", [*camera(1)[:2], (DEPTH, START, depth)])
    ((frame, note),) = frames(bag)
    assert frame.depth is None
    assert "'elsewhere'" in note and "assume_registered" in note


def test_compressed_images_are_found_and_read(tmp_path: Path) -> None:
    bgr = colours(3)[..., ::-1]
    depth = compressed(START, millimetres(1500), "16UC1; compressedDepth png", head=12)
    bag = write_bag(
        tmp_path / "bag",
        [
            (INFO, START, camera_info(START)),
            (f"{COLOUR}/compressed", START, compressed(START, bgr, "rgb8; png compressed bgr8")),
            (f"{DEPTH}/compressedDepth", START, depth),
        ],
    )
    ((frame, note),) = frames(bag)
    assert note == "" and frame.has_geometry
    assert np.array_equal(frame.rgb, colours(3))
    assert frame.depth is not None and frame.depth.max() == pytest.approx(1.5)


def test_unstamped_images_have_the_recording_time(tmp_path: Path) -> None:
    messages = [(COLOUR, START + n * SECOND, image(0, colours(n), "rgb8")) for n in range(3)]
    with Bag(write_bag(tmp_path / "bag", messages)) as bag:
        recording = bag.recording(Topics(COLOUR), 0)
    assert len(recording.every(SECOND)) == 3


def test_the_cameras_topics_are_found(tmp_path: Path) -> None:
    messages = camera(1)
    zipped = compressed(START, colours(0), "jpeg")
    other = image(START, millimetres(700)[:24], "16UC1", "depth_camera")
    far_info = camera_info(START)
    messages += [(f"{COLOUR}/compressed", START, zipped), ("/cam/depth/raw", START, other)]
    messages += [("/cam/depth/camera_info", START, far_info)]
    with Bag(write_bag(tmp_path / "bag", messages)) as bag:
        assert find_topics(bag) == Topics(COLOUR, DEPTH, INFO)
        assert find_topics(bag, depth="none", info="none") == Topics(COLOUR)
        chosen = find_topics(bag, f"{COLOUR}/compressed", "/cam/depth/raw")
        assert chosen == Topics(f"{COLOUR}/compressed", "/cam/depth/raw", INFO)
        with pytest.raises(InputError, match=f"no image on /nowhere; it has .*{COLOUR}"):
            find_topics(bag, image="/nowhere")


def test_several_cameras_are_listed(tmp_path: Path) -> None:
    right = image(START, colours(9), "bgr8")
    with (
        Bag(write_bag(tmp_path / "bag", [*camera(1), ("/right/image", START, right)])) as bag,
        pytest.raises(InputError, match=f"--image-topic one of {COLOUR}, /right/image"),
    ):
        find_topics(bag)


def feed(recording: Recording, stamps: list[tuple[str, int]]) -> None:
    for place, (kind, when) in enumerate(stamps):
        add = recording.add_image if kind == "image" else recording.add_depth
        add(when, place)


STREAM = st.lists(
    st.tuples(st.sampled_from(["image", "depth"]), st.integers(0, 90)), min_size=1, max_size=30
)


@settings(max_examples=200)
@given(STREAM, st.integers(0, 100), st.integers(0, 20))
def test_a_stamp_selects_the_same_frame_as_the_node(
    stream: list[tuple[str, int]], asked: int, tolerance: int
) -> None:
    stream = [(kind, when * MS) for kind, when in stream] + [("image", 50 * MS)]
    recording = Recording(tolerance * MS)
    buffer: FrameBuffer[int, CameraInfo] = FrameBuffer(100, tolerance * MS)
    feed(recording, stream)
    for place, (kind, when) in enumerate(stream):
        (buffer.add_image if kind == "image" else buffer.add_depth)(when, place)
    mine, nodes = recording.at(asked * MS), buffer.nearest(asked * MS)
    assert nodes is not None
    assert mine.image.message == nodes.image.message
    assert (mine.depth and mine.depth.message) == (nodes.depth and nodes.depth.message)


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.integers(0, 700))
def test_frames_are_a_step_apart(stamps: list[int], step: int) -> None:
    recording = Recording(0)
    feed(recording, [("image", when * MS) for when in sorted(stamps)])
    found = [frame.image.stamp_ns // MS for frame in recording.every(step * MS)]
    first = min(stamps)
    due = {(when - first) // step if step else when for when in stamps}
    assert len(found) == len(due)
    assert found == sorted(set(found)) and found[0] == first and set(found) <= set(stamps)


@pytest.mark.parametrize("first", ["image", "depth"])
def test_runs_of_a_looped_recording_are_not_mixed(first: str) -> None:
    second = "depth" if first == "image" else "image"
    recording = Recording(20 * MS)
    stamps = [(kind, when * MS) for when in (0, 1000, 2000) for kind in (first, second)]
    feed(recording, [*stamps, *stamps])
    found = recording.every(0)
    assert len(found) == 6
    places = [(m.image.message, m.depth.message) for m in found if m.depth is not None]
    assert {abs(image - depth) for image, depth in places} == {1} and len(places) == 6


class RedFinder:
    """A segmenter that finds red pixels."""

    def look(self, frame: Frame) -> Scene:
        mask = frame.rgb[..., 0] > 200
        nothing = np.zeros((1, 4), np.float32)
        proposals = Proposals(mask[None], nothing, np.ones(1, np.float32), ("red",))
        return Scene(frame, proposals, None, nothing, nothing, timings={"look": 1.0})  # type: ignore[arg-type]

    def instruct(self, scene: Scene, text: str) -> InstructionResult:
        return instruct(scene, text, self)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        asked = Expression(expression, NounPhrase(expression, expression))
        mask = scene.proposals.masks[0]
        return ReferringResult(Verdict.NOT_FOUND, asked, (), mask, "none", "", {"refer": 2.0})


def test_an_unusable_image_does_not_end_the_replay(tmp_path: Path) -> None:
    broken = image(START + SECOND, colours(1), "h264")
    messages = [*camera(1), (COLOUR, START + SECOND, broken)]
    with Bag(write_bag(tmp_path / "bag", messages)) as bag:
        topics = find_topics(bag)
        recorded = bag.synced_messages(topics, bag.recording(topics, 0).every(0))
        good, bad = answer_frames(RedFinder(), recorded, ["a", "b"])
    first, second = map(set, good.timings)
    assert first == {"conversion", "look", "language", "refer"}
    assert second == {"language", "refer"}
    assert bad.frame is None and "'h264'" in bad.note and bad.results == ()


def test_with_a_rate_late_frames_are_dropped(tmp_path: Path) -> None:
    with Bag(write_bag(tmp_path / "bag", camera(20))) as bag:
        topics = find_topics(bag)
        chosen = bag.recording(topics, 0).every(0)
        slow = list(
            answer_frames(RedFinder(), bag.synced_messages(topics, chosen), ["a"], rate=1e-9)
        )
        fast = list(
            answer_frames(RedFinder(), bag.synced_messages(topics, chosen), ["a"], rate=1e9)
        )
    assert len(slow) == 20
    assert [each.stamp_ns for each in fast] == [START]


def test_an_image_is_shown_until_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with Video(path, period=1.0) as video:
        for number, value in enumerate((30, 200)):
            video.add(START + 2 * number * SECOND, np.full((49, 65, 3), value, np.uint8))
    opened = cv2.VideoCapture(str(path))
    means = []
    while (read := opened.read())[0]:
        means.append(read[1].mean())
    assert read[1] is None and opened.get(cv2.CAP_PROP_FPS) == 10
    np.testing.assert_allclose(means, [30] * 20 + [200] * 10, atol=5)


def damaged(folder: Path) -> Path:
    bag = write_bag(folder, camera(5))
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return bag


def test_errors_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = write_bag(tmp_path / "whole", camera(5))
    blind = write_bag(tmp_path / "blind", camera(1)[:1])
    cases = {
        "there is no bag": [str(tmp_path / "nowhere")],
        f"no colour image; its topics are {INFO}": [str(blind)],
        "5 images span 100.000 s to 100.400 s": [str(whole), "--stamp", "7"],
        "no depth on /x; it has": [str(whole), "--depth-topic", "/x"],
        "cannot be read": [str(damaged(tmp_path / "damaged"))],
        "expression is empty": [str(whole), "--expression", " "],
    }
    for message, arguments in cases.items():
        command = ["replay", *arguments, "--expression", "it", "--out", str(tmp_path / "out")]
        assert cli.main(command) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1, error
    assert not (tmp_path / "out").exists()


def test_times_are_exact_to_the_nanosecond() -> None:
    assert stamp("1700000000.123456789") == 1_700_000_000_123_456_789
    assert seconds("0.5s") == seconds("0.5") == SECOND // 2
    for text in ("now", "-1", "1e999999999", "nan"):
        with pytest.raises(Exception, match="is no"):
            seconds(text)


def rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@with_weights
def test_answers_images_table_and_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    texts = ["the green plate", "the blue ball"]
    asked = [part for text in texts for part in ("--expression", text)]
    command = ["replay", str(TABLETOP_BAG), *asked, "--every", "7s", *TABLETOP, "--out"]
    assert cli.main([*command, str(out)]) == 0
    assert "2 frames, 4 answers: " in capsys.readouterr().out
    answered = rows(out)
    scenes = read_truth(TABLETOP_BAG)
    stamps = [f"{stamp // SECOND}.{stamp % SECOND:09d}" for stamp in
              (scenes[0].stamps_ns[0], scenes[-1].stamps_ns[-1])]  # fmt: skip
    assert [row["stamp"] for row in answered] == [each for each in stamps for _ in texts]
    assert [row["expression"] for row in answered] == texts * 2
    with (out / "answers.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    for row, cells in zip(answered, table, strict=True):
        assert cells["stamp"] == row["stamp"] and cells["verdict"] == row["verdict"]
        assert Image.open(out / row["overlay"]).size == (640, 480)
        if row["verdict"] != "NOT_FOUND":
            x, y = row["centroid_pixel"]
            assert run_lengths.decode(row["mask"])[round(y), round(x)]
            assert float(cells["z"]) == row["centroid_m"][2] > 0.3
    (last,) = (row for row in answered[2:] if row["expression"] == texts[1])
    assert last["verdict"] == "FOUND"
    video = cv2.VideoCapture(str(out / "answers.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 60, "5 s, which is the longest, and 1 s"
    assert cli.main([*command, str(out)]) == 2
    assert "holds a replay already" in capsys.readouterr().err


@with_weights
def test_an_instruction_is_replayed_with_its_steps(tmp_path: Path) -> None:
    out = tmp_path / "out"
    texts = ["pick up the cone and put it on the green plate", "put the cone on the yellow ball"]
    asked = [part for text in texts for part in ("--expression", text)]
    stamp_ns = read_truth(TABLETOP_BAG)[0].stamps_ns[0]
    when = f"{stamp_ns // SECOND}.{stamp_ns % SECOND:09d}"
    command = ["replay", str(TABLETOP_BAG), *asked, "--stamp", when, *TABLETOP, "--out"]
    assert cli.main([*command, str(out)]) == 0
    found, missing = rows(out)
    assert found["verdict"] == found["instruction_verdict"] == "FOUND"
    pick, put = found["steps"]
    assert pick["target"]["mask"] == found["mask"] and pick["destination"] is None
    assert put["target"] is None and put["same_as"] == 0
    destination = put["destination"]
    assert destination["kind"] == "on" and destination["reason"] == ""
    (anchor,), (place,) = destination["anchors"], destination["places"]
    x, y = place["pixel"]
    assert run_lengths.decode(anchor["mask"])[round(y), round(x)]
    assert place["point_m"][2] > 0.3 and 0 < place["height_m"] < 0.05
    assert missing["verdict"] == "FOUND" and missing["instruction_verdict"] == "NOT_FOUND"
    assert missing["message"] == "I see the cone but no yellow ball."
    (step,) = missing["steps"]
    assert step["destination"]["places"] == []
    assert step["destination"]["reason"] == "the yellow ball was not found"
    table = (out / "answers.csv").read_text(encoding="utf-8")
    assert "instruction_verdict" in table and "steps" not in table


@with_weights
def test_a_recording_without_usable_images_ends_with_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write_bag(tmp_path / "bag", [(COLOUR, START, image(START, colours(1), "h264"))])
    out = tmp_path / "out"
    assert cli.main(["replay", str(bag), "--expression", "it", "--out", str(out)]) == 1
    (row,) = rows(out)
    assert row["verdict"] is None and "'h264'" in row["message"]
    assert "1 frame: the image cannot be used" in capsys.readouterr().out


@with_weights
@pytest.mark.skipif(not OSD.is_dir(), reason=f"the real RGB-D scenes are not in {OSD}")
def test_a_bag_of_real_frames(tmp_path: Path) -> None:
    names = osd_names(OSD)[:2]
    messages: list[tuple[str, int, Any]] = []
    for number, name in enumerate(names):
        now = START + number * SECOND
        frame = read_osd(OSD, name).frame
        assert frame.depth is not None
        depth = np.rint(frame.depth * 1000).astype(np.uint16)
        info = camera_info(now, frame.width, frame.height, KINECT.fx)
        pictures = image(now, frame.rgb, "rgb8"), image(now, depth, "16UC1")
        messages += zip((COLOUR, DEPTH, INFO), (now,) * 3, (*pictures, info), strict=True)
    bag = write_bag(tmp_path / "bag", messages, StoragePlugin.SQLITE3)
    out = tmp_path / "out"
    command = ["replay", str(bag), "--expression", "the object closest to the camera"]
    assert cli.main([*command, "--device", "cpu", "--out", str(out)]) == 0
    for row, name in zip(rows(out), names, strict=True):
        item = read_osd(OSD, name)
        assert row["verdict"] in ("FOUND", "AMBIGUOUS")
        mask = run_lengths.decode(row["mask"])
        assert mask.any()
        assert item.frame.depth is not None
        assert 0.3 < row["centroid_m"][2] < float(item.frame.depth.max())
