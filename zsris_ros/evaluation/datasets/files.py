"""Files of published data sets, with errors that name the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from zsris_ros.types import ByteArray, InputError


def required(path: Path, description: str) -> Path:
    """Return ``path`` if it is a file, else raise FileNotFoundError with its ``description``."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: it is {description}")
    return path


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises InputError for invalid JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON, download it again: {error}") from error


@contextmanager
def published_form(path: Path, form: str = "its published form") -> Iterator[None]:
    """Convert errors in data read from ``path`` into an InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not in {form}: {type(error).__name__} {error}") from error


def read_picture(folders: Sequence[Path], name: str, description: str) -> ByteArray:
    """Read the image ``name`` from the first folder that holds it, as RGB uint8 HxWx3.

    Raises:
        FileNotFoundError: No folder holds the image.
        InputError: The file is no complete image.
    """
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        others = "".join(f", or {folder}" for folder in folders[1:])
        raise FileNotFoundError(f"{name} is missing: {description} belong in {folders[0]}{others}")
    return read_pixels(found, "RGB")


def read_pixels(path: Path, mode: str | None = None) -> np.ndarray:
    """Read an image file, HxW or HxWxC in its own dtype, or in a mode of Pillow.

    Raises:
        InputError: The file is no complete image.
    """
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert(mode) if mode else picture)
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise InputError(f"{path} is not a whole picture, get it again: {error}") from error


def check_size(picture: ByteArray, height: int, width: int, name: str) -> None:
    """Raise InputError unless the image uint8 HxWx3 has the size of its annotations."""
    if picture.shape[:2] != (height, width):
        raise InputError(
            f"{name} has {picture.shape[1]}x{picture.shape[0]} pixels and its objects were drawn "
            f"on {width}x{height}: use the picture in its published size"
        )
