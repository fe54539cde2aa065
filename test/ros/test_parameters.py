"""Declaration, checks and documentation of the parameters; launch and configuration files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
yaml = pytest.importorskip("yaml")

from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from zsris_ros.ros.node import ReferSegmentNode
from zsris_ros.ros.parameters import parameter_docs
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.parameters.parameter_declaration import ParameterError, check, declare, update
from zsris_ros.ros.parameters.speech_parameters import SpeechParameters

ROOT = Path(__file__).resolve().parents[2]
NAMES = [parameter.name for parameter in fields(Parameters)]


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    context = Context()
    rclpy.init(context=context, domain_id=91)
    yield context
    rclpy.shutdown(context=context)


def declared(context: Context, **given: object) -> Parameters:
    overrides = [Parameter(name, value=value) for name, value in given.items()]
    node = Node("parameters_test", context=context, parameter_overrides=overrides)
    try:
        return declare(node, Parameters)
    finally:
        node.destroy_node()


def test_overrides_replace_the_defaults(context: Context) -> None:
    assert declared(context) == Parameters()
    given = {"weights": "openai", "max_pending": 3, "stamp_tolerance": 2.5}
    assert declared(context, use_sim_time=True, **given) == Parameters(**given)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_pending", 0, "1 to 1000"),
        ("max_pending", "many", "an integer"),
        ("max_candidates", 256, "1 to 255"),
        ("stamp_tolerance", -0.5, "0.0 to 3600.0"),
        ("stamp_tolerance", 1, "such as 1.0"),
        ("precision", "float8", "float16"),
        ("depth_proposals", "yes", "true or false"),
        ("weights", 5, "a string"),
    ],
)
def test_a_wrong_value_is_refused_with_the_allowed_ones(
    context: Context, name: str, value: object, said: str
) -> None:
    with pytest.raises(ParameterError) as refusal:
        declared(context, **{name: value})
    assert name in str(refusal.value)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_name_is_ignored(context: Context) -> None:
    """It may belong to another node of a file for all nodes; the log has a warning."""
    assert declared(context, max_pendin=3) == Parameters()


def test_every_parameter_is_described(context: Context) -> None:
    node = Node("described", context=context)
    declare(node, Parameters)
    for name in NAMES:
        descriptor = node.describe_parameter(name)
        assert len(descriptor.description) > 20, name
        assert descriptor.description.endswith("."), name
        assert "Changes" in descriptor.description
    assert node.describe_parameter("autostart").read_only
    assert not node.describe_parameter("weights").read_only
    assert node.describe_parameter("max_pending").integer_range[0].to_value == 1000
    node.destroy_node()


def test_a_change_at_run_time_is_all_or_nothing() -> None:
    before = Parameters()
    after, result = update(
        before, [Parameter("max_candidates", value=3), Parameter("use_sim_time", value=True)]
    )
    assert result.successful and after.max_candidates == 3
    after, result = update(
        before, [Parameter("max_candidates", value=3), Parameter("image_timeout", value=0.0)]
    )
    assert after == before
    assert not result.successful and "image_timeout" in result.reason


def test_parameters_of_the_models_change_only_while_unconfigured() -> None:
    before = Parameters()
    change = Parameter("weights", value="openai")
    after, result = update(before, [change], configured=True)
    assert after == before
    assert not result.successful and "unconfigured" in result.reason
    after, result = update(before, [change], configured=False)
    assert result.successful and after.weights == "openai"
    # `ros2 param load` sets every parameter, changed or not.
    same = [Parameter(name, value=getattr(before, name)) for name in NAMES]
    assert update(before, same, configured=True)[1].successful


def test_the_documentation_is_up_to_date(tmp_path: Path) -> None:
    assert parameter_docs.main([str(tmp_path / "parameters.md")]) == 0
    assert (tmp_path / "parameters.md").read_text() == parameter_docs.markdown()
    written = (ROOT / "docs/parameters.md").read_text()
    command = "python -m zsris_ros.ros.parameters.parameter_docs docs/parameters.md"
    assert written == parameter_docs.markdown(), f"run {command}"
    for name in [*NAMES, *(each.name for each in fields(SpeechParameters))]:
        assert written.count(f"\n| `{name}` |") == 1


YAML_FILES = sorted((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_a_configuration_file_holds_declared_parameters_with_their_defaults(path: Path) -> None:
    for node in yaml.safe_load(path.read_text()).values():
        values = node["ros__parameters"]
        assert values, "the file sets nothing"
        for name, value in values.items():
            assert name in NAMES
            assert check(Parameters, name, value) == ""
            assert value == getattr(Parameters(), name), f"{name}: a copied default is out of step"


def test_launch_and_configuration_file_share_the_parameters() -> None:
    """Each parameter is set in exactly one of the two."""
    (node,) = yaml.safe_load((ROOT / "config/refer_segment.yaml").read_text()).values()
    set_here = {param.get("name") for param in launch_file("refer_segment").iter("param")}
    in_file = set(node["ros__parameters"])
    assert not set_here & in_file
    assert set_here | in_file >= set(NAMES)


LAUNCH_FILES = sorted(path.name for path in (ROOT / "launch").glob("*.launch.xml"))
SHARE = "$(find-pkg-share zsris_ros)/"


def launch_file(name: str) -> ElementTree.Element:
    path = ROOT / "launch" / f"{name.removesuffix('.launch.xml')}.launch.xml"
    return ElementTree.parse(path).getroot()


def arguments(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return the arguments of a launch file without those of its includes."""
    return {argument.get("name", ""): argument for argument in root.findall("arg")}


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_a_launch_file_sets_declared_parameters_and_documents_its_arguments(name: str) -> None:
    root = launch_file(name)
    nodes = [each for each in root.iter("node") if each.get("exec") == "refer_segment_node"]
    for node in nodes:
        set_here = {param.get("name") for param in node.iter("param")} - {None}
        assert set_here <= {*NAMES, "use_sim_time"}
    declared = arguments(root)
    used = re.findall(r"\$\(var (\w+)\)", ElementTree.tostring(root, encoding="unicode"))
    assert set(used) == set(declared), "unused or undeclared arguments"
    known = {each: str(getattr(Parameters(), each)) for each in NAMES}
    for each, argument in declared.items():
        assert len(argument.get("description", "")) > 10, each
        if each in known:
            assert argument.get("default", "").lower() == known[each].lower()


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_a_launch_file_starts_installed_executables(name: str) -> None:
    root = launch_file(name)
    executables = re.findall(r'"(\w+):zsris_ros\.', (ROOT / "CMakeLists.txt").read_text())
    for node in root.iter("node"):
        assert node.get("pkg") != "zsris_ros" or node.get("exec") in executables
    for text in re.findall(r'"\$\(find-pkg-share zsris_ros\)/([^"]+)"', _text(name)):
        assert (ROOT / text).is_file(), text
    for include in root.iter("include"):
        included = launch_file(include.get("file", "").removeprefix(f"{SHARE}launch/"))
        assert {each.get("name") for each in include.iter("arg")} <= set(arguments(included))


