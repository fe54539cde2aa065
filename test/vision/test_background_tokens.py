"""Background-token reuse: exact with a full halo, and close on the bundled weights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.small_clip import odd_frame, small_clip
from torch.nn import functional as F

from zsris_ros.benchmark.inputs import paint_scene
from zsris_ros.camera.conversions import to_rgb
from zsris_ros.models.background_reuse import check_image
from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.types import InputError
from zsris_ros.vision import hybrid as hybrid_module
from zsris_ros.vision.attention import attend
from zsris_ros.vision.background_tokens import (
    AttentionRecorder,
    BackgroundReuse,
    _change_sources,
    group_by_size,
    select_cells,
)
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.hybrid import _MODES, HybridEncoder
from zsris_ros.vision.views import HybridSettings, ViewMaker

Sample = tuple[np.ndarray, np.ndarray]

EVERYTHING = 20  # rings, more than any grid here has


@pytest.fixture(scope="module")
def frame() -> Sample:
    rgb, masks = odd_frame()
    return rgb, masks[:6]


def make(clip: ClipModel, reference: bool = False, **changes: Any) -> HybridEncoder:
    kind = HybridSettings.reference if reference else HybridSettings
    return HybridEncoder(clip, kind(**{"start_block": 2, "blur_kernel": 5, **changes}))


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("mode", _MODES)
def test_a_halo_over_everything_changes_nothing(
    mode: Any, reference: bool, clip: ClipModel, frame: Sample
) -> None:
    whole = make(clip, reference, mode=mode).encode(*frame)
    near = make(clip, reference, mode=mode, halo=EVERYTHING, batch_size=4).encode(*frame)
    torch.testing.assert_close(near, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch", [1, 16])
def test_masks_of_nothing_and_of_everything_are_exact(
    batch: int, clip: ClipModel, frame: Sample
) -> None:
    rgb, masks = frame[0], frame[1][4:]
    whole = make(clip).encode(rgb, masks)
    near = make(clip, halo=1, batch_size=batch).encode(rgb, masks)
    torch.testing.assert_close(near, whole, atol=1e-5, rtol=0)
    assert make(clip, halo=1).encode(rgb, masks[:0]).shape == (0, clip.embed_dim)


def test_features_stay_with_their_masks(clip: ClipModel, frame: Sample) -> None:
    """Masks are encoded by size, and given back in their order."""
    rgb, masks = frame
    encoder, whole = make(clip, halo=1, batch_size=2), make(clip).encode(rgb, masks)
    for order in (np.arange(6), np.array([4, 1, 5, 0, 3, 2])):
        found = encoder.encode(rgb, masks[order])
        cosines = torch.cosine_similarity(found[:, None], whole[None], dim=-1)
        # The masks of one pixel and of none differ as well.
        assert torch.equal(cosines.argmax(dim=1), torch.from_numpy(order))


def test_only_tokens_near_the_mask_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = small_clip()
    computed: list[int] = []
    plain = hybrid_module.run_block

    def counting(block: Any, tokens: torch.Tensor, **how: Any) -> torch.Tensor:
        computed.append(tokens.shape[0] * tokens.shape[1])
        return plain(block, tokens, **how)

    monkeypatch.setattr(hybrid_module, "run_block", counting)
    rgb = np.zeros((64, 64, 3), np.uint8)
    masks = np.zeros((1, 64, 64), bool)
    masks[0, 2:6, 2:6] = True  # in the corner of a grid of 4 x 4 cells of 16 pixels
    samples = {(row, column) for row in (0, 2, 3) for column in (0, 2, 3)}
    for halo in (0, 1, 2):
        near = {(row, column) for row in range(halo + 1) for column in range(halo + 1)}
        make(clip, mode="local", halo=halo).encode(rgb, masks)
        # The empty picture in full; of the mask's the class token and some patches.
        assert computed == [17] * 4 + [1 + len(samples | near)] * 4
        computed.clear()


GRIDS = st.builds(lambda count, side: (count, side, side), st.integers(1, 4), st.integers(1, 7))


@given(arrays.arrays(bool, GRIDS), st.integers(0, 8))
def test_rings_are_counted_as_a_king_walks(reach: np.ndarray, halo: int) -> None:
    """Cells in the halo or a sample are computed, and further near ones if there is room."""
    cells = select_cells(torch.from_numpy(reach), halo)
    side = reach.shape[1]
    assert np.array_equal(cells.inside.view(-1, side, side).numpy(), reach)
    middles = [(2 * i + 1) * side // 6 for i in range(3)]
    samples = {side * row + column for row in middles for column in middles}
    for mask, order, count in zip(reach, cells.order.tolist(), cells.counts, strict=True):
        assert sorted(order) == list(range(side * side))
        inside = np.argwhere(mask)
        if not len(inside):
            assert set(order[:count]) == samples
            continue
        away = {cell: np.abs(inside - divmod(cell, side)).max(axis=1).min() for cell in order}
        near = {cell for cell, distance in away.items() if distance <= halo}
        assert set(order[:count]) == samples | near
        rest = [away[cell] for cell in order[count:]]
        assert rest == sorted(rest)


@given(arrays.arrays(bool, GRIDS), st.data())
def test_what_is_not_computed_changes_as_the_nearest_outside_the_mask(
    reach: np.ndarray, data: st.DataObject
) -> None:
    cells = select_cells(torch.from_numpy(reach), data.draw(st.integers(0, 3)))
    side, most = reach.shape[1], max(cells.counts)
    places = cells.order[:, :most]
    inside = cells.inside.gather(1, places)
    sources = _change_sources(places, inside, side)
    assert sources.unique().tolist() in ([1], [0, 1]) and (sources.sum(dim=1) == 1).all()
    found = sources.argmax(dim=1)
    assert (found[:, 0] == 0).all()  # the class token is computed
    for row, source, barred in zip(places.tolist(), found.tolist(), inside.tolist(), strict=True):
        for cell, token in enumerate(source[1:]):
            if cell in row:
                assert row[token - 1] == cell
                continue
            if all(barred):
                continue  # the mask is everywhere that is computed
            outside = [place for place, bar in zip(row, barred, strict=True) if not bar]
            here = np.array(divmod(cell, side))
            away = {place: np.hypot(*(here - divmod(place, side))) for place in outside}
            assert away[row[token - 1]] == pytest.approx(min(away.values()))


def test_attention_among_all_is_attention_with_the_keys_written_out() -> None:
    """As the formula has it, for one picture and for two, with and without a restricted row."""
    torch.manual_seed(0)
    masks, heads, side, size = 3, 2, 5, 8
    reach = torch.zeros(masks, side, side, dtype=torch.bool)
    reach[0, 1, 1] = reach[1, 2:4, 3] = True  # the third mask is empty
    cells = select_cells(reach, 0)
    places = cells.order[:, : max(cells.counts)]
    inside = cells.inside.gather(1, places)
    tokens = torch.cat([torch.zeros(masks, 1, dtype=torch.int64), 1 + places], dim=1)
    source = _change_sources(places, inside, side).argmax(dim=1)
    sees = torch.cat([torch.ones(masks, 1, dtype=torch.bool), reach.flatten(1)], dim=1)
    for pictures, cls_mask in ((1, None), (1, sees), (2, None)):
        recorder = AttentionRecorder()
        shape = (pictures, heads, 1 + side * side, size)
        kept = torch.randn(shape), torch.randn(shape)
        plain = recorder.attend(torch.randn(shape), *kept, None)
        assert plain.shape == shape
        asked = torch.randn(3, pictures * masks, heads, tokens.shape[1], size)
        found = BackgroundReuse(recorder, places, inside, side).attend(*asked, cls_mask)
        query, *computed = asked
        whole = []
        for then, now in zip(kept, computed, strict=True):
            full = torch.empty(pictures * masks, *shape[1:])
            for picture in range(pictures):
                for mask in range(masks):
                    for token, origin in enumerate(source[mask].tolist()):
                        row, before = picture * masks + mask, then[picture]
                        change = now[row, :, origin] - before[:, tokens[mask, origin]]
                        full[row, :, token] = before[:, token] + change
            whole.append(full)
        expected = attend(query, whole[0], whole[1], cls_mask)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@settings(max_examples=60)
@given(st.data())
def test_beyond_the_first_ring_pictures_are_the_empty_ones(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    mask = np.zeros((1, height, width), bool)
    top, left = rng.integers(height), rng.integers(width)
    mask[0, top : top + rng.integers(1, 20), left : left + rng.integers(1, 20)] = True
    kind = HybridSettings.reference if data.draw(st.booleans()) else HybridSettings
    maker = ViewMaker(rgb, mask, kind(), 56, 7, torch.device("cpu"))
    views, empty = maker([0]), maker.empty()
    reach = maker.touched_cells()
    near = F.max_pool2d(reach.float(), 3, 1, padding=1)[0] > 0
    far = ~near.flatten()
    assert not views.grids[~reach].any()
    for shown, blank in zip(views[:2], empty[:2], strict=True):
        differs = (shown != blank).any(dim=1).view(7, 8, 7, 8).any(dim=3).any(dim=1)
        assert not differs.flatten()[far].any()


@given(st.lists(st.integers(0, 400), max_size=60))
def test_masks_of_about_a_size_are_taken_together(counts: list[int]) -> None:
    counts.sort(reverse=True)
    found = list(group_by_size(counts))
    assert [i for each in found for i in range(len(counts))[each]] == list(range(len(counts)))
    for each, following in pairwise([*found, slice(len(counts), None)]):
        assert 2 * counts[each.stop - 1] >= counts[each.start]
        if following.start < len(counts):
            assert 2 * counts[following.start] < counts[each.start]


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision(precision: str, frame: Sample) -> None:
    halved = small_clip(precision=precision)
    whole = make(halved).encode(*frame)
    near = make(halved, halo=EVERYTHING).encode(*frame)
    assert torch.cosine_similarity(whole, near).min() > 0.999


def test_close_on_weights_that_mean_something() -> None:
    """The bundled CLIP on whole frames, of which it has a grid of 7 x 7 cells and 4 blocks."""
    encoder = load_models("tabletop", LoadOptions(device="cpu", parser="rules")).encoder
    inputs = paint_scene(12)
    pictures = [(to_rgb(inputs.message), inputs.masks), check_image()]
    for rgb, masks in pictures:
        exact = HybridEncoder(encoder.clip, replace(encoder.settings, window=None))
        near = HybridEncoder(encoder.clip, replace(encoder.settings, window=None, halo=0))
        whole, found = exact.encode(rgb, masks), near.encode(rgb, masks)
        assert torch.cosine_similarity(whole, found).min() > 0.999
        between = torch.cosine_similarity(whole[:, None], whole[None], dim=-1)
        assert between.min() < 0.9  # so the features do tell the masks apart


def test_windows_share_nothing(clip: ClipModel) -> None:
    with pytest.raises(InputError, match="halo needs pictures of the whole frame"):
        make(clip, window=1.5, halo=1)
    with pytest.raises(InputError, match="halo must be a number of cells"):
        make(clip, halo=-1)
