"""Instructions in a scene: the resolved phrases, the verdict of the whole and its message."""

from __future__ import annotations

import numpy as np
import pytest
from referring.test_place_points import scene_of
from support.place_scenes import collisions, distance, in_world, random_scene

from zsris_ros.demo.demo_bag import TABLETOP_BAG, read_frames, read_truth
from zsris_ros.language.instructions import parse_instruction
from zsris_ros.models.load import LoadedModels
from zsris_ros.referring.instructions import resolve_instruction
from zsris_ros.types import (
    Candidate,
    Expression,
    InputError,
    InstructionResult,
    ReferringResult,
    Scene,
    Verdict,
)
from zsris_ros.visualization.overlay import DESTINATION_COLOUR, draw_instruction

NAMES = ("tray", "cup", "box", "can", "jar", "tin", "lamp")
TABLE = random_scene(4)


class Names:
    """Resolves by the head alone, and records every expression."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def resolve(self, scene: Scene, expression: Expression) -> ReferringResult:
        self.asked.append(expression.target.text)
        heads = [each.head for each in (expression.target, *expression.further)]
        boxes = [k for head in heads for k, name in enumerate(NAMES) if head in (name, "thing")]
        mask = np.zeros(scene.frame.rgb.shape[:2], bool)
        if not boxes:
            missing = f"I see no {heads[0]}: the best match scores 0.01."
            return ReferringResult(Verdict.NOT_FOUND, expression, (), mask, missing, "")
        candidates = tuple(
            Candidate(k, 0.9, (0, 0, 1, 1), (1.0, 1.0), selected=True) for k in boxes
        )
        mask = scene.proposals.masks[boxes].any(axis=0)
        several = "thing" in heads
        verdict = Verdict.AMBIGUOUS if several else Verdict.FOUND
        return ReferringResult(verdict, expression, candidates, mask, "Which thing?", "")


def instruct(text: str, resolver: Names | None = None) -> InstructionResult:
    scene = scene_of(TABLE.frame, TABLE.masks)
    return resolve_instruction(scene, parse_instruction(text), resolver or Names())


def test_an_object_is_resolved_once() -> None:
    resolver = Names()
    result = instruct("pick up the cup and put it on the tray, then open the tray", resolver)
    assert resolver.asked == ["the cup", "the tray"]
    assert result.verdict is Verdict.FOUND and result.message == "Found the cup and the tray."
    pick, put, _ = result.steps
    assert pick.destination is None and put.target is None and put.step.same_as == 0
    assert result.targets_of(1) is pick.target
    assert put.destination is not None and put.destination.place is not None
    spot = in_world(put.destination.place)
    assert distance(TABLE.boxes[0], spot[0], spot[1]) == 0
    assert not collisions(TABLE, put.destination.place, {0})


@pytest.mark.parametrize(
    ("text", "verdict", "message"),
    [
        ("put the soup in the can", Verdict.NOT_FOUND, "I see the can but no soup."),
        ("put the can in the basket", Verdict.NOT_FOUND, "I see the can but no basket."),
        ("put the soup in the basket", Verdict.NOT_FOUND, "I see no soup and no basket."),
        ("take the thing and put it on the tray", Verdict.AMBIGUOUS, "Which thing?"),
        ("put the thing in the basket", Verdict.NOT_FOUND, "I see the thing but no basket."),
        ("put the cup on the table", Verdict.FOUND, "Found the cup."),
        ("give me the can and the jar", Verdict.FOUND, "Found the can and the jar."),
        ("give me the can and the bolt", Verdict.NOT_FOUND, "I see the can but no bolt."),
    ],
)
def test_the_verdict_of_the_whole(text: str, verdict: Verdict, message: str) -> None:
    result = instruct(text)
    assert (result.verdict, result.message) == (verdict, message)


def test_reasons_without_a_place_point() -> None:
    hidden = instruct("put the cup under the box")
    assert hidden.verdict is Verdict.FOUND
    assert "No place point: the place under the box is hidden" in hidden.message
    (step,) = instruct("hand the cup to the doctor").steps
    assert step.destination is not None and step.destination.place is None
    (missing,) = instruct("put the cup on the shelf").steps
    assert missing.destination is not None
    assert missing.destination.reason == "the shelf was not found"


def test_an_object_that_was_moved_is_at_its_new_place() -> None:
    result = instruct("put the tin on the table and the cup next to it")
    first, second = (step.destination for step in result.steps)
    assert first is not None and second is not None
    assert first.place is not None and second.place is not None
    assert second.same_as == 0 and second.anchors == ()
    apart = np.linalg.norm(in_world(first.place) - in_world(second.place))
    assert 0.04 < apart < 0.2


def test_targets_and_destinations_are_drawn_in_two_colours() -> None:
    result = instruct("put the cup on the tray and the can left of the box")
    drawn = draw_instruction(TABLE.frame.rgb, result, "put the cup on the tray")
    assert drawn.shape == TABLE.frame.rgb.shape
    for step in result.steps:
        assert step.target is not None and step.destination is not None
        (anchor,) = step.destination.anchors
        colour = np.array(DESTINATION_COLOUR)
        for mask, near in ((anchor.mask, True), (step.target.mask, False)):
            inner = drawn[mask].astype(int)
            assert (np.abs(inner - colour).sum(axis=1).min() < 60) == near


def test_instructions_about_the_recording_are_answered(tabletop: LoadedModels) -> None:
    segmenter = tabletop.segmenter()
    truth = read_truth(TABLETOP_BAG)[0]
    stamp = truth.stamps_ns[0]
    scene = segmenter.look(read_frames(TABLETOP_BAG, [stamp])[stamp])
    result = segmenter.instruct(scene, "put the cone on the green plate")
    assert result.verdict is Verdict.FOUND, result.message
    plate = segmenter.refer(scene, "the green plate")
    (step,) = result.steps
    assert step.destination is not None and step.destination.place is not None
    x, y = (round(value) for value in step.destination.place.pixel)
    assert plate.mask[y, x]
    absent = segmenter.instruct(scene, "put the cone on the yellow ball")
    assert absent.message == "I see the cone but no yellow ball."
    with pytest.raises(InputError):
        segmenter.instruct(scene, "?")
