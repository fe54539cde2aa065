"""Every method in every variant: on a small random CLIP and a painted scene, with its quirks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.painted_scene import painted, proposals_of
from support.small_clip import small_clip

from zsris_ros.baselines.factory import global_local_settings, hybrid_settings, method_segmenter
from zsris_ros.baselines.localisation import make_localiser
from zsris_ros.baselines.methods import METHODS, VARIANTS, Method, find_method, method_names
from zsris_ros.baselines.published_query import PublishedQuery, PublishedReader
from zsris_ros.baselines.published_resolver import PublishedResolver
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.guidance.coherence import directed_map
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, InputError, Proposals, Scene, Verdict
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemSettings
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import HybridSettings

HYBRID = HybridSettings(start_block=2, blur_kernel=5)
GEM = GemSettings(blocks=2, size=32)
SENTENCE = "the red box left of the blue box"


@pytest.fixture(scope="module")
def clip() -> ClipModel:
    return small_clip(depth=6)


def segmenter_of(method: Method, clip: ClipModel | ResnetClip) -> Segmenter:
    return method_segmenter(
        method, [], clip, parser=RuleParser(), reader=PublishedReader(), hybrid=HYBRID, gem=GEM
    )


def names(methods: Any) -> Any:
    return [pytest.param(m, id=f"{m.name}-{m.variant}") for m in methods]


def answer(method: Method, clip: ClipModel | ResnetClip, text: str = SENTENCE) -> Any:
    segmenter = segmenter_of(method, clip)
    scene = segmenter.look(*painted())
    result = segmenter.refer(scene, text)
    again = segmenter.refer(segmenter.look(*painted()), text)
    assert [c.score for c in result.candidates] == [c.score for c in again.candidates]
    return result


def check(result: Any, method: Method) -> None:
    assert result.best is not None
    scores = [one.score for one in result.candidates]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert all(np.isfinite(value) for one in result.candidates for value in one.scores.values())
    if method.variant != "product":
        assert result.verdict is Verdict.FOUND
        assert (result.mask == painted()[1].masks[result.best.index]).all()
        assert f"{method.name} ({method.variant}), parser rules" in result.explanation


@pytest.mark.parametrize("method", names(METHODS.values()))
def test_every_method_answers(method: Method, clip: ClipModel) -> None:
    check(answer(method, clip), method)


@pytest.mark.parametrize("method", names(m for m in METHODS.values() if not m.needs_vit))
def test_methods_of_a_resnet_answer(method: Method, resnet: ResnetClip) -> None:
    check(answer(method, resnet), method)


@pytest.mark.parametrize("method", names(m for m in METHODS.values() if m.needs_vit))
def test_methods_of_a_vit_refuse_a_resnet(method: Method, resnet: ResnetClip) -> None:
    with pytest.raises(InputError, match="needs a CLIP with a vision transformer"):
        segmenter_of(method, resnet)


@pytest.mark.parametrize("name", ["clip-prior", "score-map", "grad-cam"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_other_maps_guide_hybridgl(name: Any, variant: str, clip: ClipModel) -> None:
    method = find_method("hybridgl", variant).with_localisation(name)
    check(answer(method, clip), method)
    with pytest.raises(InputError, match="uses no localisation map"):
        find_method("crop", variant).with_localisation(name)


@pytest.mark.parametrize("method", names(METHODS.values()))
def test_no_masks_one_mask_and_a_full_mask(method: Method, clip: ClipModel) -> None:
    segmenter, (frame, _) = segmenter_of(method, clip), painted()
    nothing = segmenter.look(frame, proposals_of(np.zeros((0, 48, 64), bool)))
    assert segmenter.refer(nothing, SENTENCE).verdict is Verdict.NOT_FOUND
    whole = segmenter.look(frame, proposals_of(np.ones((1, 48, 64), bool)))
    best = segmenter.refer(whole, SENTENCE).best
    assert best is not None
    assert best.index == 0
    with pytest.raises(InputError):
        segmenter.refer(whole, "  ?! ")


def test_names_variants_and_published_values() -> None:
    assert {"hybridgl", "global-local", "crop", "region-token", "score-map", "grad-cam"} <= set(
        method_names()
    )
    for name in method_names():
        assert {(name, "reference"), (name, "paper")} <= set(METHODS)
    assert find_method().name == "hybridgl"
    with pytest.raises(InputError, match="there are hybridgl"):
        find_method("hybrid")
    with pytest.raises(InputError, match="grad-cam has no variant 'product'; there are reference"):
        find_method("grad-cam", "product")
    for dataset, alpha in (("refcoco", 0.95), ("refcocog", 0.85), ("phrasecut", 0.85)):
        assert find_method("global-local", "paper", dataset).options["alpha"] == alpha
        assert find_method("global-local-global", "paper", dataset).options["alpha"] == 1
        assert "alpha" not in find_method("hybridgl", "paper", dataset).options


def test_settings_follow_the_table(clip: ClipModel) -> None:
    preset = HybridSettings(start_block=4, window=2.0, mean=(0.1, 0.2, 0.3))

    def settings(name: str, variant: str) -> HybridSettings:
        return hybrid_settings(find_method(name, variant), clip, preset)

    assert settings("hybridgl", "product") == preset
    published = settings("hybridgl", "reference")
    assert published.window == preset.window  # a property of the weights
    assert not (published.mask_antialias or published.image_antialias or published.full_cell)
    assert (published.start_block, published.mean) == (4, preset.mean)
    assert settings("features-g2l-start10", "paper").start_block == 4  # two of six blocks
    assert settings("features-g-att-mask", "reference").depth == 5
    shallow = small_clip(depth=2)
    for name in ("features-g2l-start7", "features-g-att-mask"):
        late = hybrid_settings(
            find_method(name, "reference"), shallow, replace(HYBRID, start_block=1)
        )
        assert late.start_block == 0
    assert settings("features-g-att-mask", "paper").depth is None
    assert settings("features-g-tok-mask", "paper").blur_kernel == 1
    deep = replace(find_method("global-local", "reference"), options={"alpha": 0.85})
    assert global_local_settings(deep, clip, preset).alpha == 0.85
    assert global_local_settings(deep, clip, preset).start_block == 4


def query(**changes: Any) -> PublishedQuery:
    plain = PublishedQuery("box", "box", "box", (), "none", "none", (), "by hand")
    return replace(plain, **changes)


def resolver_on(name: str, variant: str, clip: ClipModel) -> tuple[PublishedResolver, Scene]:
    method = find_method(name, variant)
    scene = segmenter_of(method, clip).look(*painted())
    localiser = make_localiser(method.localisation, clip, GEM) if method.localisation else None
    return PublishedResolver(method, clip, localiser, PublishedReader()), scene


def test_the_published_code_ignores_right_and_the_paper_uses_it(clip: ClipModel) -> None:
    reader = PublishedReader()
    text = "box right of the cup"
    assert reader.read(text, "reference").relation == "none"
    assert reader.read(text, "paper").relation == "right"
    for variant, changes in (("reference", False), ("paper", True)):
        resolver, scene = resolver_on("hybridgl-relation", variant, clip)
        asked = reader.read(text, "paper" if changes else "reference")
        with_relation = resolver.scores(scene, asked)
        without = resolver.scores(scene, replace(asked, relation="none"))
        assert (not torch.equal(with_relation.final, without.final)) == changes


def test_the_published_code_ignores_up_and_the_paper_uses_it(clip: ClipModel) -> None:
    top = query(position="up", positions=("up",))
    resolver, scene = resolver_on("hybridgl-no-coherence", "reference", clip)
    assert torch.equal(resolver.heat(scene, top), torch.ones(48, 64))
    both = query(position="up", positions=("up", "left"))
    assert torch.equal(resolver.heat(scene, both), torch.ones(48, 64))
    resolver, scene = resolver_on("hybridgl-no-coherence", "paper", clip)
    heat = resolver.heat(scene, both)
    assert heat.argmax() == 0
    torch.testing.assert_close(heat.mean(), torch.tensor(1.0))
    assert float(heat[-1].max()) == float(heat[:, -1].max()) == 0


def test_the_printed_text_of_each_map(clip: ClipModel) -> None:
    """VATEX puts the noun phrase into its template; HybridGL's map is of the mixed text."""
    asked = query(sentence="a box that stands there", noun_phrase="box")
    other = replace(asked, sentence="dog")
    for name, of_the_phrase in (("clip-prior", True), ("gem", False)):
        method = find_method("hybridgl", "paper").with_localisation(name)
        scene = segmenter_of(method, clip).look(*painted())
        localiser = make_localiser(name, clip, GEM)
        resolver = PublishedResolver(method, clip, localiser, PublishedReader())
        assert scene.patches is not None
        (text,) = localiser.encode_phrases(["box"])
        heat = localiser.heat_map(scene.patches, text, 48, 64)
        expected = directed_map(heat, torch.ones(48, 64))
        assert torch.allclose(resolver.heat(scene, asked), expected) == of_the_phrase
        unmoved = torch.equal(resolver.heat(scene, asked), resolver.heat(scene, other))
        assert unmoved == of_the_phrase


