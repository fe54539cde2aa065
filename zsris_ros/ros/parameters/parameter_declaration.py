"""Declaration of a node's parameters from a frozen dataclass, one field per parameter.

A field holds type, default, range, description and the states in which the parameter can change;
see ``node_parameters`` and ``speech_parameters``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import Field, field, fields, replace
from enum import Enum
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

ParametersT = TypeVar("ParametersT", bound=Any)


class ParameterError(ValueError):
    """An invalid parameter; the message has its name, the reason and the allowed values."""


class Changes(Enum):
    """When a parameter can change."""

    ALWAYS = "at any time"
    UNCONFIGURED = "while the node is unconfigured"
    NEVER = "only when the node is started"


def parameter_field(
    default: Any,
    description: str,
    *,
    bounds: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    changes: Changes = Changes.ALWAYS,
) -> Any:
    """Return a dataclass field that declares a parameter of the default's type.

    ``bounds`` are the smallest and the largest number, ``choices`` the allowed strings.
    """
    return field(
        default=default,
        metadata={
            "description": description,
            "range": bounds,
            "choices": choices,
            "changes": changes,
        },
    )


def declare(node: Node, kind: type[ParametersT]) -> ParametersT:
    """Declare each field of ``kind`` as a parameter of ``node`` and return the values.

    Raises ParameterError for an invalid value. An unknown name is logged as a warning only, because
    a parameter file for all nodes (``/**:``) has the names of other nodes.
    """
    _warn_of_unknown(node, kind)
    values: dict[str, Any] = {}
    for parameter in fields(kind):
        try:
            given = node.declare_parameter(
                parameter.name, parameter.default, _descriptor(parameter)
            )
        except ParameterException as error:
            raise ParameterError(
                f"the parameter {parameter.name} cannot be used: {error} "
                f"(default {parameter.default!r}{_allowed(parameter)})"
            ) from error
        values[parameter.name] = given.value
        reason = check(kind, parameter.name, given.value)
        if reason:
            raise ParameterError(reason)
    return kind(**values)


def check(kind: type[Any], name: str, value: Any) -> str:
    """Return why ``value`` is invalid for the parameter ``name``, or ""."""
    parameter = next(known for known in fields(kind) if known.name == name)
    choices, bounds = parameter.metadata["choices"], parameter.metadata["range"]
    wrong = type(value) is not type(parameter.default)
    wrong = wrong or bool(choices and value not in choices)
    wrong = wrong or bool(bounds and not bounds[0] <= value <= bounds[1])
    if not wrong:
        return ""
    return f"the parameter {name} cannot be {value!r}{_allowed(parameter)}"


def update(
    current: ParametersT, changes: Sequence[Parameter[Any]], configured: bool = True
) -> tuple[ParametersT, SetParametersResult]:
    """Return ``current`` with all ``changes``, or unchanged with the reason for a refusal.

    Unknown names such as ``use_sim_time`` are ignored. While ``configured``, the parameters of the
    models are fixed.
    """
    known = {parameter.name: parameter for parameter in fields(current)}
    values = {change.name: change.value for change in changes if change.name in known}
    for name, value in values.items():
        reason = check(type(current), name, value)
        fixed = configured and known[name].metadata["changes"] is Changes.UNCONFIGURED
        if not reason and fixed and value != getattr(current, name):
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
    """Return the allowed values as the end of a sentence."""
    if parameter.metadata["choices"]:
        return ", allowed are " + ", ".join(parameter.metadata["choices"])
    kind = {
        bool: "true or false",
        int: "an integer",
        float: "a number such as 1.0",
        str: "a string",
    }[type(parameter.default)]
    if parameter.metadata["range"]:
        low, high = parameter.metadata["range"]
        return f", allowed is {kind} from {low} to {high}"
    return f", allowed is {kind}"


def _warn_of_unknown(node: Node, kind: type[Any]) -> None:
    """Log a warning of unknown names, which rclpy ignores."""
    overrides = getattr(node, "_parameter_overrides", {})  # rclpy has no public accessor
    known = [parameter.name for parameter in fields(kind)]
    for name in overrides:
        # Names with a dot, such as qos_overrides./image.subscription.depth, belong to rclpy.
        if name in known or node.has_parameter(name) or "." in name:
            continue
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        node.get_logger().warning(f"this node has no parameter {name}, it is ignored{hint}")
