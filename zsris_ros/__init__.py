"""zsris_ros: zero-shot referring image segmentation as a ROS 2 package.

A frame is encoded once; any number of referring expressions is then resolved in the scene.

Example:
    >>> from zsris_ros import Frame, load_segmenter
    >>> segmenter = load_segmenter("household")
    >>> scene = segmenter.look(Frame(rgb))
    >>> result = segmenter.refer(scene, "the red mug left of the bowl")

The generated modules ``zsris_ros.msg``, ``srv`` and ``action`` are part of the installed package of
the same name. The extended path joins them with the modules of a checkout.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zsris_ros.models.load_options import LoadOptions
    from zsris_ros.models.robot_models import load_segmenter
    from zsris_ros.types import Frame, InputError, Intrinsics, Verdict

__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
__all__ = ["Frame", "InputError", "Intrinsics", "LoadOptions", "Verdict", "load_segmenter"]

_ROOMS = {
    "load_segmenter": "zsris_ros.models.robot_models",  # imports torch
    "LoadOptions": "zsris_ros.models.load_options",
    **dict.fromkeys(("Frame", "InputError", "Intrinsics", "Verdict"), "zsris_ros.types"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
