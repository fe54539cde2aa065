"""Fuzz tests: random images and expressions for the converter and the running node.

Each example has a seed (broken_images.py), so that findings can be repeated.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from support.ros_camera import Camera, colour_image, header, picture
from support.ros_domain import own_domain
from support.ros_processes import Process, node, node_with_stand_in
from tqdm import tqdm

from reliability.broken_images import METRES, NAMES, Drawn, check, draw
from reliability.trend import BLOCKS, trend
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client
from zsris_ros.ros.publishers.image_conversions import to_image

TIMEOUT = 60.0
ANSWERED = {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
MEGABYTE = 2**20


class Memory:
    """Samples of the resident memory of this or another process."""

    def __init__(self, process: Process | None = None) -> None:
        self._process = process
        self._samples: list[float] = []

    def sample(self) -> None:
        if self._process is None:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self._samples.append(pages * resource.getpagesize() / MEGABYTE)
        else:
            self._samples.append(self._process.memory_mb())

    def figures(self) -> dict[str, Any]:
        """Return first, middle and last value and the trend of the second half, in MB."""
        settled = self._samples[len(self._samples) // 2 :]
        ends = {"first": self._samples[0], "half": settled[0], "last": settled[-1]}
        found: dict[str, Any] = dict(ends)
        if len(settled) >= BLOCKS:
            line = trend(range(len(settled)), settled)
            found |= {"growth": line.last - line.first, "flat": line.flat}
        rounded = {n: round(v, 2) if isinstance(v, float) else v for n, v in found.items()}
        return {**rounded, "samples": [round(each, 1) for each in self._samples]}


def through_the_converter(count: int) -> dict[str, Any]:
    """Convert examples 0..count-1; only a frame or a refusal with its cause is right."""
    memory, outcomes, wrong = Memory(), Counter[str](), []
    for seed in tqdm(range(count), desc="converter", mininterval=5):
        drawn = draw(Random(seed))
        try:
            outcomes["refused" if check(drawn) else "converted"] += 1
        except Exception as error:
            wrong.append(f"{seed}: {type(error).__name__}: {error}")
        if seed % max(1, count // 200) == 0:
            memory.sample()
    return {"images": count, **outcomes, "wrong": wrong, "memory_mb": memory.figures()}


def through_the_node(count: int) -> dict[str, Any]:
    """Send ``count`` examples to a node, alternately in the request and over the topics."""
    outcomes, wrong = Counter[str](), []
    with node_with_stand_in() as process, Client() as client:
        process.wait_for_log("the model is ready", TIMEOUT)
        client.wait(TIMEOUT)
        memory, topics = Memory(process), _Topics(client.node)
        topics.wait_until_matched(TIMEOUT)
        for seed in tqdm(range(count), desc="node", mininterval=5):
            drawn = draw(Random(seed))
            ask = _in_the_request if seed % 2 else topics.ask
            try:
                outcomes[ask(client, drawn, seed)] += 1
            except AssertionError as error:
                wrong.append(f"{seed}: {error}")
            if seed % max(1, count // 200) == 0:
                memory.sample()
        image = colour_image(1, 10)
        afterwards = STATUS_NAMES[client.ask("red", image=image).status]
        traceback = process.log().count("Traceback")
        code, _ = process.end()
    return {
        "images": count,
        "outcomes": dict(outcomes),
        "wrong": wrong,
        "tracebacks": traceback,
        "afterwards": afterwards,
        "exit": code,
        "memory_mb": memory.figures(),
    }


def _in_the_request(client: Client, drawn: Drawn, seed: int) -> str:
    response = client.ask("red", image=drawn.messages.image.message, timeout=TIMEOUT)
    status, said = STATUS_NAMES[response.status], response.message
    if not drawn.image_faults:
        assert status in ANSWERED, f"a valid image got {status}: {said}"
        return "in the request, answered"
    assert status == "INVALID_REQUEST" and drawn.is_named_in(said), f"{drawn.image_faults}: {said}"
    return "in the request, refused"


class _Topics(Camera):
    """A camera for the examples."""

    def ask(self, client: Client, drawn: Drawn, seed: int) -> str:
        """Send until the answer is about the example or refuses it: best effort may lose it."""
        messages = drawn.messages
        image = messages.image.message
        if seed % 10:  # the others keep their stamps and make time jump
            image.header.stamp.sec, image.header.stamp.nanosec = 1000 + seed, 0
        for attempt in range(20):
            if messages.info is not None:
                self.info.publish(messages.info.message)
            if messages.depth is not None:
                messages.depth.message.header.stamp = image.header.stamp
                self.depth.publish(messages.depth.message)
            self.image.publish(image)
            time.sleep(0.005 * (attempt + 1))
            response = client.ask("red", timeout=TIMEOUT)
            status, said = STATUS_NAMES[response.status], response.message
            assert status in ANSWERED | {"NO_IMAGE"}, f"{status}: {said}"
            assert _is_plain(said), repr(said)
            if status == "NO_IMAGE" and drawn.is_named_in(said):
                return "over the topics, refused"
            if status in ANSWERED and not drawn.image_faults and response.header == image.header:
                return "over the topics, answered"
        raise AssertionError(f"no answer about it: {status}, {said}")


def _is_plain(text: str) -> bool:
    """Return whether a text is one line without terminal control characters."""
    odd = {"Cc", "Zl", "Zp"}
    turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(unicodedata.category(each) in odd or each in turning for each in text)


def expressions(count: int) -> Iterable[str]:
    """Yield Unicode, control characters, format strings, paths, shell code, and 1 MB."""
    odd = ("$(reboot)", "'; rm -rf / #", "../../etc/passwd", "%s%n%x", "{0.__class__}", "`id`",
           "<script>alert(1)</script>", "a\x1b]0;title\x07b", "red\r\nmug\n\n", "\u202egum der",
           "e\u0301" * 200, "🤖 mug", "the " * 100 + "mug", "\ufffe\uffff", "İ" * 90, *NAMES[:-1],
           "left of " * 60, "not " * 120, "x" * 500, "x" * 501)  # fmt: skip
    yield from odd
    yield "the red mug " * (MEGABYTE // 12)
    random = Random(0)
    kinds = ((1, 0x7F), (1, 0x2FF), (0x300, 0xD7FF), (0xE000, 0x10FFFF))
    words = ("the", "red", "mug", "left", "of", "not", "second", "bowl", "box", "from")
    for _ in range(count - len(odd) - 1):
        letters = [chr(random.randint(*random.choice(kinds))) for _ in range(random.randint(1, 80))]
        yield "".join(random.choice((letter, letter, f" {random.choice(words)} "))
                      for letter in letters)  # fmt: skip


def through_the_real_node(count: int) -> dict[str, Any]:
    """Send ``count`` expressions about one image to the node with the bundled weights."""
    outcomes, wrong = Counter[str](), []
    image = to_image(picture(10)[0].repeat(4, axis=0).repeat(4, axis=1), "rgb8", header(1))
    with node(device="cpu") as process, Client() as client:
        process.wait_for_log("the model is ready", 2 * TIMEOUT)
        client.wait(TIMEOUT)
        memory = Memory(process)
        asked = list(expressions(count))
        for number, text in enumerate(tqdm(asked, desc="expressions", mininterval=5)):
            response = client.ask(text, image=image, timeout=2 * TIMEOUT)
            status, said = STATUS_NAMES[response.status], response.message + response.explanation
            outcomes[status] += 1
            if status not in ANSWERED | {"INVALID_REQUEST"} or not _is_plain(said):
                wrong.append(f"{text[:40]!r}: {status}: {said!r}")
            if number % max(1, count // 200) == 0:
                memory.sample()
        plain = all(_is_plain(line) for line in process.log().splitlines())
        code, _ = process.end()
    return {
        "expressions": len(asked),
        "outcomes": dict(outcomes),
        "wrong": wrong,
        "log_plain": plain,
        "exit": code,
        "memory_mb": memory.figures(),
    }


def rows(found: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return the rows of docs/reliability.md."""
    one, two, three = (found[name] for name in ("converter", "node", "expressions"))
    answered, refused = (
        sum(n for name, n in two["outcomes"].items() if name.endswith(word))
        for word in ("answered", "refused")
    )
    kinds = ", ".join(f"{n} {status}" for status, n in three["outcomes"].items())

    def memory(part: dict[str, Any]) -> str:
        figures = part["memory_mb"]
        ends = (f"{figures[name]:.1f}" for name in ("first", "half", "last"))
        return f"memory {', '.join(ends)} MB at first, half-way, at last"

    return [
        {"what": what, "tried": tried, "result": result, "command": "make reliability"}
        for what, tried, result in (
            (
                "images, converter",
                f"{one['images']} examples: size, step, encoding, byte order, data length, header, "
                f"{len(METRES)} kinds of depth value, camera_info",
                f"{one['converted']} converted, {one['refused']} refused with their cause, "
                f"{len(one['wrong'])} wrong; {memory(one)}",
            ),
            (
                "images, running node",
                f"{two['images']} of them, half in the request and half over the topics",
                f"{answered} answered, {refused} refused with their cause, {len(two['wrong'])} "
                f"wrong, {two['tracebacks']} tracebacks; {memory(two)}",
            ),
            (
                "expressions, running node",
                f"{three['expressions']}: any Unicode, control characters, shell, paths, formats, "
                "1 MB",
                f"{kinds}; {len(three['wrong'])} wrong; no control character in log and answers: "
                f"{'yes' if three['log_plain'] else 'NO'}; {memory(three)}",
            ),
        )
    ]


def main() -> int:
    """Run the fuzz tests; return 0 without findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--converter", type=int, default=100_000)
    parser.add_argument("--node", type=int, default=10_000)
    parser.add_argument("--expressions", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/inputs.json"))
    chosen = parser.parse_args()
    found: dict[str, dict[str, Any]] = {"converter": through_the_converter(chosen.converter)}
    with own_domain():
        found["node"] = through_the_node(chosen.node)
    with own_domain():
        found["expressions"] = through_the_real_node(chosen.expressions)
    document = {"rows": rows(found), **found}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    wrong = [each for part in found.values() for each in part["wrong"]]
    print(*wrong[:20], *(f"{row['tried']}: {row['result']}" for row in document["rows"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
