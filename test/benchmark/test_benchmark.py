"""The published plan equals this package's reference, and the measured stages add up."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image
from support.small_clip import small_clip
from torch.nn import functional as F

from zsris_ros import cli
from zsris_ros.benchmark.bench_tables import (
    bench_table,
    groups,
    read_documents,
    with_parts,
)
from zsris_ros.benchmark.charts import draw_stages
from zsris_ros.benchmark.curves import AXES, growth, measure_curves
from zsris_ros.benchmark.experiments import background_agreement, compilation, gpu_memory
from zsris_ros.benchmark.flops import counted
from zsris_ros.benchmark.inputs import Inputs, paint_scene, sentences
from zsris_ros.benchmark.measuring import Measurement, Task
from zsris_ros.benchmark.networks import Networks, ScriptedMasks
from zsris_ros.benchmark.plans import PLANS, PackagePlan, make_plan
from zsris_ros.benchmark.published.features import mask_features, patch_features
from zsris_ros.benchmark.published.pipelines import PublishedPlan, _generator
from zsris_ros.benchmark.stopwatch import Stopwatch
from zsris_ros.camera.conversions import to_frame, to_rgb
from zsris_ros.commands.bench import _name
from zsris_ros.evaluation.reports.markdown import replace_between_marks
from zsris_ros.models.preset import load_preset
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.torch_utils import batching
from zsris_ros.tracing.stages import stage, stage_hook
from zsris_ros.types import InputError
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

SAM = {"image_size": 64, "patch_size": 8, "encoder_width": 16, "encoder_depth": 1,
       "encoder_heads": 2, "window_size": 4, "global_blocks": [0], "prompt_width": 16,
       "decoder_heads": 2, "decoder_mlp_width": 16}  # fmt: skip
HYBRID = HybridSettings.reference(start_block=2, blur_kernel=5)
GEM = GemSettings(blocks=2, size=64)
TASK = Task(size="tiny", masks=8, expressions=3, width=120, height=80, device="cpu")
KEYS = {"plan", "device", "precision", "masks", "first_answer_ms", "features_ms", "further_ms",
        "chosen", "peak_mb", "held_mb", "stages"}  # fmt: skip
STAGES = {"decode", "proposals encoder", "proposals decoder", "compositing", "features", "GEM",
          "text", "guidance", "publish"}  # fmt: skip


def tiny(window: float | None = None) -> Networks:
    """Networks of a few thousand parameters under a preset's own name."""
    torch.manual_seed(1)
    preset = load_preset("tabletop")
    preset = replace(
        preset,
        proposing=replace(preset.proposing, points_per_side=3),
        hybrid=replace(HYBRID, window=window),
        gem=GEM,
    )
    sam = build_sam(SAM).requires_grad_(False)
    return Networks(preset, sam, small_clip(), torch.device("cpu"), "fp32", "random")


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return paint_scene(8, 120, 80)


@pytest.mark.parametrize("window", [None, 1.5])
def test_published_features_are_those_of_the_package(window: float | None, inputs: Inputs) -> None:
    clip, settings = small_clip(), replace(HYBRID, window=window)
    rgb = to_rgb(inputs.message)
    masks = np.concatenate([inputs.masks, np.zeros((1, 80, 120), bool)])
    masks[-1, 3, 5] = True  # vanishes on the grid
    published = mask_features(clip, settings, rgb, masks)
    ours = HybridEncoder(clip, settings).encode(rgb, masks)
    torch.testing.assert_close(published, ours, atol=2e-5, rtol=0)
    assert float((ours[0] - ours[1]).abs().max()) > 1e-3


def test_published_localisation_is_that_of_the_package(inputs: Inputs) -> None:
    clip = small_clip()
    rgb = to_rgb(inputs.message)
    ours = GemLocaliser(clip, GEM).patches(rgb)
    torch.testing.assert_close(patch_features(clip, GEM, rgb), ours, atol=2e-5, rtol=0)


def test_the_published_plan_and_the_reference_choose_the_same_masks(inputs: Inputs) -> None:
    networks = tiny()
    published, ours = PublishedPlan(networks, inputs), PackagePlan("reference", networks, inputs)
    ours.look()
    texts = [*sentences(6), "the small red box inside the blue bowl", "the bigger ball",
             "the thing in the middle", "the mug on the right side of the picture"]  # fmt: skip
    chosen = [ours.answer(text) for text in texts]
    assert [published.answer(text) for text in texts] == chosen
    assert len(set(chosen)) > 1
    torch.testing.assert_close(published.features, ours.features, atol=2e-5, rtol=0)


