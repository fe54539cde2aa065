"""Methods on a preset's models: their settings, and refused ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.english_pipeline import installed_as
from support.painted_scene import RESNET, painted
from support.small_clip import CONFIG
from support.small_sam import SMALL

from zsris_ros.baselines.methods import find_method
from zsris_ros.evaluation.experiment import Experiment
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.models.load import LoadedModels
from zsris_ros.models.load_method import MethodModels, load_clip_checkpoint
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.models.preset import Network, Preset
from zsris_ros.proposals.depth.depth_proposer import DepthProposer, DepthSettings
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.torch_utils import precision as precision_module
from zsris_ros.types import InputError, Verdict
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights import catalogue as catalogue_module
from zsris_ros.weights.catalogue import Checkpoint, WeightsError


@pytest.fixture(scope="module")
def parts() -> LoadedModels:
    torch.manual_seed(0)
    clip = ClipModel.load(CONFIG, build_clip(CONFIG).state_dict())
    hybrid, gem = HybridSettings(start_block=2), GemSettings(blocks=2, size=32)
    preset = Preset(
        name="small",
        description="",
        sam=Network(SMALL, ""),
        clip=Network(CONFIG, ""),
        proposing=SamSettings(points_per_side=2),
        hybrid=hybrid,
        gem=gem,
        depth=DepthSettings(),
        referring=ReferSettings(absolute_logits=True),
    )
    return LoadedModels(
        preset=preset,
        sam=SamProposer(build_sam(SMALL), preset.proposing),
        depth=DepthProposer(),
        encoder=HybridEncoder(clip, hybrid),
        localiser=GemLocaliser(clip, gem),
        parser=RuleParser(),
    )


def with_published_sam(parts: LoadedModels) -> LoadedModels:
    """Return the models as those of a preset with a published SAM."""
    return replace(parts, preset=replace(parts.preset, sam=Network("vit_b", "sam_vit_b")))


@pytest.mark.parametrize("name", ["hybridgl", "global-local", "crop", "region-token"])
@pytest.mark.parametrize("variant", ["reference", "paper", "product"])
def test_a_preset_answers_by_any_method(parts: LoadedModels, name: str, variant: str) -> None:
    models = MethodModels(parts, "rules")
    segmenter = models.segmenter(find_method(name, variant))
    result = segmenter.refer(segmenter.look(*painted()), "the red box")
    assert result.expression.parser == "rules"
    assert result.candidates
    if variant != "product":
        assert result.verdict is Verdict.FOUND
    assert models.segmenter(find_method(name, variant), []).look(*painted())


def test_published_variants_take_the_published_sam_settings(parts: LoadedModels) -> None:
    """800 pixels at least for the RefCOCO tables, and settings of its own for PhraseCut."""
    small = MethodModels(parts)
    product = small.proposers(find_method("hybridgl", "product"), "phrasecut")
    assert product == [parts.sam, parts.depth]
    without = MethodModels(replace(parts, depth=None))
    assert without.proposers(find_method()) == [parts.sam]
    real = MethodModels(with_published_sam(parts))
    for variant in ("reference", "paper"):
        method = find_method("hybridgl", variant)
        assert small.proposers(method) == [parts.sam]  # a small SAM
        for dataset, expected in (
            (None, SamSettings.published()),
            ("refcocog", SamSettings.published()),
            ("phrasecut", SamSettings.published_phrasecut()),
        ):
            (proposer,) = real.proposers(method, dataset)
            assert isinstance(proposer, SamProposer)
            assert proposer.settings == expected
            assert real.sam(method, dataset) is proposer  # one for all methods
    assert real.sam(find_method()) is parts.sam


@pytest.mark.parametrize("proposals", ["all", "sam"])
def test_sam_alone_has_the_published_settings_too(
    proposals: str, parts: LoadedModels, tmp_path: Path
) -> None:
    real = with_published_sam(parts)
    for dataset, least in (("refcoco", 800), ("phrasecut", 100)):
        experiment = Experiment(MethodModels(real), tmp_path, {"dataset": dataset})
        for variant in ("reference", "paper", "product"):
            (proposer, *_) = experiment._choose_proposers(
                find_method("hybridgl", variant), proposals
            )
            assert isinstance(proposer, SamProposer)
            if variant == "product":
                assert proposer is real.sam
            else:
                assert proposer.settings.min_mask_region_area == least
        shared = list(experiment._choose_proposers(find_method("hybridgl", "paper"), "sam+depth"))
        assert shared == [real.sam, real.depth]


def test_published_methods_read_by_an_installed_pipeline(
    parts: LoadedModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer and the settings of the results name the parser that read the sentence."""
    text = "there is a red box"
    installed_as(monkeypatch, tmp_path / "site", "en_core_web_lg")
    for choice, published in (("auto", "en_core_web_lg"), ("rules", "rules")):
        asked = MethodModels(parts, choice)
        experiment = Experiment(asked, tmp_path / choice, {"dataset": "refcoco"})
        for variant, expected in (
            ("reference", published),
            ("paper", published),
            ("product", "rules"),
        ):
            method = find_method("hybridgl", variant)
            segmenter = asked.segmenter(method, [])
            result = segmenter.refer(segmenter.look(*painted()), text)
            assert result.expression.parser == expected
            experiment.prepare(method, "truth", variant)
            settings = json.loads((tmp_path / choice / variant / "run.json").read_text())
            assert (settings["parser"], settings["dtype"]) == (expected, "float32")
    asked = MethodModels(parts, "rules")
    by_rules = Experiment(asked, tmp_path / "auto", {"dataset": "refcoco"})
    with pytest.raises(InputError, match="parser 'en_core_web_lg', and now it is 'rules'"):
        by_rules.prepare(find_method("hybridgl", "paper"), "truth", "paper")


