"""Grasps over ROS: the action ``plan_grasp``, the service ``~/verify_grasp`` and their topics.

``grasp_planning`` plans in the worker thread, ``grasp_requests`` and ``verify_requests`` serve,
``grasp_messages`` and ``collision_objects`` convert, ``grasp_publishers`` publishes.
"""
