"""One CLIP, opened block by block.

The published methods reach into CLIP's vision transformer between its blocks, so ``ClipModel``
holds one open_clip model and offers its parts: the stem, the blocks, the head, and the text
encoder. One set of weights serves every use of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..types import InputError
from .torchvision_ops import ensure_torchvision

ensure_torchvision()

import open_clip  # needs torchvision
from open_clip.model import CLIP, CustomTextCLIP, convert_to_custom_text_state_dict
from open_clip.transformer import (
    LayerNormFp32,
    ResidualAttentionBlock,
    VisionTransformer,
)

Architecture = str | Mapping[str, Any]
"""A name known to open_clip ("ViT-B-16-quickgelu"), or open_clip's configuration as a mapping with
``embed_dim``, ``vision_cfg`` and ``text_cfg`` (and ``quick_gelu``)."""

State = Mapping[str, Tensor | npt.NDArray[Any]]
"""Parameters by open_clip's names, which are OpenAI's."""

Tokenizer = Callable[[Sequence[str]], Tensor]
"""K texts to K x context token numbers (int64), cut to the context length."""

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

_OPENAI_EXTRAS = ("input_resolution", "context_length", "vocab_size")  # numbers, not parameters
_CHARACTERS_A_TOKEN = 100  # no text needs more to fill its context; a megabyte of it is not read
_CACHED_TEXTS = 512


def build_clip(architecture: Architecture, precision: str = "fp32") -> CLIP | CustomTextCLIP:
    """Build an open_clip model with random weights, normalisation layers kept in float32.

    Raises InputError when the name or the configuration is not one that open_clip can build.
    """
    config = _configuration(architecture)
    dtype = _dtype(precision)
    kind = CustomTextCLIP if config.pop("custom_text", False) else CLIP
    try:
        model = kind(**config, cast_dtype=None if dtype == torch.float32 else dtype)
    except (TypeError, KeyError) as error:
        raise InputError(f"open_clip cannot build a CLIP of this configuration: {error}") from error
    model.to(dtype)
    for module in model.modules():
        if isinstance(module, LayerNormFp32):
            module.float()
    return model.eval()


def openai_architecture(state: State) -> dict[str, Any]:
    """The configuration of a CLIP ViT, read from the shapes of an OpenAI-named state dict.

    OpenAI's models have heads 64 wide and the QuickGELU activation.
    """
    if "visual.conv1.weight" not in state or "visual.proj" not in state:
        raise InputError("this state dict is not a CLIP with a vision transformer (OpenAI's names)")
    width, _, patch, _ = state["visual.conv1.weight"].shape
    context, text_width = state["positional_embedding"].shape
    grid = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)

    def depth(prefix: str) -> int:
        return sum(name.startswith(prefix) and name.endswith("ln_1.weight") for name in state)

    return {
        "embed_dim": int(state["visual.proj"].shape[1]),
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": int(grid * patch),
            "layers": depth("visual.transformer."),
            "width": int(width),
            "patch_size": int(patch),
        },
        "text_cfg": {
            "context_length": int(context),
            "vocab_size": int(state["token_embedding.weight"].shape[0]),
            "width": int(text_width),
            "heads": max(1, int(text_width) // 64),
            "layers": depth("transformer."),
        },
    }


class ClipModel:
    """An open_clip model with a plain vision transformer, taken apart.

    ``model`` keeps its own weights, device and gradients: wrap a model under training to run it
    through the same code as a loaded one. ``tokenizer`` defaults to CLIP's byte-pair encoding at
    the model's context length. Raises InputError when the model is not one that can be opened.
    """

    def __init__(self, model: CLIP | CustomTextCLIP, tokenizer: Tokenizer | None = None) -> None:
        self.model = model
        self.visual = _open_visual(model)
        self.blocks: list[ResidualAttentionBlock] = list(self.visual.transformer.resblocks)
        self.width = int(self.visual.class_embedding.shape[0])
        self.embed_dim = int(self.visual.proj.shape[1])
        self.image_size = int(self.visual.image_size[0])
        self.patch_size = int(self.visual.patch_size[0])
        self.grid = self.image_size // self.patch_size
        self.context_length = int(model.context_length)
        self._tokenizer = tokenizer or _default_tokenizer(model)
        self._texts: OrderedDict[str, Tensor] = OrderedDict()

    @classmethod
    def load(
        cls,
        architecture: Architecture,
        state: State,
        *,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
        tokenizer: Tokenizer | None = None,
    ) -> ClipModel:
        """Build ``architecture``, fill it with ``state`` and freeze it on ``device``.

        ``precision`` is one of fp32, fp16, bf16; features are float32 in every case. Raises
        InputError when the state does not fit the architecture.
        """
        model = build_clip(architecture, precision)
        tensors = {
            name: torch.from_numpy(np.asarray(value)) if not isinstance(value, Tensor) else value
            for name, value in state.items()
            if name not in _OPENAI_EXTRAS
        }
        if isinstance(model, CustomTextCLIP) and "positional_embedding" in tensors:
            tensors = convert_to_custom_text_state_dict(tensors)
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise InputError(f"the weights do not fit the CLIP architecture: {error}") from error
        model.requires_grad_(False)
        try:
            model.to(device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"the model cannot be put on device {device!s}: {error}") from error
        return cls(model, tokenizer)

    @property
    def device(self) -> torch.device:
        device: torch.device = self.visual.class_embedding.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The type tokens are computed in."""
        dtype: torch.dtype = self.visual.conv1.weight.dtype
        return dtype

    @property
    def logit_scale(self) -> float:
        """The factor CLIP was trained with on cosines, usually 100."""
        return float(self.model.logit_scale.detach().float().exp())

    def stem(self, images: Tensor) -> Tensor:
        """Images to tokens before block 0: patches, class token, positions, first normalisation.

        ``images`` float NxCxHxW, normalised, H and W multiples of the patch size. Returns NxTxD
        with T = 1 + (H / patch) * (W / patch), the class token first.
        """
        patches = self.visual.conv1(images.to(self.dtype))
        rows, columns = patches.shape[-2:]
        patches = patches.flatten(2).transpose(1, 2)
        first = self.visual.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
        tokens = torch.cat([first, patches], dim=1)
        tokens = tokens + self.positions(rows, columns).to(tokens.dtype)
        normed: Tensor = self.visual.ln_pre(tokens)
        return normed

    def positions(self, rows: int, columns: int) -> Tensor:
        """Positional embedding for a grid, (1 + rows * columns) x D.

        For a grid other than the trained one the patches' table is resampled (bicubic,
        antialiased) and the class token's entry kept.
        """
        table: Tensor = self.visual.positional_embedding
        if (rows, columns) == tuple(self.visual.grid_size):
            return table
        grid = table[1:].float().T.reshape(1, self.width, *self.visual.grid_size)
        resized = F.interpolate(grid, (rows, columns), mode="bicubic", antialias=True)
        return torch.cat([table[:1].float(), resized[0].flatten(1).T])

    def head(self, tokens: Tensor) -> Tensor:
        """Last normalisation and projection: ...xD tokens to float32 ...xE features."""
        normed = self.visual.ln_post(tokens)
        return (normed @ self.visual.proj).float()

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """K texts to int64 K x context token numbers on the model's device, too long ones cut."""
        limit = _CHARACTERS_A_TOKEN * self.context_length
        cleaned = [text[:limit] for text in texts]
        return self._tokenizer(cleaned).to(self.device)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """K texts to float32 KxE features, not normalised, without gradients.

        Repeated texts are answered from memory while the weights are frozen.
        """
        if any(parameter.requires_grad for parameter in self.model.parameters()):
            return self._encode_text(list(texts))
        found = {text: self._texts[text] for text in texts if text in self._texts}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        found.update(zip(missing, self._encode_text(missing), strict=True))
        for text, feature in found.items():
            self._texts[text] = feature
            self._texts.move_to_end(text)
        while len(self._texts) > _CACHED_TEXTS:
            self._texts.popitem(last=False)
        return torch.stack([found[text] for text in texts]) if texts else self._encode_text([])

    def _encode_text(self, texts: list[str]) -> Tensor:
        if not texts:
            return torch.zeros(0, self.embed_dim, device=self.device)
        with torch.no_grad():
            features: Tensor = self.model.encode_text(self.tokenize(texts))
        return features.float()


