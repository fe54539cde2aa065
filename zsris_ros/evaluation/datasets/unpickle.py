"""A reader of pickles that accepts plain data only.

RefCOCO's expressions are published as Python 2 pickles. A pickle is a program: Python's reader
calls any function named in the file. This reader executes only the instructions that plain data
needs, and resolves only the names with which older protocols write sets and bytes.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from zsris_ros.types import InputError

_PLAIN = """
PROTO FRAME MARK STOP POP POP_MARK NONE NEWTRUE NEWFALSE INT LONG FLOAT BININT BININT1 BININT2
BINFLOAT LONG1 LONG4 STRING SHORT_BINSTRING BINSTRING UNICODE SHORT_BINUNICODE BINUNICODE
BINUNICODE8 SHORT_BINBYTES BINBYTES BINBYTES8 EMPTY_LIST EMPTY_TUPLE EMPTY_DICT EMPTY_SET LIST
TUPLE DICT TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM SETITEMS ADDITEMS PUT BINPUT LONG_BINPUT
MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL INST REDUCE
"""
"""The instructions of plain data, including names and calls for the constructors of ``_MAKERS``."""


def load_plain(path: str | Path) -> Any:
    """Read the dicts, lists, tuples, sets, texts, bytes and numbers in the pickle ``path``.

    Reads any protocol. Python 2's ``str`` becomes str, decoded as UTF-8, else as Latin-1.

    Raises:
        OSError: The file does not exist.
        InputError: The file is damaged, or holds more than plain data.
    """
    return loads_plain(Path(path).read_bytes(), str(path))


def loads_plain(data: bytes, name: str = "the pickle") -> Any:
    """Return the plain data in bytes, as ``load_plain`` does; messages call them ``name``."""
    try:
        value = _PlainUnpickler(io.BytesIO(data)).load()
        _check(value)
        return value
    except _Refused as error:
        raise InputError(f"{name} is refused, only plain data is read: {error}") from error
    except Exception as error:  # a damaged file can raise any error
        raise InputError(
            f"{name} is no whole pickle of plain data ({type(error).__name__}: {error}); "
            "download it again, as a binary file"
        ) from error


class _Refused(Exception):
    """A pickle that holds more than plain data."""


def _refuse(instruction: str) -> Callable[[Any], None]:
    def handler(_: Any) -> None:
        raise _Refused(f"it has the instruction {instruction}")

    return handler


class _PlainUnpickler(pickle._Unpickler):
    """Python's reader in its Python form, with a reduced table of instructions."""

    dispatch: ClassVar = {
        ord(opcode.code): pickle._Unpickler.dispatch[ord(opcode.code)]
        if opcode.name in _PLAIN.split()
        else _refuse(opcode.name)
        for opcode in pickletools.opcodes
    }

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        maker = _MAKERS.get((module, name))
        if maker is None:
            raise _Refused(f"it names {module:.40}.{name:.40}, which is code and not data")
        return maker

    def _decode_string(self, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")


def _check(value: Any) -> None:
    """Raise _Refused for a constructor among the data."""
    seen, left = set(), [value]
    while left:
        one = left.pop()
        if callable(one):
            raise _Refused("it has a name among the data")
        if isinstance(one, dict | list | tuple | set) and id(one) not in seen:
            seen.add(id(one))
            left.extend(one)
            left.extend(one.values() if isinstance(one, dict) else ())


def _set(members: list[Any]) -> set[Any]:
    return set(members)


def _empty_bytes() -> bytes:
    return b""


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _Refused(f"it asks for the encoding {encoding!r:.40}")
    return text.encode("latin-1")


_MAKERS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("__builtin__", "set"): _set,
    ("builtins", "set"): _set,
    ("__builtin__", "bytes"): _empty_bytes,
    ("builtins", "bytes"): _empty_bytes,
    ("_codecs", "encode"): _encode,
}
