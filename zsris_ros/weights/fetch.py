"""Resumable download of checkpoints over https, verified by sha256."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tqdm import tqdm

from zsris_ros.weights.catalogue import Checkpoint, WeightsError, default_directory

CHUNK = 1 << 20
TIMEOUT = 30.0
"""Seconds without data after which the connection counts as lost."""


def fetch(
    checkpoint: Checkpoint,
    directory: Path | None = None,
    *,
    progress: bool = True,
    context: ssl.SSLContext | None = None,
) -> Path:
    """Download ``checkpoint`` into ``directory`` unless a valid copy exists; returns its path.

    An interrupted download stays as ``<file>.part`` and is resumed by the next call. The file gets
    its name after its size and sha256 are verified; an invalid one is deleted. ``context`` has the
    trusted certificates (None: the system's). Raises WeightsError without a valid file.
    """
    directory = directory or default_directory()
    target = directory / checkpoint.file
    if target.exists():
        try:
            verify(target, checkpoint, progress=progress)
        except WeightsError:
            pass  # replaced by a valid download
        else:
            return target
    part = target.with_name(target.name + ".part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _download(checkpoint, part, progress, context)
        try:
            verify(part, checkpoint, progress=progress)
        except WeightsError as error:
            part.unlink()
            raise WeightsError(f"{error}; it was deleted, fetch it again") from None
        os.replace(part, target)
    except OSError as error:
        raise WeightsError(f"cannot store {target}: {error.strerror or error}") from error
    return target


def verify(path: Path, checkpoint: Checkpoint, *, progress: bool = False) -> None:
    """Raise WeightsError unless the file at ``path`` has the checkpoint's size and sha256."""
    if not path.is_file():
        raise WeightsError(
            f"{path} is missing; fetch it with `zsris weights fetch {checkpoint.name}`"
        )
    size = path.stat().st_size
    if size != checkpoint.size:
        raise WeightsError(f"{path} has {size} bytes, but {checkpoint.name} {checkpoint.size}")
    found = sha256(path, progress=progress)
    if found != checkpoint.sha256:
        raise WeightsError(
            f"{path} is not {checkpoint.name}: its sha256 is {found}, not {checkpoint.sha256}"
        )


def sha256(path: Path, *, progress: bool = False) -> str:
    """Return the sha256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file, _bar(path.stat().st_size, 0, "checking", progress) as bar:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()


def _download(
    checkpoint: Checkpoint, part: Path, progress: bool, context: ssl.SSLContext | None
) -> None:
    """Append the missing bytes to ``part``."""
    done = part.stat().st_size if part.exists() else 0
    if done > checkpoint.size:
        part.unlink()
        done = 0
    if done == checkpoint.size:
        return
    free = shutil.disk_usage(part.parent).free
    if free < checkpoint.size - done:
        raise WeightsError(
            f"{checkpoint.file} needs {_megabytes(checkpoint.size - done)} in {part.parent}, "
            f"where {_megabytes(free)} are free"
        )
    response = _open(checkpoint, part, done, context)
    with response:
        if response.status != 206:  # the server restarts at the first byte
            done = 0
        with (
            part.open("ab" if done else "wb") as file,
            _bar(checkpoint.size, done, checkpoint.file, progress) as bar,
        ):
            try:
                done = _copy(response, file, done, checkpoint.size, bar)
            except (ssl.SSLError, TimeoutError, ConnectionError, HTTPException):
                done = file.tell()  # reported below as an unfinished file
    if done > checkpoint.size:
        part.unlink()
        raise WeightsError(
            f"the server sends more than the {checkpoint.size} bytes of {checkpoint.file}; "
            "nothing was kept"
        )
    if done < checkpoint.size:
        raise WeightsError(
            f"the connection ended after {_megabytes(done)} of {_megabytes(checkpoint.size)} of "
            f"{checkpoint.file}; the same command continues there"
        )


def _copy(source: HTTPResponse, file: IO[bytes], done: int, size: int, bar: tqdm[None]) -> int:
    """Copy to the end or to one byte too many; returns the file's length."""
    while done <= size and (chunk := source.read(min(CHUNK, size + 1 - done))):
        file.write(chunk)
        done += len(chunk)
        bar.update(len(chunk))
    return done


def _open(
    checkpoint: Checkpoint, part: Path, start: int, context: ssl.SSLContext | None
) -> HTTPResponse:
    if urlsplit(checkpoint.url).scheme != "https":
        raise WeightsError(f"{checkpoint.url} is refused: weights are fetched over https only")
    request = urllib.request.Request(checkpoint.url, headers={"User-Agent": "zsris_ros"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), _SecureRedirects()
    )
    try:
        response: HTTPResponse = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        raise WeightsError(
            f"{checkpoint.url} answers {error.code} {error.reason}; nothing was fetched"
        ) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"cannot reach {urlsplit(checkpoint.url).hostname} ({reason}); get {checkpoint.url} "
            f"where there is a network and put it into {part.parent}"
        ) from None
    return response


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise WeightsError(f"{req.full_url} leads to {newurl}, which is refused: https only")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _bar(total: int, done: int, text: str, shown: bool) -> tqdm[None]:
    return tqdm(total=total, initial=done, desc=text, unit="B", unit_scale=True, disable=not shown)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
