"""Answers about a recording (rosbag2) without ROS, the same as the node's on the same frames.

``bag`` reads it, ``recording`` matches its messages as the node does, ``topics`` finds the camera's
topics, ``answers`` segments, ``replay_writer`` and ``video`` write the results.
"""
