"""CLIP's frozen part in VATEX: word features, and the CLIP Prior (paper, section 3.1, Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.localisation import ClipPrior, square_image
from zsris_ros.baselines.published_query import PublishedQuery, PublishedReader
from zsris_ros.baselines.vatex.network import Texts
from zsris_ros.baselines.vatex.vatex_settings import Prompt
from zsris_ros.types import ByteArray, InputError
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

from open_clip import OPENAI_IMAGENET_TEMPLATES  # isort: skip  (after ensure_torchvision)

_TEMPLATE = "a photo of {}"


class FrozenClip:
    """Encodes images and sentences for VATEX with one frozen CLIP.

    Args:
        clip: The CLIP, with a vision transformer or CLIP's own ResNet.
        reader: Finds the noun phrase of a sentence.
        prompt: The text of the CLIP Prior.
        size: Side in pixels of the square of the CLIP Prior; 0 is CLIP's own.

    Raises:
        InputError: The side is no multiple of CLIP's cells.
    """

    def __init__(
        self,
        clip: ClipModel | ResnetClip,
        reader: PublishedReader,
        prompt: Prompt = "template",
        size: int = 0,
    ) -> None:
        self.clip, self._reader, self._prompt = clip, reader, prompt
        self._size = size or clip.image_size
        cell = clip.image_size // clip.grid
        if self._size % cell:
            raise InputError(f"prior_size {size} must be a multiple of CLIP's cells of {cell} px")
        self._grid = self._size // cell

    @property
    def parser(self) -> str:
        """The name of the parser that finds the noun phrase."""
        return self._reader.name

    @property
    def word_width(self) -> int:
        """D, the width of word features."""
        return int(self.clip.model.ln_final.weight.shape[0])

    @property
    def heat_length(self) -> int:
        """T, the values of a map: the class token and the patches."""
        return 1 + self._grid**2

    def image_tokens(self, rgb: ByteArray) -> Tensor:
        """Return the projected tokens of an image uint8 HxWx3, float32 TxE, class token first.

        The whole image is squashed to a square. Of a ResNet, the first row is the feature of the
        image at CLIP's own size, and the others are its cells as if each were pooled alone.
        """
        if isinstance(self.clip, ClipModel):
            return ClipPrior(self.clip).tokens(rgb, self._size).cpu()
        with torch.no_grad():
            whole, cells = (
                self.clip.feature_map(square_image(rgb, size, self.clip.device))
                for size in (self.clip.image_size, self._size)
            )
            return torch.cat([self.clip.pool(whole), self.clip.dense(cells)[0]]).cpu()

    def encode(self, sentences: Sequence[str], tokens: Tensor) -> Texts:
        """Return the features of S sentences about S images.

        Args:
            sentences: The sentences.
            tokens: Float SxTxE, ``image_tokens`` of each sentence's image.

        Raises:
            InputError: A sentence holds no letter or digit.
        """
        words, valid = self.clip.encode_words(sentences)
        ids = self.clip.tokenize(sentences)[:, : valid.shape[1]].cpu()
        return Texts(words, valid, prior_map(tokens, self.encode_prompts(sentences)), ids)

    def encode_prompts(self, sentences: Sequence[str]) -> Tensor:
        """Return the text features of the CLIP Prior, float32 SxE."""
        return torch.stack([self._prompt_feature(sentence) for sentence in sentences])

    def read(self, sentence: str) -> PublishedQuery:
        """Return the parsed sentence. Raises InputError for one without letter or digit."""
        return self._reader.read(sentence, "paper")

    def _prompt_feature(self, sentence: str) -> Tensor:
        phrase = self.read(sentence).noun_phrase
        if self._prompt == "ensemble":
            every = [template(phrase) for template in OPENAI_IMAGENET_TEMPLATES]
            return F.normalize(self.clip.encode_text(every), dim=-1).mean(0)
        texts: dict[Prompt, str] = {
            "sentence": sentence,
            "noun-phrase": phrase,
            "template": _TEMPLATE.format(phrase),
        }
        return self.clip.encode_text([texts[self._prompt]])[0]


def prior_map(tokens: Tensor, texts: Tensor) -> Tensor:
    """Return Eq. 1: cosines of image tokens and text, divided by their L2 norm, float SxT.

    Args:
        tokens: Float SxTxE, the image's projected tokens. The paper keeps the class token.
        texts: Float SxE, the text features.
    """
    cosines = torch.einsum("ste,se->st", F.normalize(tokens, dim=-1), F.normalize(texts, dim=-1))
    return F.normalize(cosines, dim=-1)
