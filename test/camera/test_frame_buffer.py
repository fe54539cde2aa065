"""Matching of messages by time, and frames by stamp."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.camera.frame_buffer import FrameBuffer

MS = 1_000_000


def buffer(length: int = 10) -> FrameBuffer[str, str]:
    return FrameBuffer(length, tolerance_ns=20 * MS)


def test_an_empty_buffer_has_nothing() -> None:
    empty = buffer()
    assert empty.newest() is None
    assert empty.nearest(5) is None
    assert empty.span_ns() is None
    assert len(empty) == 0


def test_depth_within_the_tolerance_belongs_to_the_image_and_no_other() -> None:
    kept = buffer()
    for stamp in (0, 100, 200):
        kept.add_image(stamp * MS, f"image {stamp}")
    kept.add_depth(81 * MS, "depth 81")
    kept.add_depth(179 * MS, "depth 179")
    assert kept.nearest(100 * MS).depth.message == "depth 81"
    assert kept.nearest(200 * MS).depth is None


def test_the_newest_waits_for_its_depth_but_not_for_long() -> None:
    kept = buffer()
    kept.add_image(0, "image 0")
    kept.add_depth(0, "depth 0")
    kept.add_image(33 * MS, "image 33")
    assert kept.newest().image.message == "image 0"
    kept.add_depth(33 * MS, "depth 33")
    assert kept.newest().image.message == "image 33"
    kept.add_image(500 * MS, "image 500")  # the depth camera has stopped
    newest = kept.newest()
    assert newest.image.message == "image 500" and newest.depth is None


def test_the_depth_of_the_image_before_is_not_taken_for_the_newest_ones() -> None:
    """30 Hz and the default tolerance, under which both would do."""
    kept: FrameBuffer[str, str] = FrameBuffer(10, tolerance_ns=50 * MS)
    for stamp in (0, 33):
        kept.add_image(stamp * MS, f"image {stamp}")
        kept.add_depth(stamp * MS, f"depth {stamp}")
    kept.add_image(66 * MS, "image 66")
    newest = kept.newest()
    assert (newest.image.message, newest.depth.message) == ("image 33", "depth 33")


def test_depth_that_is_always_late_does_not_delay_the_newest_image() -> None:
    """Depth 12 ms behind its image, as of sensors that run by themselves."""
    kept: FrameBuffer[str, str] = FrameBuffer(10, tolerance_ns=50 * MS)
    for stamp in (0, 33, 66):
        kept.add_image(stamp * MS, f"image {stamp}")
        kept.add_depth((stamp + 12) * MS, f"depth {stamp}")
    kept.add_image(99 * MS, "image 99")
    newest = kept.newest()
    assert (newest.image.message, newest.depth.message) == ("image 99", "depth 66")


def test_one_camera_info_is_used_for_every_image() -> None:
    kept = buffer(length=2)
    kept.add_info(0, "info")
    for stamp in (0, 1000, 2000):
        kept.add_image(stamp * MS, f"image {stamp}")
    assert kept.newest().info.message == "info"


def test_nearest_takes_the_nearest_camera_info() -> None:
    kept = buffer()
    kept.add_info(0, "wide")
    kept.add_info(1000 * MS, "zoomed")
    kept.add_image(100 * MS, "early")
    kept.add_image(900 * MS, "late")
    assert kept.nearest(0).info.message == "wide"
    assert kept.nearest(10**12).info.message == "zoomed"


def test_without_stamps_the_last_arrival_is_the_newest() -> None:
    kept = buffer()
    kept.add_image(0, "first")
    kept.add_image(0, "second")
    assert kept.newest().image.message == "second"


@pytest.mark.parametrize("first", ["image", "depth", "info"])
def test_a_time_jump_drops_all_messages_and_is_reported_once(first: str) -> None:
    kept = buffer()
    add = {"image": kept.add_image, "depth": kept.add_depth, "info": kept.add_info}
    for stamp in (1000, 2000):
        for name in add:
            assert not add[name](stamp * MS, f"old {name}")
    assert add[first](0, f"new {first}")
    for name in add:
        if name != first:
            assert not add[name](0, f"new {name}"), "a jump is reported once"
    assert kept.span_ns() == (0, 0)
    newest = kept.newest()
    found = newest.image.message, newest.depth.message, newest.info.message
    assert found == ("new image", "new depth", "new info")


def test_a_clock_jump_drops_later_messages() -> None:
    kept = buffer()
    for stamp in (1000, 2000):
        kept.add_image(stamp * MS, "image")
        kept.add_info(stamp * MS, "info")
    assert not kept.drop_after(1950 * MS), "that much is disorder"
    assert len(kept) == 2
    assert kept.drop_after(500 * MS)
    assert kept.newest() is None
    assert not kept.drop_after(400 * MS)
    kept.add_image(500 * MS, "new image")
    assert kept.newest().info.message == "info"


@pytest.mark.parametrize(("length", "there"), [(2, [1, 2]), (5, [0, 1, 2])])
def test_a_resized_buffer_keeps_the_newest(length: int, there: list[int]) -> None:
    kept = buffer(length=3)
    for stamp in range(3):
        kept.add_image(stamp * MS, str(stamp))
    kept.resize(length)
    assert kept.span_ns() == (there[0] * MS, there[-1] * MS)
    assert len(kept) == len(there)
    for stamp in range(3, 10):
        kept.add_image(stamp * MS, str(stamp))
    assert len(kept) == length


def test_messages_out_of_order_are_no_jump() -> None:
    kept = buffer()
    kept.add_image(100 * MS, "b")
    assert not kept.add_image(70 * MS, "a")
    assert kept.span_ns() == (70 * MS, 100 * MS)


def test_cache_keys_distinguish_frames() -> None:
    kept = buffer()
    kept.add_image(0, "image")
    bare = kept.newest()
    assert bare.key == kept.newest().key
    kept.add_depth(0, "depth")
    assert kept.newest().key != bare.key
    kept.clear()
    kept.add_image(0, "another image of the same time")
    assert kept.newest().key != bare.key


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
    st.integers(-(10**6), 2 * 10**6),
    st.integers(1, 12),
)
def test_nearest_is_the_nearest_of_the_last_ones(
    stamps: list[int], asked: int, length: int
) -> None:
    kept: FrameBuffer[int, str] = FrameBuffer(length, tolerance_ns=0)
    for stamp in stamps:  # all within the disorder that counts as no jump
        kept.add_image(stamp, stamp)
    there = stamps[-length:]
    nearest = kept.nearest(asked)
    assert abs(nearest.image.message - asked) == min(abs(stamp - asked) for stamp in there)
    assert kept.span_ns() == (min(there), max(there))


def test_of_older_frames_one_each_quarter_of_a_second_is_kept_with_its_depth() -> None:
    kept: FrameBuffer[int, str] = FrameBuffer(30, 20 * MS, memory_ns=5000 * MS)
    for number in range(600):  # 20 s of a camera of 30 Hz
        kept.add_image(number * 100 * MS // 3, number)
        kept.add_depth(number * 100 * MS // 3 + 5 * MS, number)
    newest = 599 * 100 * MS // 3
    assert len(kept) <= 30 + 5 * 4 + 1
    for age in range(0, 5000, 10):
        synced = kept.nearest(newest - age * MS)
        assert abs(synced.image.stamp_ns - (newest - age * MS)) <= (17 if age < 950 else 150) * MS
        assert synced.depth.message == synced.image.message
    assert kept.span_ns()[0] >= newest - 5000 * MS
    kept.add_image(0, 0)
    assert len(kept) == 1, "time has jumped back"


@settings(max_examples=50)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=80), st.integers(1, 9))
def test_older_frames_never_replace_recent_ones(gaps: list[int], length: int) -> None:
    plain: FrameBuffer[int, str] = FrameBuffer(length, 0)
    with_memory: FrameBuffer[int, str] = FrameBuffer(length, 0, memory_ns=3000 * MS)
    stamps = [sum(gaps[: at + 1]) * MS for at in range(len(gaps))]
    for number, stamp in enumerate(stamps):
        plain.add_image(stamp, number)
        with_memory.add_image(stamp, number)
    for stamp in stamps[-length:]:
        assert with_memory.nearest(stamp) == plain.nearest(stamp)
    assert with_memory.newest() == plain.newest()
    assert len(with_memory) >= len(plain)
