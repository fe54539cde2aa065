"""Pickles of plain data, read without pickle: nothing in the file can run.

RefCOCO's expressions are published as Python 2 pickles, and a pickle is a program: Python's own
reader calls whatever the file names. This reader is a stack machine of its own. It can build dict,
list, tuple, set, str, bytes, int, float, bool and None, and has no instruction for anything else.
The price is time: seconds instead of one for the largest published file.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import Any

from zsris_ros.types import InputError

NEWEST_PROTOCOL = 5
KEYS = frozenset({str, bytes, int, float, bool, type(None)})
"""Types of keys and of members of sets. Hashing nested tuples can take for ever."""


class _Maker(Enum):
    """The three names by which older protocols write plain data that they have no opcode for."""

    SET = "set"
    BYTES = "bytes"
    ENCODE = "encode"


_MAKERS: Mapping[tuple[str, str], _Maker] = {
    ("__builtin__", "set"): _Maker.SET,
    ("builtins", "set"): _Maker.SET,
    ("__builtin__", "bytes"): _Maker.BYTES,
    ("builtins", "bytes"): _Maker.BYTES,
    ("_codecs", "encode"): _Maker.ENCODE,
}
_NAMES: Mapping[int, str] = {ord(each.code): each.name for each in pickletools.opcodes}
_CODES: Mapping[str, int] = {name: code for code, name in _NAMES.items()}
_STOP = _CODES["STOP"]
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
_ESCAPED = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}
"""What Python 2's repr of a str escapes, besides \\xNN."""


class _Refused(Exception):
    """Something that is not plain data; the message continues "at byte N it ..."."""


def load_plain(path: str | Path) -> Any:
    """The data in the pickle ``path``, of any protocol from 0 to 5.

    Python 2's ``str`` becomes str: read as UTF-8, or as Latin-1 where it is not UTF-8. Keys of
    dicts and members of sets must be text, bytes, numbers or None. Raises OSError when there is no
    such file, and InputError that says what was refused for anything but whole, plain data.
    """
    return loads_plain(Path(path).read_bytes(), str(path))


def loads_plain(data: bytes, name: str = "the pickle") -> Any:
    """The same for bytes; ``name`` is what messages call them."""
    machine = _Machine(data)
    try:
        return machine.run()
    except _Refused as error:
        raise InputError(
            f"{name} is refused, only plain data is read: at byte {machine.start} it {error}"
        ) from error
    except (LookupError, TypeError, ValueError, OverflowError, StructError) as error:
        raise InputError(
            f"{name} is no whole pickle: byte {machine.start} makes no sense; was it downloaded "
            "completely, and not as text?"
        ) from error