def test_background_token_reuse_changes_no_choice(inputs: Inputs) -> None:
    networks = replace(tiny(), halo=0)
    shared, exact = (PackagePlan(name, networks, inputs) for name in ("shared", "reference"))
    chosen = []
    for plan in (shared, exact):
        plan.look()
        chosen.append([plan.answer(text) for text in sentences(12)])
    assert chosen[0] == chosen[1] and len(set(chosen[0])) > 1
    assert F.cosine_similarity(shared.features, exact.features).min() > 0.999
    assert not torch.allclose(shared.features, exact.features, atol=1e-6, rtol=0)


def test_a_measurement_has_its_task_and_all_figures() -> None:
    for plan in PLANS:
        with closing(Measurement(replace(TASK, plan=plan), tiny())) as measurement:
            measurement.warm_up()
            for _ in range(2):
                measurement.repeat()
            found = json.loads(json.dumps(measurement.document()))
        assert set(found) >= KEYS and set(found["stages"]) >= STAGES
        assert (found["plan"], found["masks"], found["device"]) == (plan, 8, "cpu")
        assert found["precision"] == "fp32" and 0 <= found["chosen"] < 8
        stages = [row["median_ms"] for row in found["stages"].values()]
        assert all(each >= 0 for each in stages)
        low, high = found["first_answer"]["min_ms"], found["first_answer"]["max_ms"]
        assert low <= found["first_answer_ms"] <= high
        assert found["features_ms"] == found["stages"]["features"]["median_ms"] > 0
        held = found["held_mb"]
        assert 1 < held["after_first"] <= held["most"] <= found["peak_mb"] + 1  # as Linux counts
        assert 1 < held["after_last"] <= held["most"] and found["further_ms"] > 0
        assert len(found["chosen_further"]) == (0 if plan == "published" else 2)
        assert found["further"]["repetitions"] == (1 if plan == "published" else 4)
        # Only the published plan encodes the image again.
        assert ("features" in found["further"]["stages"]) == (plan == "published")


def test_a_new_image_clears_the_text_cache(inputs: Inputs) -> None:
    """The text cache is empty for a new image."""
    networks = tiny()
    plan = make_plan("product", networks, inputs)
    spent = []
    for _ in range(2):
        watch = Stopwatch(networks.device)
        with stage_hook(watch):
            plan.look()
            plan.answer("the red box")
        spent.append("text" in watch.milliseconds)
    assert spent == [True, True]


def test_stages_within_stages_are_not_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    monkeypatch.setattr("zsris_ros.benchmark.stopwatch.perf_counter", lambda: seconds)
    watch = Stopwatch(torch.device("cpu"))
    with stage_hook(watch), stage("localisation"):
        seconds += 0.001
        for _ in range(2):
            with stage("inner"):
                seconds += 0.02
            seconds += 0.005
    assert watch.milliseconds == pytest.approx({"GEM": 11, "inner": 40})
    with stage("without a hook"):
        seconds += 1
    assert set(watch.milliseconds) == {"GEM", "inner"}


def test_operations_of_a_product_a_convolution_and_attention() -> None:
    with counted() as counter:
        torch.ones(3, 5) @ torch.ones(5, 7)
        assert counter.get_total_flops() == 2 * 3 * 5 * 7
        F.conv2d(torch.ones(2, 3, 8, 8), torch.ones(4, 3, 2, 2), stride=2)
        assert counter.get_total_flops() == 2 * (3 * 5 * 7 + 2 * 4 * 4 * 4 * 3 * 2 * 2)
        before = counter.get_total_flops()
        query = torch.ones(2, 3, 11, 16)
        F.scaled_dot_product_attention(query, query, query)
        assert counter.get_total_flops() - before == 2 * 2 * (2 * 3 * 11 * 11 * 16)


def operations_of_blocks(pictures: int, blocks: int, tokens: int, width: int) -> int:
    """q, k, v, output and the two layers of the perceptron, and attention's two products."""
    return pictures * blocks * 2 * (12 * tokens * width**2 + 2 * tokens**2 * width)


