"""Messages as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2


def cloud(message: PointCloud2) -> tuple[np.ndarray, np.ndarray]:
    """Return points Nx3 and colours Nx3."""
    names = [each.name for each in message.fields]
    assert names == ["x", "y", "z", "rgb"]
    assert {each.datatype for each in message.fields} == {7}
    assert message.row_step == message.width * message.point_step == len(message.data)
    rows = np.frombuffer(message.data, np.uint8).reshape(-1, message.point_step)
    xyz = [rows[:, f.offset : f.offset + 4].copy().view("<f4")[:, 0] for f in message.fields[:3]]
    blue_first = rows[:, message.fields[3].offset :][:, :3]
    return np.stack(xyz, axis=1), blue_first[:, ::-1]


def xyz(message: Any) -> tuple[float, float, float]:
    return message.x, message.y, message.z


class StandInMessage:
    """A message without a type support; refuses unknown fields, as generated messages do."""

    fields: tuple[str, ...]

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in self.fields, f"{type(self).__name__} has no field {name}"
        super().__setattr__(name, value)
