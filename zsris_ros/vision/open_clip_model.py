"""Construction, weights and text features of open_clip models, ViT or ResNet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsris_ros.torch_utils.precision import dtype_of
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.tracing.stages import stage
from zsris_ros.types import InputError

ensure_torchvision()

import open_clip  # needs torchvision
from open_clip.model import CLIP, CustomTextCLIP, convert_to_custom_text_state_dict
from open_clip.transformer import LayerNormFp32

from zsris_ros.vision.text_encoder import encode_tokens, encode_words

Architecture = str | Mapping[str, Any]
"""A name of open_clip ("ViT-B-16-quickgelu"), or its configuration as a mapping with ``embed_dim``,
``vision_cfg`` and ``text_cfg`` (and ``quick_gelu``)."""

State = Mapping[str, Tensor | npt.NDArray[Any]]
"""Parameters by open_clip's names, which are OpenAI's."""

Tokenizer = Callable[[Sequence[str]], Tensor]
"""Maps K texts to token ids int64 K x context, truncated."""

_OPENAI_EXTRAS = ("input_resolution", "context_length", "vocab_size")  # scalars, not parameters
_CHARACTERS_A_TOKEN = 100  # longer texts are truncated before tokenization
_CACHED_TEXTS = 512
_CACHED_WORDS = 4096

Self = TypeVar("Self", bound="OpenClipModel")


def build_clip(architecture: Architecture, precision: str = "fp32") -> CLIP | CustomTextCLIP:
    """Build an open_clip model with random weights, normalisation layers kept in float32.

    Raises InputError when the name or the configuration is not one that open_clip can build.
    """
    config = configuration(architecture)
    dtype = dtype_of(precision)
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


def configuration(architecture: Architecture) -> dict[str, Any]:
    """Return open_clip's configuration; raises InputError for an unknown name."""
    if not isinstance(architecture, str):
        return dict(architecture)
    config = open_clip.get_model_config(architecture)
    if config is None:
        raise InputError(
            f"open_clip has no architecture named {architecture!r}; "
            "open_clip.list_models() lists the names"
        )
    return dict(config)


def openai_architecture(state: State) -> dict[str, Any]:
    """Return the configuration of a CLIP, ViT or ResNet, from the shapes of OpenAI's state dict.

    OpenAI's models have heads of width 64 and the QuickGELU activation.
    """
    if "visual.proj" in state:
        vision = _vit_sizes(state)
    elif "visual.attnpool.positional_embedding" in state:
        vision = _resnet_sizes(state)
    else:
        raise InputError("this state dict is not a CLIP with OpenAI's names, ViT or ResNet")
    context, text_width = state["positional_embedding"].shape
    return {
        "embed_dim": int(state["text_projection"].shape[1]),
        "quick_gelu": True,
        "vision_cfg": vision,
        "text_cfg": {
            "context_length": int(context),
            "vocab_size": int(state["token_embedding.weight"].shape[0]),
            "width": int(text_width),
            "heads": max(1, int(text_width) // 64),
            "layers": _count(state, "transformer.", "ln_1.weight"),
        },
    }


def _vit_sizes(state: State) -> dict[str, Any]:
    width, _, patch, _ = state["visual.conv1.weight"].shape
    grid = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)
    return {
        "image_size": int(grid * patch),
        "layers": _count(state, "visual.transformer.", "ln_1.weight"),
        "width": int(width),
        "patch_size": int(patch),
    }


def _resnet_sizes(state: State) -> dict[str, Any]:
    grid = round((state["visual.attnpool.positional_embedding"].shape[0] - 1) ** 0.5)
    return {
        "image_size": int(32 * grid),
        "layers": [_count(state, f"visual.layer{i}.", ".conv1.weight") for i in (1, 2, 3, 4)],
        "width": int(state["visual.layer1.0.conv1.weight"].shape[0]),
        "patch_size": None,
    }


def _count(state: State, start: str, end: str) -> int:
    return sum(name.startswith(start) and name.endswith(end) for name in state)