def test_nan_wins_in_reference_only(clip: ClipModel) -> None:
    frame, given = painted()
    masks = given.masks[:2].copy()
    masks[1] = True  # the outside is empty, and 0/0 is NaN
    for variant in ("reference", "paper"):
        method = find_method("hybridgl", variant)
        segmenter = segmenter_of(method, clip)
        best = segmenter.refer(segmenter.look(frame, proposals_of(masks)), "box").best
        assert best is not None
        assert np.isnan(best.scores["guidance"]) == (variant == "reference")
        if variant == "reference":
            assert (best.index, best.score) == (1, 1.0)


def test_only_three_masks_compete_in_reference(clip: ClipModel) -> None:
    for variant, count in (("reference", 3), ("paper", 6)):
        resolver, scene = resolver_on("hybridgl", variant, clip)
        assert len(resolver.scores(scene, query()).masks) == count


def test_size_words_change_lambda(clip: ClipModel) -> None:
    def guidance(variant: str, **changes: Any) -> torch.Tensor:
        resolver, scene = resolver_on("hybridgl", variant, clip)
        return resolver.scores(scene, query(**changes)).terms["guidance"]

    plain = guidance("reference")
    assert torch.equal(guidance("reference", sentence="big box", noun_phrase="box"), plain)
    assert not torch.equal(guidance("reference", relation="big"), plain)
    resolver, scene = resolver_on("hybridgl", "paper", clip)
    heat = resolver.heat(scene, query(sentence="big box"))
    masks = torch.from_numpy(scene.proposals.masks)
    inside = torch.stack([heat[mask].mean() for mask in masks])
    outside = torch.stack([heat[~mask].mean() for mask in masks])
    measured = guidance("paper", sentence="big box")
    torch.testing.assert_close(measured, inside - 3 * outside, atol=1e-5, rtol=0)


