"""Call /refer_segment from a plain rclpy program.

ros2 launch zsris_ros refer_segment.launch.xml camera:=/camera/camera &
python examples/call_service.py "the red mug left of the bowl"     # or "put the mug on the tray"
"""

from __future__ import annotations

import sys

import rclpy
from zsris_ros.srv import ReferSegment

rclpy.init()
node = rclpy.create_node("ask_once")
client = node.create_client(ReferSegment, "/refer_segment")
if not client.wait_for_service(timeout_sec=10.0):
    sys.exit("/refer_segment is not there: start refer_segment_node in the same ROS domain")

future = client.call_async(ReferSegment.Request(expression=sys.argv[1]))
rclpy.spin_until_future_complete(node, future, timeout_sec=60.0)
response = future.result()
if response is None:
    sys.exit("no answer within 60 s: see the node's log")

outcome = response.outcome
print(outcome.message)
if outcome.has_depth:  # of FOUND only
    point = outcome.centroid.point
    print(f"{outcome.centroid.header.frame_id}: {point.x:+.3f} {point.y:+.3f} {point.z:+.3f} m")
for step in outcome.steps:
    if step.has_place:
        point = step.place.point
        print(f"{step.description}: {point.x:+.3f} {point.y:+.3f} {point.z:+.3f} m")
rclpy.shutdown()
