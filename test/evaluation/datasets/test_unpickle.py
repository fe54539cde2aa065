"""Plain data of every protocol is read; all other pickles are refused without execution."""

from __future__ import annotations

import contextlib
import copyreg
import io
import os
import pickle
import pickletools
import struct
from collections import OrderedDict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zsris_ros.evaluation.datasets.unpickle import load_plain, loads_plain
from zsris_ros.types import InputError

PROTOCOLS = st.integers(0, 5)
KEYS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
)
PLAIN = st.recursive(
    KEYS | st.sets(KEYS, max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
PYTHON_2_DATA = st.recursive(
    st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN, PROTOCOLS)
@example([2**70, -(2**70), -1, 255, 65535, 2**31 - 1, -(2**31)], 0)
@example(["a\nb\\u00e9", "\ud800", "é" * 300, b"\x00" * 300], 0)
def test_plain_data_is_restored(value: Any, protocol: int) -> None:
    read = loads_plain(pickle.dumps(value, protocol))
    assert read == value
    assert repr(read) == repr(pickle.loads(pickle.dumps(value, protocol))), "types differ"


def python_2(value: Any, protocol: int) -> bytes:
    """Return a pickle in the form of Python 2's pickle.dump; bytes represent its ``str``."""
    body = _python_2(value, protocol)
    return (b"\x80\x02" if protocol == 2 else b"") + body + b"."


def _python_2(value: Any, protocol: int) -> bytes:
    if isinstance(value, list):
        start = b"(l" if protocol == 0 else b"]"
        return start + b"".join(_python_2(each, protocol) + b"a" for each in value)
    if isinstance(value, dict):
        start = b"(d" if protocol == 0 else b"}"
        pairs = (_python_2(k, protocol) + _python_2(v, protocol) + b"s" for k, v in value.items())
        return start + b"".join(pairs)
    if protocol == 0:
        return b"S" + repr(value)[1:].encode() + b"\n"
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + struct.pack("<i", len(value)) + value


def as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, dict):
        return {as_text(k): as_text(v) for k, v in value.items()}
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


@given(PYTHON_2_DATA, st.integers(0, 2))
@example([b'it\'s a "mug"', b"caf\xe9", "café".encode(), b"x" * 300, b"a\\b\n"], 0)
def test_python_2_text_is_utf_8_or_latin_1(value: Any, protocol: int) -> None:
    data = python_2(value, protocol)
    assert pickle.loads(data, encoding="bytes") == value, "the test's own writer"
    assert loads_plain(data) == as_text(value)


def test_a_pickle_as_python_2_wrote_it(tmp_path: Path) -> None:
    """Memo, long integers and an old set, by Python 2.7's names."""
    path = tmp_path / "refs(unc).p"
    path.write_bytes(
        b"\x80\x02]q\x01}q\x02(U\x04sentq\x03X\x03\x00\x00\x00mugq\x04U\x06ref_idq\x05\x8a\x01\x07"
        b"U\x04seenq\x06c__builtin__\nset\nq\x07]q\x08(K\x01K\x02e\x85Rq\x09ua}q\x0a(h\x03h\x04ue.".replace(
            b"ue.", b"ua."
        )
    )
    assert load_plain(path) == [{"sent": "mug", "ref_id": 7, "seen": {1, 2}}, {"sent": "mug"}]
    path.write_bytes(
        b"(lp0\n(dp1\nS'sent'\np2\nS'mug'\np3\nsS'ref_id'\np4\nL7L\nsa(dp5\ng2\ng3\nsa."
    )
    assert load_plain(path) == [{"sent": "mug", "ref_id": 7}, {"sent": "mug"}]


class Hostile:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


class HasPersistentIds(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return "object 7" if isinstance(obj, Hostile) else None


class Thing:
    pass


@pytest.mark.weights("annotations that carry code: refused, and nothing of it is run")
@pytest.mark.parametrize("protocol", range(6))
def test_a_hostile_pickle_is_refused_and_nothing_runs(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "it_ran"
    data = pickle.dumps([{"refs": (Hostile(f"touch {trace}"),)}], protocol)
    with pytest.raises(InputError, match=r"(posix|nt)\.system, which is code and not data"):
        loads_plain(data)
    assert not trace.exists()
    pickle.loads(data)
    assert trace.exists(), "the pickle was not hostile, so the test shows nothing"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [OrderedDict(a=1), Thing(), Thing, date(2020, 1, 1), np.float64(1.0), np.arange(3),
     1j, range(3), bytearray(b"abc"), len, Path("a"), slice(1, 2)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_other_data_is_refused(value: object, protocol: int) -> None:
    data = pickle.dumps({"a": [value]}, protocol)
    with pytest.raises(InputError, match="refused, only plain data is read"):
        loads_plain(data, "refs.p")


def test_persistent_ids_and_the_extension_registry_are_refused() -> None:
    for protocol in (0, 2):
        buffer = io.BytesIO()
        HasPersistentIds(buffer, protocol).dump([Hostile("")])
        with pytest.raises(InputError, match="PERSID"):
            loads_plain(buffer.getvalue())
    copyreg.add_extension(Thing.__module__, "Thing", 0x7A)
    try:
        data = pickle.dumps(Thing, 2)
        pickle.loads(data)  # now Python's own reader has it in its cache
        with pytest.raises(InputError, match="EXT1"):
            loads_plain(data)
    finally:
        copyreg.remove_extension(Thing.__module__, "Thing", 0x7A)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"cos\nsystem\n.", "os.system"),
        (b"(S'ls'\nios\nsystem\n.", "os.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"),
        (b"c__builtin__\nset\n.", "name among the data"),
        (b"(lc__builtin__\nset\na.", "name among the data"),
        (b"c__builtin__\nset\np0\n0g0\n\x85.", "name among the data"),
        (b"c__builtin__\nset\n2]\x85R0.", "DUP"),
        (b"c__builtin__\nbytes\n(I999999999999\ntR.", "no whole pickle"),
        (b"c_codecs\nencode\n(Va\nVrot13\ntR.", "asks for the encoding"),
        (b"]]\x85R.", "no whole pickle"),
        (b"}}}s.", "no whole pickle"),
        (b"}c__builtin__\nset\nNs.", "name among the data"),
        (b"]q\x01(h\x01h\x01tq\x02}h\x02Ns.", "no whole pickle"),
        (b"c__builtin__\nset\n}b.", "BUILD"),
        (b"\x80\x09N.", "protocol: 9"),
        (b"T\xff\xff\xff\x7fabc.", "no whole pickle"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "no whole pickle"),
        (b"\x8b\xff\xff\xff\xffabc.", "no whole pickle"),
        (b"I" + b"9" * 100_000 + b"\n.", "no whole pickle"),
        (b"N}r\xff\xff\xff\xffj\x00\x00\x00\x00.", "no whole pickle"),
        (b"S'sent\n.", "no whole pickle"),
        (b"", "no whole pickle"),
        (b"<html>not found</html>", "no whole pickle"),
    ],
)
def test_tricks_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        loads_plain(data)


def test_a_huge_memo_index_allocates_no_memory() -> None:
    assert loads_plain(b"]r\xff\xff\xff\xff.") == []


@pytest.mark.parametrize("opcode", pickletools.opcodes, ids=lambda each: each.name)
def test_every_opcode_alone_is_refused(opcode: pickletools.OpcodeInfo) -> None:
    with pytest.raises(InputError):
        loads_plain(opcode.code.encode("latin-1") + b"\x00\n\x00\n" * 4)


@given(PLAIN, PROTOCOLS, st.data())
def test_a_truncated_or_damaged_pickle_raises_input_error_only(
    value: Any, protocol: int, data: st.DataObject
) -> None:
    whole = pickle.dumps(value, protocol)
    with pytest.raises(InputError):
        loads_plain(whole[: data.draw(st.integers(0, len(whole) - 1))])
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    with contextlib.suppress(InputError):
        loads_plain(damaged)


@given(st.binary(max_size=60))
def test_random_bytes_raise_input_error_only(data: bytes) -> None:
    with contextlib.suppress(InputError):
        loads_plain(data)
