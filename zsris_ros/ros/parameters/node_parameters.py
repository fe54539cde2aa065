"""The parameters of refer_segment_node.

The ROS descriptors, the checks, docs/parameters.md and the tests of launch/ and config/ are derived
from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.camera.frame_buffer import MEMORY, STAMP_TOLERANCE, SYNC_TOLERANCE
from zsris_ros.camera.image_messages import MAX_PIXELS
from zsris_ros.models.load_options import DEFAULT_WEIGHTS
from zsris_ros.ros.parameters.parameter_declaration import Changes, parameter_field


@dataclass(frozen=True)
class Parameters:
    """Values of all parameters of refer_segment_node."""

    autostart: bool = parameter_field(
        True,
        "Load the models and serve at once; false waits for the lifecycle transitions configure "
        "and activate.",
        changes=Changes.NEVER,
    )
    weights: str = parameter_field(
        DEFAULT_WEIGHTS,
        "Name of the weights preset, as `zsris weights list` shows it, or the path of a checkpoint "
        "of `zsris train-vatex`.",
        changes=Changes.UNCONFIGURED,
    )
    weights_dir: str = parameter_field(
        "",
        "Folder of fetched checkpoints; empty for the default of `zsris weights`.",
        changes=Changes.UNCONFIGURED,
    )
    device: str = parameter_field(
        "auto",
        "Device of the models: auto (a GPU if there is one), cpu, cuda, cuda:1.",
        changes=Changes.UNCONFIGURED,
    )
    precision: str = parameter_field(
        "auto",
        "Number format of the models; auto selects float16 on a GPU, bfloat16 for large models on "
        "a CPU with bfloat16 arithmetic, and float32 elsewhere or if the deviation is too large.",
        choices=("auto", "float32", "float16", "bfloat16"),
        changes=Changes.UNCONFIGURED,
    )
    surround: str = parameter_field(
        "auto",
        "Encoding of the image far from a mask: auto (once per frame for all masks, where that "
        "proves close to exact with these weights and on the frame) or exact (for each mask).",
        choices=("auto", "exact"),
        changes=Changes.UNCONFIGURED,
    )
    depth_proposals: bool = parameter_field(
        True,
        "Propose objects from the depth image as well, where there is one.",
        changes=Changes.UNCONFIGURED,
    )
    parser: str = parameter_field(
        "auto",
        "Parser of expressions: auto (the rules), rules, or name or folder of a spaCy pipeline.",
        changes=Changes.UNCONFIGURED,
    )
    batch_size: int = parameter_field(
        0,
        "Masks encoded per batch; reduce it when the GPU runs out of memory. 0 selects the value "
        "of the weights preset.",
        bounds=(0, 1024),
        changes=Changes.UNCONFIGURED,
    )
    image_transport: str = parameter_field(
        "raw",
        "Transport of the colour image; compressed (JPEG or PNG) is read from IMAGE/compressed, "
        "where IMAGE is the remapped name of `image`.",
        choices=("raw", "compressed"),
        changes=Changes.UNCONFIGURED,
    )
    depth_transport: str = parameter_field(
        "raw",
        "Transport of the depth image; compressedDepth (PNG or RVL) is read from "
        "DEPTH/compressedDepth.",
        choices=("raw", "compressed", "compressedDepth"),
        changes=Changes.UNCONFIGURED,
    )
    max_pending: int = parameter_field(
        16,
        "Requests that may wait for the model; further ones are answered BUSY at once.",
        bounds=(1, 1000),
    )
    max_scenes: int = parameter_field(
        4,
        "Frames with cached scenes, about which further expressions need no image processing.",
        bounds=(1, 100),
    )
    look_ahead: float = parameter_field(
        0.0,
        "Process frames in idle time; a request then uses the prepared frame if its stamp is "
        "within this many seconds of the requested one. 0 disables it.",
        bounds=(0.0, 60.0),
    )
    buffer_length: int = parameter_field(
        60,
        "Recent frames buffered for requests with a stamp, and length of the middleware's queues "
        "(a 640x480 RGB-D frame takes 1.5 MB in each). Queues keep their length until the next "
        "activation.",
        bounds=(1, 10_000),
    )
    buffer_memory: float = parameter_field(
        MEMORY,
        "Seconds for which one older frame each quarter of a second is buffered as well, for "
        "spoken requests.",
        bounds=(0.0, 3600.0),
    )
    stamp_tolerance: float = parameter_field(
        STAMP_TOLERANCE,
        "Largest difference in seconds between a request's stamp and the nearest buffered frame.",
        bounds=(0.0, 3600.0),
    )
    sync_tolerance: float = parameter_field(
        SYNC_TOLERANCE,
        "Largest difference in seconds between the stamps of an image and its depth.",
        bounds=(0.0, 10.0),
    )
    assume_registered: bool = parameter_field(
        False, "Use depth with another frame_id than the image's, as aligned to the image."
    )
    rectified: bool = parameter_field(
        False,
        "The images are rectified (image_proc's image_rect): metres follow P of later camera_info "
        "messages instead of K and the distortion D.",
    )
    target_frame: str = parameter_field(
        "",
        "Frame of points and poses, through tf2 at the stamp of the image; without a transform in "
        "time there are none. Empty: the camera's optical frame. A request can name another one.",
    )
    transform_timeout: float = parameter_field(
        0.2,
        "Seconds after its arrival that a request waits for the transform to target_frame.",
        bounds=(0.0, 60.0),
    )
    max_pixels: int = parameter_field(
        MAX_PIXELS,
        "Largest number of pixels of an image; a larger image is refused before it is decoded.",
        bounds=(1, 1_000_000_000),
    )
    max_expression_length: int = parameter_field(
        500, "Largest number of characters of an expression.", bounds=(1, 100_000)
    )
    max_candidates: int = parameter_field(
        10, "Candidates in an answer; a request may limit them further.", bounds=(1, 255)
    )
    publish_overlay: bool = parameter_field(
        True, "Draw the answer into the image and publish it on ~/overlay."
    )
    gripper: str = parameter_field(
        "panda",
        "Gripper that grasps are planned for: panda, robotiq_2f85, suction_30mm or a .yaml file.",
    )
    grasp: bool = parameter_field(
        False,
        "Plan a grasp after each answer with FOUND and publish the best on ~/grasp, where it or "
        "its markers have subscribers.",
    )
    image_timeout: float = parameter_field(
        5.0,
        "Seconds without an image, depth or camera_info before the log and /diagnostics have the "
        "reason.",
        bounds=(0.1, 3600.0),
    )
