"""CLIP's frozen part in VATEX: word features, and the CLIP Prior (paper, section 3.1, Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.published_query import PublishedQuery, PublishedReader
from zsris_ros.baselines.vatex.network import Texts
from zsris_ros.baselines.vatex.vatex_settings import Prompt
from zsris_ros.types import ByteArray, InputError
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import resize_bicubic
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.text_encoder import encode_words
from zsris_ros.vision.views import CLIP_MEAN, CLIP_STD, normalise

from open_clip import OPENAI_IMAGENET_TEMPLATES  # isort: skip  (after ensure_torchvision)

_TEMPLATE = "a photo of {}"


@dataclass(frozen=True, eq=False)
class ClipInputs:
    """The inputs of CLIP for F images and S sentences.

    Attributes:
        squares: The images as squares of each size that CLIP needs, uint8 FxAxAx3.
        tokens: The ids of the sentences, int64 S x context.
        prompts: The texts of the CLIP Prior of each sentence.
    """

    squares: tuple[ByteArray, ...]
    tokens: npt.NDArray[np.int64]
    prompts: tuple[tuple[str, ...], ...]


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
        return self._image_tokens(self._squares([rgb]))[0].cpu()

    def read_inputs(self, images: Sequence[ByteArray], sentences: Sequence[str]) -> ClipInputs:
        """Return the inputs of ``encode_inputs`` for F images uint8 HxWx3 and S sentences.

        This reads none of CLIP's weights, so that loading processes run it without a GPU.

        Raises:
            InputError: A sentence holds no letter or digit.
        """
        tokens = self.clip.token_ids(sentences).numpy()
        return ClipInputs(self._squares(images), tokens, tuple(map(self._prompts, sentences)))

    def encode_inputs(self, inputs: ClipInputs, image_of: Tensor) -> Texts:
        """Return the features of S sentences on CLIP's device.

        Args:
            inputs: The images and sentences.
            image_of: Int64 S on CLIP's device, the image of each sentence.
        """
        ids = torch.from_numpy(inputs.tokens)
        with torch.no_grad():
            words, valid = encode_words(self.clip.model, ids)
            prompts = self._encode_prompts(inputs.prompts).to(words.device)
            patches = self._image_tokens(inputs.squares).float()[image_of]
            heat = prior_map(patches, prompts).float()
        ids = ids[:, : words.shape[1]].to(words.device)
        return Texts(words.float(), valid, heat, ids, patches)

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
        prompts = self._encode_prompts([self._prompts(sentence) for sentence in sentences])
        return Texts(words, valid, prior_map(tokens, prompts), ids, tokens)

    def read(self, sentence: str) -> PublishedQuery:
        """Return the parsed sentence. Raises InputError for one without letter or digit."""
        return self._reader.read(sentence, "paper")

    def _squares(self, images: Sequence[ByteArray]) -> tuple[ByteArray, ...]:
        """Return the images as uint8 FxAxAx3 for each size; a ResNet has CLIP's own size first."""
        is_transformer = isinstance(self.clip, ClipModel)
        sizes = (self._size,) if is_transformer else (self.clip.image_size, self._size)
        return tuple(np.stack([resize_bicubic(rgb, size) for rgb in images]) for size in sizes)

    def _image_tokens(self, squares: Sequence[ByteArray]) -> Tensor:
        """Return ``image_tokens`` of F images, float32 FxTxE on CLIP's device."""
        device = self.clip.device
        images = [
            normalise(
                torch.from_numpy(each).to(device).permute(0, 3, 1, 2).float() / 255,
                CLIP_MEAN,
                CLIP_STD,
            )
            for each in squares
        ]
        with torch.no_grad():
            if isinstance(self.clip, ClipModel):
                tokens = self.clip.stem(images[0])
                for block in self.clip.blocks:
                    tokens = run_block(block, tokens)
                return self.clip.head(tokens)
            whole, cells = (self.clip.feature_map(each) for each in images)
            return torch.cat([self.clip.pool(whole)[:, None], self.clip.dense(cells)], dim=1)

    def _encode_prompts(self, prompts: Sequence[Sequence[str]]) -> Tensor:
        """Return the text features of the CLIP Prior, float32 SxE."""
        features = self.clip.encode_text([text for each in prompts for text in each])
        if self._prompt != "ensemble":
            return features
        return F.normalize(features.unflatten(0, (len(prompts), -1)), dim=-1).mean(1)

    def _prompts(self, sentence: str) -> tuple[str, ...]:
        """Return the texts of the CLIP Prior, of which the ensemble has several."""
        phrase = self.read(sentence).noun_phrase
        if self._prompt == "ensemble":
            return tuple(template(phrase) for template in OPENAI_IMAGENET_TEMPLATES)
        texts: dict[Prompt, str] = {
            "sentence": sentence,
            "noun-phrase": phrase,
            "template": _TEMPLATE.format(phrase),
        }
        return (texts[self._prompt],)


def prior_map(tokens: Tensor, texts: Tensor) -> Tensor:
    """Return Eq. 1: cosines of image tokens and text, divided by their L2 norm, float SxT.

    Args:
        tokens: Float SxTxE, the image's projected tokens. The paper keeps the class token.
        texts: Float SxE, the text features.
    """
    cosines = torch.einsum("ste,se->st", F.normalize(tokens, dim=-1), F.normalize(texts, dim=-1))
    return F.normalize(cosines, dim=-1)
