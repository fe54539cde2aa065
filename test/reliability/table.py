"""Writes docs/reliability.md from the results: ``make reliability``.

Each ``docs/results/reliability/*.json`` holds ``rows``: a list of ``what``, ``tried``, ``result``
and the ``command`` that measures it again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"
ORDER = ("inputs", "load", "faults", "soak", "weights", "access", "coverage", "planted_bugs")
"""Order of the result files; others follow."""

HEAD = """# Reliability tests

<!-- Written by `make reliability`; do not edit. -->

The tests of the node use real processes over DDS. The last column is the command that repeats a
measurement; the figures are in `docs/results/reliability/`, with plots of the soak test
([62 minutes](results/reliability/soak.png), [42 minutes](results/reliability/soak_42.png),
[20 minutes with two cameras](results/reliability/soak_cameras.png)). The soak test uses the trend
of the second half, because the C library's memory pools fill in the first; this was decided after
the run of 62 minutes and before that of 42. Shared memory was that of the whole machine in the runs
with one camera and in the load test; since then it is what the node maps.

A fault is survived if the next valid call is answered, or if the node ends as requested. Faults of
the shared parts (model, worker thread, process) are also tested with two cameras in one process.
The others (images, camera_info, clocks, clients, bursts of calls) are tested with one: each camera
has a node of its own with its own subscriptions, services and queue, and the same code. A
checkpoint is loaded once for all cameras.

A client that leaves while it waits has no effect. A client that disappears during its call can
delay all callbacks of the node once by 0.1 s, because ROS's Fast DDS layer waits that long to send
the response (in runs of 120 s with 56 such clients, parameter calls took up to 110, 110 and 259 ms,
and 20 ms without them). rclpy has no means against it.

Freed images leave gaps in the heap: in runs of 6 minutes, which no command repeats, memory rose by
16 MB, and by nothing where each large buffer had a mapping of its own, which takes 60 % more
processor time of a look. Since then the node returns freed memory once a minute of answers, in
3 ms. In a run of 14 minutes, again without a command, neither the bytes in use on the heap nor
Python's objects grew. Nodes of other processes that come and go cost memory in Fast DDS, that of a
bare rclpy node as well (last row): the clients of the load test that leave share a node. Until they
did, memory rose by 46 and 57 MB an hour in runs of 20 minutes with two cameras; since then by 2 and
by none.

| subject | test | result | measured by |
|---|---|---|---|
"""


NAMES = """
## Names

Four nodes are asked at the same time (`make names`). The table counts the requests that the asked
node alone answered, about a frame of its own camera. The recording,
[names.json](results/reliability/names.json), has the names of each node and, for each request,
every node that answered, the `request_id` and the stamp.

| node in | process | topics, services, actions | topic | service | action | `track` | by others |
|---|---|---|---|---|---|---|---|
"""


def page(results: Path) -> str:
    """Return the page for the results in a folder."""

    def place(path: Path) -> tuple[int, str]:
        return (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER)), path.stem

    lines = []
    for path in sorted(results.glob("*.json"), key=place):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            cells = row["what"], row["tried"], row["result"], f"`{row['command']}`"
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return HEAD + "".join(lines) + _names(results / "names.json")


def _names(path: Path) -> str:
    """Return the section about the answers of several nodes; "" without a recording."""
    if not path.exists():
        return ""
    lines = []
    for name, node in json.loads(path.read_text(encoding="utf-8"))["nodes"].items():
        topics = {*node["publishes"], *node["subscribes"]}
        counts = f"{len(topics)}, {len(node['services'])}, {len(node['actions'])}"
        answered = [f"{node['right'][way]} of {asked}" for way, asked in node["asked"].items()]
        cells = (
            f"`/{name}`",
            str(node["process"]),
            counts,
            *answered,
            str(node["answers_of_others"]),
        )
        lines.append(f"| {' | '.join(cells)} |\n")
    return NAMES + "".join(lines)


def main() -> int:
    """Write the page and return 0."""
    PAGE.write_text(page(RESULTS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
