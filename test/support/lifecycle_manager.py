"""A client of a lifecycle node's services."""

from __future__ import annotations

from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from support.ros_camera import colour_image
from support.service_discovery import discovered_client
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client

NODE = "/refer_segment_node"
PATIENCE = 120.0
"""Seconds that a call may take: a transition may load a model on a busy machine."""

INVALID = 200
"""A transition that does not exist."""

HARMLESS: dict[Any, Any] = {
    ChangeState: ChangeState.Request(transition=Transition(id=INVALID)),
    GetState: GetState.Request(),
    SetParameters: SetParameters.Request(),
}
"""Requests that change nothing, for first calls."""


class Manager:
    """Changes and reads the state of a lifecycle node."""

    def __init__(self, client: Client, node: str = NODE) -> None:
        self.client, self._node = client, node
        self._clients: dict[str, Any] = {}

    def begin(self, kind: Any, service: str, request: Any) -> Any:
        """Call a service and return the future."""
        if service not in self._clients:
            name = f"{self._node}/{service}"
            self._clients[service] = discovered_client(
                self.client.node, kind, name, HARMLESS[kind], self.client._executor
            )
        return self._clients[service].call_async(request)

    def end(self, future: Any) -> Any:
        self.client._executor.spin_until_future_complete(future, PATIENCE)
        assert future.done(), "a call was lost"
        return future.result()

    def begin_change(self, transition: int) -> Any:
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.begin(ChangeState, "change_state", request)

    def change(self, *transitions: int) -> bool:
        """Run transitions and return whether all succeeded."""
        return all(self.end(self.begin_change(each)).success for each in transitions)

    def state(self) -> int:
        return int(self.end(self.begin(GetState, "get_state", GetState.Request())).current_state.id)

    def set(self, name: str, value: object) -> str:
        """Set a parameter and return the reason of a refusal, or ""."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        (result,) = self.end(self.begin(SetParameters, "set_parameters", request)).results
        return "" if result.successful else str(result.reason)

    def ask(self, expression: str) -> tuple[str, str]:
        """Send a request with an image and return status and message."""
        given = colour_image(1, 10)
        response = self.client.ask(expression, image=given)
        return STATUS_NAMES[response.status], response.message
