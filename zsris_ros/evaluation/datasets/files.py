"""The files of a published data set: there or a sentence that says which belongs where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from zsris_ros.types import ByteArray, InputError


def required(path: Path, what: str) -> Path:
    """``path``, if there is such a file. Raises FileNotFoundError saying that it is ``what``."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: it is {what}")
    return path


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises InputError when it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON, download it again: {error}") from error


@contextmanager
def published_form(path: Path) -> Iterator[None]:
    """Turns what goes wrong inside, in data read from ``path``, into an InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not in its published form: {type(error).__name__} {error}"
        ) from error


def read_picture(folders: Sequence[Path], name: str, what: str) -> ByteArray:
    """The picture ``name`` in the first folder that has it, as RGB uint8 HxWx3.

    Raises FileNotFoundError naming the first folder, and InputError for what is no picture.
    """
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        others = "".join(f", or {folder}" for folder in folders[1:])
        raise FileNotFoundError(f"{name} is missing: {what} belong in {folders[0]}{others}")
    try:
        with Image.open(found) as picture:
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise InputError(f"{found} is not a whole picture, get it again: {error}") from error


def check_size(picture: ByteArray, height: int, width: int, name: str) -> None:
    """Raises InputError unless the picture uint8 HxWx3 is of the size its objects were drawn on."""
    if picture.shape[:2] != (height, width):
        raise InputError(
            f"{name} has {picture.shape[1]}x{picture.shape[0]} pixels and its objects were drawn "
            f"on {width}x{height}: use the picture in its published size"
        )
