"""Builds the package for pip: the CMake build of CMakeLists.txt, packed into a wheel.

Everything declarative stands in pyproject.toml. colcon does not use this file.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def wheels_prefix() -> Path:
    """Return the prefix that pip's build environment installed the ROS wheels to."""
    spec = importlib.util.find_spec("rosidl_cmake")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "zsris_ros: the ROS interface generators are missing; use pip's build isolation "
            "(no --no-build-isolation), or build with colcon on an installed ROS 2"
        )
    # <prefix>/lib/pythonX.Y/site-packages/rosidl_cmake/__init__.py
    return Path(spec.origin).parents[4]


class CMakeBuild(build_py):
    """Generates msg/, srv/ and action/ with CMake and collects what it installs."""

    def run(self) -> None:
        build = Path(self.get_finalized_command("build").build_temp).resolve() / "cmake"
        stage = build.with_name("stage")
        for leftover in (build, stage, Path(self.build_lib)):
            shutil.rmtree(leftover, ignore_errors=True)
        self.cmake(build, stage)
        self.collect(stage)

    def cmake(self, build: Path, stage: Path) -> None:
        prefix = wheels_prefix()
        environment = {**os.environ, "AMENT_PREFIX_PATH": str(prefix)}
        commands = (
            [
                *("cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(build)),
                f"-DCMAKE_INSTALL_PREFIX={stage}",
                f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DPython3_EXECUTABLE={sys.executable}",
                "-DCMAKE_BUILD_TYPE=Release",
                "-DBUILD_TESTING=OFF",
            ],
            ["cmake", "--build", str(build)],
            ["cmake", "--install", str(build), "--strip"],
        )
        for command in commands:
            subprocess.run(command, env=environment, check=True)

    def collect(self, stage: Path) -> None:
        """Modules go into the wheel's package, lib/ and share/ beside it as data files.

        The type support libraries are opened by name from <venv>/lib, and the ROS tools look for
        launch and configuration files under <venv>/share.
        """
        (package,) = stage.glob("lib*/python*/*-packages/zsris_ros")
        generated_sources = shutil.ignore_patterns("__pycache__", "*.c")
        shutil.copytree(package, Path(self.build_lib) / "zsris_ros", ignore=generated_sources)
        data: dict[str, list[str]] = {}
        for path in sorted(stage.rglob("*")):
            inside = path.relative_to(stage)
            is_module = any(part.endswith("-packages") for part in inside.parts)
            if path.is_file() and inside.parts[0] in ("lib", "share") and not is_module:
                data.setdefault(str(inside.parent), []).append(os.path.relpath(path, ROOT))
        self.distribution.data_files = list(data.items())


class BinaryDistribution(Distribution):
    """The wheel holds compiled type support, although setuptools compiles none of it."""

    def has_ext_modules(self) -> bool:
        return True


setup(cmdclass={"build_py": CMakeBuild}, distclass=BinaryDistribution)
