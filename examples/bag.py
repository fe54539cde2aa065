"""Resolve an expression in frames of a bag, without ROS.

python examples/bag.py zsris_ros/demo/household_bag "the cup"
"""

from __future__ import annotations

import sys
from pathlib import Path

from zsris_ros import load_segmenter
from zsris_ros.replay.answers import answer_frames
from zsris_ros.replay.bag import Bag
from zsris_ros.replay.topics import find_topics

folder, expression = sys.argv[1:]
segmenter = load_segmenter("household")
with Bag(Path(folder)) as bag:
    topics = find_topics(bag)
    recording = bag.recording(topics, tolerance_ns=50_000_000)  # between an image and its depth
    frames = bag.synced_messages(topics, recording.every(4_000_000_000))  # one each 4 s
    for answer in answer_frames(segmenter, frames, [expression]):
        print(f"{answer.stamp_ns / 1e9:.2f} s: {answer.results[0].message}")