def _configuration(architecture: Architecture) -> dict[str, Any]:
    if not isinstance(architecture, str):
        return dict(architecture)
    config = open_clip.get_model_config(architecture)
    if config is None:
        raise InputError(
            f"open_clip knows no architecture named {architecture!r}; "
            "open_clip.list_models() lists the names"
        )
    return dict(config)


def _dtype(precision: str) -> torch.dtype:
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    return PRECISIONS[precision]


def _open_visual(model: nn.Module) -> Any:
    """The vision transformer, if it is built the way CLIP's own is."""
    visual = getattr(model, "visual", None)
    plain = (
        isinstance(visual, VisionTransformer)
        and visual.attn_pool is None
        and visual.pool_type == "tok"
        and visual.proj is not None
        and all(type(block) is ResidualAttentionBlock for block in visual.transformer.resblocks)
    )
    if not plain:
        raise InputError(
            "this CLIP cannot be opened block by block: its image encoder must be open_clip's "
            "VisionTransformer with plain blocks, a class token and a projection"
        )
    return visual


def _default_tokenizer(model: CLIP | CustomTextCLIP) -> Tokenizer:
    tokenizer = open_clip.SimpleTokenizer(context_length=int(model.context_length))
    if int(model.vocab_size) < tokenizer.vocab_size:
        raise InputError(
            f"the text encoder knows {int(model.vocab_size)} tokens, CLIP's tokenizer makes "
            f"{tokenizer.vocab_size}: give the tokenizer this model was trained with"
        )
    return lambda texts: tokenizer(list(texts))
