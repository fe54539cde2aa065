"""Hours of mixed load on the real node, and whether anything grows: ``make soak``.

A camera shows the recorded scenes in turn while one caller after another asks: about a new frame,
again about the same, with a picture of its own, over the topic, without waiting for the answer, and
wrongly in several ways. Parameters are set, and now and then the node is deactivated and activated.
What the node holds is sampled; the run ends with a plot and a verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String
from support.lifecycle_manager import Manager
from support.ros_camera import header
from support.ros_processes import Process, node
from tqdm import tqdm
from zsris_ros.srv import ReferSegment

from reliability.domain import own_domain
from reliability.trend import Trend, trend
from reliability.watch import KINDS, sample
from zsris_ros.demo.demo_bag import SHIPPED, RecordedScene, read_frames, read_truth
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.types import Frame

ANSWERED = {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
SHOWN_FOR = 20.0
"""Seconds that the camera shows one scene."""

MANAGED_EVERY = 300.0
"""Seconds between two times the node goes down and up."""


class Show:
    """The recorded scenes before a camera that stamps them with the time of day."""

    def __init__(self, node_here: Node, rate: float) -> None:
        self.scenes = read_truth(SHIPPED)
        frames = read_frames(SHIPPED, [scene.stamps_ns[0] for scene in self.scenes])
        self._frames = [frames[scene.stamps_ns[0]] for scene in self.scenes]
        quality = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._image = node_here.create_publisher(Image, "image", quality)
        self._depth = node_here.create_publisher(Image, "depth", quality)
        self._info = node_here.create_publisher(CameraInfo, "camera_info", quality)
        self._begin = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(1 / rate,), daemon=True)
        self.sent = 0

    def __enter__(self) -> Show:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def scene(self) -> RecordedScene:
        """What is shown now."""
        return self.scenes[self._turn()]

    @property
    def frame(self) -> Frame:
        """As the recording holds it."""
        return self._frames[self._turn()]

    def _turn(self) -> int:
        return int((time.monotonic() - self._begin) / SHOWN_FOR) % len(self.scenes)

    def _run(self, period: float) -> None:
        while not self._stopped.wait(period):
            self._send(self.frame, header(time.time_ns(), "camera_color_optical_frame"))
            self.sent += 1

    def _send(self, frame: Frame, now: Header) -> None:
        assert frame.depth is not None and frame.intrinsics is not None
        height, width = frame.depth.shape
        lens = frame.intrinsics
        info = CameraInfo(header=now, width=width, height=height)
        info.k = [lens.fx, 0.0, lens.cx, 0.0, lens.fy, lens.cy, 0.0, 0.0, 1.0]
        self._info.publish(info)
        self._depth.publish(to_image(frame.depth, "32FC1", now))
        self._image.publish(to_image(frame.rgb, "rgb8", now))


class Callers:
    """What people ask; every method is one request and returns the statuses it may get."""

    def __init__(self, show: Show, client: Client, manager: Manager, chance: random.Random) -> None:
        self._show, self._client, self._manager = show, client, manager
        self._chance = chance
        self._last: ReferSegment.Response | None = None
        self._topic = client.node.create_publisher(String, "expression", 10)
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []

    def once(self) -> None:
        """One caller, drawn by chance."""
        kinds: dict[Callable[[], None], float] = {
            self.new: 3,
            self.again: 8,
            self.own_picture: 1,
            self.over_the_topic: 1,
            self.gone: 1,
            self.too_early: 1,
            self.nothing: 1,
            self.gibberish: 1,
            self.parameter: 1,
        }
        (kind,) = self._chance.choices(list(kinds), weights=list(kinds.values()))
        kind()

    def new(self) -> None:
        """About the newest frame."""
        response = self._ask(self._question(), expected=ANSWERED)
        if STATUS_NAMES.get(response.status) in ANSWERED:
            self._last = response

    def again(self) -> None:
        """About the frame of the last answer."""
        if self._last is None:
            return self.new()
        # Its frame may have left the buffer meanwhile; then that has to be said.
        expected = ANSWERED | {"NO_IMAGE"}
        self._ask(self._question(), expected=expected, stamp=self._last.header.stamp)
        return None

    def own_picture(self) -> None:
        """With a picture of the caller's."""
        rgb = self._show.frame.rgb[:240, :320]
        image = to_image(rgb.copy(), "rgb8", header(time.time_ns()))
        self._ask("the red object", expected=ANSWERED, image=image)

    def over_the_topic(self) -> None:
        """As a recogniser of speech does."""
        self._topic.publish(String(data=self._question()))
        self.statuses["over the topic"] += 1

    def gone(self) -> None:
        """By someone who leaves before the answer."""
        with Client(name="in_a_hurry") as hurried:
            hurried.wait(10.0)
            request = ReferSegment.Request(expression=self._question())
            hurried._client.call_async(request)
        self.statuses["left before the answer"] += 1

    def too_early(self) -> None:
        """About a time before the first frame."""
        early = header(time.time_ns())
        early.stamp.sec = 1
        self._ask("the red mug", expected={"NO_IMAGE"}, stamp=early.stamp)

    def nothing(self) -> None:
        """Without a word."""
        self._ask("  ", expected={"INVALID_REQUEST"})

    def gibberish(self) -> None:
        """Any characters, up to a megabyte of them."""
        length = self._chance.choice([10, 200, 2_000, 250_000])
        text = "".join(chr(self._chance.randint(1, 0xD7FF)) for _ in range(min(length, 2_000)))
        text *= max(1, length // 2_000)
        self._ask(text, expected=ANSWERED | {"INVALID_REQUEST"})

    def parameter(self) -> None:
        """One that may change, and one value that may not be."""
        if self._manager.set("max_candidates", self._chance.randint(3, 8)):
            self.wrong.append("max_candidates could not be set")
        if not self._manager.set("max_candidates", -1):
            self.wrong.append("max_candidates = -1 was taken")
        self.statuses["parameters"] += 2

    def manage(self) -> None:
        """Down and up again."""
        down, up = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE
        if not self._manager.change(down, up):
            self.wrong.append("deactivate and activate failed")
        self.statuses["down and up"] += 1
        time.sleep(1.0)  # for the camera to be heard again
        self._last = None

    def _question(self) -> str:
        return self._chance.choice(self._show.scene.expressions).text

    def _ask(self, text: str, expected: set[str], **request: Any) -> ReferSegment.Response:
        response = self._client.ask(text, timeout=120.0, **request)
        status = STATUS_NAMES.get(response.status, str(response.status))
        self.statuses[status] += 1
        if status not in expected:
            self.wrong.append(f"{status} for '{text[:60]}': {response.message[:200]}")
        return response


def soak(minutes: float, period: float, rate: float, seed: int) -> dict[str, Any]:
    """Run the load; returns what was asked, what was wrong, the samples and their trends."""
    here = rclpy.create_node("soak")
    with (
        node({"image": "/image", "depth": "/depth", "camera_info": "/camera_info"}) as served,
        Client(name="soak_client") as client,
        Show(here, rate) as show,
    ):
        client.wait(120.0)
        manager = Manager(client)
        callers = Callers(show, client, manager, random.Random(seed))
        callers.new()  # the models are loaded
        samples = _load(served, callers, minutes * 60, period)
        asked = sum(callers.statuses.values())
        callers.new()  # and it still answers
        code, seconds = served.end()
    here.destroy_node()
    trends = {name: _settled(samples, name) for name in samples[0] if name in KINDS}
    if code != 0:
        callers.wrong.append(f"the node ended with {code}")
    return {
        "minutes": minutes,
        "frames": show.sent,
        "requests": asked,
        "statuses": dict(callers.statuses.most_common()),
        "wrong": callers.wrong,
        "ended_after_s": round(seconds, 2),
        "trends": {name: each.row() for name, each in trends.items()},
        "flat": all(each.flat for each in trends.values()),
        "samples": samples,
    }


def _load(
    served: Process, callers: Callers, seconds: float, period: float
) -> list[dict[str, float]]:
    """A request each ``period``; a sample of the process 600 times at most."""
    samples: list[dict[str, float]] = []
    begin = managed = time.monotonic()
    every = max(1.0, seconds / 600)
    with tqdm(total=round(seconds), unit="s", desc="soak", mininterval=5) as bar:
        while (now := time.monotonic()) - begin < seconds:
            if now - begin >= every * len(samples):
                samples.append({"s": round(now - begin, 1), **sample(served.pid)})
            if now - managed >= MANAGED_EVERY:
                managed = now
                callers.manage()
            callers.once()
            time.sleep(max(0.0, now + period - time.monotonic()))
            bar.update(round(time.monotonic() - begin) - bar.n)
    return samples


def _settled(samples: Sequence[dict[str, float]], name: str) -> Trend:
    """The trend of the second half; in the first, caches and the allocator's pools fill."""
    settled = samples[len(samples) // 2 :]
    return trend([each["s"] for each in settled], [each[name] for each in settled])


def draw(found: dict[str, Any], path: Path) -> None:
    """One panel for each kind of sample, the settled part's line over it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    trends, samples = found["trends"], found["samples"]
    minutes = [each["s"] / 60 for each in samples]
    figure = Figure(figsize=(8, 2 * len(trends)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(trends), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, each) in zip(panels, trends.items(), strict=True):
        panel.plot(minutes, [row[name] for row in samples], ".", markersize=3)
        settled = minutes[len(minutes) // 2 :]
        panel.plot([settled[0], settled[-1]], [each["first"], each["last"]], "-", color="black")
        verdict = "flat" if each["flat"] else "GROWS"
        title = f"{KINDS[name]}: {each['slope']:+.2f} ± {each['error']:.2f} an hour, {verdict}"
        panel.set_title(title, fontsize=9)
        panel.set_ylim(bottom=0)
    panels[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=100)


def rows(found: dict[str, Any]) -> list[dict[str, str]]:
    """What the table of docs/reliability.md says of this run."""
    memory = found["trends"]["memory_mb"]
    tried = (
        f"{found['minutes']:g} minutes of mixed load: {found['requests']} requests, "
        f"{found['frames']} frames, {found['statuses'].get('down and up', 0)} times down and up"
    )
    result = (
        f"{len(found['wrong'])} unexpected answers; memory {memory['mean']:.0f} MB, "
        f"{memory['slope']:+.1f} ± {memory['error']:.1f} MB an hour in the second half; "
        + ("memory, threads, files and shared memory flat" if found["flat"] else "not flat")
    )
    command = f"make soak MINUTES={found['minutes']:g} OUT=docs/results/reliability"
    return [{"what": "soak", "tried": tried, "result": result, "command": command}]


def main() -> int:
    """Exit code 0 when nothing was wrong and nothing grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--period", type=float, default=1.0, help="seconds between two requests")
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    chosen = parser.parse_args()
    with own_domain():
        found = soak(chosen.minutes, chosen.period, chosen.rate, chosen.seed)
    chosen.out.mkdir(parents=True, exist_ok=True)
    draw(found, chosen.out / "soak.png")
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    document = {"rows": rows(found), "machine": machine, **found}
    (chosen.out / "soak.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for line in found["wrong"][:20]:
        print("unexpected:", line)
    for row in document["rows"]:
        print(f"{row['tried']}: {row['result']}")
    return 0 if found["flat"] and not found["wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
