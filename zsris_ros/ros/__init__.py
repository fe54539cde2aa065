"""The ROS 2 side of zsris_ros: the only room that imports rclpy.

Messages come in, are turned into the core's data (``conversions``, ``frame_buffer``), answered by
one worker thread (``worker``, ``answering``) and go out as messages again (``messages``). ``node``
wires these to topics, services and parameters; ``player`` and ``client`` are the two small partner
processes of the demo and the tests.
"""
