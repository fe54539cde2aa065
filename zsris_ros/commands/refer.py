"""`zsris refer`: one image, one expression or instruction, one answer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zsris_ros.commands.options import Subparsers, add_models, model_options

if TYPE_CHECKING:
    from zsris_ros.grasping import GraspPlan, Gripper
    from zsris_ros.types import (
        ByteArray,
        DestinationResult,
        Frame,
        InstructionResult,
    )


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("refer", help="find the object of an expression in an image")
    parser.add_argument("image", type=Path, metavar="IMAGE", help="a colour image")
    parser.add_argument(
        "expression",
        metavar="EXPRESSION",
        help="such as 'the mug on the left', or an instruction: 'put the mug on the tray'",
    )
    parser.add_argument(
        "--depth", type=Path, help="depth of the same pixels: a 16-bit image, or .npy in metres"
    )
    parser.add_argument(
        "--intrinsics",
        type=intrinsics,
        metavar="FX,FY,CX,CY",
        help="of the camera, in pixels; needed for points in metres",
    )
    parser.add_argument(
        "--depth-scale",
        type=float,
        default=0.001,
        metavar="METRES",
        help="one step of a 16-bit depth image (default: 0.001)",
    )
    parser.add_argument("--out", type=Path, help="write the image with the answer drawn in")
    parser.add_argument("--mask", type=Path, help="write the mask, 255 on the object and 0 else")
    parser.add_argument(
        "--grasp",
        metavar="GRIPPER",
        help="plan a grasp: panda, robotiq_2f85, suction_30mm or a gripper file; needs --depth",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    add_models(parser)
    parser.set_defaults(run=run)


def intrinsics(text: str) -> tuple[float, ...]:
    """Convert four numbers separated by commas, for argparse."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4:
        raise argparse.ArgumentTypeError(f"'{text}' is not fx,fy,cx,cy, four numbers in pixels")
    return values


def run(args: argparse.Namespace) -> int:
    frame = read_frame(args.image, args.depth, args.intrinsics, args.depth_scale)
    from zsris_ros.models.robot_models import load_segmenter
    from zsris_ros.referring.result_json import instruction_to_json, result_to_json
    from zsris_ros.visualization.overlay import draw_answer

    gripper = _gripper(args)
    segmenter = load_segmenter(args.weights, model_options(args))
    scene = segmenter.look(frame)
    steps = segmenter.instruct(scene, args.expression)
    result = steps.target
    drawn = draw_answer(frame.rgb, steps, args.expression) if args.out else None
    if steps.instruction.is_expression:
        document, lines = result_to_json(scene, result), [result.message, result.explanation]
        if result.best is not None and result.best.centroid is not None:
            point = result.best.centroid
            lines.append("point in metres: x {:.3f} y {:.3f} z {:.3f}".format(*point))
    else:
        document, lines = instruction_to_json(scene, steps), [steps.message, *_step_lines(steps)]
    if gripper is not None:
        from zsris_ros.grasping import plan_grasps_for

        plan = plan_grasps_for(result, frame, gripper)
        document["grasp"] = plan.to_json()
        lines += _grasp_lines(plan)
        drawn = _with_grasp(drawn, plan, frame, gripper)
    _write_images({args.out: drawn, args.mask: result.mask.astype("uint8") * 255})
    print(json.dumps(document) if args.json else "\n".join([*lines, *_written(args)]))
    return 0


def _gripper(args: argparse.Namespace) -> Gripper | None:
    """Return the gripper of --grasp; a bad name or a missing depth fails before models load."""
    if args.grasp is None:
        return None
    from zsris_ros.grasping import load_gripper
    from zsris_ros.types import InputError

    if args.depth is None:
        raise InputError("--grasp needs --depth and --intrinsics: a grasp is planned in metres")
    return load_gripper(args.grasp)


def _with_grasp(
    drawn: ByteArray | None, plan: GraspPlan, frame: Frame, gripper: Gripper
) -> ByteArray | None:
    if drawn is None or plan.best is None or frame.intrinsics is None:
        return drawn
    from zsris_ros.visualization.grasp_overlay import draw_grasp

    best = plan.best
    outline = gripper.outline(best.opening)
    return draw_grasp(drawn, best.pose, outline, best.pregrasp_distance, frame.intrinsics)


def _grasp_lines(plan: GraspPlan) -> list[str]:
    """Return the message and, with a grasp, its TCP pose in the optical frame."""
    if plan.best is None:
        return [plan.message]
    pose = plan.best.pose
    numbers = (*pose.position, *pose.quaternion, plan.best.opening)
    text = (
        "grasp in metres: x {:.3f} y {:.3f} z {:.3f}, "
        "quaternion x {:.3f} y {:.3f} z {:.3f} w {:.3f}, opening {:.3f}"
    )
    return [plan.message, text.format(*numbers)]


def _written(args: argparse.Namespace) -> list[str]:
    files = (("overlay", args.out), ("mask", args.mask))
    return [f"{name} written to {path}" for name, path in files if path is not None]


def _step_lines(result: InstructionResult) -> list[str]:
    """Return the lines of each step: the parse, the target and the place point."""
    from zsris_ros.language.instructions import describe_step

    lines = []
    for number, step in enumerate(result.steps, start=1):
        lines.append(f"{number}. {describe_step(step.step)}")
        if step.target is not None:
            lines.append(f"   target: {step.target.message}")
        destination = step.destination
        if destination is None:
            continue
        lines += [f"   destination: {anchor.message}" for anchor in destination.anchors]
        lines.append(f"   place point: {_place_text(destination)}")
    return lines


def _place_text(destination: DestinationResult) -> str:
    text = "x {:.3f} y {:.3f} z {:.3f} m, {:.3f} m above the support plane"
    found = [text.format(*place.point, place.height) for place in destination.places]
    return "; ".join(found) or f"none, {destination.reason}"


def read_frame(
    image: Path, depth: Path | None, camera: tuple[float, ...] | None, scale: float
) -> Frame:
    """Read a frame from files. Raises InputError for unreadable or inconsistent files."""
    from zsris_ros.camera.image_files import read_depth, read_rgb
    from zsris_ros.types import Frame, InputError, Intrinsics

    rgb = read_rgb(image)
    if depth is None:
        if camera is not None:
            raise InputError("--intrinsics have no effect without depth: give --depth as well")
        return Frame(rgb)
    if camera is None:
        raise InputError("--depth needs the camera's --intrinsics fx,fy,cx,cy in pixels")
    if not (math.isfinite(scale) and scale > 0):
        raise InputError(f"--depth-scale {scale} is not a length: use 0.001 for millimetres")
    fx, fy, cx, cy = camera
    return Frame(rgb, read_depth(depth, scale), Intrinsics(fx, fy, cx, cy))


def _write_images(images: Mapping[Path | None, ByteArray | None]) -> None:
    from PIL import Image

    from zsris_ros.types import InputError

    for path, image in images.items():
        if path is None or image is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            Image.fromarray(image).save(path)
        except ValueError as error:
            raise InputError(f"{path} cannot be written, use .png or .jpg: {error}") from error
