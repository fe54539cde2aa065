"""The ROS 2 side of zsris_ros: the only room that imports rclpy.

Messages come in (``inputs``, ``silence``), are matched and made frames by the core's ``camera``,
answered by one worker thread (``worker``, ``answering``), placed in a frame of the robot's
(``frames``, ``placing``) and go out as messages again (``messages``, ``points``, ``markers``,
``labels``, ``conversions``, ``outputs``). ``tracking`` follows an object in that thread's spare
time. Callers come by service, by ``action`` and by ``topics``. ``node`` wires these to topics,
services and parameters, ``managed`` makes it a lifecycle node, ``model`` holds its models;
``player`` and ``client`` are the two small partner processes of the demo and the tests.
"""
