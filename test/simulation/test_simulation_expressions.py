"""Expressions about the tabletop are true of exactly their targets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from support.tabletop_reading import referents

from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData
from zsris_ros.language.interpretation import interpret
from zsris_ros.language.meaning.posture import posture
from zsris_ros.language.rule_parser import parse
from zsris_ros.simulation.expressions.expressions import (
    CATEGORIES,
    ReferringExpression,
    expressions,
)
from zsris_ros.simulation.expressions.nouns import nouns
from zsris_ros.simulation.expressions.verdict_expressions import (
    ABSENT,
    AMBIGUOUS,
    VERDICT_CATEGORIES,
    verdict_expressions,
)
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.types import InputError, Verdict

SEEDS = range(300, 314)
MANY = 150
Asked = tuple[TabletopScene, ReferringExpression]


@pytest.fixture(scope="module")
def scenes() -> list[TabletopScene]:
    try:
        return [tabletop_scene(seed) for seed in SEEDS]
    except RenderingUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def asked(scenes: list[TabletopScene]) -> list[Asked]:
    return [(scene, each) for scene in scenes for each in expressions(scene, MANY)]


@pytest.fixture(scope="module")
def judged(scenes: list[TabletopScene]) -> list[Asked]:
    return [(scene, each) for scene in scenes for each in verdict_expressions(scene, MANY)]


def test_every_expression_is_true_of_its_targets_alone(asked: list[Asked]) -> None:
    for scene, each in asked:
        assert referents(scene, each.text) == set(each.targets), (scene.seed, each)
        assert each.verdict is Verdict.FOUND
        assert (len(each.targets) > 1) == (each.category == "plural"), each
    count = Counter(each.category for _, each in asked)
    assert set(count) == set(CATEGORIES) and min(count.values()) >= 10, count


def test_a_posture_selects_standing_or_lying_objects(scenes: list[TabletopScene]) -> None:
    said = Counter()
    for scene in scenes:
        upright = next(noun.objects[0] for noun in nouns(scene) if len(noun.objects) > 1)
        objects = [
            replace(each, extent_m=(0.05, 0.05, 0.15) if i == upright else (0.15, 0.05, 0.05))
            for i, each in enumerate(scene.objects)
        ]
        posed = replace(scene, objects=tuple(objects))
        for each in expressions(posed, MANY, ("posture",)):
            said[posture(each.text)] += 1
            assert (each.targets == (upright,)) == (posture(each.text) == "standing")
            assert parse(each.text).target.head != "object"
        assert not [m for m in expressions(scene, MANY, CATEGORIES) if m.category == "posture"]
    assert said["standing"] and None not in said


def test_an_upside_down_container_is_described_as_such(scenes: list[TabletopScene]) -> None:
    said = 0
    for scene in scenes:
        turned = next(noun.objects[0] for noun in nouns(scene) if len(noun.objects) > 1)
        objects = [replace(each, inverted=i == turned) for i, each in enumerate(scene.objects)]
        for each in expressions(replace(scene, objects=tuple(objects)), MANY, ("posture",)):
            if turned in each.targets:
                assert each.targets == (turned,) and posture(each.text) == "upside down"
                said += 1
    assert said > len(scenes) / 2


def test_a_handle_means_the_dishes_that_have_one_or_those_that_have_none(
    scenes: list[TabletopScene],
) -> None:
    said = Counter[bool | None]()
    for scene in scenes:
        dishes = {i: t.words.nouns[0] for i, t in enumerate(scene.objects)}
        handles = [{"mug": True, "bowl": False, "plate": False}.get(dishes[i]) for i in dishes]
        objects = [replace(t, handle=h) for t, h in zip(scene.objects, handles, strict=True)]
        for each in expressions(replace(scene, objects=tuple(objects)), MANY, ("handle",)):
            handle = interpret(parse(each.text).target).handle
            said[handle] += 1
            assert [handles[i] for i in each.targets] == [handle] and "dish" in each.text
        assert not expressions(scene, MANY, ("handle",)), "of unknown handles nothing is said"
    assert said[True] and said[False] and None not in said


def test_every_verdict_is_right(judged: list[Asked]) -> None:
    for scene, each in judged:
        fits = referents(scene, each.text)
        assert fits == set(each.targets), (scene.seed, each)
        right = (Verdict.NOT_FOUND, Verdict.FOUND, Verdict.AMBIGUOUS)[min(len(fits), 2)]
        assert each.verdict is right, each
    missing = set(VERDICT_CATEGORIES) - {each.category for _, each in judged}
    assert not missing


def test_the_parser_recovers_the_category(asked: list[Asked]) -> None:
    """The field of the expression's category is set, and those of other categories are not."""
    wrong = []
    for _, each in asked:
        read = parse(each.text).target
        chained = any(anchor.relations for r in read.relations for anchor in r.anchors)
        says = {
            "position": bool(read.position),
            "ordinal": read.ordinal is not None,
            "between": any(relation.kind == "between" for relation in read.relations),
            "chain": chained,
            "negation": bool(read.excluded),
            "plural": read.number != "one",
            "superlative": read.superlative in ("left", "right", "top", "bottom"),
        }
        expected = {name: name == each.category for name in says}
        if each.category == "plural":
            expected["superlative"] = says["superlative"]
        if says != expected or (each.category in ("attribute", "negation") and read.relations):
            wrong.append((each.text, read))
    assert not wrong