def test_operations_of_the_published_features(inputs: Inputs) -> None:
    """Two images a mask, all blocks in full, on the test's CLIP: 17 tokens of 48."""
    task = replace(TASK, plan="published", expressions=1)
    with closing(Measurement(task, tiny())) as measurement:
        measurement.warm_up()
        measurement.repeat()
        found = measurement.document()
    stem, head = 2 * 8 * 2 * 16 * 48 * 3 * 8 * 8, 8 * 2 * 48 * 24
    expected = stem + head + operations_of_blocks(2 * 8, 4, 17, 48)
    assert found["stages"]["features"]["gflop"] == pytest.approx(expected / 1e9, abs=1e-3)
    assert found["further_ms"] is None


def test_inputs_are_deterministic_and_have_the_requested_sizes() -> None:
    first, second = paint_scene(50), paint_scene(50)
    assert first.message.data == second.message.data and (first.masks == second.masks).all()
    assert first.masks.shape == (50, 480, 640)
    assert first.masks.any(axis=(1, 2)).all() and first.masks.sum(axis=0).max() == 1
    assert len(set(sentences(300))) == 300 and sentences(300)[:5] == sentences(5)
    with pytest.raises(InputError, match="do not fit"):
        paint_scene(5000, 64, 48)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "fast"], "there is no plan 'fast'"),
        (["--size", "vit_x"], "there is no size 'vit_x'; there are"),
        (["--size", "tabletop", "--plan", "published", "--precision", "bf16"], "in fp32"),
    ],
)
def test_unknown_names_are_refused_in_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", *arguments, "--out", str(tmp_path / "out.json")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_random_networks_propose_the_given_masks_to_every_plan(inputs: Inputs) -> None:
    networks = tiny()
    found = {}
    for script in (ScriptedMasks(networks.sam, inputs.masks), None):
        published = _generator(networks).generate(to_rgb(inputs.message))
        ours = SamProposer(networks.sam, networks.preset.proposing).propose(
            to_frame(inputs.message)
        )
        found[script is None] = (len(published), len(ours))
        if script is None:
            continue
        assert found[False] == (8, 8)
        for mask in inputs.masks:
            same = (ours.masks & mask).sum((1, 2)) / (ours.masks | mask).sum((1, 2))
            assert same.max() > 0.7
        script.close()
    assert found[True] != (8, 8)


def document(plan: str, milliseconds: float) -> dict[str, Any]:
    figures = {"median_ms": milliseconds, "gflop": 10.0, "bound_ms": 100.0,
               "share_of_matrix_rate": 100 / milliseconds}  # fmt: skip
    machine = {"cpu": "A processor", "cores": 2, "threads": 2, "instructions": "AVX2"}
    settings = {"plan": plan, "size": "vit_b", "weights": "random", "device": "cpu",
                "precision": "fp32", "masks": 50, "image": [640, 480]}  # fmt: skip
    stages = {"features": figures, "publish": {"median_ms": 0.5}}
    times = {"first_answer": figures, "first_answer_ms": milliseconds, "stages": stages,
             "further": {"median_ms": 12.0, "stages": {}}}  # fmt: skip
    return {**settings, **times, "machine": machine, "chosen": 3, "peak_mb": 2000.0}


