"""Locate several objects of one RGB-D frame in metres.

The frame is encoded once; each further expression takes milliseconds.

    python examples/rgbd_frame.py rgb.png depth.png 525,525,319.5,239.5 "the red mug" "the bowl"
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image

from zsris_ros import Frame, Intrinsics, load_segmenter

parser = argparse.ArgumentParser()
parser.add_argument("rgb", help="the colour picture")
parser.add_argument("depth", help="16-bit PNG in millimetres, registered to the colour picture")
parser.add_argument("intrinsics", help="fx,fy,cx,cy in pixels")
parser.add_argument("expressions", nargs="+")
args = parser.parse_args()

rgb = np.asarray(Image.open(args.rgb).convert("RGB"))
depth = np.asarray(Image.open(args.depth)).astype(np.float32) / 1000
intrinsics = Intrinsics(*map(float, args.intrinsics.split(",")))

segmenter = load_segmenter("household")
scene = segmenter.look(Frame(rgb, depth, intrinsics))
for expression in args.expressions:
    result = segmenter.refer(scene, expression)
    print(f"{expression}: {result.message}")
    for candidate in result.selected:
        if candidate.centroid is not None:
            x, y, z = candidate.centroid
            print(f"  x {x:+.3f}  y {y:+.3f}  z {z:.3f} m, score {candidate.score:.2f}")
