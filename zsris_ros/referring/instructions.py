"""Instructions in a scene: every noun phrase is resolved, every destination gets a place point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zsris_ros.language.instructions import parse_instruction
from zsris_ros.language.lexicon.morphology import singular
from zsris_ros.language.lexicon.supports import SUPPORTS
from zsris_ros.referring.objects.place_points import Anchor, NoPlaceError, Placer
from zsris_ros.referring.product_resolver import merge_results
from zsris_ros.referring.resolver import ExpressionResolver, Resolver
from zsris_ros.referring.verdict.messages import absence, noun
from zsris_ros.tracing.stages import timed
from zsris_ros.types import (
    BoolArray,
    Destination,
    DestinationResult,
    Expression,
    InputError,
    Instruction,
    InstructionResult,
    NounPhrase,
    PlacePoint,
    ReferringResult,
    Relation,
    Scene,
    Step,
    StepResult,
    Verdict,
    worst,
)


@dataclass(frozen=True, eq=False)
class _Mention:
    """One noun phrase of the instruction with its result.

    ``needed`` is False for a support surface that the support plane replaces.
    """

    phrase: NounPhrase
    result: ReferringResult
    needed: bool = True


def instruct(scene: Scene, text: str, resolver: Resolver) -> InstructionResult:
    """Return the steps of a text; a referring expression is one step with the result of ``refer``.

    Raises:
        InputError: The text holds no letter or digit, or it is an instruction and the resolver
            reads expressions only.
    """
    timings: dict[str, float] = {}
    with timed(timings, "language"):
        instruction = parse_instruction(text)
    if instruction.is_expression:
        target = resolver.refer(scene, text)
        step = StepResult(instruction.steps[0], target)
        result = InstructionResult(
            instruction, (step,), target.verdict, target.message, target.timings
        )
    elif isinstance(resolver, ExpressionResolver):
        result = resolve_instruction(scene, instruction, resolver)
    else:
        raise InputError("instructions need the product variant of a method")
    others = dict(result.timings)
    timings["language"] += others.pop("language", 0.0)
    return replace(result, timings={**timings, **others})


def resolve_instruction(
    scene: Scene, instruction: Instruction, resolver: ExpressionResolver
) -> InstructionResult:
    """Return the results of all steps.

    Every noun phrase is resolved once in the same scene. The verdict is the worst of all.
    """
    timings: dict[str, float] = {}
    with timed(timings, "instruction"):
        resolution = _InstructionResolver(scene, resolver)
        steps = tuple(resolution.resolve(step) for step in instruction.steps)
    mentions = resolution.mentions
    verdict = worst(mention.result.verdict for mention in mentions if mention.needed)
    return InstructionResult(instruction, steps, verdict, _message(mentions, steps), timings)


class _InstructionResolver:
    """Resolves the steps of one instruction in their order."""

    def __init__(self, scene: Scene, resolver: ExpressionResolver) -> None:
        self.mentions: list[_Mention] = []
        self._scene, self._resolver = scene, resolver
        self._placer = Placer(scene)
        self._steps: list[StepResult] = []
        self._known: dict[NounPhrase, ReferringResult] = {}
        self._places: dict[int, tuple[PlacePoint, ...]] = {}

    def resolve(self, step: Step) -> StepResult:
        target = None
        if step.target is not None:
            target = self._refer(step.targets)
        found = StepResult(step, target)
        if step.destination is not None:
            carried = target if target is not None else self._target_of(step.same_as)
            destination = self._destination(step, step.destination, carried)
            found = replace(found, destination=destination)
        self._steps.append(found)
        return found

    def _mention(self, phrase: NounPhrase, result: ReferringResult, needed: bool = True) -> None:
        if all(mention.result is not result for mention in self.mentions):
            self.mentions.append(_Mention(phrase, result, needed))

    def _refer(self, phrases: tuple[NounPhrase, ...]) -> ReferringResult:
        """Return the result of the objects of one verb."""
        if len(phrases) > 1:
            # A sentence about several objects describes none of them.
            phrases = tuple(replace(phrase, sentence=phrase.text) for phrase in phrases)
        results = [self._refer_to_one(phrase) for phrase in phrases]
        for phrase, result in zip(phrases, results, strict=True):
            self._mention(phrase, result)
        if len(results) == 1:
            return results[0]
        text = " and ".join(phrase.text for phrase in phrases)
        return merge_results(Expression(text, phrases[0], phrases[1:]), results)

    def _refer_to_one(self, phrase: NounPhrase) -> ReferringResult:
        """Return the result of a noun phrase, resolved at its first mention."""
        if phrase not in self._known:
            target = _groundable(phrase)
            expression = Expression(target.sentence, target)
            self._known[phrase] = self._resolver.resolve(self._scene, expression)
        return self._known[phrase]

    def _target_of(self, index: int | None) -> ReferringResult | None:
        return None if index is None else self._steps[index].target

    def _destination(
        self, step: Step, destination: Destination, carried: ReferringResult | None
    ) -> DestinationResult:
        """Return a destination with a place point for each object that the step moves."""
        anchors, results, missing = self._destination_anchors(destination)
        found = DestinationResult(destination.kind, results, destination.same_as)
        if step.action == "hand_over":
            return replace(found, reason="the object is handed over")
        if missing:
            return replace(found, reason=f"{missing} was not found")
        if carried is not None and not carried.selected:
            return replace(found, reason="the object to be placed was not found")
        try:
            places = tuple(
                self._placer.place(destination.kind, anchors, mask)
                for mask in self._carried_masks(carried)
            )
        except NoPlaceError as error:
            return replace(found, reason=str(error))
        index = len(self._steps) if step.same_as is None else step.same_as
        self._places[index] = places
        return replace(found, places=places)

    def _destination_anchors(
        self, destination: Destination
    ) -> tuple[list[Anchor], tuple[ReferringResult, ...], str]:
        """Return the anchors, the results of those that are named, and the first missing one."""
        anchors: list[Anchor] = []
        results: list[ReferringResult] = []
        missing: list[str] = []
        if destination.same_as is not None:
            earlier = self._target_of(destination.same_as)
            named = self._steps[destination.same_as].step.target
            if earlier is not None and named is not None:
                moved = self._places.get(destination.same_as, ())
                anchors += self._anchors(named, earlier, moved)
                missing += [] if earlier.selected else [named.text]
        for phrase in destination.anchors:
            result = self._refer_to_one(phrase)
            plane = result.verdict is Verdict.NOT_FOUND and self._is_support(destination, phrase)
            self._mention(phrase, result, needed=not plane)
            if plane:
                anchors.append(Anchor(phrase.text, None))
                continue
            results.append(result)
            if result.selected:
                anchors += self._anchors(phrase, result)
            else:
                missing.append(phrase.text)
        return anchors, tuple(results), next(iter(missing), "")

    def _carried_masks(self, carried: ReferringResult | None) -> list[BoolArray | None]:
        """Return the mask of each object that the step moves; [None] if they are unknown."""
        if carried is None:
            return [None]
        several = carried.verdict is Verdict.FOUND
        chosen = carried.selected if several else carried.selected[:1]
        return [self._scene.proposals.masks[candidate.index] for candidate in chosen]

    def _is_support(self, destination: Destination, phrase: NounPhrase) -> bool:
        """Return whether the support plane can stand for an anchor: "on the table"."""
        plain = not (phrase.relations or phrase.position or phrase.ordinal or phrase.superlative)
        surface = singular(phrase.head.lower()) in SUPPORTS - {"drawer", "compartment", "shelf"}
        return destination.kind == "on" and plain and surface and self._scene.frame.has_geometry

    def _anchors(
        self, phrase: NounPhrase, result: ReferringResult, moved: Sequence[PlacePoint] = ()
    ) -> Iterator[Anchor]:
        """Yield the selected objects: one, or each of several; ``moved`` are their new places."""
        chosen = result.selected
        if result.verdict is Verdict.AMBIGUOUS or (phrase.number == "one" and not moved):
            chosen = chosen[:1]
        for number, candidate in enumerate(chosen):
            mask: BoolArray = self._scene.proposals.masks[candidate.index]
            yield Anchor(phrase.text, mask, moved[number] if number < len(moved) else None)


def _groundable(phrase: NounPhrase) -> NounPhrase:
    """Return a phrase with the relation "at" as nearness, which the scene can show."""
    relations = tuple(
        Relation(
            "near" if each.kind == "at" else each.kind,
            tuple(map(_groundable, each.anchors)),
            each.certainty,
        )
        for each in phrase.relations
    )
    return replace(phrase, relations=relations)


def _message(mentions: Sequence[_Mention], steps: Sequence[StepResult]) -> str:
    """Return the missing objects, else the question, else the found objects and missing places."""
    needed = [mention for mention in mentions if mention.needed]
    missing = [m for m in needed if m.result.verdict is Verdict.NOT_FOUND]
    unclear = [m for m in needed if m.result.verdict is Verdict.AMBIGUOUS]
    if missing:
        seen = _names([m for m in needed if m.result.verdict is not Verdict.NOT_FOUND])
        absent = [noun(m.phrase, 1) for m in missing if _is_absent(m)]
        others = [m.result.message for m in missing if not _is_absent(m)]
        parts = []
        if absent:
            nothing = "no " + " and no ".join(absent)
            parts.append(f"I see {_listed(seen)} but {nothing}." if seen else f"I see {nothing}.")
        elif seen:
            parts.append(f"I see {_listed(seen)}.")
        return " ".join([*parts, *others])
    if unclear:
        return unclear[0].result.message
    text = f"Found {_listed(_names(needed))}." if needed else "Nothing is named."
    reasons = [s.destination.reason for s in steps if s.destination and s.destination.reason]
    return " ".join([text, *(f"No place point: {reason}." for reason in reasons)])


def _is_absent(mention: _Mention) -> bool:
    """Return whether nothing in the scene matches the noun at all."""
    return mention.result.message.startswith(f"{absence(noun(mention.phrase, 1))}:")


def _names(mentions: Sequence[_Mention]) -> list[str]:
    """Return one name of each object: the first that the instruction gives it."""
    names: dict[tuple[int, ...], str] = {}
    for mention in mentions:
        objects = tuple(candidate.index for candidate in mention.result.selected)
        names.setdefault(objects, mention.phrase.text)
    return list(names.values())


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
