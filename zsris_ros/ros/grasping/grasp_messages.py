"""Conversion of planned grasps to messages. Metres are in the frame of the plan's answer."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, PoseStamped, Vector3
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from zsris_ros.action import PlanGrasp
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.grasping import GraspCandidate, ParallelJaw
from zsris_ros.grasping.gripper import Box
from zsris_ros.grasping.surroundings import scene_mask
from zsris_ros.msg import GraspCandidate as CandidateMessage
from zsris_ros.ros.grasping.grasp_planning import PlannedGrasp
from zsris_ros.ros.publishers.point_cloud import point_cloud, to_cloud
from zsris_ros.ros.publishers.pose_conversions import metric_header, to_point, to_pose, to_size

_COLOUR = 1.0, 0.47, 0.16
_OPACITY = 0.6
_ARROW = Vector3(x=0.004, y=0.010, z=0.015)  # shaft, head, length of the head in metres


def fill_plan(result: PlanGrasp.Result, planned: PlannedGrasp, limit: int) -> None:
    """Fill ``result`` with a plan and its best ``limit`` grasps; 0 for all."""
    plan = planned.plan
    result.status, result.message = planned.status, planned.message
    result.header = planned.answer.header
    result.grasps = [to_candidate(each, planned) for each in plan.candidates[: limit or None]]
    result.rejected_reasons = list(plan.rejected)
    result.rejected_counts = list(plan.rejected.values())
    result.stages = result.timing_stages = list(planned.timings)
    result.timing_ms = [float(value) for value in planned.timings.values()]
    result.stage_seconds = [value / 1e3 for value in planned.timings.values()]
    if planned.box is None or planned.support is None:
        return
    result.object_pose = _stamped(planned.box.pose, planned)
    result.object_size = to_size(planned.box)
    result.completion = plan.completion
    result.object_cloud = point_cloud(planned.answer) or PointCloud2()
    result.support = _stamped(planned.support.pose, planned)
    result.support_size = to_size(planned.support)
    if planned.place is not None:
        result.has_place, result.place = True, _stamped(planned.place, planned)


def to_candidate(candidate: GraspCandidate, planned: PlannedGrasp) -> CandidateMessage:
    """Convert one grasp."""
    return CandidateMessage(
        pose=_stamped(candidate.pose, planned),
        pregrasp_distance=candidate.pregrasp_distance,
        retreat_distance=planned.settings.retreat_distance,
        opening=float(candidate.opening),
        width=float(candidate.width),
        kind=candidate.kind,
        approach=candidate.approach,
        quality=float(candidate.quality),
        term_names=list(candidate.terms),
        term_values=[float(value) for value in candidate.terms.values()],
    )


def best_pose(planned: PlannedGrasp) -> PoseStamped | None:
    """Return the TCP pose of the best grasp, or None."""
    best = planned.plan.best
    return None if best is None else _stamped(best.pose, planned)


def scene_cloud(planned: PlannedGrasp) -> PointCloud2 | None:
    """Return the points of everything but the object; None where there is no plan.

    In the camera's optical frame with the image's header: Octomap takes the origin of the cloud's
    frame for the sensor.
    """
    if planned.box is None:
        return None
    frame = planned.answer.frame
    return to_cloud(frame, scene_mask(frame, planned.answer.result.mask), planned.answer.header)


def gripper_markers(planned: PlannedGrasp) -> MarkerArray:
    """Return the gripper at the best grasp as boxes, and its way there as an arrow.

    The first marker deletes the previous ones; without a grasp it is the only one.
    """
    header = metric_header(planned.answer)
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    best = planned.plan.best
    if best is None:
        return MarkerArray(markers=markers)
    for number, box in enumerate(_boxes(planned, best)):
        low, high = np.array(box.low), np.array(box.high)
        x, y, z = best.pose.transform_points((low + high) / 2).tolist()
        marker = _marker(planned, "gripper", Marker.CUBE, number)
        marker.pose = to_pose(Pose((x, y, z), best.pose.axes), planned.answer.camera_pose)
        width, length, height = (high - low).tolist()
        marker.scale = Vector3(x=width, y=length, z=height)
        markers.append(marker)
    arrow = _marker(planned, "approach", Marker.ARROW, 0)
    arrow.points = [_point(each, planned) for each in (best.pregrasp, best.pose)]
    arrow.scale = _ARROW
    return MarkerArray(markers=[*markers, arrow])


def _boxes(planned: PlannedGrasp, grasp: GraspCandidate) -> list[Box]:
    gripper = planned.gripper
    if isinstance(gripper, ParallelJaw):
        return [*gripper.fingers(grasp.opening), gripper.body()]
    return [gripper.cup(), gripper.body()]


def _marker(planned: PlannedGrasp, namespace: str, kind: int, number: int) -> Marker:
    red, green, blue = _COLOUR
    return Marker(
        header=metric_header(planned.answer),
        ns=namespace,
        id=number,
        type=kind,
        action=Marker.ADD,
        color=ColorRGBA(r=red, g=green, b=blue, a=_OPACITY),
    )


def _stamped(pose: Pose, planned: PlannedGrasp) -> PoseStamped:
    answer = planned.answer
    return PoseStamped(header=metric_header(answer), pose=to_pose(pose, answer.camera_pose))


def _point(pose: Pose, planned: PlannedGrasp) -> Point:
    return to_point(pose.position, planned.answer.camera_pose)
