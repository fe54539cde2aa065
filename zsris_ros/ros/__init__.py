"""ROS 2 interfaces of zsris_ros; the only room that imports rclpy.

The path of a request: ``inputs`` buffers the camera's messages, ``requests`` selects a frame and
answers the request in the worker thread of ``lifecycle``, ``publishers`` converts the answer to
messages and publishes it. ``node`` connects these parts, ``parameters`` declares their parameters
and ``qos`` their QoS profiles. ``speech`` is a second node; ``client`` holds a service client and a
bag player.
"""
