"""The real node with a stand-in for the model that injects faults and delays.

The expression selects the behaviour: "red" returns the red pixels, "slow 2 ..." does so after two
seconds, "stages 20" after 20 stages of 0.1 seconds; "crash" and "exit" raise, "refuse" raises
InputError, "lose" raises and loses the device, as does a black picture, "lose 2" two seconds after
the loss; after "poison" the GPU memory cannot be read; "nothing" and "the table" are not found,
"either" is ambiguous. Instructions are the package's own, with these answers to their noun phrases.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import replace

import numpy as np

from zsris_ros.language.instructions import parse_instruction
from zsris_ros.ros.node import main
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.tracing.stages import stage
from zsris_ros.types import (
    Candidate,
    Expression,
    Frame,
    InputError,
    InstructionResult,
    NounPhrase,
    Proposals,
    ReferringResult,
    RegionOfInterest,
    Scene,
    StepResult,
    Verdict,
)


class StandIn:
    """Segments red pixels."""

    is_lost = False
    is_poisoned = False

    def to_device(self) -> None:
        pass

    def to_memory(self) -> None:
        pass

    def gpu_memory(self) -> str:
        if self.is_poisoned:
            raise RuntimeError("CUDA error: unspecified launch failure\nand more")
        return "not used"

    def check_device(self) -> None:
        if self.is_lost:
            raise RuntimeError("CUDA error: device-side assert triggered\nand more")

    def look(self, frame: Frame) -> Scene:
        with stage("proposals"):
            if not frame.rgb.any():
                self._lose()
            mask = (frame.rgb[..., 0] > 200) & (frame.rgb[..., 1] < 100)
        empty = np.zeros((1, 4), np.float32)
        quality = np.ones(1, np.float32)
        proposals = Proposals(mask[None], empty, quality, ("stand-in",))
        rows, columns = np.nonzero(mask)
        place = np.array([[columns.mean(), rows.mean()]] if mask.any() else [[0, 0]], np.float32)
        unknown = np.full((1, 3), np.nan, np.float32)
        return Scene(frame, proposals, np.ones((1, 2)), place, unknown, timings={"look": 1.0})

    def look_for_tracking(self, frame: Frame, region: RegionOfInterest | None = None) -> Scene:
        scene = self.look(frame)
        few = slice(int(scene.proposals.masks.any()))
        proposals = Proposals(
            scene.proposals.masks[few], scene.proposals.boxes[few], np.ones(few.stop), ("red",)
        )
        return Scene(frame, proposals, scene.features[few], scene.pixels[few], scene.points[few])

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        with stage("grounding"):
            self._inject(expression)
        return self._answer(scene, expression)

    def resolve(self, scene: Scene, expression: Expression) -> ReferringResult:
        return self.refer(scene, expression.text)

    def instruct(self, scene: Scene, text: str) -> InstructionResult:
        parsed = parse_instruction(text)
        if not parsed.is_expression:
            from zsris_ros.referring.instructions import resolve_instruction  # imports torch

            return resolve_instruction(scene, parsed, self)
        result = self.refer(scene, text)
        step = StepResult(parsed.steps[0], result)
        return InstructionResult(parsed, (step,), result.verdict, result.message, result.timings)

    def _inject(self, expression: str) -> None:
        word, _, argument = expression.partition(" ")
        if word == "slow":
            time.sleep(float(argument.split()[0]))
        for _ in range(int(argument) if word == "stages" else 0):
            with stage("grounding"):
                time.sleep(0.1)
        if word == "crash":
            raise RuntimeError("CUDA out of memory\nand more")
        if word == "lose":
            self.is_poisoned = bool(argument)
            time.sleep(float(argument or 0))
            self._lose()
        if word == "poison":
            self.is_poisoned = True
        if word == "exit":
            sys.exit(1)
        if word == "refuse":
            raise InputError("this expression cannot be used")

    def _lose(self) -> None:
        self.is_lost = True
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def _answer(self, scene: Scene, expression: str) -> ReferringResult:
        mask = scene.proposals.masks[0]
        asked = Expression(expression, NounPhrase(expression, expression))
        if not mask.any() or expression in ("nothing", "the table"):
            none = np.zeros_like(mask)
            return ReferringResult(Verdict.NOT_FOUND, asked, (), none, "nothing is red", "")
        rows, columns = np.nonzero(mask)
        depth, camera = scene.frame.depth, scene.frame.intrinsics
        centroid = None
        x, y = float(columns.mean()), float(rows.mean())
        if depth is not None and camera is not None:
            z = float(np.median(depth[mask]))
            centroid = ((x - camera.cx) / camera.fx * z, (y - camera.cy) / camera.fy * z, z)
        corner = float(columns.min()), float(rows.min())
        box = (*corner, float(np.ptp(columns)), float(np.ptp(rows)))
        best = Candidate(0, 0.9, box, (x, y), centroid, "stand-in", selected=True)
        if expression == "either":
            both = (best, replace(best, score=0.89))
            return ReferringResult(Verdict.AMBIGUOUS, asked, both, mask, "Which one?", "alike")
        rest = tuple(Candidate(0, 0.1, box, (x, y)) for _ in range(40))
        message, why = f"{expression}: the red pixels", "they are red"
        return ReferringResult(
            Verdict.FOUND, asked, (best, *rest), mask, message, why, {"refer": 2.0}
        )


def load(parameters: Parameters) -> StandIn:
    if parameters.weights == "missing":
        raise FileNotFoundError("no weights are called 'missing'")
    if parameters.weights == "doubtful":
        logging.getLogger("zsris_ros.weights").warning("these weights are %s", parameters.weights)
    if parameters.weights.startswith("slow"):
        time.sleep(float(parameters.weights.removeprefix("slow")))
    logging.getLogger("zsris_ros.weights").info("a model was loaded")
    return StandIn()


if __name__ == "__main__":
    os.environ.setdefault("RCUTILS_COLORIZED_OUTPUT", "0")
    sys.exit(main(load_model=load))
