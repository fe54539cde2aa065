"""Segment the object that a sentence refers to in a picture.

python examples/picture.py photo.jpg "the cup on the left" --weights openai-sam-b
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image

from zsris_ros import Frame, Verdict, load_segmenter

parser = argparse.ArgumentParser()
parser.add_argument("picture")
parser.add_argument("expression")
parser.add_argument("--weights", default="household", help="the preset; see `zsris weights list`")
parser.add_argument("--out", default="mask.png")
args = parser.parse_args()

segmenter = load_segmenter(args.weights)
scene = segmenter.look(Frame(np.asarray(Image.open(args.picture).convert("RGB"))))
result = segmenter.refer(scene, args.expression)

print(result.verdict.name, "-", result.message)
if result.verdict is not Verdict.NOT_FOUND:
    Image.fromarray(result.mask).save(args.out)
    print(f"grasp pixel {result.best.centroid_pixel}, mask in {args.out}")