class OpenClipModel:
    """An open_clip model with cached text features. Subclasses expose the image encoder.

    ``model`` keeps its weights, device and gradients, so that a model in training can be wrapped.
    ``tokenizer`` defaults to CLIP's byte-pair encoding at the model's context length.
    """

    embed_dim: int
    image_size: int
    grid: int

    def __init__(self, model: CLIP | CustomTextCLIP, tokenizer: Tokenizer | None = None) -> None:
        self.model = model
        self.context_length = int(model.context_length)
        self._tokenizer = tokenizer or _default_tokenizer(model)
        self._texts: OrderedDict[str, Tensor] = OrderedDict()
        self._frozen = not any(parameter.requires_grad for parameter in model.parameters())
        self._known = _known_tokens(model)

    @classmethod
    def load(
        cls: type[Self],
        architecture: Architecture,
        state: State,
        *,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
        tokenizer: Tokenizer | None = None,
    ) -> Self:
        """Build ``architecture``, load ``state`` and freeze it on ``device``.

        ``precision`` is fp32, fp16 or bf16; features are always float32. Raises InputError when the
        state does not fit the architecture.
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

    def to(self, device: str | torch.device) -> None:
        """Move the weights to ``device`` and clear the text cache."""
        self.clear_text_cache()
        self.model.to(device)

    def clear_text_cache(self) -> None:
        """Remove all cached text features."""
        self._texts.clear()

    @property
    def device(self) -> torch.device:
        """The weights' device."""
        device: torch.device = self.visual.conv1.weight.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """Data type of images and tokens."""
        dtype: torch.dtype = self.visual.conv1.weight.dtype
        return dtype

    @property
    def visual(self) -> Any:
        """The image encoder."""
        return self.model.visual

    @property
    def logit_scale(self) -> float:
        """CLIP's learned factor of cosines, usually 100."""
        return float(self.model.logit_scale.detach().float().exp())

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Return token ids int64 K x context on the model's device, truncated."""
        return self.token_ids(texts).to(self.device)

    def token_ids(self, texts: Sequence[str]) -> Tensor:
        """Return token ids int64 K x context on the CPU, truncated."""
        limit = _CHARACTERS_A_TOKEN * self.context_length
        return self._tokenizer([text[:limit] for text in texts])

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Return features float32 KxE of K texts on the CPU, not normalised, without gradients.

        Words without a vector (``unknown_words``) are left out, except of texts without others. A
        model that was frozen when it was wrapped caches the features of texts.
        """
        if not self._frozen:
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

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Return the words of a text that these weights never saw, which its features leave out."""
        words = text.split()
        if self._known is None or not words:
            return ()
        tokens = self._tokenizer(words)
        known = torch.isin(tokens, self._known).all(dim=1)
        return tuple(word for word, each in zip(words, known.tolist(), strict=True) if not each)

    def encode_words(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the features of every token of K texts, and the tokens that are no padding.

        Returns:
            Float32 KxLxD and bool KxL, both on the CPU; D is the text encoder's width.

        Raises:
            InputError: The model's text encoder is not CLIP's own.
        """
        with torch.no_grad(), stage("text"):
            words, valid = encode_words(self.model, self.token_ids(texts))
            return words.float().cpu(), valid.cpu()

    def _encode_text(self, texts: list[str]) -> Tensor:
        if not texts:
            return torch.zeros(0, self.embed_dim)
        tokens = self.token_ids(texts)
        if self._known is not None:
            tokens = _without_unknown(tokens, self._known)
        with torch.no_grad(), stage("text"):
            return encode_tokens(self.model, tokens).float().cpu()


def _known_tokens(model: CLIP | CustomTextCLIP) -> Tensor | None:
    """Return int64 K: the tokens with a vector; None if all have one, or for another text encoder.

    The table of a small CLIP is zero where its training had no such word.
    """
    text = model if isinstance(model, CLIP) else model.text
    table = getattr(text, "token_embedding", None)
    if table is None:
        return None
    known = (table.weight != 0).any(dim=1).cpu()
    return None if bool(known.all()) else known.nonzero()[:, 0]


def _without_unknown(tokens: Tensor, known: Tensor) -> Tensor:
    """Return texts int64 K x context without unknown tokens, filled up with 0."""
    keep = torch.isin(tokens, known)
    end = tokens.argmax(dim=1, keepdim=True)  # the end token has the highest id
    padding = torch.arange(tokens.shape[1]) > end
    left = keep & ~padding
    keep = torch.where(left.sum(dim=1, keepdim=True) > 2, left, ~padding)  # start and end
    order = (~keep).to(torch.uint8).argsort(dim=1, stable=True)
    return torch.where(keep, tokens, 0).gather(1, order)


def _default_tokenizer(model: CLIP | CustomTextCLIP) -> Tokenizer:
    tokenizer = open_clip.SimpleTokenizer(context_length=int(model.context_length))
    if int(model.vocab_size) < tokenizer.vocab_size:
        raise InputError(
            f"the text encoder has {int(model.vocab_size)} tokens, CLIP's tokenizer makes "
            f"{tokenizer.vocab_size}: give the tokenizer this model was trained with"
        )

    def tokenize(texts: Sequence[str]) -> Tensor:
        tokens: Tensor = tokenizer(list(texts))
        # The tokenizer caches every word without a limit.
        for word in list(tokenizer.cache)[_CACHED_WORDS:]:
            del tokenizer.cache[word]
        return tokens

    return tokenize
