"""docs/node.md: the tests that its table of safety names exist, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "node.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("\n## Safety") :]
NAMED = [
    (file, name.strip())
    for file, names in re.findall(r"`(test_\w+)`: ((?:[a-z0-9_]+(?:, )?)+)", TABLE)
    for name in names.split(", ")
    if name
]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str) -> None:
    (path,) = (ROOT / "test").rglob(f"{file}.py")
    assert f"def test_{name}(" in path.read_text(encoding="utf-8")


def test_the_table_names_tests() -> None:
    assert len(NAMED) > 15


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
