"""Exported weights restore the models and are small enough to ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from zsris_ros.models.preset import load_preset
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.simulation.words import Description
from zsris_ros.training.household import train_clip as clip_training
from zsris_ros.training.household import train_sam as sam_training
from zsris_ros.training.household.captions import CaptionWriter
from zsris_ros.training.household.export import (
    export_clip,
    export_sam,
    known_tokens,
    load_clip,
)
from zsris_ros.types import InputError
from zsris_ros.vision.clip import build_clip
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.weights.token_table import (
    ROWS,
    TABLE,
    VALUES,
    compress_clip_state,
    expand_clip_state,
)

SHIPPED = 32_000_000
"""Bytes that both files may take together."""

WORDS = (
    Description(("coffee mug", "mug"), ("red", "white"), ("porcelain",)),
    Description(("wine bottle", "bottle"), ("black",), ("glass",)),
    Description(("can of soup", "can"), ("blue",)),
)


@pytest.fixture(scope="module")
def clip() -> ResnetClip:
    torch.manual_seed(0)
    model = build_clip(clip_training.ARCHITECTURE)
    return ResnetClip(model.requires_grad_(False))


@pytest.fixture(scope="module")
def files(clip: ResnetClip, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "new"
    sam, shrunk = folder / "sam.safetensors", folder / "clip.safetensors"
    sizes = export_sam(build_sam(sam_training.ARCHITECTURE), sam), export_clip(clip, WORDS, shrunk)
    assert sizes == (sam.stat().st_size, shrunk.stat().st_size)
    return sam, shrunk


def test_the_preset_accepts_the_trained_files() -> None:
    preset = load_preset("household")
    assert preset.clip.architecture == clip_training.ARCHITECTURE
    assert preset.sam.architecture == sam_training.ARCHITECTURE
    assert replace(preset.hybrid, window_scales=(1.0,)) == clip_training.HYBRID
    assert preset.gem == clip_training.GEM


def test_both_files_are_small_enough_for_the_package(files: tuple[Path, Path]) -> None:
    assert sum(file.stat().st_size for file in files) <= SHIPPED
    assert {file.name for file in files[0].parent.iterdir()} == {file.name for file in files}


def test_a_sam_is_restored(files: tuple[Path, Path]) -> None:
    torch.manual_seed(0)
    written = build_sam(sam_training.ARCHITECTURE).state_dict()
    stored = load_file(files[0])
    assert {value.dtype for value in stored.values()} == {torch.float16}
    read = build_sam(sam_training.ARCHITECTURE, stored).state_dict()
    assert read.keys() == written.keys()
    for name, value in written.items():
        torch.testing.assert_close(read[name], value, rtol=1e-3, atol=1e-5)


def test_a_restored_clip_encodes_captions_equally(
    clip: ResnetClip, files: tuple[Path, Path]
) -> None:
    state = expand_clip_state(load_file(files[1]))
    read = ResnetClip.load(clip_training.ARCHITECTURE, state)
    rng = np.random.default_rng(0)
    writer = CaptionWriter(WORDS)
    captions = [writer.draw(rng, [*WORDS, None][i % 4]).text for i in range(60)]
    before, after = clip.encode_text(captions), read.encode_text(captions)
    assert torch.cosine_similarity(before, after).min() > 0.9999


def test_every_token_of_a_caption_is_kept(clip: ResnetClip) -> None:
    kept = set(known_tokens(clip, WORDS).tolist())
    rng = np.random.default_rng(1)
    writer = CaptionWriter(WORDS)
    captions = [writer.draw(rng, [*WORDS, None][i % 4]).text for i in range(400)]
    assert set(clip.tokenize(captions).unique().tolist()) <= kept
    assert {0, 49406, 49407} <= kept, "padding, start and end"
    assert len(kept) < 300


def test_unknown_tokens_have_zero_vectors(files: tuple[Path, Path]) -> None:
    stored = load_file(files[1])
    table = expand_clip_state(stored)[TABLE]
    absent = np.setdiff1d(np.arange(49408), stored[ROWS].numpy())
    assert table.shape == (49408, clip_training.ARCHITECTURE["text_cfg"]["width"])
    assert not table[torch.from_numpy(absent)].any()


def test_a_training_can_begin_with_exported_weights(
    clip: ResnetClip, files: tuple[Path, Path], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    other = ResnetClip(build_clip(clip_training.ARCHITECTURE))
    random = other.model.token_embedding.weight.detach().clone()
    load_clip(other, files[1])
    known = known_tokens(clip, WORDS)
    table = other.model.token_embedding.weight
    torch.testing.assert_close(
        table[known], clip.model.token_embedding.weight[known], rtol=1e-3, atol=1e-4
    )
    unknown = other.tokenize(["teapot"])[0, 1]
    assert torch.equal(table[unknown], random[unknown]), "new words can be learnt"
    with pytest.raises(InputError, match="another network"):
        load_clip(other, files[0])


def test_trained_weights_are_averaged_with_their_initial(files: tuple[Path, Path]) -> None:
    torch.manual_seed(3)
    trained = ResnetClip(build_clip(clip_training.ARCHITECTURE).requires_grad_(False))
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    load_clip(trained, files[1], share=0.25)
    initial = expand_clip_state(load_file(files[1]))
    for name in ("visual.conv1.weight", "text_projection", "logit_scale"):
        mean = 0.75 * before[name] + 0.25 * initial[name].float()
        torch.testing.assert_close(trained.model.state_dict()[name], mean)
    table, known = trained.model.token_embedding.weight, (initial[TABLE] != 0).any(dim=1)
    torch.testing.assert_close(table[~known], before[TABLE][~known])


def test_unknown_words_are_left_out_of_a_text(clip: ResnetClip, files: tuple[Path, Path]) -> None:
    state = expand_clip_state(load_file(files[1]))
    read = ResnetClip.load(clip_training.ARCHITECTURE, state)
    assert read.unknown_words("the xylophonic red teapot") == ("xylophonic", "teapot")
    assert read.unknown_words("") == clip.unknown_words("the xylophonic mug") == ()
    plain, padded = read.encode_text(["the red mug", "the xylophonic red mug"])
    torch.testing.assert_close(plain, padded)
    alone, other = read.encode_text(["teapot", "xylophonic"])
    assert torch.isfinite(alone).all() and torch.isfinite(other).all()


def test_a_complete_table_is_unchanged() -> None:
    state = {TABLE: torch.ones(5, 2), "other": torch.zeros(1)}
    assert expand_clip_state(state).keys() == state.keys()


def test_damaged_rows_are_refused() -> None:
    state = compress_clip_state({TABLE: torch.ones(5, 2)}, torch.tensor([1, 4]))
    with pytest.raises(InputError, match="do not fit"):
        expand_clip_state({**state, ROWS: torch.tensor([1], dtype=torch.int32)})
    with pytest.raises(InputError, match="do not fit"):
        expand_clip_state({VALUES: state[VALUES]})
    with pytest.raises(InputError, match="outside"):
        expand_clip_state(state, vocabulary=4)
