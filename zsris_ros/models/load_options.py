"""Options of loading models. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsris_ros.weights.catalogue import default_directory

DEFAULT_WEIGHTS = "household"
"""The default preset of commands and nodes: bundled, small, trained on simulated scenes."""


@dataclass(frozen=True)
class LoadOptions:
    """Options of loading the models of a preset.

    Attributes:
        device: A torch device, or "auto" for a GPU if there is one.
        precision: "float32", "float16", "bfloat16", or "auto" (``resolve_precision``): a half
            precision that agrees with float32 on this device.
        directory: Folder of the fetched checkpoints and of <preset>.calibration.json; None for the
            default one.
        depth_proposals: Whether depth proposes masks beside Segment Anything.
        parser: "rules", a spaCy pipeline, or "auto": the rules, and for the published methods an
            installed spaCy pipeline.
        batch_size: The most masks encoded at once; None for the preset's.
        surround: "exact", or "auto" to encode tokens far from all masks once a frame where that
            agrees with exact features (``vision.background_tokens``).
    """

    device: str = "auto"
    precision: str = "auto"
    directory: str | Path | None = None
    depth_proposals: bool = True
    parser: str = "auto"
    batch_size: int | None = None
    surround: str = "auto"

    @property
    def folder(self) -> Path:
        """``directory``, or the default one."""
        return Path(self.directory).expanduser() if self.directory else default_directory()


DEFAULTS = LoadOptions()
