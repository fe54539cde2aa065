"""Proposals from files: round trips of run lengths, and errors of malformed files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zsris_ros.geometry.run_lengths import decode, encode
from zsris_ros.proposals.from_file import ProposalFile, make_proposals, match_frame
from zsris_ros.types import Frame, InputError

MASKS = arrays(bool, st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(MASKS, st.booleans())
def test_round_trip(mask: np.ndarray, compress: bool) -> None:
    form = json.loads(json.dumps(encode(mask, compress)))
    assert np.array_equal(decode(form), mask)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_round_trip_of_long_runs(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    flat = np.zeros(height * width, bool)
    for _ in range(int(rng.integers(0, 6))):
        start, end = np.sort(rng.integers(0, flat.size + 1, 2))
        flat[start:end] ^= True
    mask = flat.reshape(height, width)
    assert np.array_equal(decode(encode(mask)), mask)


def test_known_run_length_strings() -> None:
    """By hand: columns first, background first, five bits a letter."""
    mask = np.zeros((3, 4), bool)
    mask[1:, 1] = True
    assert encode(mask, compress=False) == {"size": [3, 4], "counts": [4, 2, 6]}
    assert encode(mask)["counts"] == "426"
    full = np.ones((3, 4), bool)
    assert encode(full)["counts"] == "0<"
    long = np.zeros((100, 1), bool)
    long[40:] = True
    assert encode(long)["counts"] == "X1l1"  # 40 = 8 + 32 * 1, 60 = 28 + 32 * 1
    less = {"size": [10, 1], "counts": [1, 5, 2, 2]}
    assert encode(decode(less))["counts"] == "152M"  # 2 - 5 = -3


@given(st.text(max_size=12), st.integers(0, 5), st.integers(0, 5))
def test_any_string_is_a_mask_or_refused(text: str, height: int, width: int) -> None:
    try:
        mask = decode({"size": [height, width], "counts": text})
    except InputError:
        return
    assert mask.shape == (height, width)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"size": [2, 2]},
        {"size": [2], "counts": [4]},
        {"size": "ab", "counts": [4]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [2, 2], "counts": [2.0, 2.0]},
        {"size": [-2, -2], "counts": [4]},
        {"size": [2, 2], "counts": None},
        {"size": [2, 2], "counts": "X"},
        [[1, 2, 3, 4]],
    ],
)
def test_an_invalid_mask_is_refused(form: Any) -> None:
    with pytest.raises(InputError):
        decode(form)


def masks() -> np.ndarray:
    found = np.zeros((3, 6, 8), bool)
    found[0, 1:3, 1:4] = True
    found[1, 2:6, 3:8] = True
    return found  # the third is empty


def write(folder: Path, content: Any, name: str = "proposals.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def results() -> list[dict[str, Any]]:
    return [
        {"image_id": image, "segmentation": encode(mask, image == 7), "score": score}
        for image, mask, score in zip((7, 7, 9), masks(), (0.2, 1.7, 0.5), strict=True)
    ]


def test_coco_results(tmp_path: Path) -> None:
    path = write(tmp_path, results())
    file = ProposalFile(path)
    found = file.of_image(7)
    assert np.array_equal(found.masks, masks()[[1, 0]])
    assert found.quality.tolist() == [1.0, np.float32(0.2)]
    assert found.boxes[1].tolist() == [1, 1, 2, 1]
    assert found.sources == ("file", "file")
    assert len(file.of_image(9)) == 0  # its only mask is empty
    assert len(file.of_image(8)) == 0
    with pytest.raises(InputError, match="2 images: say which"):
        file.of_image()
    data_set = write(tmp_path, {"annotations": results()[:1]}, "data_set.json")
    assert len(ProposalFile(data_set).of_image()) == 1


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "proposals.npz"
    np.savez(path, masks=masks(), scores=np.array([0.2, 0.4, 0.9]))
    found = ProposalFile(path).of_image()
    assert np.array_equal(found.masks, masks()[[1, 0]])
    np.savez(path, masks=masks())
    found = ProposalFile(path).of_image()
    assert found.quality.tolist() == [1, 1]
    assert match_frame(found, Frame(np.zeros((6, 8, 3), np.uint8)), path) is found
    with pytest.raises(InputError, match="8x6 pixels, the picture has 8x7"):
        match_frame(found, Frame(np.zeros((7, 8, 3), np.uint8)), path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"images": []}, "no list of COCO results"),
        ([{"image_id": 1}], "entry 0 has no image_id and segmentation"),
        ([3], "entry 0"),
        ([{"image_id": 1, "segmentation": [[0, 0, 5, 5]]}], "image 1: a mask in COCO's"),
        (
            [{"image_id": 1, "segmentation": {"size": [1, 1], "counts": [1]}, "score": "x"}],
            "image 1: unreadable entry",
        ),
        (
            [
                {"image_id": 1, "segmentation": {"size": [1, side], "counts": [0, side]}}
                for side in (1, 2)
            ],
            "several sizes",
        ),
    ],
)
def test_bad_json_is_refused(content: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why):
        ProposalFile(write(tmp_path, content)).of_image()


def test_bad_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        ProposalFile(tmp_path / "none.json")
    (tmp_path / "a.txt").write_text("[]")
    with pytest.raises(InputError, match=r"\.json \(COCO\) or \.npz"):
        ProposalFile(tmp_path / "a.txt")
    for name in ("a.json", "a.npz"):
        (tmp_path / name).write_bytes(b"{nothing")
        with pytest.raises(InputError, match="is not"):
            ProposalFile(tmp_path / name)
    path = tmp_path / "b.npz"
    np.savez(path, boxes=np.zeros(3))
    with pytest.raises(InputError, match="no array 'masks'"):
        ProposalFile(path)
    np.savez(path, masks=np.zeros((1, 2, 2)))
    with pytest.raises(InputError, match="masks must be bool"):
        ProposalFile(path)
    np.savez(path, masks=masks(), scores=np.ones(2))
    with pytest.raises(InputError, match="scores must be 3 finite"):
        ProposalFile(path)
    np.savez(path, masks=np.array([{}], dtype=object))  # a pickle inside
    with pytest.raises(InputError, match="is not an npz file of masks"):
        ProposalFile(path)


def test_given_masks_keep_their_order_and_source() -> None:
    found = make_proposals(masks(), source="truth")
    assert np.array_equal(found.masks, masks()[:2])
    assert found.sources == ("truth", "truth")
