"""Plan a grasp with /plan_grasp and turn it into joint values with an inverse kinematics.

python examples/plan_grasp.py "put the red mug on the tray" base_link
"""

from __future__ import annotations

import sys

import numpy as np
import rclpy
from rclpy.action import ActionClient
from zsris_ros.action import PlanGrasp

from zsris_ros.geometry.oriented_box import Pose


def pose_of(stamped):
    """Return the pose of a PoseStamped."""
    p, q = stamped.pose.position, stamped.pose.orientation
    return Pose.from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def move(name, position, axes):
    """Your inverse kinematics goes here; this gantry has the joints x, y, z and yaw."""
    joints = (*position, np.arctan2(axes[1, 1], axes[0, 1]))
    print(f"{name:<8}" + " ".join(f"{joint:+.3f}" for joint in joints))


rclpy.init()
node = rclpy.create_node("grasp_once")
client = ActionClient(node, PlanGrasp, "/plan_grasp")
if not client.wait_for_server(timeout_sec=10.0):
    sys.exit("/plan_grasp is not there: start refer_segment_node in the same ROS domain")
sent = client.send_goal_async(PlanGrasp.Goal(expression=sys.argv[1], target_frame=sys.argv[2]))
rclpy.spin_until_future_complete(node, sent)
ended = sent.result().get_result_async()
rclpy.spin_until_future_complete(node, ended)
result = ended.result().result
print(result.message)
if result.status == PlanGrasp.Result.FOUND:
    best, tcp = result.grasps[0], pose_of(result.grasps[0].pose)
    move("above", tcp.position - best.pregrasp_distance * tcp.axes[:, 2], tcp.axes)
    move("grasp", tcp.position, tcp.axes)  # then close
    up = pose_of(result.support).axes[:, 2]
    move("lift", tcp.position + best.retreat_distance * up, tcp.axes)
    if result.has_place:
        box, place = pose_of(result.object_pose), pose_of(result.place)
        down = place.transform_points(box.to_own_axes(np.array(tcp.position)))
        move("place", down, place.axes @ box.axes.T @ tcp.axes)  # then open
rclpy.shutdown()
