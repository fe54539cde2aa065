"""Methods on a preset's models: which settings reach them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_clip import CONFIG
from test_methods import RESNET, painted

import zsris_ros.weights.methods as methods
from zsris_ros.language.parsers import RuleParser
from zsris_ros.proposals.depth import DepthProposer, DepthSettings
from zsris_ros.proposals.sam import SamProposer, SamSettings
from zsris_ros.proposals.sam_model import build_sam
from zsris_ros.referring.methods import find_method
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import InputError, Verdict
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.resnet import ResnetClip, load_clip
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights.catalogue import WeightsError
from zsris_ros.weights.load import Parts
from zsris_ros.weights.preset import Network, Preset

SAM_SIZES = {
    "image_size": 64,
    "patch_size": 16,
    "encoder_width": 32,
    "encoder_depth": 1,
    "encoder_heads": 2,
    "window_size": 2,
    "global_blocks": [0],
    "prompt_width": 32,
    "mask_channels": 4,
    "decoder_depth": 1,
    "decoder_heads": 2,
    "decoder_mlp_width": 32,
    "iou_head_width": 16,
}


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.manual_seed(0)
    clip = ClipModel.load(CONFIG, build_clip(CONFIG).state_dict())
    hybrid, gem = HybridSettings(start_block=2), GemSettings(blocks=2, size=32)
    preset = Preset(
        name="small",
        description="",
        sam=Network(SAM_SIZES, ""),
        clip=Network(CONFIG, ""),
        proposing=SamSettings(points_per_side=2),
        hybrid=hybrid,
        gem=gem,
        depth=DepthSettings(),
        referring=ReferSettings(calibrated=True),
    )
    return Parts(
        preset=preset,
        sam=SamProposer(build_sam(SAM_SIZES), preset.proposing),
        depth=DepthProposer(),
        encoder=HybridEncoder(clip, hybrid),
        localiser=GemLocaliser(clip, gem),
        parser=RuleParser(),
    )


@pytest.mark.parametrize("name", ["hybridgl", "global-local", "crop", "region-token"])
@pytest.mark.parametrize("variant", ["reference", "paper", "product"])
def test_a_preset_answers_by_any_method(parts: Parts, name: str, variant: str) -> None:
    segmenter = methods.segmenter_of(parts, find_method(name, variant))
    referral = segmenter.refer(segmenter.look(*painted()), "the red box")
    assert referral.expression.parser == "rules"
    assert referral.candidates
    if variant != "product":
        assert referral.verdict is Verdict.FOUND
    assert methods.segmenter_of(parts, find_method(name, variant), []).look(*painted())


def test_reference_takes_the_published_sam_settings(parts: Parts) -> None:
    product = methods.default_proposers(parts, find_method("hybridgl", "product"))
    assert product == [parts.sam, parts.depth]
    without = replace(parts, depth=None)
    assert methods.default_proposers(without, find_method()) == [parts.sam]
    reference = find_method("hybridgl", "reference")
    assert methods.default_proposers(parts, reference) == [parts.sam]  # a small SAM of our own
    real = replace(parts, preset=replace(parts.preset, sam=Network("vit_b", "sam_vit_b")))
    (proposer,) = methods.default_proposers(real, reference)
    assert isinstance(proposer, SamProposer)
    assert proposer is not parts.sam
    assert methods.default_proposers(real, find_method("hybridgl", "paper")) == [parts.sam]


def test_proposers_share_a_network_and_differ_in_settings(parts: Parts) -> None:
    frame, _ = painted()
    loose = SamSettings(points_per_side=2, pred_iou_thresh=-1e9, stability_score_thresh=0)
    strict = replace(loose, pred_iou_thresh=1e9)
    assert len(parts.sam.with_settings(loose).propose(frame))
    assert not len(parts.sam.with_settings(strict).propose(frame))
    assert len(parts.sam.with_settings(loose).propose(frame))


def test_another_clip_takes_the_presets_place(parts: Parts) -> None:
    torch.manual_seed(0)
    resnet = load_clip(RESNET, build_clip(RESNET).state_dict())
    assert isinstance(resnet, ResnetClip)
    segmenter = methods.segmenter_of(parts, find_method("global-local", "paper"), [], resnet)
    scene = segmenter.look(*painted())
    assert scene.features.shape == (6, resnet.embed_dim)
    assert np.isfinite(scene.features.numpy()).all()
    with pytest.raises(InputError, match="vision transformer"):
        methods.segmenter_of(parts, find_method("hybridgl", "paper"), [], resnet)


def test_missing_and_unknown_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="zsris weights fetch clip_rn50"):
        methods.load_clip_checkpoint("clip_rn50", directory=tmp_path)
    with pytest.raises(WeightsError, match="no checkpoint is called"):
        methods.load_clip_checkpoint("clip_rn51", directory=tmp_path)
    (tmp_path / "RN50.pt").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is refused: its sha256"):
        methods.load_clip_checkpoint("clip_rn50", directory=tmp_path)
