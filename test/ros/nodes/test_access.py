"""Open ports and written files of the node: DDS only, and logs without expressions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ros_camera import colour_image
from support.ros_processes import Process, node, status_of

from zsris_ros.ros.client.service_client import Client

LISTENS = "0A"  # the state of a TCP socket in /proc/net/tcp

BARE_NODE = """
import rclpy, signal
signal.signal(signal.SIGINT, lambda *_: None)
rclpy.init()
node = rclpy.create_node("bare")
print("it is there", flush=True)
rclpy.spin(node)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set empty folders for home, temporary files, caches and logs."""
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "logs"))
    return tmp_path


@pytest.mark.access("no port is opened but those of DDS")
@pytest.mark.access("no picture and no expression is stored on disk")
def test_nothing_is_opened_but_dds_and_nothing_stored_but_logs(ros: None, home: Path) -> None:
    with node(device="cpu") as running:
        running.wait_for_log("the model is ready", timeout=120)
        asked = "the conspicuously red square"
        with Client() as client:
            image = colour_image(1, 10)
            response = client.ask(asked, image=image, timeout=60.0)
            assert status_of(response) in {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
        listening, bound = set(tcp_listening(running)), list(udp_ports(running))
        written = {path for path in opened_for_writing(running) if path.is_file()}
        assert running.end()[0] == 0
    with Process("-c", BARE_NODE) as bare:
        bare.wait_for_log("it is there")
        dds = list(udp_ports(bare))
    assert not listening
    assert 0 < len(bound) <= len(dds), f"{bound}, and a bare node has {dds}"
    left = {path for path in home.rglob("*") if path.is_file()}
    assert all(path.parent == home / "logs" for path in left), left
    logs = {path for path in written if path.is_relative_to(home / "logs")}
    shared = {path for path in written if path.is_relative_to("/dev/shm")}
    assert written - logs - shared == set(), "open for writing"
    for log in left:
        text = log.read_text(encoding="utf-8")
        assert asked not in text and len(text) < 10_000


@pytest.mark.access("ROS_SECURITY_STRATEGY=Enforce without an enclave: the node does not start")
def test_without_an_enclave_nothing_starts_where_security_is_enforced(
    ros: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    monkeypatch.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    with node(device="cpu") as refused:
        assert refused.wait(60.0) != 0
        assert re.search("security", refused.log(), re.IGNORECASE)


def opened_for_writing(process: Process) -> Iterator[Path]:
    for each in Path(f"/proc/{process.pid}/fdinfo").iterdir():
        found = re.search(r"^flags:\s*0?(\d+)$", each.read_text(), re.MULTILINE)
        assert found
        if int(found[1], 8) & (os.O_WRONLY | os.O_RDWR):
            target = os.readlink(f"/proc/{process.pid}/fd/{each.name}")
            if (target.startswith("/") and not target.startswith("/dev/")) or "/shm/" in target:
                yield Path(target)


def tcp_listening(process: Process) -> Iterator[int]:
    """Yield the TCP ports with a listening socket."""
    for state, port in sockets(process, "tcp"):
        if state == LISTENS:
            yield port


def udp_ports(process: Process) -> Iterator[int]:
    return (port for _, port in sockets(process, "udp"))


def sockets(process: Process, kind: str) -> Iterator[tuple[str, int]]:
    """Yield state and local port of the process's sockets."""
    own = set()
    for each in Path(f"/proc/{process.pid}/fd").iterdir():
        target = os.readlink(each)
        if target.startswith("socket:"):
            own.add(target[len("socket:[") : -1])
    for table in (kind, f"{kind}6"):
        path = Path(f"/proc/{process.pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[9] in own:
                yield fields[3], int(fields[1].rpartition(":")[2], 16)