class _Machine:
    """Reads one pickle. ``start`` is where the present instruction begins."""

    def __init__(self, data: bytes) -> None:
        self.start = 0
        self._data = data
        self._at = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._unused_makers = 0
        self._handlers = self._instructions()

    def run(self) -> Any:
        """The data. Raises _Refused, and LookupError and the like for what is no pickle."""
        data, handlers = self._data, self._handlers
        while True:
            self.start = self._at
            code = data[self._at]
            self._at += 1
            if code == _STOP:
                break
            handler = handlers.get(code)
            if handler is None:
                self._refuse(code)
            else:
                handler()
        if self._unused_makers:
            raise _Refused("ends with a name that was not used to make plain data")
        return self._stack.pop()

    def _instructions(self) -> dict[int, Callable[[], None]]:
        """What to do at each opcode; the opcodes that are missing here are refused."""
        push, number, blob = self._push_new, self._number, self._blob
        put, get = self._put, self._get
        byte, short, word = Struct("<B"), Struct("<H"), Struct("<I")
        long_word = Struct("<Q")
        table: dict[str, Callable[[], None]] = {
            "PROTO": self._protocol,
            "FRAME": self._frame,
            "MARK": lambda: self._marks.append(len(self._stack)),
            "POP": self._pop,
            "POP_MARK": lambda: self._drop(self._since_mark()),
            "DUP": lambda: self._push(self._stack[-1]),
            "NONE": partial(push, lambda: None),
            "NEWTRUE": partial(push, lambda: True),
            "NEWFALSE": partial(push, lambda: False),
            "INT": lambda: self._stack.append(_int(self._line())),
            "LONG": lambda: self._stack.append(int(self._line().rstrip(b"L"))),
            "FLOAT": lambda: self._stack.append(float(self._line())),
            "BININT": partial(number, Struct("<i")),
            "BININT1": partial(number, byte),
            "BININT2": partial(number, short),
            "BINFLOAT": partial(number, Struct(">d")),
            "LONG1": partial(blob, byte, _signed),
            "LONG4": partial(blob, word, _signed),
            "STRING": lambda: self._stack.append(_quoted(self._line())),
            "SHORT_BINSTRING": partial(blob, byte, _text),
            "BINSTRING": partial(blob, word, _text),
            "UNICODE": lambda: self._stack.append(self._line().decode("raw-unicode-escape")),
            "SHORT_BINUNICODE": partial(blob, byte, _utf8),
            "BINUNICODE": partial(blob, word, _utf8),
            "BINUNICODE8": partial(blob, long_word, _utf8),
            "SHORT_BINBYTES": partial(blob, byte, bytes),
            "BINBYTES": partial(blob, word, bytes),
            "BINBYTES8": partial(blob, long_word, bytes),
            "EMPTY_LIST": partial(push, list),
            "EMPTY_TUPLE": partial(push, tuple),
            "EMPTY_DICT": partial(push, dict),
            "EMPTY_SET": partial(push, set),
            "LIST": lambda: self._stack.append(self._since_mark()),
            "TUPLE": lambda: self._stack.append(tuple(self._since_mark())),
            "DICT": lambda: self._stack.append(dict(_pairs(self._since_mark()))),
            "TUPLE1": partial(self._tuple, 1),
            "TUPLE2": partial(self._tuple, 2),
            "TUPLE3": partial(self._tuple, 3),
            "APPEND": lambda: self._extend([self._stack.pop()]),
            "APPENDS": lambda: self._extend(self._since_mark()),
            "SETITEM": lambda: self._update(self._last(2)),
            "SETITEMS": lambda: self._update(self._since_mark()),
            "ADDITEMS": self._add,
            "PUT": lambda: put(int(self._line())),
            "BINPUT": lambda: put(self._unpack(byte)),
            "LONG_BINPUT": lambda: put(self._unpack(word)),
            "MEMOIZE": lambda: put(len(self._memo)),
            "GET": lambda: get(int(self._line())),
            "BINGET": lambda: get(self._unpack(byte)),
            "LONG_BINGET": lambda: get(self._unpack(word)),
            "GLOBAL": lambda: self._name(_utf8(self._line()), _utf8(self._line())),
            "STACK_GLOBAL": lambda: self._name(*self._last(2)),
            "REDUCE": self._make,
        }
        return {_CODES[name]: handler for name, handler in table.items()}

    def _refuse(self, code: int) -> None:
        name = _NAMES.get(code)
        if name is None:
            raise ValueError(f"no opcode {code}")
        if name == "INST":
            raise _Refused(f"names {_dotted(_text(self._line()), _text(self._line()))}")
        raise _Refused(f"holds the instruction {name}, which makes something else")

    # Reading from the file

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise IndexError("cut short")
        raw = self._data[self._at : end]
        self._at = end
        return raw

    def _line(self) -> bytes:
        end = self._data.index(b"\n", self._at)
        raw = self._data[self._at : end]
        self._at = end + 1
        return raw

    def _unpack(self, kind: Struct) -> Any:
        (value,) = kind.unpack_from(self._data, self._at)
        self._at += kind.size
        return value

    def _protocol(self) -> None:
        protocol = self._take(1)[0]
        if protocol > NEWEST_PROTOCOL:
            raise _Refused(f"says protocol {protocol}; known are 0 to {NEWEST_PROTOCOL}")

    def _frame(self) -> None:
        self._take(8)  # the length of what follows matters to streams only

    # The stack

    def _push(self, value: Any) -> None:
        self._unused_makers += type(value) is _Maker
        self._stack.append(value)

    def _push_new(self, make: Callable[[], Any]) -> None:
        self._stack.append(make())

    def _number(self, kind: Struct) -> None:
        self._stack.append(self._unpack(kind))

    def _blob(self, length: Struct, convert: Callable[[bytes], Any]) -> None:
        self._stack.append(convert(self._take(self._unpack(length))))

    def _since_mark(self) -> list[Any]:
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    def _last(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("the stack is too short")
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _pop(self) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._drop([self._stack.pop()])

    def _drop(self, items: Iterable[Any]) -> None:
        self._unused_makers -= sum(type(item) is _Maker for item in items)

    def _put(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def _get(self, number: int) -> None:
        self._push(self._memo[number])

    # Containers

    def _tuple(self, count: int) -> None:
        self._stack.append(tuple(self._last(count)))

    def _extend(self, items: list[Any]) -> None:
        _only(list, self._stack[-1]).extend(items)

    def _update(self, items: list[Any]) -> None:
        _only(dict, self._stack[-1]).update(_pairs(items))

    def _add(self) -> None:
        items = _members(self._since_mark())
        _only(set, self._stack[-1]).update(items)

    # Names, of which three make plain data

    def _name(self, module: Any, name: Any) -> None:
        maker = _MAKERS.get((_only(str, module), _only(str, name)))
        if maker is None:
            raise _Refused(f"names {_dotted(module, name)}")
        self._push(maker)

    def _make(self) -> None:
        maker, arguments = self._last(2)
        self._drop([maker])
        if maker is _Maker.SET and len(_only(tuple, arguments)) == 1:
            self._stack.append(set(_members(_only(list, arguments[0]))))
        elif maker is _Maker.BYTES and arguments == ():
            self._stack.append(b"")
        elif maker is _Maker.ENCODE and _only(tuple, arguments)[1:] == ("latin1",):
            self._stack.append(_only(str, arguments[0]).encode("latin-1"))
        else:
            raise _Refused("calls something with arguments that do not make plain data")


def _int(line: bytes) -> int | bool:
    """Protocol 0 and 1 write True as 01 and False as 00."""
    return line == b"01" if line in (b"00", b"01") else int(line)


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _quoted(line: bytes) -> str:
    """Python 2's repr of a str."""
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
        raise ValueError("a string without quotes")
    return _text(_ESCAPE.sub(_unescaped, line[1:-1]))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    letter = escape[1]
    return _ESCAPED[letter] if len(letter) < 3 else bytes([int(letter[1:], 16)])


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    if len(items) % 2:
        raise ValueError("a key without its value")
    return zip(_members(items[::2]), items[1::2], strict=True)


def _members(items: list[Any]) -> list[Any]:
    for item in items:
        if type(item) not in KEYS:
            raise _Refused(f"has a key or member of a set of type {type(item).__name__.strip('_')}")
    return items


def _only(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def _dotted(module: str, name: str) -> str:
    return f"{module}.{name}"[:80] + ", which is code and not data"