def test_proposers_share_a_network_and_differ_in_settings(parts: LoadedModels) -> None:
    frame, _ = painted()
    loose = SamSettings(points_per_side=2, pred_iou_thresh=-1e9, stability_score_thresh=0)
    strict = replace(loose, pred_iou_thresh=1e9)
    assert len(parts.sam.with_settings(loose).propose(frame))
    assert not len(parts.sam.with_settings(strict).propose(frame))
    assert len(parts.sam.with_settings(loose).propose(frame))


def test_another_clip_replaces_the_presets(parts: LoadedModels) -> None:
    torch.manual_seed(0)
    resnet = load_clip(RESNET, build_clip(RESNET).state_dict())
    assert isinstance(resnet, ResnetClip)
    another = MethodModels(parts, clip=resnet)
    segmenter = another.segmenter(find_method("global-local", "paper"), [])
    scene = segmenter.look(*painted())
    assert scene.features.shape == (6, resnet.embed_dim)
    assert np.isfinite(scene.features.numpy()).all()
    # A halo that was verified with the preset's CLIP is not used with another.
    near = replace(parts, encoder=HybridEncoder(parts.encoder.clip, HybridSettings(2, halo=0)))
    other = ClipModel.load(CONFIG, build_clip(CONFIG).state_dict())
    for clip, halo in ((None, 0), (other, None)):
        encoder, _ = MethodModels(near, clip=clip).encoders(find_method())
        assert isinstance(encoder, HybridEncoder) and encoder.settings.halo == halo
    with pytest.raises(InputError, match="vision transformer"):
        another.encoders(find_method("hybridgl", "paper"))


def test_missing_and_unknown_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="zsris weights fetch clip_rn50"):
        load_clip_checkpoint("clip_rn50", LoadOptions(directory=tmp_path))
    with pytest.raises(WeightsError, match="no checkpoint is called"):
        load_clip_checkpoint("clip_rn51", LoadOptions(directory=tmp_path))
    (tmp_path / "RN50.pt").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is refused: its sha256"):
        load_clip_checkpoint("clip_rn50", LoadOptions(directory=tmp_path))


@pytest.fixture
def small_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small CLIP, catalogued as "small", for which a CPU's auto is bfloat16."""
    torch.manual_seed(0)
    vision = {**CONFIG["vision_cfg"], "width": 64, "head_width": 64}
    state = build_clip({**CONFIG, "vision_cfg": vision}).state_dict()
    path = tmp_path / "small.safetensors"
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entry = Checkpoint("small", "", path.name, "https://x", path.stat().st_size, digest, "MIT", {})
    monkeypatch.setattr(catalogue_module, "catalogue", lambda: {"small": entry})
    monkeypatch.setattr("zsris_ros.models.load.catalogue", lambda: {"small": entry})
    monkeypatch.setattr(precision_module, "_LARGE", 1000)
    monkeypatch.setattr(precision_module, "_has_bfloat16", lambda: True)
    return tmp_path


def test_the_half_precision_of_another_clip_is_verified(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def load(precision: str = "auto") -> torch.dtype:
        caplog.clear()
        with caplog.at_level("INFO", "zsris_ros"):
            return load_clip_checkpoint(
                "small", LoadOptions(device="cpu", directory=small_checkpoint, precision=precision)
            ).dtype

    assert load() == torch.bfloat16
    assert "small's networks compute in bf16 (cosine to float32: 0.99" in caplog.text
    encode = HybridEncoder.encode

    def straying(self: HybridEncoder, rgb: np.ndarray, masks: np.ndarray) -> torch.Tensor:
        found = encode(self, rgb, masks)
        return -found if self.clip.dtype == torch.bfloat16 else found

    monkeypatch.setattr(HybridEncoder, "encode", straying)
    assert load() == torch.float32
    assert "bf16 strays too far from it here (cosine -0.99" in caplog.text
    assert load("bfloat16") == torch.bfloat16 and not caplog.text
    assert load("float32") == torch.float32 and not caplog.text
