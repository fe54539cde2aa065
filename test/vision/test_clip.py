"""The parts of CLIP compose to CLIP; texts of any length work; misfits are refused."""

from __future__ import annotations

import copy
import tracemalloc
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_clip import CONFIG, small_clip

from zsris_ros.types import InputError
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel, build_clip, openai_architecture


def changed(**changes: Any) -> dict[str, Any]:
    """CONFIG with values of its vision_cfg changed."""
    config = copy.deepcopy(CONFIG)
    config["vision_cfg"].update(changes)
    return config


def test_the_parts_make_the_whole(clip: ClipModel) -> None:
    images = torch.randn(3, 3, 32, 32)
    tokens = clip.stem(images)
    assert tokens.shape == (3, 1 + 4 * 4, clip.width)
    for block in clip.blocks[:-1]:
        tokens = run_block(block, tokens)
    first = run_block(clip.blocks[-1], tokens, cls_only=True)
    torch.testing.assert_close(
        clip.head(first[:, 0]), clip.model.encode_image(images), atol=1e-5, rtol=0
    )


def test_every_row_of_a_block(clip: ClipModel) -> None:
    tokens = torch.randn(2, 17, clip.width)
    for block in clip.blocks:
        torch.testing.assert_close(run_block(block, tokens), block(tokens), atol=1e-5, rtol=0)


def test_a_restricted_class_token_leaves_the_other_rows_alone(clip: ClipModel) -> None:
    tokens = torch.randn(2, 17, clip.width)
    sees = torch.zeros(2, 17, dtype=torch.bool)
    sees[:, :5] = True
    block = clip.blocks[0]
    restricted, free = run_block(block, tokens, cls_mask=sees), run_block(block, tokens)
    torch.testing.assert_close(restricted[:, 1:], free[:, 1:], atol=1e-6, rtol=0)
    # Its row is the same as without the other tokens.
    alone = run_block(block, tokens[:, :5])
    torch.testing.assert_close(restricted[:, 0], alone[:, 0], atol=1e-5, rtol=0)
    assert (restricted[:, 0] - free[:, 0]).abs().max() > 1e-3
    row = run_block(block, tokens, cls_mask=sees, cls_only=True)
    torch.testing.assert_close(row, restricted[:, :1], atol=1e-6, rtol=0)


def test_positions_of_another_grid(clip: ClipModel) -> None:
    table = clip.visual.positional_embedding
    assert clip.positions(4, 4) is table
    wide = clip.positions(8, 12)
    assert wide.shape == (1 + 8 * 12, clip.width)
    assert torch.equal(wide[0], table[0])
    torch.testing.assert_close(wide[1:].mean(0), table[1:].mean(0), atol=0.05, rtol=0)
    assert clip.stem(torch.randn(1, 3, 64, 96)).shape == (1, 1 + 8 * 12, clip.width)


def test_text_features_are_open_clips(clip: ClipModel) -> None:
    texts = ["a red mug", "the box left of it", "a red mug"]
    for some in (
        texts,
        texts[:1],
        [*texts, "more words than the context of this model can ever take in"],
    ):
        expected = clip.model.encode_text(clip.tokenize(some))
        torch.testing.assert_close(clip.encode_text(some), expected, atol=5e-6, rtol=0)
    assert torch.equal(clip.encode_text(texts[:1])[0], clip.encode_text(texts)[2])
    assert clip.encode_text([]).shape == (0, clip.embed_dim)


def test_a_long_text_is_cut_not_refused(clip: ClipModel) -> None:
    words = " ".join(["cup"] * 500)
    feature = clip.encode_text([words, words[:200], "x" * 1_000_000])
    assert torch.isfinite(feature).all()
    torch.testing.assert_close(feature[0], feature[1], atol=1e-6, rtol=0)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_text_has_a_feature(texts: list[str]) -> None:
    clip = _shared()
    features = clip.encode_text(texts)
    assert features.shape == (len(texts), clip.embed_dim)
    assert torch.isfinite(features).all()


_clips: list[ClipModel] = []


def _shared() -> ClipModel:
    if not _clips:
        _clips.append(small_clip())
    return _clips[0]


def test_new_words_take_no_memory_for_ever(clip: ClipModel) -> None:
    letters = str.maketrans("0123456789", "abcdefghij")

    def say(number: int) -> None:
        clip.tokenize([f"{number}{word:03}".translate(letters) * 2 for word in range(1000)])

    for number in range(5):
        say(number)
    tracemalloc.start()
    try:
        say(5)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(6, 18):
            say(number)
        # 12,000 words would take 2 MB; the cache's table may grow once.
        assert tracemalloc.get_traced_memory()[0] - before < 700_000
    finally:
        tracemalloc.stop()


def test_more_texts_than_are_remembered(clip: ClipModel) -> None:
    texts = [f"object number {i}" for i in range(600)]
    features = clip.encode_text(texts)
    torch.testing.assert_close(clip.encode_text(texts[:1])[0], features[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(clip.encode_text(texts[-1:])[0], features[-1], atol=1e-6, rtol=0)


def test_a_model_under_training_is_not_remembered() -> None:
    model = build_clip(CONFIG)
    clip = ClipModel(model)
    before = clip.encode_text(["a red mug"])
    with torch.no_grad():
        model.text_projection.mul_(2)
    torch.testing.assert_close(clip.encode_text(["a red mug"]), 2 * before)


@pytest.mark.parametrize(("precision", "cosine"), [("fp16", 0.9999), ("bf16", 0.999)])
def test_half_precision_is_close(precision: str, cosine: float) -> None:
    whole, half = small_clip(), small_clip(precision=precision)
    texts = ["a red mug", "the leftmost bowl"]
    first, second = whole.encode_text(texts), half.encode_text(texts)
    assert second.dtype == torch.float32
    assert torch.cosine_similarity(first, second).min() > cosine


def test_architecture_from_openais_names() -> None:
    config = changed(width=64, head_width=64)
    config["text_cfg"].update(width=64, heads=1)
    state = dict(build_clip(config).state_dict())
    state["input_resolution"] = torch.tensor(32)  # OpenAI's files carry three such numbers
    found = openai_architecture(state)
    clip = ClipModel.load(found, state)
    images = torch.randn(1, 3, 32, 32)
    again = ClipModel.load(config, state)
    assert torch.equal(clip.model.encode_image(images), again.model.encode_image(images))


def test_open_clips_names_are_known() -> None:
    with pytest.raises(InputError, match="no architecture named 'ViT-B-61'"):
        build_clip("ViT-B-61")


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (changed(layers=[1, 1, 1, 1], head_width=64, width=16), "block by block"),
        (changed(pool_type="avg"), "block by block"),
        (changed(bogus=3), "cannot build"),
    ],
)
def test_what_cannot_be_opened_is_refused(config: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        ClipModel(build_clip(config))


def test_misfits_are_refused() -> None:
    state = build_clip(CONFIG).state_dict()
    with pytest.raises(InputError, match="do not fit"):
        ClipModel.load(changed(layers=3), state)
    with pytest.raises(InputError, match="unknown precision 'fp8'"):
        ClipModel.load(CONFIG, state, precision="fp8")
    with pytest.raises(InputError, match="not a CLIP"):
        openai_architecture({})
    config = copy.deepcopy(CONFIG)
    config["text_cfg"]["vocab_size"] = 100
    with pytest.raises(InputError, match="give the tokenizer"):
        ClipModel(build_clip(config))
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cannot be put on device cuda"):
            ClipModel.load(CONFIG, state, device="cuda")