def test_the_table_has_the_ratio_of_the_times(tmp_path: Path) -> None:
    for plan, milliseconds in (("published", 40000.0), ("product", 10000.0)):
        path = tmp_path / f"{plan}.json"
        path.write_text(json.dumps(document(plan, milliseconds)))
    curve = {"axis": "masks", "asks": "first answer", "plan": "product", "values": [8, 64],
             "ms": [100.0, 800.0], **growth([8, 64], [100.0, 800.0])}  # fmt: skip
    (tmp_path / "curves.json").write_text(json.dumps({"curves": [curve]}))
    ros = {
        "frames": 20,
        "new_frame": {"beyond_ms": 4.0, "in_node_ms": 52.0, "pipeline_ms": 50.5},
        "same_frame": {"beyond_ms": 3.123, "in_node_ms": 6.0, "pipeline_ms": 5.25},
        "echo_of_the_same_response": {"median_ms": 2.5},
        "publishing_mask_and_overlay": {"median_ms": 2.5, "cpu_ms": 1.5},
        "after_idle_time": {"beyond_ms": 40.0},
        "idle_share_of_a_core": 0.118,
        "share_of_the_middleware": 0.052,
        "share_without_a_camera": 0.003,
    }
    (tmp_path / "ros.json").write_text(json.dumps(ros))
    table = bench_table(tmp_path)
    assert "beyond its pipeline | 4 ms, 1.5 ms of it in the node |" in table
    assert "| a further one, beyond its pipeline | 3.12 ms, 0.75 ms of it in the node |" in table
    assert "| an rclpy service that returns a stored response of the same size | 2.5 ms |" in table
    assert "| making and publishing mask and overlay | 2.5 ms, 1.5 ms of CPU time |" in table
    assert "| the first request after idle time, beyond its pipeline | 40 ms |" in table
    assert "| idle CPU load, camera at 30 Hz | 11.8% of a core |" in table
    assert "| a process that subscribes and takes no message | 5.2% of a core |" in table
    assert "| features | 40.00 s | 10.00 s | 4.0 | 100 ms (1% of the rate) |" in table
    assert "| publish | 0.5 ms | 0.5 ms |  |  |" in table
    assert "`product` chooses the same mask" in table and "2 CPU cores (A processor" in table
    assert "| product | masks | 8 in 100 ms | 64 in 800 ms | 12.5 ms each | 1.00 |" in table
    draw_stages(groups(read_documents(tmp_path)), tmp_path / "stages.png")
    assert Image.open(tmp_path / "stages.png").size[0] > 300


def test_memory_over_many_requests_has_a_table(tmp_path: Path) -> None:
    found = document("shared", 10000.0)
    found["held_mb"] = {"after_first": 900.4, "after_last": 910.0, "most": 920.0}
    found["further"]["repetitions"] = 1000
    (tmp_path / "requests.json").write_text(json.dumps(found))
    page = with_parts("<!-- requests -->\n<!-- /requests -->", tmp_path)
    assert "| after the first answer about 50 masks | 900 |" in page
    assert "| after 1000 further ones | 910 |" in page
    assert "| the most while they were made | 2000 |" in page


def test_float32_has_a_table_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "fp32").mkdir()
    for plan, milliseconds in (("published", 40000.0), ("shared", 10000.0)):
        path = tmp_path / "fp32" / f"{plan}.json"
        path.write_text(json.dumps(document(plan, milliseconds)))
    page = with_parts("before\n<!-- fp32 -->\n<!-- /fp32 -->\nbehind", tmp_path)
    assert "| features | 40.00 s | 10.00 s | 4.0 |" in page
    assert page.startswith("before") and page.endswith("behind")
    assert bench_table(tmp_path) == "", "it is not mixed with the main table"


def test_growth_is_fitted_by_a_line_and_by_a_power_law() -> None:
    assert growth([1, 2, 4], [3.0, 6.0, 12.0]) == {"ms_per_unit": 3.0, "exponent": 1.0}
    assert growth([1, 2, 4], [5.0, 20.0, 80.0])["exponent"] == 2.0


def test_curves_are_measured_over_their_axis() -> None:
    few = [replace(axis, values=axis.values[:2]) for axis in AXES]
    found = measure_curves([replace(TASK, masks=4)], 1, few, lambda task: tiny())
    assert [curve["axis"] for curve in found["curves"]] == ["masks", "kilopixels", "expressions"]
    assert all(len(curve["ms"]) == 2 and min(curve["ms"]) > 0 for curve in found["curves"])


def test_the_page_has_the_measured_figures() -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "bench.md").read_text(encoding="utf-8")
    assert replace_between_marks(page, "bench", bench_table(root / "bench")) == page
    assert with_parts(page, root / "bench") == page


