"""The equations of VATEX against slow literal renderings in NumPy, to 1e-5."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from zsris_ros.baselines.vatex.contextual_decoder import ContextualDecoder, sentence_features
from zsris_ros.baselines.vatex.encoders.deformable_encoder import DeformableAttention, pixel_centres
from zsris_ros.baselines.vatex.frozen_clip import prior_map
from zsris_ros.baselines.vatex.query_decoder import MaskedAttention, QueryDecoder

Array = np.ndarray
WIDTH, HEADS = 8, 2


def arrays(*tensors: Tensor) -> list[Array]:
    return [each.detach().double().numpy() for each in tensors]


def close(found: Tensor, expected: Array) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-5, rtol=0)


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def attend(layer: nn.MultiheadAttention, q: Array, k: Array, v: Array, blocked: Array) -> Array:
    """MHA(q, k, v) of one example, head by head and query by query; ``blocked`` QxK."""
    weight, bias = arrays(layer.in_proj_weight, layer.in_proj_bias)
    out_weight, out_bias = arrays(layer.out_proj.weight, layer.out_proj.bias)
    width = q.shape[1]
    parts = [
        each @ weight[i * width : (i + 1) * width].T + bias[i * width : (i + 1) * width]
        for i, each in enumerate((q, k, v))
    ]
    side = width // layer.num_heads
    result = np.zeros_like(parts[0])
    for head in range(layer.num_heads):
        columns = slice(head * side, (head + 1) * side)
        queries, keys, values = (each[:, columns] for each in parts)
        for row in range(len(q)):
            scores = np.array([queries[row] @ key / np.sqrt(side) for key in keys])
            scores[blocked[row]] = -np.inf
            result[row, columns] = softmax(scores) @ values
    return result @ out_weight.T + out_bias


def convolve(image: Array, weight: Array, bias: Array) -> Array:
    """A 3x3 convolution with a border of zeros; ``image`` CxHxW."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    result = np.empty((len(weight), height, width))
    for y in range(height):
        for x in range(width):
            patch = padded[:, y : y + 3, x : x + 3]
            result[:, y, x] = (weight * patch).sum((1, 2, 3)) + bias
    return result


def bilinear(image: Array, height: int, width: int) -> Array:
    """Bilinear resizing between pixel centres; ``image`` CxHxW."""

    def source(place: int, new: int, old: int) -> tuple[int, int, float]:
        at = min(max((place + 0.5) * old / new - 0.5, 0.0), old - 1.0)
        low = int(at)
        return low, min(low + 1, old - 1), at - low

    result = np.empty((len(image), height, width))
    for y in range(height):
        y0, y1, dy = source(y, height, image.shape[1])
        for x in range(width):
            x0, x1, dx = source(x, width, image.shape[2])
            top = (1 - dx) * image[:, y0, x0] + dx * image[:, y0, x1]
            bottom = (1 - dx) * image[:, y1, x0] + dx * image[:, y1, x1]
            result[:, y, x] = (1 - dy) * top + dy * bottom
    return result


def sample(image: Array, x: float, y: float) -> Array:
    """The bilinear value at (x, y) in [0, 1] of the image CxHxW; zero outside."""
    _, height, width = image.shape
    column, row = x * width - 0.5, y * height - 0.5
    left, top = int(np.floor(column)), int(np.floor(row))
    total = np.zeros(len(image))
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:
                total += (1 - abs(row - i)) * (1 - abs(column - j)) * image[:, i, j]
    return total


def test_the_clip_prior_is_equation_1() -> None:
    torch.manual_seed(0)
    tokens, texts = torch.randn(3, 10, 6), torch.randn(3, 6)
    expected = []
    for image, text in zip(*arrays(tokens, texts), strict=True):
        cosines = [
            sum(a * b for a, b in zip(token, text, strict=True))
            / (np.sqrt(sum(token**2)) * np.sqrt(sum(text**2)))
            for token in image
        ]
        expected.append(np.array(cosines) / np.sqrt(sum(value**2 for value in cosines)))
    close(prior_map(tokens, texts), np.array(expected))


