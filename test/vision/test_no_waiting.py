"""Between the masks and the features nothing waits for the device.

The meta device has shapes and no numbers: reading one on the host, copying back, or a result whose
size depends on numbers is an error there. So a computation on it can be queued on a GPU as a whole.
"""

from __future__ import annotations

import pytest
import torch
from support.small_clip import odd_frame, small_clip

from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.baselines.localisation import LOCALISERS, LocaliserName, make_localiser
from zsris_ros.baselines.region_token import RegionTokenEncoder
from zsris_ros.vision import hybrid
from zsris_ros.vision.background_tokens import CellSelection, select_cells
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

MASKS = 7


@pytest.fixture
def clip() -> ClipModel:
    model = small_clip()
    model.to("meta")
    return model


def test_the_meta_device_notices(clip: ClipModel) -> None:
    numbers = torch.zeros(3, device=clip.device)
    for wait in (numbers.cpu, numbers.tolist, numbers[0].item, numbers.nonzero):
        with pytest.raises(RuntimeError, match=r"(?i)meta"):
            wait()


@pytest.mark.parametrize("mode", hybrid._MODES)
@pytest.mark.parametrize("window", [None, 2.0])
def test_hybrid(clip: ClipModel, mode: hybrid.Mode, window: float | None) -> None:
    settings = HybridSettings(start_block=1, mode=mode, window=window)
    features = HybridEncoder(clip, settings).encode(*odd_frame())
    assert features.shape == (MASKS, clip.embed_dim) and features.is_meta


def test_sharing_waits_once_for_what_each_mask_needs(
    clip: ClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def choose(reach: torch.Tensor, halo: int) -> CellSelection:
        asked.append(reach.device)
        order, counts, inside = select_cells(torch.rand(reach.shape) < 0.2, halo)
        return CellSelection(order.to(reach.device), counts, inside.to(reach.device))

    monkeypatch.setattr(hybrid, "select_cells", choose)
    encoder = HybridEncoder(clip, HybridSettings(start_block=1, halo=0))
    assert encoder.encode(*odd_frame()).is_meta
    assert asked == [clip.device]


def test_the_other_encoders(clip: ClipModel) -> None:
    of_parts = GlobalLocalEncoder(clip, GlobalLocalSettings(start_block=1))
    for encoder in (of_parts, RegionTokenEncoder(clip)):
        assert encoder.encode(*odd_frame()).is_meta


@pytest.mark.parametrize("name", LOCALISERS)
def test_localisation(clip: ClipModel, name: LocaliserName) -> None:
    localiser = make_localiser(name, clip, GemSettings(blocks=2, size=32))
    assert localiser.patches(odd_frame()[0]).is_meta
