"""The parameters of refer_segment_node, each declared once: type, default, range, meaning.

A field of ``Parameters`` is the whole declaration; the ROS descriptors, the checks at start and at
run time, docs/parameters.md and the tests of launch/ and config/ are read from it (``declaring``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from zsris_ros.camera.frame_buffer import MEMORY, STAMP_TOLERANCE, SYNC_TOLERANCE
from zsris_ros.camera.image_messages import MAX_PIXELS
from zsris_ros.ros.parameters import parameter_declaration
from zsris_ros.ros.parameters.parameter_declaration import Changes, ParameterError, declared, update

__all__ = ["Changes", "ParameterError", "Parameters", "check", "declare", "update"]


@dataclass(frozen=True)
class Parameters:
    """All parameters of refer_segment_node with their defaults."""

    autostart: bool = declared(
        True,
        "Load the models and serve at once; else wait for the lifecycle transitions configure and "
        "activate.",
        changes=Changes.NEVER,
    )
    weights: str = declared(
        "tabletop",
        "Name of the weights preset, as `zsris weights list` shows it.",
        changes=Changes.UNCONFIGURED,
    )
    weights_dir: str = declared(
        "",
        "Folder of fetched checkpoints; empty means the default of `zsris weights`.",
        changes=Changes.UNCONFIGURED,
    )
    device: str = declared(
        "auto",
        "Where the models run: auto (a GPU if there is one), cpu, cuda, cuda:1.",
        changes=Changes.UNCONFIGURED,
    )
    precision: str = declared(
        "auto",
        "Number format of the models; auto takes float16 on a GPU, bfloat16 for large models on a "
        "CPU that computes in it, and float32 elsewhere or where that strays too far.",
        choices=("auto", "float32", "float16", "bfloat16"),
        changes=Changes.UNCONFIGURED,
    )
    surround: str = declared(
        "auto",
        "How the picture is encoded far from a mask: auto (once for all masks of a frame, where "
        "that proves close to exact with these weights and on the frame) or exact (for every "
        "mask).",
        choices=("auto", "exact"),
        changes=Changes.UNCONFIGURED,
    )
    depth_proposals: bool = declared(
        True,
        "Also propose objects found in the depth image, where there is one.",
        changes=Changes.UNCONFIGURED,
    )
    parser: str = declared(
        "auto",
        "Who reads the expression: auto (the rules), rules, or the name or folder of a spaCy "
        "pipeline.",
        changes=Changes.UNCONFIGURED,
    )
    batch_size: int = declared(
        0,
        "Masks encoded at once; lower it when the GPU runs out of memory. 0 leaves it to the "
        "weights preset.",
        low=0,
        high=1024,
        changes=Changes.UNCONFIGURED,
    )
    image_transport: str = declared(
        "raw",
        "How the colour image is sent; compressed (JPEG or PNG) is read from IMAGE/compressed, "
        "where IMAGE is what `image` is remapped to.",
        choices=("raw", "compressed"),
        changes=Changes.UNCONFIGURED,
    )
    depth_transport: str = declared(
        "raw",
        "How the depth image is sent; compressedDepth (PNG or RVL) is read from "
        "DEPTH/compressedDepth.",
        choices=("raw", "compressed", "compressedDepth"),
        changes=Changes.UNCONFIGURED,
    )
    max_pending: int = declared(
        16,
        "Requests that may wait for the model; one more is answered BUSY at once.",
        low=1,
        high=1000,
    )
    max_scenes: int = declared(
        4,
        "Frames whose image work is kept, so that further expressions about them are cheap.",
        low=1,
        high=100,
    )
    look_ahead: float = declared(
        0.0,
        "Look at frames before anybody asks, while there is nothing else to do; a request is then "
        "answered about the frame that is ready if it was taken within this many seconds of the "
        "one it asks about. 0: off.",
        low=0.0,
        high=60.0,
    )
    buffer_length: int = declared(
        60,
        "Recent frames kept for requests with a stamp (a 640x480 RGB-D frame takes 1.5 MB).",
        low=1,
        high=10_000,
    )
    buffer_memory: float = declared(
        MEMORY,
        "Seconds for which one frame each quarter of a second is kept besides these, for requests "
        "that were spoken.",
        low=0.0,
        high=3600.0,
    )
    stamp_tolerance: float = declared(
        STAMP_TOLERANCE,
        "Seconds by which a request's stamp may miss the nearest kept frame.",
        low=0.0,
        high=3600.0,
    )
    sync_tolerance: float = declared(
        SYNC_TOLERANCE,
        "Seconds by which the times of an image and its depth may differ.",
        low=0.0,
        high=10.0,
    )
    assume_registered: bool = declared(
        False, "Use depth although its frame_id says that another camera than the image's took it."
    )
    rectified: bool = declared(
        False,
        "The images were rectified (image_proc's image_rect): metres follow P of the camera_info "
        "that comes from now on, else its K.",
    )
    target_frame: str = declared(
        "",
        "Frame that points and poses are told in, through tf2 at the time of the image; empty "
        "leaves them in the camera's optical frame, as does a transform that is not there in time.",
    )
    transform_timeout: float = declared(
        0.2,
        "Seconds after its arrival for which a request waits for the transform to target_frame.",
        low=0.0,
        high=60.0,
    )
    max_pixels: int = declared(
        MAX_PIXELS,
        "Pixels an image may have, compressed or not; a larger one is refused before it is "
        "decoded.",
        low=1,
        high=1_000_000_000,
    )
    max_expression_length: int = declared(
        500, "Characters an expression may have.", low=1, high=100_000
    )
    max_candidates: int = declared(
        10, "Most candidates in an answer; a request may ask for fewer.", low=1, high=255
    )
    publish_overlay: bool = declared(
        True, "Draw the answer into the picture and publish it on ~/overlay."
    )
    image_timeout: float = declared(
        5.0,
        "Seconds without an image after which the log and /diagnostics warn.",
        low=0.1,
        high=3600.0,
    )


def declare(node: Node) -> Parameters:
    """See ``declaring.declare``."""
    return parameter_declaration.declare(node, Parameters)


def check(name: str, value: Any) -> str:
    """See ``declaring.check``."""
    return parameter_declaration.check(Parameters, name, value)
