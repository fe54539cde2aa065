"""Speech recognition by faster-whisper or vosk, with an installed package and a downloaded model.

Both have a far larger vocabulary than pocketsphinx. faster-whisper is biased to requests to robots;
vosk is not.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zsris_ros.speech.audio import (
    RATE,
    RecognisedText,
    SpeechError,
    SpeechSegment,
    require_package,
)
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.speech.trigram import Trigram, shipped_trigram

PROMPT = (
    "The red mug left of the plate. Grab the second bottle from the right. Put the green box next "
    "to the tray. The leftmost jar. All cups except the blue one. The furthest cone."
)
"""Text in place of earlier speech: Whisper then prefers the same kind of sentence, and the words
that it has read. It has no two that sound alike: with "bowl" and "balls" in it, 13 of 18 spoken
balls were more likely bowls to Whisper."""
REMEMBERED = 2
"""Recognised texts that follow the prompt: a user speaks of the same objects again."""
HYPOTHESES = 8
LANGUAGE_WEIGHT = 0.2
"""Weight of the trigram's log probability beside Whisper's, chosen on 36 sentences that no result
is measured on; 0.1 to 0.5 recognise the same share of them within two sentences."""
MIN_PROBABILITY = 1e-9
"""Floor of a token's probability."""


@dataclass(frozen=True)
class Hypothesis:
    """The words of one of Whisper's guesses.

    ``log_probability`` is Whisper's, the sum over ``tokens`` tokens; ``score`` adds the trigram's.
    """

    words: tuple[str, ...]
    log_probability: float
    tokens: int
    score: float


@dataclass(frozen=True, eq=False)
class WhisperGuesses:
    """Whisper's result: ``hypotheses`` with words, Whisper's best first.

    ``speech`` is the probability that the sound is speech. ``encoded``, the encoder's output, and
    ``prompt`` serve to score further texts.
    """

    hypotheses: tuple[Hypothesis, ...]
    speech: float
    encoded: Any
    prompt: list[int]


def best_hypothesis(found: Sequence[Hypothesis], speech: float) -> RecognisedText:
    """Return the hypothesis of the highest score.

    Its confidence is its share among the different texts, times the mean probability of its tokens,
    times ``speech``, the probability that the sound is speech.
    """
    if not found:
        return RecognisedText("", 0.0)
    ranked = sorted(found, key=lambda each: each.score)
    best = ranked[-1]
    # Hypotheses may differ in punctuation alone; the best one of a text remains.
    texts = {each.words: each.score for each in ranked}
    share = 1 / sum(math.exp(score - best.score) for score in texts.values())
    mean = math.exp(best.log_probability / (best.tokens + 1))  # and the end of the text
    return RecognisedText(" ".join(best.words), share * mean * speech)


class FasterWhisper:
    """faster-whisper with a model from a folder, or by name from its cache; never downloads.

    The sound is not denoised, since Whisper was trained on noisy speech. The best of HYPOTHESES is
    chosen with the trigram of requests that pocketsphinx uses, where pocketsphinx is installed.

    Raises:
        SpeechError: faster-whisper is not installed or the model cannot be read.
    """

    name = "faster-whisper"

    def __init__(self, model: str, trigram: Trigram | None = None) -> None:
        faster_whisper = require_package("faster_whisper")
        tokenizer = require_package("faster_whisper.tokenizer")
        try:
            self._model: Any = faster_whisper.WhisperModel(model, local_files_only=True)
        except Exception as error:  # of several libraries
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error
        self._tokenizer: Any = tokenizer.Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language="en",
        )
        self._trigram = trigram or shipped_trigram()
        self._said: deque[str] = deque(maxlen=REMEMBERED)

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """See ``Recogniser`` and ``best_hypothesis``."""
        found = self.guess(speech)
        best = best_hypothesis(found.hypotheses, found.speech)
        self.remember(best.text)
        return best

    def remember(self, text: str) -> None:
        """Put ``text``, unless it is empty, before the next sound."""
        if text:
            self._said.append(text)

    def guess(self, speech: SpeechSegment) -> WhisperGuesses:
        """Return at most HYPOTHESES guesses."""
        audio = require_package("faster_whisper.audio")
        features = self._model.feature_extractor(speech.samples.astype(np.float32) / 32768)
        before = self._tokenizer.encode(" " + " ".join([PROMPT, *self._said]))
        prompt = self._model.get_prompt(self._tokenizer, before, without_timestamps=True)
        encoded = self._model.encode(audio.pad_or_trim(features))
        found = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=HYPOTHESES,
            num_hypotheses=HYPOTHESES,
            length_penalty=0,  # scores are sums of log probabilities
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        rows = zip(found.sequences_ids, found.scores, strict=True)
        hypotheses = [self._hypothesis(tokens, score) for tokens, score in rows]
        kept = tuple(each for each in hypotheses if each.words)
        return WhisperGuesses(kept, 1 - found.no_speech_prob, encoded, prompt)

    def log_probabilities(
        self, found: WhisperGuesses, texts: Sequence[Sequence[str]]
    ) -> list[float]:
        """Return the log probabilities of ``texts`` for the sound of ``found``."""
        if not texts:
            return []
        sentences = [" " + " ".join(words).capitalize() + "." for words in texts]
        ctranslate2 = require_package("ctranslate2")
        # NumPy reads memory of the CPU alone, and not every precision.
        once = found.encoded.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32)
        encoded = np.repeat(np.asarray(once), len(texts), axis=0)
        scored = self._model.model.align(
            ctranslate2.StorageView.from_array(encoded).to(found.encoded.dtype),
            found.prompt[:-1],  # align adds the last token, "no timestamps", itself
            [self._tokenizer.encode(each) for each in sentences],
            [encoded.shape[1]] * len(texts),
        )
        return [
            sum(math.log(max(MIN_PROBABILITY, each)) for each in text.text_token_probs)
            for text in scored
        ]

    def _hypothesis(self, tokens: Sequence[int], log_probability: float) -> Hypothesis:
        kept = [token for token in tokens if token < self._tokenizer.eot]
        words, score = spoken_words(self._tokenizer.decode(kept)), log_probability
        if self._trigram is not None:
            score += LANGUAGE_WEIGHT * self._trigram.log_probability(words)
        return Hypothesis(words, log_probability, len(tokens), score)


class Vosk:
    """vosk with a model from a folder. Raises SpeechError as ``FasterWhisper`` does."""

    name = "vosk"

    def __init__(self, model: str) -> None:
        vosk = require_package("vosk")
        vosk.SetLogLevel(-1)
        try:
            self._recogniser: Any = vosk.KaldiRecognizer(vosk.Model(model), RATE)
        except Exception as error:  # the only type that vosk raises
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error
        self._recogniser.SetWords(True)

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """See ``Recogniser``; the confidence is the minimum over the words."""
        self._recogniser.Reset()
        self._recogniser.AcceptWaveform(speech.samples.astype("<i2").tobytes())
        found = json.loads(self._recogniser.FinalResult())
        text = " ".join(spoken_words(found.get("text", "")))
        words = found.get("result", [])
        return RecognisedText(
            text, min((word["conf"] for word in words), default=0.0) if text else 0.0
        )
