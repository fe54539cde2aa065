"""The simulated tabletop as a data set: any seeds, rendered while they are evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.simulation.expressions import CATEGORIES, expressions
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.simulation.training_set import TRAINING_SEEDS
from zsris_ros.simulation.verdict_expressions import VERDICT_CATEGORIES, verdict_expressions
from zsris_ros.types import InputError


class TabletopData:
    """The scenes of ``seed`` to ``seed + scenes - 1``: a DataSet whose items are "seed 12", ...

    ``categories`` are those asked for, all by default. With ``verdicts`` the questions also ask for
    what is not there and for what fits several objects, each about a third.

    Raises InputError for seeds that were trained on and for unknown categories.
    """

    def __init__(
        self,
        seed: int,
        scenes: int,
        categories: Sequence[str] | None = None,
        verdicts: bool = False,
    ) -> None:
        if seed < 0 or scenes < 1 or seed + scenes > TRAINING_SEEDS:
            raise InputError(
                f"seeds {seed} to {seed + scenes - 1} cannot be evaluated: take at least one scene "
                f"and seeds from 0 to {TRAINING_SEEDS - 1}, those above are trained on"
            )
        known = VERDICT_CATEGORIES if verdicts else CATEGORIES
        self.categories = known if categories is None else tuple(categories)
        unknown = [each for each in self.categories if each not in known]
        if unknown or not self.categories:
            raise InputError(
                f"the tabletop has no category {', '.join(unknown) or 'chosen'}: "
                f"take some of {', '.join(known)}"
            )
        self.verdicts = verdicts
        self.seeds = range(seed, seed + scenes)

    @property
    def title(self) -> str:
        asked = "verdicts, " if self.verdicts else ""
        return f"simulated tabletop ({asked}seeds {self.seeds[0]}-{self.seeds[-1]})"

    def names(self) -> Sequence[str]:
        return [f"seed {seed}" for seed in self.seeds]

    def item(self, name: str) -> EvaluationItem:
        """Render one scene. Raises InputError for a name that is not in this data set,
        RenderingUnavailable without MuJoCo or OpenGL.
        """
        seed = name.removeprefix("seed ")
        if name == seed or not seed.isdecimal() or int(seed) not in self.seeds:
            raise InputError(
                f"'{name}' is no scene of the {self.title}: take 'seed {self.seeds[0]}' "
                f"to 'seed {self.seeds[-1]}'"
            )
        return self.to_item(tabletop_scene(int(seed)))

    def to_item(self, scene: TabletopScene) -> EvaluationItem:
        """``scene`` with its questions; ``names`` holds every colour and shape that occur once."""
        ask = verdict_expressions if self.verdicts else expressions
        masks = [thing.mask for thing in scene.objects]
        seen = Counter([*(thing.name for thing in scene.objects), *scene.hidden])
        return EvaluationItem(
            name=f"seed {scene.seed}",
            frame=scene.frame,
            masks=np.stack(masks) if masks else np.zeros((0, *scene.labels.shape), bool),
            questions=tuple(
                Question(each.text, each.category, each.targets, each.verdict)
                for each in ask(scene, categories=self.categories)
            ),
            names=tuple(
                Question(f"the {thing.name}", "name", (index,))
                for index, thing in enumerate(scene.objects)
                if seen[thing.name] == 1
            ),
        )