def test_expressions_are_deterministic_by_seed(scenes: list[TabletopScene]) -> None:
    again = tabletop_scene(SEEDS[0])
    assert expressions(again) == expressions(scenes[0])
    assert verdict_expressions(again) == verdict_expressions(scenes[0])
    assert expressions(again) != expressions(replace(again, seed=1)), "the seed chooses"


def test_limits_and_categories_are_kept(scenes: list[TabletopScene]) -> None:
    for scene in scenes:
        assert len(expressions(scene, 3)) <= 3
        only = expressions(scene, 9, ("ordinal", "chain"))
        assert {each.category for each in only} <= {"ordinal", "chain"}
        thirds = Counter(each.verdict for each in verdict_expressions(scene, 6))
        assert thirds[Verdict.NOT_FOUND] == 2 and max(thirds.values()) == 2
        lone = verdict_expressions(scene, 6, (*ABSENT, *AMBIGUOUS))
        assert Verdict.FOUND not in {each.verdict for each in lone}


def test_half_hidden_objects_are_neither_targets_nor_absent(scenes: list[TabletopScene]) -> None:
    for scene in scenes[:6]:
        lost = replace(scene, objects=scene.objects[1:], hidden=(scene.objects[0].words,))
        for each in (*expressions(lost, MANY), *verdict_expressions(lost, MANY)):
            assert referents(lost, each.text) == set(each.targets), each


def test_the_data_set_renders_any_scene_by_its_name() -> None:
    data = TabletopData(300, 3, verdicts=True)
    assert list(data.names()) == ["seed 300", "seed 301", "seed 302"]
    try:
        item = data.item("seed 301")
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert item.name == "seed 301"
    assert {question.verdict for question in item.questions} == set(Verdict)
    for question in (*item.questions, *item.names):
        assert item.truth(question).any() == bool(question.targets)
    for name in ("seed 299", "seed 303", "300", "seed -1", "seed x"):
        with pytest.raises(InputError, match="no scene"):
            data.item(name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 3), "cannot be evaluated"),
        ((0, 0), "cannot be evaluated"),
        ((999_999, 2), "trained on"),
        ((0, 1, ("chain", "colour")), "no category colour"),
        ((0, 1, ("absent pair",)), "no category absent pair"),
        ((0, 1, ("chain",), True), "no category chain"),
        ((0, 1, ()), "no category"),
        ((0, 1, None, False, (), 0.5), "containers to turn over"),
    ],
)
def test_invalid_seeds_and_categories_are_refused(
    arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        TabletopData(*arguments)  # type: ignore[arg-type]
