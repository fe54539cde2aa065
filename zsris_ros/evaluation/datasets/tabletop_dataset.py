"""Simulated scenes as a data set: any seeds, rendered during the evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.simulation.expressions.expressions import (
    CATEGORIES,
    CHOSEN_CATEGORIES,
    HOUSEHOLD_CATEGORIES,
    expressions,
)
from zsris_ros.simulation.expressions.verdict_expressions import (
    HOUSEHOLD_VERDICT_CATEGORIES,
    VERDICT_CATEGORIES,
    verdict_expressions,
)
from zsris_ros.simulation.household.household_scene import household_scene
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.simulation.training_set import TRAINING_SEEDS
from zsris_ros.types import InputError


class TabletopData:
    """The scenes of ``seed`` to ``seed + scenes - 1``: a DataSet with the items "seed 12", ...

    Args:
        seed: The first seed.
        scenes: The number of scenes.
        categories: Categories of expressions, all by default.
        verdicts: Whether to add expressions for absent and for duplicate objects, each about a
            third.
        objects: Models of household scenes, instead of the tabletop's: folders of objects,
            "libero" and "shapes".
        inverted: The share of these scenes' containers that stand upside down.

    Raises:
        InputError: Seeds of the training set, an unknown category, or ``inverted`` without
            ``objects``.
    """

    def __init__(
        self,
        seed: int,
        scenes: int,
        categories: Sequence[str] | None = None,
        verdicts: bool = False,
        objects: Sequence[str] = (),
        inverted: float = 0.0,
    ) -> None:
        if seed < 0 or scenes < 1 or seed + scenes > TRAINING_SEEDS:
            raise InputError(
                f"seeds {seed} to {seed + scenes - 1} cannot be evaluated: take at least one scene "
                f"and seeds from 0 to {TRAINING_SEEDS - 1}; higher seeds are trained on"
            )
        plain = HOUSEHOLD_CATEGORIES if objects else CATEGORIES
        judged = HOUSEHOLD_VERDICT_CATEGORIES if objects else VERDICT_CATEGORIES
        known = judged if verdicts else plain
        self.categories = known if categories is None else tuple(categories)
        more = CHOSEN_CATEGORIES if objects and not verdicts else ()
        unknown = [each for each in self.categories if each not in (*known, *more)]
        if unknown or not self.categories:
            raise InputError(
                f"the tabletop has no category {', '.join(unknown) or 'chosen'}: "
                f"take some of {', '.join((*known, *more))}"
            )
        if inverted and not objects:
            raise InputError(
                "only household scenes have containers to turn over: name their models with "
                "--objects, or leave --inverted out"
            )
        self.verdicts = verdicts
        self._library = ModelLibrary(model_source(objects)) if objects else None
        self._inverted = inverted
        self.seeds = range(seed, seed + scenes)

    @property
    def title(self) -> str:
        """Title for readers."""
        kind = "verdicts, " if self.verdicts else ""
        kind += f"{self._inverted:.0%} inverted, " if self._inverted else ""
        place = "simulated household" if self._library else "simulated tabletop"
        return f"{place} ({kind}seeds {self.seeds[0]}-{self.seeds[-1]})"

    def names(self) -> Sequence[str]:
        """Return the names of the items."""
        return [f"seed {seed}" for seed in self.seeds]

    def item(self, name: str) -> EvaluationItem:
        """Render one scene.

        Raises:
            InputError: A name outside of this data set.
            RenderingUnavailable: MuJoCo or OpenGL is missing.
        """
        seed = name.removeprefix("seed ")
        if name == seed or not seed.isdecimal() or int(seed) not in self.seeds:
            raise InputError(
                f"'{name}' is no scene of the {self.title}: take 'seed {self.seeds[0]}' "
                f"to 'seed {self.seeds[-1]}'"
            )
        if self._library:
            scene = household_scene(int(seed), self._library, inverted=self._inverted)
            return self.to_item(scene)
        return self.to_item(tabletop_scene(int(seed)))

    def to_item(self, scene: TabletopScene) -> EvaluationItem:
        """Return ``scene`` with its questions; ``names`` holds unique pairs of colour and shape."""
        generate = verdict_expressions if self.verdicts else expressions
        masks = [each.mask for each in scene.objects]
        counts = Counter(each.name for each in scene.objects)
        counts.update(each.name for each in scene.hidden)
        return EvaluationItem(
            name=f"seed {scene.seed}",
            frame=scene.frame,
            masks=np.stack(masks) if masks else np.zeros((0, *scene.labels.shape), bool),
            questions=tuple(
                Question(each.text, each.category, each.targets, each.verdict)
                for each in generate(scene, categories=self.categories)
            ),
            names=tuple(
                Question(f"the {each.name}", "name", (index,))
                for index, each in enumerate(scene.objects)
                if counts[each.name] == 1
            ),
        )
