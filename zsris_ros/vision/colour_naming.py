"""Colour naming: which basic colour term people use for a pixel.

A multinomial logistic regression on the quadratic polynomials of CIELAB. As in van de Weijer et
al., "Learning color names for real-world applications" (IEEE TIP 2009), the names are learnt from
pictures, so that the shadows and dull colours of cameras are named as well; here from pictures
varied as cameras cause it (``zsris_ros.training.household.train_colours``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from zsris_ros.types import ByteArray, FloatArray

TERMS = 10
"""Number of coefficients of a colour: 1, L, a, b and their six products of two."""


def colour_terms(rgb: FloatArray) -> FloatArray:
    """Return the quadratic polynomials of CIELAB, in hundredths of its units.

    Args:
        rgb: Float32 ...x3 in 0..1, sRGB.

    Returns:
        Float32 ...x10: 1, L, a, b, LL, La, Lb, aa, ab, bb.
    """
    pixels = np.ascontiguousarray(rgb, np.float32).reshape(1, -1, 3)
    lab = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0] / 100, np.float32)
    first, second = np.triu_indices(3)
    terms = np.hstack([np.ones_like(lab[:, :1]), lab, lab[:, first] * lab[:, second]])
    return np.asarray(terms.reshape(*rgb.shape[:-1], TERMS))


def colour_shares(
    rgb: ByteArray, coverage: FloatArray, colours: Mapping[str, Sequence[float]]
) -> dict[str, Tensor]:
    """Return the share of each colour in each mask: its mean probability for the pixels.

    Args:
        rgb: uint8 HxWx3, sRGB.
        coverage: Float32 Nxhxw in [0, 1], the share of each cell that is inside the mask. Cells
            at the border count by their share only if a mask covers no cell as a whole.
        colours: The 10 coefficients of each colour's logit.

    Returns:
        Float32 N in [0, 1] by colour; they add up to 1 for each mask that is not empty.
    """
    height, width = coverage.shape[1:]
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    # A quarter of the cells is enough for a mean.
    terms = torch.from_numpy(colour_terms(np.divide(small[::2, ::2], 255, dtype=np.float32)))
    logits = terms.flatten(0, 1) @ torch.tensor(list(colours.values())).T
    cells = torch.from_numpy(coverage[:, ::2, ::2].reshape(len(coverage), -1))
    inside = (cells == 1).float()
    thin = inside.sum(1) == 0
    inside[thin] = cells[thin]
    shares = inside @ logits.softmax(1) / inside.sum(1, keepdim=True).clamp_min(1e-6)
    return dict(zip(colours, shares.T, strict=True))
