"""A data set in its published files that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """Copy the files of the module's fixture ``written``."""
    return Path(shutil.copytree(written, tmp_path / "root"))
