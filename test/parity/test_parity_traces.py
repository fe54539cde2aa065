"""Tokens inside the hybrid encoder, GEM's ordinary stream, and results of sentences."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from support.parity_records import FEATURES, LOGITS, SCORES, array, assert_close, keys, read_json

import zsris_ros.vision.hybrid as hybrid
from zsris_ros.guidance.fusion import semantic_logits, top_indices
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser, resize_bicubic
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import CLIP_MEAN, CLIP_STD, HybridSettings, normalise

HYBRID, GEM, WHOLE = "hybridgl_features.npz", "gem.npz", "end_to_end.npz"

Tokens = dict[tuple[str, int], torch.Tensor]
"""All tokens of a stream ("local", "global") after a block."""


@pytest.fixture(scope="module")
def streams(clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> dict[int, Tokens]:
    """By mask that was traced: the tokens of both streams after the encoder's late blocks."""
    cases = keys(HYBRID, r"^trace/b\d+_")
    return {n: traced(clip, rgb, masks[n]) for n in {int(case.split("_m")[1]) for case in cases}}


def traced(clip: ClipModel, rgb: np.ndarray, mask: np.ndarray) -> Tokens:
    """The inputs of the encoder's blocks, run again in full where it computes one row only."""
    after: Tokens = {}
    seen = torch.empty(0)

    def spy(block: Any, tokens: torch.Tensor, **how: Any) -> torch.Tensor:
        nonlocal seen
        sees, number = how.get("cls_mask"), clip.blocks.index(block)
        if len(tokens) == 1:  # one stream: the late blocks
            kind = "local" if sees is None else "global"
            after[kind, number] = run_block(block, tokens, cls_mask=sees)[0]
            seen = seen if sees is None else sees
        return run_block(block, tokens, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hybrid, "run_block", spy)
        HybridEncoder(clip, HybridSettings.reference()).encode(rgb, mask[None])
    last = len(clip.blocks) - 1  # of the global stream it leaves the last block out
    before = after["global", last - 1][None]
    after["global", last] = run_block(clip.blocks[last], before, cls_mask=seen)[0]
    return after


@pytest.mark.parametrize("case", keys(HYBRID, r"^trace/b\d+_"))
def test_tokens_after_the_fusion(case: str, streams: dict[int, Tokens]) -> None:
    found = re.fullmatch(r"trace/b(\d+)_(local|global)_(cls|tok(\d+))_m(\d+)", case)
    assert found, f"unknown trace {case}"
    tokens = streams[int(found[5])][found[2], int(found[1])]
    row = int(found[4]) if found[4] else 0
    expected = array(HYBRID, case)
    size = max(1.0, float(np.abs(expected).max()))  # up to 50, the tolerance is of values around 1
    assert_close(tokens[row] / size, expected / size, FEATURES)


@pytest.mark.parametrize("case", keys(GEM, "^feat_ori_"))
def test_the_stream_beside_gems(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
    picture = torch.from_numpy(resize_bicubic(rgb, 448)).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        tokens = clip.stem(normalise(picture, CLIP_MEAN, CLIP_STD))
        for block in clip.blocks:
            tokens = run_block(block, tokens)
        row = 0 if case.endswith("cls") else int(case.split("tok")[1])
        assert_close(clip.head(tokens[0, row]), array(GEM, case), FEATURES)


def sentence_of(case: str) -> dict[str, Any]:
    every = read_json("end_to_end.json")["sentences"]
    return next(one for one in every if one["id"] == case.split("/")[0])


@pytest.mark.parametrize("case", keys(WHOLE, "_tokens$"))
def test_tokens_of_a_sentence(case: str, clip: ClipModel) -> None:
    said = "noun_phrase" if "noun_phrase" in case else "text"
    tokens = clip.tokenize([sentence_of(case)[said]])
    expected = array(WHOLE, case)
    assert_close(tokens.reshape(expected.shape), expected, 0)


@pytest.mark.parametrize("case", keys(WHOLE, "/(score_neg_logits|top_neg_idx)$"))
def test_other_nouns_of_a_sentence(case: str, clip: ClipModel) -> None:
    sentence = sentence_of(case)
    if not sentence["other_noun_phrases"]:
        pytest.skip("the sentence names no other thing; the recorded values are unused")
    texts = clip.encode_text([f"a photo of {o}" for o in sentence["other_noun_phrases"]])
    features = torch.from_numpy(array(WHOLE, "hybrid_features"))
    logits = semantic_logits(features, texts.mean(dim=0))
    if case.endswith("logits"):
        assert_close(logits[:, None], array(WHOLE, case), LOGITS)
    else:
        assert top_indices(logits, sentence["k2"]).tolist() == array(WHOLE, case).tolist()


@pytest.mark.parametrize("case", keys(WHOLE, "/gem_map448$"))
def test_map_of_a_sentence(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
    gem = GemLocaliser(clip)
    text = gem.encode_phrases(sentence_of(case)["gem_texts"])[0]
    expected = array(WHOLE, case)
    heat = gem.heat_map(gem.patches(rgb), text, *expected.shape[-2:])
    assert_close(heat.reshape(expected.shape), expected, SCORES)
