"""The ROS 2 side of zsris_ros: the only room that imports rclpy.

Messages come in (``inputs``, ``frame_buffer``, ``silence``), are turned into the core's data
(``conversions``, ``encodings``, ``compressed``), answered by one worker thread (``worker``,
``answering``) and go out as messages again (``messages``, ``outputs``). ``node`` wires these to
topics, services and parameters, ``managed`` makes it a lifecycle node, ``model`` holds its models;
``player`` and ``client`` are the two small partner processes of the demo and the tests.
"""
