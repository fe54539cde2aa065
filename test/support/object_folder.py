"""A folder with one object, as household scenes read it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

CUBOID = (0.06, 0.20, 0.08)  # a carton that lies on its side: y is its height


def write_carton(folder: Path, **words: object) -> Path:
    """Write a textured cuboid as Wavefront, with its words."""
    folder.mkdir(parents=True)
    x, y, z = (side / 2 for side in CUBOID)
    corners = [(a, b, c) for a in (-x, x) for b in (-y, y) for c in (-z, z)]
    faces = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    lines = [f"v {a} {b} {c}" for a, b, c in corners]
    lines += ["vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1"]
    for face in faces:
        corner = face.split()
        lines.append("f " + " ".join(f"{corner[i]}/{i + 1}" for i in range(4)))
    (folder / "visual.obj").write_text("\n".join(lines))
    cv2.imwrite(str(folder / "texture.png"), np.full((700, 40, 3), (0, 0, 200), np.uint8))
    entry = {"nouns": ["milk carton", "carton"], "colours": ["red"], "adjectives": [], **words}
    (folder / "object.json").write_text(json.dumps(entry))
    return folder