def test_text_shares_and_local_features_are_the_rows_of_the_table(clip: ClipModel) -> None:
    """A row without the noun phrase ignores it; the crop is the local row with sentences."""
    resolver, scene = resolver_on("global-local-local-sentence", "reference", clip)
    asked = query(sentence="red box")
    first = resolver.scores(scene, asked).final
    assert torch.equal(resolver.scores(scene, replace(asked, noun_phrase="dog")).final, first)
    crop, seen = resolver_on("crop", "reference", clip)
    torch.testing.assert_close(crop.scores(seen, asked).final, first)
    phrase, scene = resolver_on("global-local-phrase", "reference", clip)
    one, other = (phrase.scores(scene, query(sentence=s)).final for s in ("a", "zebra"))
    assert torch.equal(one, other)


def test_resnet_scores_are_dot_products_in_reference_and_cosines_in_paper(
    resnet: ResnetClip,
) -> None:
    for variant, cosine in (("reference", False), ("paper", True)):
        method = find_method("global-local", variant)
        segmenter = segmenter_of(method, resnet)
        scene = segmenter.look(*painted())
        result = segmenter.refer(scene, "box")
        longer = replace(scene, features=2 * scene.features)
        again = segmenter.refer(longer, "box")
        assert result.best is not None
        assert again.best is not None
        unchanged = np.isclose(result.best.scores["logit"], again.best.scores["logit"])
        assert unchanged == cosine


class Twice:
    """Proposes every mask twice, the copy with the better quality."""

    def accepts(self, frame: Frame) -> bool:
        return True

    def propose(self, frame: Frame) -> Proposals:
        masks = np.repeat(painted()[1].masks, 2, axis=0)
        quality = np.tile(np.float32([0.5, 0.9]), len(masks) // 2)
        return Proposals(masks, mask_boxes(masks), quality, ("twice",) * len(masks))


def test_published_methods_keep_near_duplicates(clip: ClipModel) -> None:
    """Duplicates share the probability there; the robot's variant removes them."""
    for variant, count in (("reference", 12), ("paper", 12), ("product", 6)):
        segmenter = method_segmenter(
            find_method("hybridgl", variant),
            [Twice()],
            clip,
            parser=RuleParser(),
            reader=PublishedReader(),
            hybrid=HYBRID,
            gem=GEM,
        )
        assert len(segmenter.look(painted()[0]).proposals) == count


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize(
    "method",
    names(
        METHODS[name, "paper"]
        for name in ("hybridgl", "global-local", "region-token", "score-map", "grad-cam")
    ),
)
def test_half_precision_answers(method: Method, precision: str) -> None:
    half = small_clip(depth=6, precision=precision)
    check(answer(method, half), method)


def test_the_documentation_names_every_method() -> None:
    """In full, or abbreviated as in its table."""
    text = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
    for name in method_names():
        if "-start" in name or name.startswith("global-local-"):
            continue  # described by their pattern
        ending = name.removeprefix("hybridgl").removeprefix("features")
        assert f"`{name}`" in text or f"`{ending}`" in text, name
