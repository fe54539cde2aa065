"""A named method of the papers on a preset's models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsris_ros.language.published_query import load_reader
from zsris_ros.proposals import Proposer
from zsris_ros.referring.build import Sharing, method_segmenter
from zsris_ros.referring.methods import Method
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.vision.clip import OpenClipModel
from zsris_ros.vision.open_clip_model import openai_architecture
from zsris_ros.vision.resnet import load_clip
from zsris_ros.weights.catalogue import WeightsError, default_directory, find
from zsris_ros.weights.checkpoint import load_state_dict
from zsris_ros.weights.load import Parts, resolve_device
from zsris_ros.weights.precision import resolve_precision


def segmenter_of(
    parts: Parts,
    method: Method,
    proposers: Sequence[Proposer] | None = None,
    clip: OpenClipModel | None = None,
    sharing: Sharing | None = None,
) -> Segmenter:
    """A segmenter that looks and answers by ``method``, on the models of a preset.

    ``proposers`` None: SAM, in the variant "reference" with the settings of the published code
    where the preset is SAM's own, and in the variant "product" depth beside it. ``clip`` None: the
    preset's. ``sharing`` stands between several methods. Raises InputError when the method does
    not fit the model.
    """
    if proposers is None:
        proposers = default_proposers(parts, method)
    preset = parts.preset
    return method_segmenter(
        method,
        proposers,
        clip or parts.encoder.clip,
        parser=parts.parser,
        reader=load_reader(parts.parser.name),
        hybrid=parts.encoder.settings,
        gem=preset.gem,
        settings=preset.referring,
        sharing=sharing,
    )


def default_proposers(parts: Parts, method: Method) -> list[Proposer]:
    """Who proposes masks for a method where nothing else was chosen."""
    if method.variant == "product":
        return parts.proposers
    published = isinstance(parts.preset.sam.architecture, str)
    if method.variant == "reference" and published:
        return [parts.published_sam]
    return [parts.sam]


def load_clip_checkpoint(
    name: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    directory: str | Path | None = None,
) -> OpenClipModel:
    """A catalogued CLIP by its checkpoint's name ("clip_rn50", "clip_vit_b_32", ...).

    The arguments are those of ``load_parts``. Raises WeightsError when the checkpoint is missing,
    wrong, or no CLIP.
    """
    entry = find(name)
    path = Path(directory).expanduser() / entry.file if directory else None
    path = path or default_directory() / entry.file
    if not path.exists():
        raise WeightsError(f"{path} is missing; fetch it with `zsris weights fetch {name}`")
    where = resolve_device(device)
    state = load_state_dict(path, entry.sha256)
    return load_clip(
        openai_architecture(state),
        state,
        device=where,
        precision=resolve_precision(precision, where, state),
    )