@pytest.mark.parametrize("vision_aware", [True, False])
def test_the_contextual_decoder_is_equations_2_to_4(vision_aware: bool) -> None:
    torch.manual_seed(1)
    decoder = ContextualDecoder(WIDTH, HEADS, vision_aware)
    shapes = [(1, 2), (2, 3), (3, 5), (6, 7)]
    vision = [torch.randn(2, WIDTH, *shape) for shape in shapes]
    words = torch.randn(2, 4, WIDTH)
    inside = [torch.ones(2, *shape, dtype=torch.bool) for shape in shapes]
    for each in inside:
        each[1, :, -1] = False
    known = torch.tensor([[True] * 4, [True, True, True, False]])
    guided, texts = decoder(vision, words, inside, known)
    assert len(guided) == 4 and len(texts) == 5
    for row in range(2):
        text, coarser = arrays(words[row])[0], None
        mute = np.tile(~known[row].numpy(), (400, 1))
        for i, level in enumerate(decoder.levels):
            image = arrays(vision[i][row])[0]
            height, width = shapes[i]
            pixels = np.array([image[:, y, x] for y in range(height) for x in range(width)])
            if vision_aware:
                outside = np.tile(~inside[i][row].numpy().ravel(), (len(text), 1))
                text = attend(level.to_text, text, pixels, pixels, outside) * text  # Eq. 2
            product = attend(level.to_vision, pixels, text, text, mute) * pixels  # Eq. 3
            fused = np.empty_like(image)
            for place, value in enumerate(product):
                fused[:, place // width, place % width] = value
            if coarser is not None:
                fused = fused + bilinear(coarser, height, width)
            coarser = convolve(fused, *arrays(level.convolution.weight, level.convolution.bias))
            close(guided[i][row], coarser)  # Eq. 4
            close(texts[i + 1][row], text)
        count = int(known[row].sum())
        expected = sum(text[:count]) / count  # Eq. 5
        close(sentence_features(texts[-1], known)[row], expected)


def test_masked_attention_sees_its_own_mask_only() -> None:
    torch.manual_seed(2)
    layer = MaskedAttention(WIDTH, HEADS)
    queries = torch.randn(2, 3, WIDTH)
    memory, positions = torch.randn(2, WIDTH, 3, 4), torch.randn(2, WIDTH, 3, 4)
    masks = torch.randn(2, 3, 6, 9)
    masks[0, 1] = -5.0  # an empty mask
    valid = torch.ones(2, 3, 4, dtype=torch.bool)
    valid[1, :, 3] = False
    found = layer(queries, memory, positions, masks, valid)
    for row in range(2):
        place = [(y, x) for y in range(3) for x in range(4)]
        values = np.array([arrays(memory)[0][row, :, y, x] for y, x in place])
        keys = values + np.array([arrays(positions)[0][row, :, y, x] for y, x in place])
        probability = 1 / (1 + np.exp(-bilinear(arrays(masks)[0][row], 3, 4)))
        allowed = np.array([[probability[n, y, x] >= 0.5 for y, x in place] for n in range(3)])
        allowed &= valid[row].numpy().ravel()
        for n in range(3):
            if not allowed[n].any():
                allowed[n] = valid[row].numpy().ravel()
        expected = attend(layer.attention, arrays(queries)[0][row], keys, values, ~allowed)
        close(found[row], expected)


def test_masks_are_products_of_queries_and_the_finest_level() -> None:
    """Eq. 7 before the sigmoid, with F_o the embedded queries."""
    torch.manual_seed(3)
    decoder = QueryDecoder(WIDTH, HEADS, 16, 1)
    queries, finest = torch.randn(1, 5, WIDTH), torch.randn(1, WIDTH, 4, 6)
    prediction = decoder.predict(queries, finest)
    embedded = arrays(decoder.mask_embedding(decoder.norm(queries)))[0][0]
    pixels = arrays(finest)[0][0]
    expected = [
        [[query @ pixels[:, y, x] for x in range(6)] for y in range(4)] for query in embedded
    ]
    close(prediction.masks[0], np.array(expected))
    assert prediction.classes.shape == (1, 5)


def test_deformable_attention_sums_weighted_samples() -> None:
    torch.manual_seed(4)
    shapes, points = [(2, 3), (4, 5)], 2
    layer = DeformableAttention(WIDTH, HEADS, 2, points)
    for linear in (layer.offsets, layer.weights):
        nn.init.normal_(linear.weight, std=0.3)
    count = sum(h * w for h, w in shapes)
    queries, values = torch.randn(1, count, WIDTH), torch.randn(1, count, WIDTH)
    places = torch.cat([pixel_centres(shape, queries) for shape in shapes])
    found = layer(queries, places, values, shapes)
    offsets, weights = arrays(layer.offsets(queries)[0], layer.weights(queries)[0])
    side = WIDTH // HEADS
    images, start = [], 0
    for h, w in shapes:
        part = arrays(values)[0][0, start : start + h * w]
        images.append(part.T.reshape(WIDTH, h, w))
        start += h * w
    result = np.zeros((count, WIDTH))
    for q, (x, y) in enumerate(arrays(places)[0]):
        for head in range(HEADS):
            columns = slice(head * side, (head + 1) * side)
            shares = softmax(weights[q].reshape(HEADS, -1)[head]).reshape(2, points)
            for level, (h, w) in enumerate(shapes):
                moves = offsets[q].reshape(HEADS, 2, points, 2)[head, level]
                for point, (dx, dy) in enumerate(moves):
                    value = sample(images[level][columns], x + dx / w, y + dy / h)
                    result[q, columns] += shares[level, point] * value
    weight, bias = arrays(layer.output.weight, layer.output.bias)
    close(found[0], result @ weight.T + bias)
