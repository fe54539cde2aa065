"""Drawn results: same size, visible result, unchanged input."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.types import Candidate, Expression, NounPhrase, ReferringResult, Verdict
from zsris_ros.visualization import overlay


def referral(verdict: Verdict, mask: np.ndarray, title: str = "the red mug") -> ReferringResult:
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        rows = columns = np.array([0])
    box = tuple(float(v) for v in (columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)))
    best = Candidate(0, 0.9, box, (float(columns.mean()), float(rows.mean())), (0.1, -0.2, 1.5))
    rest = Candidate(1, 0.2, (0.0, 0.0, 5.0, 5.0), (2.0, 2.0))
    return ReferringResult(
        verdict, Expression(title, NounPhrase(title, title)), (best, rest), mask, "", ""
    )


@settings(max_examples=60)
@given(
    width=st.integers(1, 200),
    height=st.integers(1, 200),
    title=st.text(max_size=600),
    verdict=st.sampled_from(Verdict),
    masked=st.integers(0, 200),
)
def test_any_answer_is_drawn_in_the_size_of_the_picture(
    width: int, height: int, title: str, verdict: Verdict, masked: int
) -> None:
    rgb = np.full((height, width, 3), 90, np.uint8)
    mask = np.zeros((height, width), bool)
    mask[: masked % (height + 1), :masked] = True
    drawn = overlay.draw_result(rgb, referral(verdict, mask), title)
    assert drawn.shape == rgb.shape and drawn.dtype == np.uint8
    assert np.all(rgb == 90), "the input was drawn into"


@pytest.mark.parametrize("verdict", [Verdict.FOUND, Verdict.AMBIGUOUS])
@pytest.mark.parametrize("scale", [1, 3])
def test_the_object_is_outlined_in_the_colour_of_the_verdict(verdict: Verdict, scale: int) -> None:
    rgb = np.full((480 * scale, 640 * scale, 3), 90, np.uint8)
    mask = np.zeros(rgb.shape[:2], bool)
    mask[200 * scale : 300 * scale, 250 * scale : 400 * scale] = True
    drawn = overlay.draw_result(rgb, referral(verdict, mask), "it")
    row = drawn[220 * scale]
    outlined = np.flatnonzero(np.all(row == overlay.VERDICT_COLOURS[verdict], axis=1))
    assert len(outlined) >= 2 * scale
    assert np.all(np.minimum(abs(outlined - 250 * scale), abs(outlined - 400 * scale)) <= 4 * scale)
    far = drawn[450 * scale, 600 * scale]
    assert far.tolist() == [90, 90, 90]


def outlined_in_the_whole_image(
    image: np.ndarray, mask: np.ndarray, colour: overlay.Colour, unit: float
) -> None:
    """The plain form of the outline, without the mask's box."""
    tinted = np.rint(np.floor(image * (1 - overlay.TINT) + np.float32(colour) * overlay.TINT))
    image[mask] = tinted[mask]
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_KCOS)
    for shade, width in ((overlay.DARK, 5), (colour, 2.5)):
        thickness = max(1, round(width * unit))
        cv2.drawContours(image, contours, -1, shade, thickness, cv2.LINE_AA)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), share=st.floats(0.02, 0.98))
def test_work_in_the_mask_s_box_gives_the_same_picture(seed: int, share: float) -> None:
    """Blobs with holes, also at the edges."""
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(5, 200, 2))
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    coarse = random.random(random.integers(2, 9, 2)).astype(np.float32)
    mask = cv2.resize(coarse, (width, height)) > share
    result = referral(Verdict.FOUND, mask)
    drawn = overlay.draw_result(rgb, result, "it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlay, "_outline", outlined_in_the_whole_image)
        plain = overlay.draw_result(rgb, result, "it")
    np.testing.assert_array_equal(drawn, plain)


def test_a_missing_object_is_not_outlined() -> None:
    rgb = np.full((480, 640, 3), 90, np.uint8)
    nothing = np.zeros((480, 640), bool)
    drawn = overlay.draw_result(rgb, referral(Verdict.NOT_FOUND, nothing), "a zebra")
    assert np.all(drawn[100:] == 90)


@pytest.mark.parametrize("at_top", [True, False])
def test_the_caption_avoids_the_object(at_top: bool) -> None:
    rgb = np.full((480, 640, 3), 200, np.uint8)
    mask = np.zeros((480, 640), bool)
    mask[0 if at_top else 420 : 60 if at_top else 480] = True
    drawn = overlay.draw_result(rgb, referral(Verdict.FOUND, mask), "the edge")
    top, bottom = drawn[:50, 600].mean(), drawn[-50:, 600].mean()
    assert (bottom < top) == at_top


def test_a_contact_sheet_holds_every_picture_in_order() -> None:
    images = [np.full((48, 64, 3), 50 * number, np.uint8) for number in range(1, 6)]
    images[3] = np.full((96, 64, 3), 200, np.uint8)
    sheet = overlay.contact_sheet(images, 2)
    assert sheet.shape[0] > 3 * 48 and sheet.shape[1] > 2 * 64
    gap = (sheet.shape[1] - 2 * 64) // 3
    for number in range(5):
        row, column = divmod(number, 2)
        centre = sheet[gap + row * (48 + gap) + 24, gap + column * (64 + gap) + 32]
        assert centre.tolist() == [50 * (number + 1)] * 3


def test_a_contact_sheet_without_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        overlay.contact_sheet([], 3)


def test_all_selected_objects_are_marked() -> None:
    rgb = np.full((480, 640, 3), 90, np.uint8)
    mask = np.zeros((480, 640), bool)
    mask[200:260, 100:160] = mask[200:260, 400:460] = True
    box = (100.0, 200.0, 59.0, 59.0)
    two = tuple(
        Candidate(i, 0.9, (x, *box[1:]), (x + 30, 230.0), selected=True)
        for i, x in enumerate((100.0, 400.0))
    )
    asked = Expression("both mugs", NounPhrase("both mugs", "mugs", number=2))
    found = overlay.draw_result(
        rgb, ReferringResult(Verdict.FOUND, asked, two, mask, "", ""), "both mugs"
    )
    assert found[230, 130].tolist() == found[230, 430].tolist() == list(overlay.LIGHT)
    first = mask.copy()
    first[:, 300:] = False
    either = ReferringResult(Verdict.AMBIGUOUS, asked, two, first, "", "")
    colours = overlay.draw_result(rgb, either, "the mug")
    np.testing.assert_allclose(
        colours[230, 400], overlay.VERDICT_COLOURS[Verdict.AMBIGUOUS], atol=30
    )
