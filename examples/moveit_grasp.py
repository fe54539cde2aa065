"""Execute a grasp of /plan_grasp with MoveItPy; written from its documentation, not run on MoveIt.

python examples/moveit_grasp.py "the red mug" panda_link0
"""

import copy
import sys

import rclpy
from moveit.planning import MoveItPy
from rclpy.action import ActionClient
from zsris_ros.action import PlanGrasp

from zsris_ros.geometry.oriented_box import Pose


def shifted(stamped, metres, along):
    """Return a PoseStamped that is moved along the z axis of another one."""
    q, moved = along.pose.orientation, copy.deepcopy(stamped)
    axis = Pose.from_quaternion((0.0, 0.0, 0.0), (q.x, q.y, q.z, q.w)).axes[:, 2]
    for name, step in zip("xyz", (metres * axis).tolist(), strict=True):
        setattr(moved.pose.position, name, getattr(moved.pose.position, name) + step)
    return moved


def move(group, **goal):
    """Plan and execute the motion of one group of the robot."""
    part = moveit.get_planning_component(group)
    part.set_start_state_to_current_state()
    part.set_goal_state(**goal)
    moveit.execute(part.plan().trajectory, controllers=[])


rclpy.init()
node, moveit = rclpy.create_node("moveit_grasp"), MoveItPy(node_name="moveit_py")
client = ActionClient(node, PlanGrasp, "/plan_grasp")
client.wait_for_server()
sent = client.send_goal_async(PlanGrasp.Goal(expression=sys.argv[1], target_frame=sys.argv[2]))
rclpy.spin_until_future_complete(node, sent)
ended = sent.result().get_result_async()
rclpy.spin_until_future_complete(node, ended)
result = ended.result().result
assert result.status == PlanGrasp.Result.FOUND, result.message
grasp = result.grasps[0]
before = shifted(grasp.pose, -grasp.pregrasp_distance, grasp.pose)
lifted = shifted(grasp.pose, grasp.retreat_distance, result.support)
move("hand", configuration_name="open")
for pose, hand in ((before, "open"), (grasp.pose, "close"), (lifted, "close")):
    move("panda_arm", pose_stamped_msg=pose, pose_link="panda_hand_tcp")
    move("hand", configuration_name=hand)
