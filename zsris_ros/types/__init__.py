"""The data of one request, from a camera frame to an answer.

Frozen dataclasses over NumPy arrays; no torch, no ROS.
"""

from __future__ import annotations

from zsris_ros.types.expression import Expression, NounPhrase, Number, Ordinal, Relation, Side
from zsris_ros.types.frame import (
    BoolArray,
    ByteArray,
    FloatArray,
    Frame,
    InputError,
    Intrinsics,
    Pixel,
    Point,
    RegionOfInterest,
)
from zsris_ros.types.instruction import Action, Destination, DestinationKind, Instruction, Step
from zsris_ros.types.instruction_result import (
    DestinationResult,
    InstructionResult,
    PlacePoint,
    StepResult,
)
from zsris_ros.types.result import Candidate, ReferringResult, Verdict, worst
from zsris_ros.types.scene import Proposals, Scene

__all__ = [
    "Action",
    "BoolArray",
    "ByteArray",
    "Candidate",
    "Destination",
    "DestinationKind",
    "DestinationResult",
    "Expression",
    "FloatArray",
    "Frame",
    "InputError",
    "Instruction",
    "InstructionResult",
    "Intrinsics",
    "NounPhrase",
    "Number",
    "Ordinal",
    "Pixel",
    "PlacePoint",
    "Point",
    "Proposals",
    "ReferringResult",
    "RegionOfInterest",
    "Relation",
    "Scene",
    "Side",
    "Step",
    "StepResult",
    "Verdict",
    "worst",
]
