"""Batches: every item is processed once and in order, also when memory runs out."""

from __future__ import annotations

import logging
from contextlib import suppress
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_clip import small_clip

from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.torch_utils.batching import BatchRunner, items_at_once, single_thread
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings


class Memory:
    """Work that needs more memory than there is for more than ``room`` items."""

    def __init__(self, room: int) -> None:
        self.room, self.failures = room, 0

    def __call__(self, some: slice) -> list[int]:
        if some.stop - some.start > self.room:
            self.failures += 1
            raise torch.OutOfMemoryError("tried to allocate 20 GiB")
        return list(range(some.start, some.stop))


@given(st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
def test_every_item_once_and_in_order(count: int, size: int, at_most: int) -> None:
    batches = BatchRunner(size, "items")
    work = Memory(min(size, at_most))
    assert list(chain.from_iterable(batches.run(work, count, at_most))) == list(range(count))
    assert work.failures == 0


def test_half_as_many_when_memory_runs_out(caplog: pytest.LogCaptureFixture) -> None:
    batches, work = BatchRunner(16, "masks"), Memory(10)
    with caplog.at_level(logging.WARNING):
        assert list(chain.from_iterable(batches.run(work, 37, 100))) == list(range(37))
        assert list(chain.from_iterable(batches.run(work, 20, 100))) == list(range(20))
    assert work.failures == 1
    assert [record.getMessage() for record in caplog.records] == [
        "memory ran out on 16 masks at a time: from now on it is 8"
    ]


@pytest.mark.parametrize(("size", "room"), [(16, 7), (1, 0)])
def test_a_batch_is_halved_once(size: int, room: int) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        BatchRunner(size, "masks").run(Memory(room), 40, 100)


def test_a_gpu_takes_more_at_once() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert items_at_once(10**9, cpu) == items_at_once(10**12, gpu) == 1
    assert items_at_once(10**5, gpu) > items_at_once(10**5, cpu) > 1


def test_small_work_takes_one_thread_and_gives_the_others_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with single_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
        with suppress(KeyError), single_thread():
            raise KeyError
        assert torch.get_num_threads() == 3
        with single_thread(small=False):
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@given(
    st.integers(0, 40), st.integers(1, 20), st.lists(st.floats(0.1, 1), min_size=40, max_size=40)
)
def test_parts_of_items_fit_in_greater_numbers(count: int, size: int, parts: list[float]) -> None:
    """The first of a slice is the largest."""
    parts.sort(reverse=True)
    taken: list[slice] = []
    BatchRunner(size, "items").run(taken.append, count, 100, parts.__getitem__)
    assert [i for some in taken for i in range(count)[some]] == list(range(count))
    for some in taken:
        assert (some.stop - some.start) * parts[some.start] <= size
        assert some.stop == count or (some.stop - some.start + 1) * parts[some.start] > size


def test_half_as_many_parts_when_memory_runs_out(caplog: pytest.LogCaptureFixture) -> None:
    batches, work = BatchRunner(1, "masks"), Memory(3)
    assert list(chain.from_iterable(batches.run(work, 9, 100, lambda _: 0.2))) == list(range(9))
    assert work.failures == 1
    assert caplog.messages == ["memory ran out on 5 masks at a time: from now on it is 2"]


@pytest.mark.parametrize("kind", ["hybrid", "halo", "global-local"])
def test_an_encoder_out_of_memory_encodes_the_same(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip()
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    masks = rng.random((11, 40, 50)) > 0.7
    encoder: HybridEncoder | GlobalLocalEncoder
    if kind != "global-local":
        halo = {"hybrid": None, "halo": 9}[kind]
        encoder = HybridEncoder(clip, HybridSettings(start_block=2, batch_size=8, halo=halo))
    else:
        encoder = GlobalLocalEncoder(clip, GlobalLocalSettings(start_block=2, batch_size=8))
    expected = encoder.encode(rgb, masks)
    stem, room = ClipModel.stem, 4 if kind == "global-local" else 8

    def small(self: ClipModel, images: torch.Tensor, *places: torch.Tensor) -> torch.Tensor:
        if len(images) > room:
            raise torch.OutOfMemoryError("tried to allocate 20 GiB")
        return stem(self, images, *places)

    monkeypatch.setattr(ClipModel, "stem", small)
    torch.testing.assert_close(encoder.encode(rgb, masks), expected, atol=1e-5, rtol=0)
