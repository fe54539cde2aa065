"""Presets become settings and models; messages name their faults."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from support.small_clip import CONFIG as SMALL_CLIP
from support.small_clip import small_clip
from support.small_sam import SMALL as SMALL_SAM

from zsris_ros.commands.weights import add_arguments, run
from zsris_ros.models import load as load_module
from zsris_ros.models import preset as preset_module
from zsris_ros.models.background_reuse import verified_halo
from zsris_ros.models.load import LoadedModels, load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.models.preset import (
    checkpoints,
    load_preset,
    parse_preset,
    preset_names,
    with_calibration,
)
from zsris_ros.proposals.sam.sam_network import PUBLISHED, build_sam
from zsris_ros.torch_utils import precision as precision_module
from zsris_ros.torch_utils.precision import min_cosine, resolve_device, resolve_precision
from zsris_ros.types import Frame, InputError
from zsris_ros.vision.gem import GemLocaliser
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights import catalogue as catalogue_module
from zsris_ros.weights.catalogue import Checkpoint, WeightsError, catalogue


def main(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers())
    return run(parser.parse_args(["weights", *words]))


def test_catalogue_facts_have_the_right_form() -> None:
    for name, entry in catalogue().items():
        assert entry.name == name
        assert entry.url.startswith("https://")
        assert entry.url.endswith("/" + entry.file)
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert entry.size > 2e7
        assert set(entry.sources) == {"url", "sha256", "size"}
        if "openaipublic" in entry.url:
            assert f"/{entry.sha256}/" in entry.url


def test_catalogue_agrees_with_open_clip() -> None:
    import open_clip

    for entry in catalogue().values():
        if entry.name.startswith("clip_"):
            model = entry.file.removesuffix(".pt")
            assert open_clip.get_pretrained_url(model, "openai") == entry.url


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str) -> None:
    preset = load_preset(name)
    assert preset.description
    for network in (preset.sam, preset.clip):
        known = network.checkpoint in catalogue()
        assert known or preset_module.bundled(network.checkpoint).is_file()


def test_published_weights_keep_the_papers_values() -> None:
    names = [name for name in preset_names() if name.startswith("openai")]
    assert len(names) == len(PUBLISHED)
    for name in names:
        preset = load_preset(name)
        assert preset.sam.checkpoint == f"sam_{preset.sam.architecture}"
        assert preset.clip.architecture == "ViT-B-16-quickgelu"
        assert preset.proposing.points_per_side == 8
        assert preset.proposing.pred_iou_thresh == preset.proposing.stability_score_thresh == 0.7
        assert (preset.hybrid.start_block, preset.hybrid.fusion_weight) == (9, 2.0)
        assert (preset.gem.blocks, preset.gem.size) == (6, 448)
        assert checkpoints(name) == [preset.sam.checkpoint, "clip_vit_b_16"]


def document(**changes: Any) -> dict[str, Any]:
    return {
        "description": "a test",
        "sam": {"architecture": "vit_b", "checkpoint": "sam_vit_b", "settings": {}},
        "clip": {"architecture": "ViT-B-32", "checkpoint": "clip_vit_b_32"},
        **changes,
    }


def test_sections_become_settings() -> None:
    preset = parse_preset(
        "mine",
        document(
            hybrid={"fill": [0.1, 0.2, 0.3], "window": None},
            depth={"limit": 7, "support": {"max_size": 0.5}},
            gem={"template": "{}"},
        ),
    )
    assert preset.hybrid.fill == (0.1, 0.2, 0.3)
    assert preset.depth.limit == 7
    assert preset.depth.support.max_size == 0.5
    assert preset.depth.support.seed == 0
    assert preset.gem.template == "{}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hybrid": {"start": 3}}, r"preset mine, hybrid: unknown start; known are start_block,"),
        ({"depth": {"support": {"seeed": 3}}}, r"depth\.support: unknown seeed"),
        ({"gem": {"blocks": 0}}, r"preset mine, gem: GEM needs at least one block"),
        ({"hyrbid": {}}, r"there is no section hyrbid"),
        ({"clip": {"architecture": "ViT-B-32"}}, r"preset mine, clip: .*checkpoint"),
        (
            {"sam": {"architecture": "vit_b", "checkpoint": "x", "setings": {}}},
            r"preset mine, sam: .*setings",
        ),
        (
            {"sam": {"architecture": "vit_b", "checkpoint": "x", "settings": {"points": 8}}},
            r"sam\.settings: unknown points",
        ),
    ],
)
def test_errors_of_a_preset_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        parse_preset("mine", document(**change))


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"no preset is called 'none'; there are .*openai"):
        load_preset("none")


def test_a_calibration_file_replaces_the_presets_values(tmp_path: Path) -> None:
    preset = load_preset("openai")
    assert with_calibration(preset, tmp_path) is preset
    section = {
        "min_score": 0.4,
        "calibration": {"scaling": {"match": [1, 2]}, "weights": "openai", "measured_on": "mine"},
    }
    path = tmp_path / "openai.calibration.json"
    path.write_text(json.dumps({"referring": section}))
    referring = with_calibration(preset, tmp_path).referring
    assert referring.min_score == 0.4 and referring.calibration.measured
    assert referring.calibration.scaled("match", torch.tensor(0.5)) > 0.7
    for wrong in ("{", "[]", "{}", json.dumps({"referring": {"calibration": {"weights": "x"}}})):
        path.write_text(wrong)
        with pytest.raises(WeightsError, match=r"openai\.calibration\.json"):
            with_calibration(preset, tmp_path)


def test_former_names_of_settings_are_accepted(tmp_path: Path) -> None:
    old = {"found": 0.4, "alike": 0.6, "trust": {"sam": 0.9}, "objectness": 2.0, "whole": 0.8}
    old |= {"calibrated": True, "anchors": 4, "margin": 3.0}
    new = {"min_score": 0.4, "ambiguity_ratio": 0.6, "proposer_weights": {"sam": 0.9}}
    new |= {"quality_exponent": 2.0, "whole_ratio": 0.8, "absolute_logits": True}
    new |= {"anchor_masks": 4, "logit_margin": 3.0}
    settings = parse_preset("mine", document(referring=old)).referring
    assert settings == parse_preset("mine", document(referring=new)).referring
    section = {"found": 0.3, "calibration": {"weights": "openai"}}
    (tmp_path / "openai.calibration.json").write_text(json.dumps({"referring": section}))
    assert with_calibration(load_preset("openai"), tmp_path).referring.min_score == 0.3


@pytest.fixture
def small_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a preset "small" with weights of its own in the place of those that ship."""
    room = tmp_path / "room"
    (room / "presets").mkdir(parents=True)
    monkeypatch.setattr(preset_module, "ROOM", room)
    monkeypatch.setattr(preset_module, "PRESETS", room / "presets")
    torch.manual_seed(0)
    sam = {name: value.half() for name, value in build_sam(SMALL_SAM).state_dict().items()}
    clip = {k: v.half().contiguous() for k, v in small_clip().model.state_dict().items()}
    safetensors.torch.save_file(sam, room / "sam.safetensors")
    safetensors.torch.save_file(clip, room / "clip.safetensors")

    def write(**changes: Any) -> None:
        preset = {
            "description": "weights of a test",
            "sam": {
                "architecture": SMALL_SAM,
                "checkpoint": "sam.safetensors",
                "settings": {"points_per_side": 3, "pred_iou_thresh": -9.0},
            },
            "clip": {"architecture": SMALL_CLIP, "checkpoint": "clip.safetensors"},
            "hybrid": {"start_block": 2},
            "gem": {"blocks": 2, "size": 32},
            **changes,
        }
        (room / "presets" / "small.json").write_text(json.dumps(preset))

    write()
    return write