def test_the_agreement_of_background_token_reuse_is_measured_for_each_halo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = list(islice(background_agreement._images(), 2))
    monkeypatch.setattr(background_agreement, "_images", lambda: iter(few))
    rows = background_agreement.measure(tiny(), "tabletop")
    masks = sum(len(masks) for _, masks in few)
    assert [row["halo"] for row in rows] == [0, 1, 2]
    assert {row["masks"] for row in rows} == {masks} and masks > 4
    computed = [row["computed"] for row in rows]
    assert computed == sorted(computed) and 0.5 < computed[0] <= 1  # of a grid of 4 x 4
    assert all(0.99 < row["cosine_least"] <= row["cosine_median"] <= 1.00001 for row in rows)
    assert all(0.9 * row["choices"] < row["same_choices"] <= row["choices"] for row in rows)
    assert rows[0]["choices"] == 2 * len(background_agreement.PHRASES)
    (tmp_path / "halo.json").write_text(json.dumps({"rows": rows}))
    page = with_parts("a\n<!-- halo -->\n<!-- /halo -->\n", tmp_path)
    assert f"| the bundled tabletop weights, random | 0 | {computed[0]:.0%} |" in page
    assert with_parts("a", tmp_path / "nowhere") == "a"


def test_plans_alternate_in_separate_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real command on the bundled weights, with a small task."""
    options = ["--size", "tabletop", "--masks", "3", "--image", "96x72", "--repetitions", "1"]
    plans = ["--plan", "published,reference", "--expressions", "2", "--device", "cpu"]
    assert cli.main(["bench", *options, *plans, "--out", str(tmp_path)]) == 0
    published, ours = groups(read_documents(tmp_path))[0]
    assert (published["plan"], ours["plan"]) == ("published", "reference")
    assert published["weights"] == "preset" and published["precision"] == "fp32"
    assert published["chosen"] == ours["chosen"]
    said = capsys.readouterr()
    assert "reference, tabletop, 3 masks" in said.out and "1 of 1" in said.err
    assert "**first answer**" in bench_table(tmp_path)


def test_live_tensors_are_counted_until_they_are_freed() -> None:
    given = torch.zeros(100)
    live = gpu_memory.LiveTensors()
    with live, stage_hook(live.stage_hook):
        with stage("features"):
            made = given + 1  # 400 bytes
            view = made[10:]
            other = torch.ones(1000, dtype=torch.float16)  # 2000
        assert live.now == live.peak == 2400
        del made
        assert live.now == 2400  # the view holds all of it
        del view, other
        assert live.now == 0
        given.add_(1)
        kept = given[5:].view(5, 19)  # nothing new
        assert live.now == 0 and kept is not None
        with stage("localisation"):
            torch.zeros(100)
    assert live.peaks == {"features": 2400, "GEM": 400}


def test_memory_is_estimated_with_the_batches_of_a_gpu() -> None:
    networks = tiny()
    found = gpu_memory.measure(networks, replace(TASK, plan="reference", masks=4))
    assert batching.CPU_VALUES_AT_ONCE < batching.GPU_VALUES_AT_ONCE  # as before
    most = max(found["stages_mb"].values())
    assert found["peak_mb"] == pytest.approx(found["weights_mb"] + most, abs=0.2)
    assert {"features", "GEM", "proposals encoder"} <= found["stages_mb"].keys()
    with patch.multiple(batching, CPU_VALUES_AT_ONCE=1, GPU_VALUES_AT_ONCE=1):
        one_by_one = gpu_memory.measure(networks, replace(TASK, plan="reference", masks=4))
    assert one_by_one["stages_mb"]["features"] < found["stages_mb"]["features"]
    rows = gpu_memory.table({"rows": [found]}).splitlines()
    assert rows[0] == "| tensors alive at once | reference |" and "MiB" in rows[-1]


def test_compiling_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile is replaced, because compilation takes a minute."""
    asked = []
    monkeypatch.setattr(torch, "compile", lambda forward, mode: asked.append(mode) or forward)
    networks = tiny()
    found = compilation.measure(networks, "tabletop", "default")
    assert asked == [None] and found["masks"] == 16 and found["cosine_least"] > 0.999
    assert min(found["plain_ms"], found["compiled_ms"]) > 0
    assert "| 16 masks, cpu, fp32 |" in compilation.table({"rows": [found]})


@pytest.mark.parametrize(
    ("device", "name"), [("cpu", "vit_b_shared.json"), ("cuda:0", "vit_b_shared_cuda.json")]
)
def test_the_table_has_gpu_and_cpu_figures(device: str, name: str) -> None:
    assert _name({"device": device, "size": "vit_b", "plan": "shared"}) == name
