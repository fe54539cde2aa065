"""Files for RViz and Foxglove that display the topics of a node with any name and namespace.

``config/refer_segment.rviz`` and ``config/foxglove.json``, which have the default names, are the
templates.
"""

from __future__ import annotations

from pathlib import Path

from zsris_ros.types import InputError

TEMPLATES = "refer_segment.rviz", "foxglove.json"
NODE, EXPRESSION = "/refer_segment_node", "/expression"
FRAME = "camera_color_optical_frame"


def write_view_files(folder: Path, node: str, frame: str = FRAME) -> list[Path]:
    """Write the files into ``folder`` and return their paths.

    Args:
        folder: The folder; it is made.
        node: The node's full name, such as "/left/refer_segment_node".
        frame: The fixed frame of the 3D views.

    Raises:
        InputError: The name is not a full one, or the templates are not installed.
    """
    namespace, _, name = node.rpartition("/")
    if not node.startswith("/") or not name:
        raise InputError(f"'{node}' is not a node's full name, such as /left/refer_segment_node")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for template in TEMPLATES:
        text = (_templates() / template).read_text(encoding="utf-8")
        text = text.replace(f'"{EXPRESSION}"', f'"{namespace}{EXPRESSION}"')
        text = text.replace(f"{NODE}/", f"{node}/").replace(FRAME, frame)
        written.append(folder / template)
        written[-1].write_text(text, encoding="utf-8")
    return written


def _templates() -> Path:
    """Return the folder ``config`` of the checkout or of the installed package."""
    here = Path(__file__).resolve().parents[1]
    places = [here.parent / "config", *(each / "share/zsris_ros/config" for each in here.parents)]
    for place in places:
        if (place / TEMPLATES[0]).is_file():
            return place
    raise InputError("the folder config of zsris_ros is not installed; build the package again")
