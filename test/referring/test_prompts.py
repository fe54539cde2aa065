"""All texts of an answer are encoded together, however its sentence is nested."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_clip import small_clip

from zsris_ros.baselines.factory import method_segmenter
from zsris_ros.baselines.methods import find_method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.proposals.from_file import FixedProposer
from zsris_ros.types import Frame
from zsris_ros.vision.gem import GemSettings
from zsris_ros.vision.views import HybridSettings


@pytest.mark.parametrize(
    "sentence",
    [
        "the red mug",
        "the left object",
        "the second mug from the left that is not red",
        "the mug between the red box and the bowl on the tray, but not the leftmost",
    ],
)
@pytest.mark.parametrize("variant", ["product", "reference", "paper"])
def test_texts_are_encoded_in_one_batch(
    sentence: str, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip()
    masks = np.zeros((4, 24, 32), dtype=bool)
    for place in range(4):
        masks[place, 4:20, 8 * place : 8 * place + 6] = True
    segmenter = method_segmenter(
        find_method("hybridgl", variant),
        [FixedProposer(masks)],
        clip,
        parser=RuleParser(),
        reader=PublishedReader(),
        hybrid=HybridSettings(start_block=2),
        gem=GemSettings(blocks=2, size=32),
    )
    rgb = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    scene = segmenter.look(Frame(rgb))
    calls: list[list[str]] = []
    encode = clip._encode_text
    monkeypatch.setattr(clip, "_encode_text", lambda texts: calls.append(texts) or encode(texts))
    segmenter.refer(scene, sentence)
    asked = [texts for texts in calls if texts]
    assert len(asked) <= 1, asked
    assert sum(map(len, calls)) == len({text for texts in calls for text in texts})
    segmenter.refer(scene, sentence)
    assert [texts for texts in calls if texts] == asked, "texts are cached"
