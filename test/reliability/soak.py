"""Soak test: hours of mixed load on the node, and the trend of its resources: ``make soak``.

A camera shows the recorded scenes in turn while requests arrive: about new and earlier frames, with
images, by topic, from clients that leave, and invalid ones. Parameters change, and the node is
deactivated and activated at times. The resources of the node are sampled and plotted.

With several cameras one process serves all: each request is for a random camera, each camera shows
other scenes than the rest at the same time, and the answers must name the camera's frame. The
cameras are deactivated in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from std_msgs.msg import String
from support.lifecycle_manager import Manager
from support.ros_camera import Stream, header
from support.ros_domain import own_domain
from support.ros_processes import Process, node
from tqdm import tqdm
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from reliability.process_samples import describe_trends, draw_trends, sample, settled_trends
from reliability.scene_camera import SceneCamera
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client, Unanswered
from zsris_ros.ros.publishers.image_conversions import to_image

ANSWERED = {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
LIFECYCLE_PERIOD = 300.0
"""Seconds between two deactivations."""


@dataclass(frozen=True)
class Outcomes:
    """The statuses of all requests, and descriptions of the unexpected answers."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Requests:
    """Random requests to the node in the namespace ``base``, and a check of their answers.

    ``statuses`` and ``wrong`` collect those of all cameras.
    """

    def __init__(
        self,
        base: str,
        camera: SceneCamera,
        client: Client,
        chance: random.Random,
        outcomes: Outcomes,
    ) -> None:
        self._camera, self._client, self._chance = camera, client, chance
        self._service = f"{base}/refer_segment"
        self._manager = Manager(client, f"{base}/refer_segment_node")
        self._last: RequestResult | None = None
        self._topic = client.node.create_publisher(String, f"{base}/expression", 10)
        self.statuses, self.wrong = outcomes.statuses, outcomes.wrong

    def send_random(self) -> None:
        """Send a request of a random kind."""
        kinds: dict[Callable[[], None], float] = {
            self.send_about_newest: 3,
            self.send_about_last: 8,
            self.send_image: 1,
            self.send_by_topic: 1,
            self.send_and_leave: 1,
            self.send_invalid: 3,
            self.set_parameters: 1,
        }
        (kind,) = self._chance.choices(list(kinds), weights=list(kinds.values()))
        kind()

    def send_about_newest(self) -> None:
        """Send a request about the newest frame."""
        response = self._send(self._expression(), ANSWERED)
        if response is not None and STATUS_NAMES.get(response.status) in ANSWERED:
            self._last = response

    def send_about_last(self) -> None:
        """Send a request about the frame of the last answer, if it is still buffered."""
        if self._last is None:
            self.send_about_newest()
        else:
            expected, stamp = ANSWERED | {"NO_IMAGE"}, self._last.header.stamp
            self._send(self._expression(), expected, stamp=stamp)

    def send_image(self) -> None:
        """Send a request with an image."""
        rgb = self._camera.frame.rgb[:240, :320]
        image = to_image(rgb.copy(), "rgb8", header(time.time_ns()))
        self._send("the red object", ANSWERED, image=image)

    def send_by_topic(self) -> None:
        """Publish an expression."""
        self._topic.publish(String(data=self._expression()))
        self.statuses["over the topic"] += 1

    def send_and_leave(self) -> None:
        """Send a request and destroy the client before the answer."""
        with Client(self._service, "in_a_hurry") as hurried:
            hurried.wait(10.0)
            request = ReferSegment.Request(expression=self._expression())
            hurried._client.call_async(request)
        self.statuses["left before the answer"] += 1

    def send_invalid(self) -> None:
        """Send a stamp before the first frame, an empty expression, or up to 1 MB of Unicode."""
        kind = self._chance.randrange(3)
        if kind == 0:
            early = header(time.time_ns())
            early.stamp.sec = 1
            self._send("the red mug", {"NO_IMAGE"}, stamp=early.stamp)
        elif kind == 1:
            self._send("  ", {"INVALID_REQUEST"})
        else:
            length = self._chance.choice([10, 200, 2_000, 250_000])
            text = "".join(chr(self._chance.randint(1, 0xD7FF)) for _ in range(min(length, 2_000)))
            self._send(text * max(1, length // 2_000), ANSWERED | {"INVALID_REQUEST"})

    def set_parameters(self) -> None:
        """Set a parameter to a valid and to an invalid value."""
        if self._manager.set("max_candidates", self._chance.randint(3, 8)):
            self.wrong.append("max_candidates could not be set")
        if not self._manager.set("max_candidates", -1):
            self.wrong.append("max_candidates = -1 was accepted")
        self.statuses["parameters"] += 2

    def deactivate_and_activate(self) -> None:
        """Run both transitions."""
        down, up = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE
        if not self._manager.change(down, up):
            self.wrong.append("deactivate and activate failed")
        self.statuses["down and up"] += 1
        time.sleep(1.0)  # until the first image arrives
        self._last = None

    def _expression(self) -> str:
        return self._chance.choice(self._camera.scene.expressions).text

    def _send(self, text: str, expected: set[str], **request: Any) -> RequestResult | None:
        try:
            response = self._client.ask(text, timeout=120.0, **request)
        except Unanswered as error:
            self.statuses["LOST"] += 1
            self.wrong.append(f"LOST: {error}")
            return None
        status = STATUS_NAMES.get(response.status, str(response.status))
        self.statuses[status] += 1
        if status not in expected:
            self.wrong.append(f"{status} for '{text[:60]}': {response.message[:200]}")
        frame = response.header.frame_id
        if "image" not in request and status in ANSWERED and frame != self._camera.frame_id:
            self.wrong.append(f"{self._service} answers about a frame of '{frame}'")
        return response


def soak(
    minutes: float, period: float, rate: float, seed: int, cameras: Sequence[str] = ()
) -> dict[str, Any]:
    """Run the load and return the requests, the errors, the samples and their trends.

    ``cameras`` are the names of several cameras in one process; () for one without a name.
    """
    bases = [f"/{name}" for name in cameras] or [""]
    here = [rclpy.create_node("soak", namespace=base) for base in bases]
    showing = [SceneCamera(each, 3 * number) for number, each in enumerate(here)]
    outcomes, chance = Outcomes(), random.Random(seed)
    with ExitStack() as stack:
        served = stack.enter_context(node(cameras=",".join(cameras)))
        asking = []
        for base, camera in zip(bases, showing, strict=True):
            name = f"soak_client{base.replace('/', '_')}"
            client = stack.enter_context(Client(f"{base}/refer_segment", name))
            stack.enter_context(Stream(camera, rate))
            client.wait(120.0)
            asking.append(Requests(base, camera, client, chance, outcomes))
        for requests in asking:
            requests.send_about_newest()  # loads the models
        samples = _load(served, asking, minutes * 60, period)
        asked = sum(outcomes.statuses.values())
        for requests in asking:
            requests.send_about_newest()
        code, seconds = served.end()
    for each in here:
        each.destroy_node()
    trends = settled_trends(samples)
    if code != 0:
        outcomes.wrong.append(f"the node ended with {code}")
    return {
        "minutes": minutes,
        "cameras": len(bases),
        "frames": sum(camera.sent for camera in showing),
        "requests": asked,
        "statuses": dict(outcomes.statuses.most_common()),
        "wrong": outcomes.wrong,
        "ended_after_s": round(seconds, 2),
        "trends": trends,
        "flat": all(each["flat"] for each in trends.values()),
        "samples": samples,
    }


def _load(
    served: Process, asking: Sequence[Requests], seconds: float, period: float
) -> list[dict[str, float]]:
    """Send a request each ``period`` and sample the process at most 600 times."""
    chance, turns = random.Random(0), cycle(asking)
    samples: list[dict[str, float]] = []
    begin = managed = time.monotonic()
    every = max(1.0, seconds / 600)
    with tqdm(total=round(seconds), unit="s", desc="soak", mininterval=5) as bar:
        while (now := time.monotonic()) - begin < seconds:
            if now - begin >= every * len(samples):
                samples.append({"s": round(now - begin, 1), **sample(served.pid)})
            if now - managed >= LIFECYCLE_PERIOD:
                managed = now
                next(turns).deactivate_and_activate()
            chance.choice(asking).send_random()
            time.sleep(max(0.0, now + period - time.monotonic()))
            bar.update(round(time.monotonic() - begin) - bar.n)
    return samples


def rows(found: dict[str, Any], cameras: Sequence[str]) -> list[dict[str, str]]:
    """Return the row of docs/reliability.md."""
    tried = (
        f"{found['minutes']:g} minutes of mixed load: {found['requests']} requests, "
        f"{found['frames']} frames, {found['statuses'].get('down and up', 0)} times down and up"
    )
    lost = found["statuses"].get("LOST", 0)
    result = (
        f"{lost} lost, {len(found['wrong'])} unexpected answers{describe_trends(found['trends'])}"
    )
    what, names = "soak", ""
    if cameras:
        what, names = (
            f"soak, {len(cameras)} cameras in one process",
            f" CAMERAS={','.join(cameras)}",
        )
    command = f"make soak MINUTES={found['minutes']:g}{names} OUT=docs/results/reliability"
    return [{"what": what, "tried": tried, "result": result, "command": command}]


def main() -> int:
    """Run the soak test; return 0 without errors and growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--period", type=float, default=1.0, help="seconds between two requests")
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cameras", default="", help="names of several cameras in one process")
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    chosen = parser.parse_args()
    cameras = list(filter(None, chosen.cameras.split(",")))
    with own_domain():
        found = soak(chosen.minutes, chosen.period, chosen.rate, chosen.seed, cameras)
    chosen.out.mkdir(parents=True, exist_ok=True)
    name = "soak_cameras" if cameras else "soak"
    draw_trends(found["samples"], found["trends"], chosen.out / f"{name}.png")
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    document = {"rows": rows(found, cameras), "machine": machine, **found}
    text = json.dumps(document, indent=1) + "\n"
    (chosen.out / f"{name}.json").write_text(text, encoding="utf-8")
    for line in found["wrong"][:20]:
        print("unexpected:", line)
    for row in document["rows"]:
        print(f"{row['tried']}: {row['result']}")
    return 0 if found["flat"] and not found["wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
