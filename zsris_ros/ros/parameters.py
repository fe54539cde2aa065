"""The node's parameters, each declared once: type, default, range, meaning.

A field of ``Parameters`` is the whole declaration; the ROS descriptors, the checks at start and at
run time, docs/parameters.md and the tests of launch/ and config/ are read from it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields, replace
from enum import Enum
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from zsris_ros.camera.frame_buffer import STAMP_TOLERANCE, SYNC_TOLERANCE
from zsris_ros.camera.messages import MAX_PIXELS


class ParameterError(ValueError):
    """A parameter that cannot be used; the message says which, why and what is allowed."""


class Changes(Enum):
    """When a parameter may change."""

    ALWAYS = "at any time"
    UNCONFIGURED = "while the node is unconfigured"
    NEVER = "only when the node is started"


def _declared(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    changes: Changes = Changes.ALWAYS,
) -> Any:
    """A dataclass field that carries a parameter's declaration.

    ``low`` and ``high`` bound a number, both included; ``choices`` lists what a string may be.
    """
    return field(
        default=default,
        metadata={
            "description": description,
            "range": None if low is None or high is None else (low, high),
            "choices": choices,
            "changes": changes,
        },
    )


@dataclass(frozen=True)
class Parameters:
    """All parameters of refer_segment_node with their defaults."""

    autostart: bool = _declared(
        True,
        "Load the models and serve at once; else wait for the lifecycle transitions configure and "
        "activate.",
        changes=Changes.NEVER,
    )
    weights: str = _declared(
        "tabletop",
        "Name of the weights preset, as `zsris weights list` shows it.",
        changes=Changes.UNCONFIGURED,
    )
    weights_dir: str = _declared(
        "",
        "Folder of fetched checkpoints; empty means the default of `zsris weights`.",
        changes=Changes.UNCONFIGURED,
    )
    device: str = _declared(
        "auto",
        "Where the models run: auto (a GPU if there is one), cpu, cuda, cuda:1.",
        changes=Changes.UNCONFIGURED,
    )
    precision: str = _declared(
        "auto",
        "Number format of the models; auto takes float16 on a GPU and float32 elsewhere.",
        choices=("auto", "float32", "float16", "bfloat16"),
        changes=Changes.UNCONFIGURED,
    )
    depth_proposals: bool = _declared(
        True,
        "Also propose objects found in the depth image, where there is one.",
        changes=Changes.UNCONFIGURED,
    )
    parser: str = _declared(
        "auto",
        "Who reads the expression: auto (the rules), rules, or the name or folder of a spaCy "
        "pipeline.",
        changes=Changes.UNCONFIGURED,
    )
    batch_size: int = _declared(
        0,
        "Masks encoded at once; lower it when the GPU runs out of memory. 0 leaves it to the "
        "weights preset.",
        low=0,
        high=1024,
        changes=Changes.UNCONFIGURED,
    )
    image_transport: str = _declared(
        "raw",
        "How the colour image is sent; compressed (JPEG or PNG) is read from IMAGE/compressed, "
        "where IMAGE is what `image` is remapped to.",
        choices=("raw", "compressed"),
        changes=Changes.UNCONFIGURED,
    )
    depth_transport: str = _declared(
        "raw",
        "How the depth image is sent; compressedDepth (PNG or RVL) is read from "
        "DEPTH/compressedDepth.",
        choices=("raw", "compressed", "compressedDepth"),
        changes=Changes.UNCONFIGURED,
    )
    max_pending: int = _declared(
        16,
        "Requests that may wait for the model; one more is answered BUSY at once.",
        low=1,
        high=1000,
    )
    max_scenes: int = _declared(
        4,
        "Frames whose image work is kept, so that further expressions about them are cheap.",
        low=1,
        high=100,
    )
    buffer_length: int = _declared(
        60,
        "Recent frames kept for requests with a stamp (a 640x480 RGB-D frame takes 1.5 MB).",
        low=1,
        high=10_000,
    )
    stamp_tolerance: float = _declared(
        STAMP_TOLERANCE,
        "Seconds by which a request's stamp may miss the nearest kept frame.",
        low=0.0,
        high=3600.0,
    )
    sync_tolerance: float = _declared(
        SYNC_TOLERANCE,
        "Seconds by which the times of an image and its depth may differ.",
        low=0.0,
        high=10.0,
    )
    assume_registered: bool = _declared(
        False, "Use depth although its frame_id says that another camera than the image's took it."
    )
    target_frame: str = _declared(
        "",
        "Frame that points and poses are told in, through tf2 at the time of the image; empty "
        "leaves them in the camera's optical frame, as does a transform that is not there in time.",
    )
    transform_timeout: float = _declared(
        0.2,
        "Seconds after its arrival for which a request waits for the transform to target_frame.",
        low=0.0,
        high=60.0,
    )
    max_pixels: int = _declared(
        MAX_PIXELS,
        "Pixels an image may have, compressed or not; a larger one is refused before it is "
        "decoded.",
        low=1,
        high=1_000_000_000,
    )
    max_expression_length: int = _declared(
        500, "Characters an expression may have.", low=1, high=100_000
    )
    max_candidates: int = _declared(
        20, "Most candidates in an answer; a request may ask for fewer.", low=1, high=255
    )
    publish_overlay: bool = _declared(
        True, "Draw the answer into the picture and publish it on ~/overlay."
    )
    image_timeout: float = _declared(
        5.0,
        "Seconds without an image after which the log and /diagnostics warn.",
        low=0.1,
        high=3600.0,
    )


def declare(node: Node) -> Parameters:
    """Declares every parameter on ``node`` and returns their values.

    Raises ParameterError in one sentence when a value has the wrong type, lies outside its range,
    or when a given name is none of ours.
    """
    _refuse_unknown(node)
    values: dict[str, Any] = {}
    for parameter in fields(Parameters):
        try:
            declared = node.declare_parameter(
                parameter.name, parameter.default, _descriptor(parameter)
            )
        except ParameterException as error:
            raise ParameterError(
                f"the parameter {parameter.name} cannot be used: {error} "
                f"(default {parameter.default!r}{_allowed(parameter)})"
            ) from error
        values[parameter.name] = declared.value
        reason = check(parameter.name, declared.value)
        if reason:
            raise ParameterError(reason)
    return Parameters(**values)


def check(name: str, value: Any) -> str:
    """Why ``value`` cannot be the parameter ``name``, as a sentence; empty if it can."""
    parameter = next(known for known in fields(Parameters) if known.name == name)
    choices, bounds = parameter.metadata["choices"], parameter.metadata["range"]
    wrong = type(value) is not type(parameter.default)
    wrong = wrong or bool(choices and value not in choices)
    wrong = wrong or bool(bounds and not bounds[0] <= value <= bounds[1])
    if not wrong:
        return ""
    return f"the parameter {name} cannot be {value!r}{_allowed(parameter)}"


def update(
    current: Parameters, changes: Sequence[Parameter[Any]], configured: bool = True
) -> tuple[Parameters, SetParametersResult]:
    """``current`` with ``changes`` made, or unchanged with the reason why they are refused.

    ``configured`` says whether the models have been loaded, with the parameters they needed.
    Names that are not ours (``use_sim_time``) are left to their owners.
    """
    ours = {parameter.name: parameter for parameter in fields(Parameters)}
    values = {change.name: change.value for change in changes if change.name in ours}
    for name, value in values.items():
        reason = check(name, value)
        early = ours[name].metadata["changes"] is Changes.UNCONFIGURED
        if not reason and configured and early and value != getattr(current, name):
            reason = (
                f"the parameter {name} changes only while the node is unconfigured: "
                "`ros2 lifecycle set NODE deactivate`, then `cleanup`"
            )
        if reason:
            return current, SetParametersResult(successful=False, reason=reason)
    return replace(current, **values), SetParametersResult(successful=True)


def _descriptor(parameter: Field[Any]) -> ParameterDescriptor:
    meta = parameter.metadata
    descriptor = ParameterDescriptor(
        description=f"{meta['description']} Changes {meta['changes'].value}.",
        read_only=meta["changes"] is Changes.NEVER,
    )
    if meta["choices"]:
        descriptor.additional_constraints = "one of " + ", ".join(meta["choices"])
    if meta["range"] and isinstance(parameter.default, int):
        low, high = meta["range"]
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    elif meta["range"]:
        low, high = meta["range"]
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return descriptor


def _allowed(parameter: Field[Any]) -> str:
    """What a parameter may be, to be put behind a sentence."""
    if parameter.metadata["choices"]:
        return ", allowed are " + ", ".join(parameter.metadata["choices"])
    kind = {bool: "true or false", int: "an integer", float: "a number such as 1.0", str: "a text"}[
        type(parameter.default)
    ]
    if parameter.metadata["range"]:
        low, high = parameter.metadata["range"]
        return f", allowed is {kind} from {low} to {high}"
    return f", allowed is {kind}"


def _refuse_unknown(node: Node) -> None:
    """A misspelt parameter would otherwise be ignored without a word."""
    given = getattr(node, "_parameter_overrides", {})  # rclpy has no public name for it
    ours = [parameter.name for parameter in fields(Parameters)]
    for name in given:
        # Names with a dot, such as qos_overrides./image.reliability, belong to rclpy.
        if name in ours or node.has_parameter(name) or "." in name:
            continue
        close = difflib.get_close_matches(name, ours, 1)
        hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(ours)}"
        raise ParameterError(f"there is no parameter {name}{hint}")
