"""A camera process with images that encode their stamps, and the simulation clock.

``python -m reliability.moving_camera`` publishes 640x480 colour and depth at 30 Hz.
"""

from __future__ import annotations

import signal
import sys
import time

import numpy as np

SECOND = 1_000_000_000
PERIOD_NS = SECOND // 30
WIDTH, HEIGHT, SIDE = 640, 480, 20
PLACES = 60


def left_of(stamp_ns: int) -> int:
    """Return the left edge of the red square in the image of that stamp."""
    return 10 + 10 * (stamp_ns // PERIOD_NS % PLACES)


def main() -> int:
    """Publish until a signal; return 0."""
    import rclpy
    from rclpy.qos import qos_profile_sensor_data
    from rosgraph_msgs.msg import Clock
    from sensor_msgs.msg import CameraInfo, Image
    from std_msgs.msg import Header

    from zsris_ros.ros.publishers.image_conversions import to_image

    def picture(place: int) -> Image:
        rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        left = 10 + 10 * place
        rgb[200 : 200 + SIDE, left : left + SIDE] = (250, 10, 10)
        return to_image(rgb, "rgb8", Header())

    pictures = [picture(place) for place in range(PLACES)]
    depth = to_image(np.full((HEIGHT, WIDTH), 1500, np.uint16), "16UC1", Header())
    info = CameraInfo(width=WIDTH, height=HEIGHT)
    info.k = [600.0, 0.0, WIDTH / 2, 0.0, 600.0, HEIGHT / 2, 0.0, 0.0, 1.0]
    signal.signal(signal.SIGINT, lambda *_: None)
    rclpy.init()
    node = rclpy.create_node("moving_camera")
    colours = node.create_publisher(Image, "image", qos_profile_sensor_data)
    depths = node.create_publisher(Image, "depth", qos_profile_sensor_data)
    infos = node.create_publisher(CameraInfo, "camera_info", qos_profile_sensor_data)
    clock = node.create_publisher(Clock, "/clock", 1)
    number = time.time_ns() // PERIOD_NS + 1
    while rclpy.ok():
        time.sleep(max(0.0, number * PERIOD_NS / SECOND - time.time()))
        stamp = number * PERIOD_NS
        image = pictures[number % PLACES]
        for message in (info, depth, image):
            message.header.frame_id = "camera_optical_frame"
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        try:
            clock.publish(Clock(clock=image.header.stamp))
            infos.publish(info)
            depths.publish(depth)
            colours.publish(image)
        except RuntimeError:
            if rclpy.ok():  # else a signal shut the context down
                raise
        number = max(number + 1, time.time_ns() // PERIOD_NS)  # skips late frames
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
