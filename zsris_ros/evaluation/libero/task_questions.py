"""Questions about the first frame of a LIBERO task, from its sentence and its goal.

The goal gives the object that the sentence means: ``(On akita_black_bowl_1 plate_1)`` moves the
first object onto the second, ``(Turnon flat_stove_1)`` switches an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from zsris_ros.evaluation.datasets.items import Question
from zsris_ros.evaluation.libero.object_names import ABSENT_NAMES, LOOKS, model_of, name_of
from zsris_ros.types import Verdict

Goal = Sequence[Sequence[str]]
"""Predicates: [["on", "akita_black_bowl_1", "plate_1"], ...]."""

SWITCHING = re.compile(r"((slide|pull|push) )?(open|close|shut|turn|switch)\b", re.IGNORECASE)
MAX_ABSENT = 2


def task_questions(
    sentence: str, goal: Goal, visible: Mapping[str, int], number: int
) -> Iterator[Question]:
    """Yield the questions about a frame.

    Args:
        sentence: The task's own sentence.
        goal: The task's goal.
        visible: The index of each visible instance.
        number: The number of the task; varies the names of absent objects.

    Yields:
        The sentence ("sentence"), unless its first object is a part or hidden; the sentence's
        object by its name ("object"), ambiguous where the name fits several visible instances; and
        names of objects in whose group nothing is visible ("absent").
    """
    meant = first_objects(sentence, goal)
    if meant and all(each in visible for each in meant):
        targets = tuple(visible[each] for each in meant)
        yield Question(sentence, "sentence", targets)
    named = next((each for each in [*meant, *_instances(goal)] if each in visible), None)
    if named is not None:
        same = tuple(index for each, index in visible.items() if name_of(each) == name_of(named))
        verdict = Verdict.AMBIGUOUS if len(same) > 1 else Verdict.FOUND
        yield Question(f"the {name_of(named)}", "object", same, verdict)
    seen = {LOOKS.get(model_of(each)) for each in visible}
    groups = [look for look in ABSENT_NAMES if look not in seen]
    for offset in range(min(MAX_ABSENT, len(groups))):
        names = ABSENT_NAMES[groups[(number + offset) % len(groups)]]
        yield Question(f"the {names[number % len(names)]}", "absent", (), Verdict.NOT_FOUND)


def first_objects(sentence: str, goal: Goal) -> list[str]:
    """Return the instances that the first verb of the sentence acts on; none if it is a part.

    Of several objects that the goal moves it is the one that carries no other ("stack the left
    bowl on the right bowl") and that the sentence names first; all of them after "both".
    """
    if SWITCHING.match(sentence):
        switched = [each[1] for each in goal if len(each) == 2]
        return [each for each in switched if not each.endswith("_region")][:1]
    moves = [each for each in goal if len(each) == 3]
    moved = list(dict.fromkeys(each[1] for each in moves))
    if " both " in f" {sentence.lower()} ":
        return moved
    bases = {each[2] for each in moves}
    on_top = [each for each in moved if each not in bases]
    return sorted(on_top or moved, key=_places(sentence, on_top or moved).__getitem__)[:1]


def _places(sentence: str, instances: Sequence[str]) -> dict[str, int]:
    """Return where the sentence names each instance first; its length where it does not.

    Longer names are looked for first and crossed out: "yellow and white mug" holds "white mug".
    """
    words, places = sentence.lower(), {}
    for instance in sorted(instances, key=lambda each: -len(name_of(each))):
        place = words.find(name_of(instance))
        places[instance] = len(words) if place < 0 else place
        words = words.replace(name_of(instance), "_" * len(name_of(instance)))
    return places


def _instances(goal: Goal) -> Iterator[str]:
    """Yield the instances that the goal names; of "wooden_cabinet_1_top_region" the cabinet."""
    for predicate in goal:
        for argument in predicate[1:]:
            found = re.match(r"[a-z0-9_]+?_\d+(?=_|$)", argument)
            if found:
                yield found.group()
