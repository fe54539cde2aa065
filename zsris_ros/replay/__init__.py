"""Answers about a recording (rosbag2) without ROS: the node's answers on the same frames.

``bag`` reads it and matches its messages as the node does, ``topics`` finds the camera in it,
``answers`` asks, ``outputs`` and ``video`` write what came out.
"""