def load_small(**options: Any) -> LoadedModels:
    return load_models("small", LoadOptions(device="cpu", parser="rules", **options))


def test_parts_are_built_and_work(small_preset: Callable[..., None]) -> None:
    parts = load_small(batch_size=3)
    assert parts.encoder.settings.batch_size == 3
    assert parts.depth is not None
    assert load_small(depth_proposals=False).depth is None
    assert parts.parser.parse("the red mug").target.head == "mug"

    rgb = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    frame = Frame(rgb)
    assert parts.sam.propose(frame).masks.shape[1:] == (40, 60)
    assert parts.encoder.clip.encode_text(["the red mug"]).shape == (1, SMALL_CLIP["embed_dim"])


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_parts_in_half_precision(small_preset: Callable[..., None], precision: str) -> None:
    parts = load_small(precision=precision)
    assert parts.encoder.clip.dtype == getattr(torch, precision)


@pytest.mark.weights("nothing is downloaded unless `zsris weights fetch` asks")
def test_a_missing_checkpoint_is_reported_with_the_command_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="fetch it with `zsris weights fetch sam_vit_b`"):
        load_models("openai-sam-b", LoadOptions(directory=tmp_path, parser="rules"))


@pytest.mark.weights("a file that is not the catalogue's is refused before it is read")
def test_a_catalogued_checkpoint_is_checked_before_it_is_read(
    small_preset: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "room" / "sam.safetensors"
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    for digest in (good, "0" * 64):
        entry = Checkpoint("s", "", path.name, "https://x", path.stat().st_size, digest, "MIT", {})
        monkeypatch.setattr(catalogue_module, "catalogue", lambda entry=entry: {"s": entry})
        monkeypatch.setattr("zsris_ros.models.load.catalogue", lambda entry=entry: {"s": entry})
        small_preset(sam={"architecture": SMALL_SAM, "checkpoint": "s"})
        if digest == good:
            load_small(directory=path.parent)
        else:
            with pytest.raises(WeightsError, match="its sha256 is"):
                load_small(directory=path.parent)


def test_devices() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(InputError, match="unknown device 'gpu'"):
        resolve_device("gpu")
    with pytest.raises(InputError, match=r"device 'cuda:99' is not there"):
        resolve_device("cuda:99")


@pytest.fixture
def bfloat16_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says its CPU computes in bfloat16, and on which every network counts."""
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_bf16\n")
    monkeypatch.setattr(precision_module, "_CPUINFO", told)
    monkeypatch.setattr(precision_module, "_LARGE", 1000)


def test_precisions_by_name() -> None:
    cpu = torch.device("cpu")
    for name, short in precision_module.LONG_NAMES.items():
        assert resolve_precision(name, cpu, {}) == resolve_precision(short, cpu, {}) == short
    with pytest.raises(InputError, match="unknown precision 'int8'"):
        resolve_precision("int8", cpu, {})


def test_the_fastest_precision(bfloat16_cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    small, large = ({"visual.proj": torch.zeros(count)} for count in (10, 2000))
    assert resolve_precision("auto", gpu, small) == "fp16"
    assert resolve_precision("auto", cpu, large) == "bf16"
    assert resolve_precision("auto", cpu, small) == "fp32"
    assert resolve_precision("auto", cpu, {"token_embedding.weight": torch.zeros(9999)}) == "fp32"
    monkeypatch.setattr(precision_module, "_CPUINFO", Path("/there/is/no/such/file"))
    assert resolve_precision("auto", cpu, large) == "fp32"


def test_a_half_precision_is_verified_against_float32(
    small_preset: Callable[..., None],
    bfloat16_cpu: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", "zsris_ros"):
        parts = load_small()
        assert parts.encoder.clip.dtype == torch.bfloat16
        assert "the models compute in bf16 (cosine to float32: 0.99" in caplog.text
        patches = GemLocaliser.patches

        def overflowing(self: GemLocaliser, rgb: np.ndarray) -> torch.Tensor:
            found = patches(self, rgb)
            return found * torch.nan if self.clip.dtype == torch.bfloat16 else found

        monkeypatch.setattr(GemLocaliser, "patches", overflowing)
        parts = load_small()
        assert parts.encoder.clip.dtype == torch.float32
        assert parts.sam.embed(precision_module.sample_picture()).isfinite().all()
        assert "bf16 strays too far from it here (cosine 0.0" in caplog.text


def test_background_tokens_are_reused_if_features_agree(
    small_preset: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def halo(**how: Any) -> int | None:
        caplog.clear()
        with caplog.at_level("INFO", "zsris_ros"):
            return load_small(**how).encoder.settings.halo

    small_preset()
    assert halo() == 0
    assert (
        "beyond a halo of 0 cells around masks are encoded once a frame (cosine to" in caplog.text
    )
    assert halo(surround="exact") is None and not caplog.text
    with pytest.raises(WeightsError, match="unknown surround 'no': use auto or exact"):
        halo(surround="no")
    clip = load_small().encoder.clip
    found = [verified_halo(clip, HybridSettings(start_block=2), close) for close in (0.9, 1.1)]
    assert found[0].halo == 0 and found[1].halo is None
    assert 0.9 < found[0].cosine <= found[1].cosine <= 1.0001

    monkeypatch.setattr(load_module, "verified_halo", lambda *_, **__: (None, 0.98, 7.5))
    assert halo() is None
    assert "encoded in full" in caplog.text
    assert "(cosine 0.98000, logits 7.50)" in caplog.text
    small_preset(hybrid={"start_block": 2, "window": 1.5})
    assert halo() is None and not caplog.text


def test_agreement_is_that_of_the_worst_row() -> None:
    one = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert min_cosine([one, 3 * one], [2 * one, one]) == pytest.approx(1)
    turned = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert min_cosine([one, one], [one, turned]) == pytest.approx(0.5**0.5)
    assert min_cosine([one], [torch.full((2, 2), torch.inf)]) <= 0.0


def test_list_shows_presets_and_checkpoints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "RN50.pt").write_bytes(b"")
    assert main("list", "--dir", str(tmp_path)) == 0
    printed = capsys.readouterr().out
    for name in (*preset_names(), *catalogue()):
        assert name in printed
    assert printed.count("not fetched") == len(catalogue()) - 1
    assert catalogue()["sam_vit_h"].sha256 in printed


def test_verify_distinguishes_valid_from_damaged_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSRIS_WEIGHTS_DIR", str(tmp_path))
    assert main("verify") == 0
    assert "no checkpoint is in" in capsys.readouterr().out
    (tmp_path / "RN50.pt").write_bytes(b"too short")
    assert main("verify") == 2
    error = capsys.readouterr().err
    assert error.startswith("zsris weights: ")
    assert "RN50.pt has 9 bytes, but clip_rn50 255827503" in error
    assert error.count("\n") == 1
    assert main("verify", "openai") == 2
    assert "sam_vit_h_4b8939.pth is missing" in capsys.readouterr().err


def test_bundled_weights_need_no_fetching(
    small_preset: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("fetch", "small") == 0
    assert "small ships with the package" in capsys.readouterr().out


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("fetch", "yolo") == 2
    error = capsys.readouterr().err
    assert "nothing is called 'yolo'; there are household, mobile-sam, openai" in error


def test_listing_needs_no_torch() -> None:
    code = """
import argparse, sys
from zsris_ros.commands.weights import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser.add_subparsers())
run(parser.parse_args(["weights", "list"]))
sys.exit("torch" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_the_default_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ZSRIS_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert catalogue_module.default_directory() == tmp_path / "zsris_ros" / "weights"
    monkeypatch.setenv("ZSRIS_WEIGHTS_DIR", "~/w")
    assert catalogue_module.default_directory() == Path.home() / "w"