def _text(name: str) -> str:
    return (ROOT / "launch" / name).read_text()


def test_the_camera_argument_names_the_topics() -> None:
    declared = arguments(launch_file("refer_segment"))
    for topic in ("image", "depth", "camera_info"):
        assert declared[topic].get("default", "").startswith("$(var camera)/")
    # A default may only use arguments that are declared before it.
    order = list(declared)
    assert all(order.index("camera") < order.index(topic) for topic in ("image", "depth"))


def test_the_launch_file_remaps_existing_names(context: Context) -> None:
    node = ReferSegmentNode(lambda _: None, context=context)  # type: ignore[arg-type,return-value]
    topics = node.get_subscriber_names_and_types_by_node(node.get_name(), "/")
    services = node.get_service_names_and_types_by_node(node.get_name(), "/")
    names = {name.lstrip("/") for name, _ in [*topics, *services]}
    node.stop(5.0)
    node.destroy_node()
    (launched,) = executed("refer_segment_node")
    remapped = {remap.get("from") for remap in launched.iter("remap")}
    assert remapped == {
        "image", "depth", "camera_info", "expression", "utterance", "refer_segment"
    }  # fmt: skip
    assert remapped <= names


def test_the_launch_file_starts_the_node_again() -> None:
    """Exit code 3, a lost GPU, is healed by a new process only."""
    (launched,) = executed("refer_segment_node")
    assert launched.get("respawn") == "$(var respawn)"
    assert float(launched.get("respawn_delay", "0")) == 3.0, "docs/node.md has the delay"
    assert arguments(launch_file("refer_segment"))["respawn"].get("default") == "true"


def test_speech_is_launched_on_demand_with_declared_parameters() -> None:
    """refer_segment_node gets its utterances and not its texts, which would be duplicates."""
    (launched,) = executed("speech_node")
    assert launched.get("if") == "$(var speech)"
    names = {parameter.name for parameter in fields(SpeechParameters)}
    assert {param.get("name") for param in launched.iter("param")} <= {*names, "use_sim_time"}
    remaps = {each.get("from"): each.get("to") for each in launched.iter("remap")}
    (listener,) = executed("refer_segment_node")
    remapped = {each.get("from"): each.get("to") for each in listener.iter("remap")}
    assert remaps == {"expression": "~/expression", "~/utterance": remapped["utterance"]}


def executed(name: str) -> list[ElementTree.Element]:
    """Return the nodes of the launch file with this executable."""
    return [each for each in launch_file("refer_segment").iter("node") if each.get("exec") == name]
