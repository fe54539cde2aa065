"""Relations, positions, coherence and whole sentences equal the published code's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.parity_records import (
    FEATURES,
    LOGITS,
    SCORES,
    array,
    assert_close,
    keys,
    recorded_sentence,
    sentences,
    tensor,
)

from zsris_ros.guidance.coherence import PUBLISHED_WEIGHTS, directed_map, guidance_scores
from zsris_ros.guidance.fusion import (
    mix_text_features,
    published_final_scores,
    published_relation_scores,
    semantic_logits,
)
from zsris_ros.guidance.positions import published_position_map
from zsris_ros.guidance.relations import HARD_FLAGS, hard_relation
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

SPATIAL, WHOLE = "spatial.npz", "end_to_end.npz"


@pytest.mark.parametrize("case", keys(SPATIAL, "^rel/(?!boxes|si|sj)"))
def test_relation(case: str) -> None:
    boxes = tensor(SPATIAL, "rel/boxes")
    p, q = tensor(SPATIAL, "rel/si").double(), tensor(SPATIAL, "rel/sj").double()
    flag = case.removeprefix("rel/")
    measured = p[:, None] * hard_relation(flag, boxes)
    if flag in HARD_FLAGS:  # an unknown relation leaves each term at p_i
        measured = measured * q[None, :]
    assert_close(measured, array(SPATIAL, case), 1e-7)


@pytest.mark.parametrize("case", keys(SPATIAL, "^dir/"))
def test_position(case: str) -> None:
    expected = array(SPATIAL, case)
    flag = case.split("/")[1]
    assert_close(published_position_map(flag, *expected.shape), expected, 0)


@pytest.fixture(scope="module")
def features(clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> torch.Tensor:
    return HybridEncoder(clip, HybridSettings.reference()).encode(rgb, masks)


@pytest.fixture(scope="module")
def patches(clip: ClipModel, rgb: np.ndarray) -> torch.Tensor:
    return GemLocaliser(clip).patches(rgb)


@pytest.mark.parametrize("sentence", sentences())
def test_sentence(
    sentence: dict[str, Any],
    clip: ClipModel,
    rgb: np.ndarray,
    masks: np.ndarray,
    features: torch.Tensor,
    patches: torch.Tensor,
) -> None:
    recorded = recorded_sentence(sentence)
    assert_close(features, array(WHOLE, "hybrid_features"), FEATURES)

    whole, phrase = clip.encode_text([sentence["text"], sentence["noun_phrase"]])
    text = mix_text_features(whole, phrase)
    assert_close(text[None], recorded["text_ensemble"], FEATURES)
    logits = semantic_logits(features, text)
    assert_close(logits[:, None], recorded["score_clip_logits"], LOGITS)
    p, q = torch.softmax(logits, dim=0), None
    assert_close(p[:, None], recorded["score_clip_softmax"], SCORES)
    assert int(logits.argmax()) == sentence["pure_hybrid_choice"]
    others = ["a photo of " + other for other in sentence["other_noun_phrases"]]
    if others:
        anchor = clip.encode_text(others).mean(dim=0)
        assert_close(anchor[None], recorded["other_noun_features"], FEATURES)
        q = torch.softmax(semantic_logits(features, anchor), dim=0)
        assert_close(q[:, None], recorded["score_neg_softmax"], SCORES)

    flag = sentence["relation"]
    boxes = tensor("inputs.npz", "boxes_xywh")
    relation = hard_relation(flag, boxes) if flag in HARD_FLAGS else None
    best = published_relation_scores(p, q, relation, sentence["k1"], sentence["k2"])
    assert best.masks.tolist() == recorded["top_idx"].tolist()
    assert_close(best.sums, recorded["relation_sums"], SCORES)
    assert_close(best.scores, recorded["relation_softmax"], SCORES)

    gem = GemLocaliser(clip)
    (heat_text,) = gem.encode_phrases(sentence["gem_texts"])
    heat = gem.heat_map(patches, heat_text, *rgb.shape[:2])
    position = published_position_map(sentence["direction"], *rgb.shape[:2])
    heat = directed_map(heat, position, guard=False)
    assert_close(heat, recorded["guidance_map_final"], SCORES)
    size = flag if flag in PUBLISHED_WEIGHTS else ""
    assert PUBLISHED_WEIGHTS[size].outside == sentence["black"]
    scores = guidance_scores(torch.from_numpy(masks), heat, PUBLISHED_WEIGHTS[size], guard=False)
    assert_close(scores[:, None], recorded["score_guidance_all"], SCORES)
    final = published_final_scores(best, scores)
    assert_close(final, recorded["final_topk_scores"], SCORES)
    assert int(best.masks[final.argmax()]) == sentence["chosen"]
