"""RVL depth: round trips with an encoder written from the paper, and damaged data."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.rvl_encoder import encoded

from zsris_ros.camera import rvl
from zsris_ros.types import InputError

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
STEPS = st.sampled_from([0, 0, 1, 2, 999, 1000, 1001, 65535])


@settings(max_examples=200)
@given(arrays(np.uint16, SIZES, elements=STEPS) | arrays(np.uint16, SIZES))
def test_rvl_is_lossless(depth: np.ndarray) -> None:
    read = rvl.decode(encoded(depth))
    assert read.dtype == np.uint16
    assert np.array_equal(read, depth)


def test_the_example_of_the_paper_is_decoded() -> None:
    """One zero, then 10 and 9: 1, 2, +10 as 20, -1 as 1, in nibbles 1 2 C 2 1 and three to fill."""
    code = struct.pack("<III", 3, 1, 0x12C21000)
    assert rvl.decode(code).tolist() == [[0, 10, 9]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (struct.pack("<II", 0, 5), "0x5"),
        (struct.pack("<II", 2**31, 2**31), "more than"),
        (struct.pack("<II", 5, 1), "does not end"),
        (struct.pack("<III", 5, 1, 0xFFFFFFFF), "does not end"),
        (struct.pack("<IIII", 5, 1, 0xFFFFFFFF, 0xFFFF0000), "does not end"),
        (struct.pack("<III", 5, 1, 0x60000000), "do not fill"),
        (struct.pack("<III", 5, 1, 0x00000000), "no pixels"),
        (struct.pack("<III", 9, 9, 0x07111111), "do not fill|cut off"),
        (encoded(np.full((40, 40), 7, np.uint16))[:-16], "cut off|do not fill|does not end"),
    ],
)
def test_damage_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        rvl.decode(data)
    assert "\n" not in str(refusal.value)


@settings(max_examples=300)
@given(SIZES, st.binary(max_size=80))
def test_noise_is_read_in_its_size_or_refused(size: tuple[int, int], code: bytes) -> None:
    try:
        read = rvl.decode(struct.pack("<II", *size) + code)
    except InputError:
        return
    assert read.shape == size[::-1]
