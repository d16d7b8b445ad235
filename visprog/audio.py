"""Reading recordings, as mono at 16 kHz, which speech models expect.

WAV, FLAC, OGG and MP3 are read if the package soundfile is installed; otherwise only uncompressed WAV. A
recording may have 100 MB and last 10 minutes.
"""

from __future__ import annotations

import io
import math
import os
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import AudioError
from visprog.files import Limit, read_file
from visprog.libraries import explain, importing

RATE = 16_000
"""Samples per second of the recordings that `load_audio` returns."""

FORMATS = ("WAV", "FLAC", "OGG", "MP3")
_FORMAT_CODES = {"WAV", "WAVEX", "NIST", "FLAC", "OGG", "MP3"}
"""The names of these formats in soundfile."""

MAX_BYTES = 100_000_000
MAX_SECONDS = 600

_MAX_SAMPLES = 60_000_000  # ten minutes in stereo at 48 kHz; 240 MB of memory
_RATES = range(1_000, 200_000)


class _Recording(NamedTuple):
    """Samples of shape (frames, channels) between -1 and 1, and the number of frames per second."""

    samples: NDArray[np.float32]
    rate: int


def load_audio(source: str | os.PathLike[str] | bytes) -> NDArray[np.float32]:
    """Read a recording from a path or a file's bytes. Return mono samples at 16 kHz between -1 and 1.

    Channels are averaged, and other rates are converted. Raises AudioError if the recording cannot be read or
    is too large.
    """
    name = "the recording" if isinstance(source, bytes) else str(source)
    limit = Limit(MAX_BYTES, "shorten it, or save it as FLAC", AudioError)
    data = source if isinstance(source, bytes) else read_file(Path(source), limit)
    if not data:
        raise AudioError(f"{name} is empty", help="give a recording")
    recording = _decode(data, name)
    mono = recording.samples.mean(axis=1, dtype=np.float64)
    if not np.isfinite(mono).all():
        raise AudioError(
            f"{name} is damaged: it contains values that are not numbers", help="record or save it again"
        )
    return np.clip(resample(mono, recording.rate, RATE), -1.0, 1.0).astype(np.float32)


def _decode(data: bytes, name: str) -> _Recording:
    try:
        with importing("soundfile"):
            import soundfile
    except (ImportError, OSError) as cause:  # OSError: the library that the package wraps is missing
        return _decode_wave(data, name, cause)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in _FORMAT_CODES:
                raise AudioError(
                    f"{name} is in the format {file.format_info}",
                    help=f"convert it to one of {', '.join(FORMATS)}",
                )
            _check(name, file.frames, file.channels, file.samplerate)
            return _Recording(file.read(dtype="float32", always_2d=True), int(file.samplerate))
    except soundfile.SoundFileError as cause:
        raise AudioError(
            f"{name} is not a recording that VisProg can read ({', '.join(FORMATS)}), or it is damaged",
            help="convert it to WAV or FLAC",
        ) from cause


def _decode_wave(data: bytes, name: str, missing: Exception) -> _Recording:
    """Read uncompressed WAV with the standard library. `missing` is the error of importing soundfile."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            _check(name, file.getnframes(), channels, rate)
            content = file.readframes(file.getnframes())
        samples = _from_integers(content[: len(content) // (width * channels) * width * channels], width)
    except (wave.Error, EOFError, ValueError, KeyError) as cause:
        message, advice = explain(missing, "soundfile")
        raise AudioError(
            f"{name} is not uncompressed WAV ({cause}); other formats cannot be read: {message}",
            help=f"{advice}; or convert the recording to WAV",
        ) from missing
    return _Recording(samples.reshape(-1, channels), rate)


def _from_integers(content: bytes, width: int) -> NDArray[np.float32]:
    """Convert little-endian integers of `width` bytes. In WAV, integers of one byte are unsigned."""
    if width == 1:
        return ((np.frombuffer(content, np.uint8).astype(np.float32) - 128) / 128).astype(np.float32)
    wide = np.zeros((len(content) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(content, np.uint8).reshape(-1, width)
    return (wide.view("<i4")[:, 0].astype(np.float64) / 2**31).astype(np.float32)


def _check(name: str, frames: int, channels: int, rate: int) -> None:
    if frames > MAX_SECONDS * rate > 0:
        raise AudioError(
            f"{name} lasts {frames / rate / 60:.1f} minutes, but the limit is {MAX_SECONDS // 60}",
            help="shorten it",
        )
    if rate not in _RATES or channels < 1 or frames * channels > _MAX_SAMPLES:
        raise AudioError(
            f"{name} has an unsupported size or rate: {frames} samples in {channels} channels at {rate} Hz",
            help="save it as mono at 16 kHz",
        )


def resample(samples: NDArray[np.float64], rate: int, new_rate: int) -> NDArray[np.float64]:
    """Return `samples`, shape (n,), at another rate, without the frequencies that are too high for it.

    The spectrum of the whole recording is cut off or padded with zeros. A tenth of a second of silence is
    added during this, because the Fourier transform joins the end to the beginning.
    """
    if rate == new_rate or not len(samples):
        return samples
    divisor = math.gcd(rate, new_rate)
    down, up = rate // divisor, new_rate // divisor
    blocks = -(-(len(samples) + rate // 10) // down)  # whole blocks, so that the rate is exact
    before, after = blocks * down, blocks * up
    spectrum = np.fft.rfft(samples, before)[: after // 2 + 1]
    if after < before and after % 2 == 0:
        spectrum[-1] = 0  # a wave at half the new rate equals its mirror image
    whole = np.fft.irfft(spectrum, after) * (after / before)
    return whole[: -(-len(samples) * new_rate // rate)]
