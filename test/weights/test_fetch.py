"""Downloads over real TLS from a local server with configurable faults."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from zsris_ros.weights.catalogue import Checkpoint, WeightsError
from zsris_ros.weights.fetch import fetch, sha256, verify

CONTENT = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """The server's behaviour for the next requests, and the received ranges."""

    content: bytes = CONTENT
    status: int = 200
    ranges: bool = True
    cut_after: int | None = None
    announce: bool = True
    redirect: str = ""
    requested: list[str | None] = field(default_factory=list)


class Handler(http.server.BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self) -> None:
        chosen, wanted = self.behaviour, self.headers.get("Range")
        chosen.requested.append(wanted)
        if chosen.redirect:
            self.send_response(302)
            self.send_header("Location", chosen.redirect)
            self.end_headers()
            return
        body, status = chosen.content, chosen.status
        if wanted and chosen.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            body, status = body[start:], 206
        self.send_response(status)
        if chosen.announce:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if chosen.cut_after is None else body[: chosen.cut_after])

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Server:
    behaviour: Behaviour
    checkpoint: Checkpoint
    trusted: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs the command of Debian's package openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return key, certificate


@pytest.fixture
def server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    key, chain = certificate
    behaviour = Behaviour()
    handler = type("BoundHandler", (Handler,), {"behaviour": behaviour})
    listener = http.server.ThreadingHTTPServer(("localhost", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    url = f"https://localhost:{listener.server_port}/model.pth"
    yield Server(behaviour, checkpoint(url), ssl.create_default_context(cafile=str(chain)))
    listener.shutdown()
    listener.server_close()


def checkpoint(url: str) -> Checkpoint:
    return Checkpoint("model", "a test", "model.pth", url, len(CONTENT), DIGEST, "MIT", {})


def get(server: Server, directory: Path) -> Path:
    return fetch(server.checkpoint, directory, progress=False, context=server.trusted)


@pytest.mark.weights("a file takes its name only when it is whole")
def test_a_file_arrives_whole_and_is_not_fetched_twice(server: Server, tmp_path: Path) -> None:
    directory = tmp_path / "made" / "on demand"
    path = get(server, directory)
    assert path == directory / "model.pth"
    assert path.read_bytes() == CONTENT
    assert get(server, directory) == path
    assert server.behaviour.requested == [None]
    assert [file.name for file in directory.iterdir()] == ["model.pth"]


@pytest.mark.weights("an interrupted download goes on where it stood")
@pytest.mark.parametrize("announce", [True, False])
def test_an_interrupted_download_continues(server: Server, tmp_path: Path, announce: bool) -> None:
    server.behaviour.cut_after = 400_000
    server.behaviour.announce = announce
    with pytest.raises(WeightsError, match=r"0\.4 MB of 1\.3 MB of model\.pth; the same command"):
        get(server, tmp_path)
    assert not (tmp_path / "model.pth").exists()
    assert (tmp_path / "model.pth.part").read_bytes() == CONTENT[:400_000]

    server.behaviour.cut_after = None
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.behaviour.requested == [None, "bytes=400000-"]
    assert not (tmp_path / "model.pth.part").exists()


@pytest.mark.weights("an interrupted download goes on where it stood")
@pytest.mark.parametrize(
    ("part", "ranges", "requested"),
    [
        (CONTENT[:1000], False, ["bytes=1000-"]),  # the server ignores ranges
        (CONTENT, True, []),  # complete: no request
        (CONTENT + b"x", True, [None]),  # too long: restarted
    ],
)
def test_a_part_is_completed(
    server: Server, tmp_path: Path, part: bytes, ranges: bool, requested: list[str | None]
) -> None:
    (tmp_path / "model.pth.part").write_bytes(part)
    server.behaviour.ranges = ranges
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.behaviour.requested == requested


@pytest.mark.weights("another sha256 or size than the catalogue's: deleted and refused")
def test_other_content_is_deleted_and_refused(server: Server, tmp_path: Path) -> None:
    server.behaviour.content = CONTENT[:-1] + b"!"
    with pytest.raises(WeightsError, match=f"not model: its sha256 is .*{DIGEST}; it was deleted"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.weights("another sha256 or size than the catalogue's: deleted and refused")
def test_a_forged_beginning_of_a_resumed_file_is_found(server: Server, tmp_path: Path) -> None:
    (tmp_path / "model.pth.part").write_bytes(b"\0" * 1000)
    with pytest.raises(WeightsError, match="sha256"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert get(server, tmp_path).read_bytes() == CONTENT


@pytest.mark.weights("another sha256 or size than the catalogue's: deleted and refused")
@pytest.mark.parametrize("announce", [True, False])
def test_a_longer_file_than_catalogued_is_not_stored(
    server: Server, tmp_path: Path, announce: bool
) -> None:
    server.behaviour.content = CONTENT * 20
    server.behaviour.announce = announce
    with pytest.raises(WeightsError, match="sends more than the 1280000 bytes"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_copy_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"damaged")
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_damaged_copy_is_kept_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="cannot reach"):
        fetch(checkpoint("https://localhost:1/model.pth"), tmp_path, progress=False)
    assert (tmp_path / "model.pth").read_bytes() == b"damaged"


def test_offline_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        url = f"https://localhost:{free.getsockname()[1]}/model.pth"
    with pytest.raises(WeightsError, match=r"cannot reach localhost \(.*refused\); get https://"):
        fetch(checkpoint(url), tmp_path, progress=False)


@pytest.mark.weights("only https is fetched, from servers whose certificate is known")
def test_an_unknown_certificate_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="certificate"):
        fetch(server.checkpoint, tmp_path, progress=False)
    assert server.behaviour.requested == []


@pytest.mark.weights("only https is fetched, from servers whose certificate is known")
@pytest.mark.parametrize("url", ["http://localhost/model.pth", "file:///etc/hostname", "ftp://x/y"])
def test_only_https_is_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(WeightsError, match="https only"):
        fetch(checkpoint(url), tmp_path, progress=False)


@pytest.mark.weights("only https is fetched, from servers whose certificate is known")
def test_a_redirect_to_http_is_refused(server: Server, tmp_path: Path) -> None:
    server.behaviour.redirect = "http://localhost/model.pth"
    with pytest.raises(WeightsError, match=r"leads to http://localhost/model\.pth.*https only"):
        get(server, tmp_path)


def test_refusals_of_the_server_are_reported(server: Server, tmp_path: Path) -> None:
    server.behaviour.status = 404
    with pytest.raises(WeightsError, match="answers 404"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot store"):
        fetch(checkpoint("https://localhost:1/m"), tmp_path / "file" / "below", progress=False)


def test_a_full_disk_is_detected_before_the_download(server: Server, tmp_path: Path) -> None:
    huge = replace(server.checkpoint, size=1 << 60)
    with pytest.raises(WeightsError, match="MB are free"):
        fetch(huge, tmp_path, progress=False, context=server.trusted)
    assert server.behaviour.requested == []


def test_verify_names_the_fault(tmp_path: Path) -> None:
    entry, path = checkpoint("https://localhost/m"), tmp_path / "model.pth"
    with pytest.raises(WeightsError, match="missing; fetch it with `zsris weights fetch model`"):
        verify(path, entry)
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="1279999 bytes, but model 1280000"):
        verify(path, entry)
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(WeightsError, match="its sha256 is"):
        verify(path, entry)
    path.write_bytes(CONTENT)
    verify(path, entry)
    assert sha256(path) == DIGEST
