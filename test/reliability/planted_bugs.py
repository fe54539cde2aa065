"""Mutation tests: typical bugs, planted one at a time, must fail a test: `make mutants`.

Each bug is planted in a copy of the checkout, where the named tests must fail; in the clean copy
they must pass. A bug that does not match the sources stops the run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("zsris_ros", "test", "config", "launch", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Bug:
    """Replaces ``before`` by ``after`` in ``file``; one of ``tests`` must fail."""

    what: str
    file: str
    before: str
    after: str
    tests: str


BUGS = (
    Bug(
        "depth is back-projected with fx in both axes",
        "geometry/projection.py",
        "y = z * (rows + roi[0].start - intrinsics.cy) / intrinsics.fy",
        "y = z * (rows + roi[0].start - intrinsics.cy) / intrinsics.fx",
        "test/geometry/test_geometry.py",
    ),
    Bug(
        "rows of an image are read without their padding",
        "camera/conversions.py",
        "rows = np.frombuffer(image.data, np.uint8, needed).reshape(image.height, image.step)",
        "rows = np.frombuffer(image.data, np.uint8, image.height * row).reshape(image.height, row)",
        "test/camera/test_conversions.py",
    ),
    Bug(
        "big-endian images are read as little-endian",
        "camera/conversions.py",
        'stored = dtype.newbyteorder(">" if image.is_bigendian else "<")',
        'stored = dtype.newbyteorder("<")',
        "test/camera/test_conversions.py",
    ),
    Bug(
        "a stamp is answered about the newest frame",
        "camera/frame_buffer.py",
        "image = _nearest(self._images, stamp_ns)",
        "image = self._images[-1] if self._images else None",
        "test/camera/test_frame_buffer.py",
    ),
    Bug(
        "a looped bag leaves the frames of the lap before",
        "camera/frame_buffer.py",
        "                ring.clear()\n                dropped = True",
        "                dropped = True",
        "test/camera/test_frame_buffer.py",
    ),
    Bug(
        "the second from the left is the third",
        "referring/grounding/ranking.py",
        "off = (torch.arange(counts.shape[1]) - (index - 1)).abs()",
        "off = (torch.arange(counts.shape[1]) - index).abs()",
        "test/referring/test_ranking.py",
    ),
    Bug(
        "two that fit alike are never ambiguous",
        "referring/verdict/decision.py",
        "if single and _similar_count(candidates, settings) > 1:",
        "if single and _similar_count(candidates, settings) > 2:",
        "test/referring/test_decision.py test/referring/test_segmenter.py",
    ),
    Bug(
        "weights without a calibration refuse",
        "referring/verdict/decision.py",
        "if calibration.measured and existence(candidates, target, calibration) <= ",
        "if existence(candidates, target, calibration) <= ",
        "test/referring/test_decision.py test/referring/test_product_resolver.py",
    ),
    Bug(
        "a mask is its own anchor",
        "referring/grounding/relation_scores.py",
        "weights = others * anchor.weights[None, :]",
        "weights = torch.ones_like(others) * anchor.weights[None, :]",
        "test/referring/test_relation_scores.py",
    ),
    Bug(
        "the queue has no end",
        "ros/lifecycle/worker.py",
        "if len(self._jobs) >= self.max_pending and not beyond_limit:",
        "if len(self._jobs) > 10 * self.max_pending and not beyond_limit:",
        "test/ros/test_worker.py",
    ),
    Bug(
        "a checkpoint with another sha256 is kept",
        "weights/fetch.py",
        "if found != checkpoint.sha256:",
        "if len(found) != len(checkpoint.sha256):",
        "test/weights/test_fetch.py",
    ),
    Bug(
        "the class token sees the whole picture",
        "vision/hybrid.py",
        "own[..., None], cover != 0, context",
        "own[..., None], cover >= 0, context",
        "test/vision/test_hybrid.py",
    ),
    Bug(
        "what lies far from a mask changes as the mask does",
        "vision/background_tokens.py",
        ".masked_fill(inside[..., None], torch.inf)",
        "",
        "test/vision/test_background_tokens.py",
    ),
    Bug(
        "oIoU is the mean of IoUs",
        "evaluation/metrics.py",
        "return sum(each.intersection for each in listed) / union if union else 0.0",
        "return mean(each.iou for each in listed) if union else 0.0",
        "test/evaluation/test_metrics.py",
    ),
)


def copy_of_checkout(folder: Path) -> None:
    """Copy the files that the tests need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)


def passes(folder: Path, tests: str) -> bool:
    """Return whether the tests pass in the copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if found.returncode not in (0, 1):
        raise SystemExit(f"{tests} could not be run:\n{found.stdout[-2000:]}{found.stderr[-500:]}")
    return found.returncode == 0


def caught(folder: Path, bug: Bug) -> bool:
    """Return whether the tests fail with the bug."""
    path = folder / "zsris_ros" / bug.file
    clean = path.read_text(encoding="utf-8")
    if clean.count(bug.before) != 1:
        raise SystemExit(f"'{bug.what}' no longer matches {bug.file}")
    path.write_text(clean.replace(bug.before, bug.after), encoding="utf-8")
    try:
        return not passes(folder, bug.tests)
    finally:
        path.write_text(clean, encoding="utf-8")


def main() -> int:
    """Test all bugs; return 0 if each is caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/reliability"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_checkout(folder)
        every = " ".join(sorted({test for bug in BUGS for test in bug.tests.split()}))
        if not passes(folder, every):
            raise SystemExit("the tests fail without a planted bug")
        found = {bug: caught(folder, bug) for bug in tqdm(BUGS, desc="bugs")}
    for bug, was_caught in found.items():
        print("caught" if was_caught else "MISSED", f"{bug.file}: {bug.what}", sep="  ")
    row = {
        "what": "planted bugs",
        "tried": f"{len(BUGS)} bugs, one at a time",
        "result": f"{sum(found.values())} caught",
        "command": "make mutants OUT=docs/results/reliability",
    }
    bugs = [{"what": bug.what, "file": bug.file, "caught": found[bug]} for bug in BUGS]
    chosen.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"rows": [row], "bugs": bugs}, indent=1) + "\n"
    (chosen.out / "planted_bugs.json").write_text(text, encoding="utf-8")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
