"""Recordings in: what may be read, as models of speech want it, mono at 16 kHz.

WAV and FLAC, OGG and MP3 are read where the package soundfile is installed, uncompressed WAV always; at most
100 MB and 10 minutes.
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
"""Samples per second of what `load_audio` returns."""

FORMATS = ("WAV", "FLAC", "OGG", "MP3")
_SOUNDFILE_FORMATS = {"WAV", "WAVEX", "NIST", "FLAC", "OGG", "MP3"}
MAX_BYTES = 100_000_000
MAX_SECONDS = 600

_MAX_SAMPLES = 60_000_000  # ten minutes in stereo at 48 kHz, 240 MB while they are read
_RATES = range(1_000, 200_000)


class _Recording(NamedTuple):
    """Samples of shape (frames, channels) between -1 and 1, and how many frames are a second."""

    samples: NDArray[np.float32]
    rate: int


def load_audio(source: str | os.PathLike[str] | bytes) -> NDArray[np.float32]:
    """Read a recording, from a path or a file's bytes: shape (samples,), mono at 16 kHz, between -1 and 1.

    Several channels are averaged; other rates are converted. Raises AudioError where it cannot be read, or is
    larger than allowed.
    """
    name = "the recording" if isinstance(source, bytes) else str(source)
    limit = Limit(MAX_BYTES, "cut it, or save it as FLAC", AudioError)
    data = source if isinstance(source, bytes) else read_file(Path(source), limit)
    if not data:
        raise AudioError(f"{name} is empty", help="give a recording")
    recording = _decode(data, name)
    mono = recording.samples.mean(axis=1, dtype=np.float64)
    if not np.isfinite(mono).all():
        raise AudioError(
            f"{name} is damaged: it holds values that are no numbers", help="record or save it anew"
        )
    return np.clip(resample(mono, recording.rate, RATE), -1.0, 1.0).astype(np.float32)


def _decode(data: bytes, name: str) -> _Recording:
    try:
        with importing("soundfile"):
            import soundfile
    except (ImportError, OSError) as cause:  # the package, or the library that it wraps, is missing
        return _decode_wave(data, name, cause)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in _SOUNDFILE_FORMATS:
                raise AudioError(
                    f"{name} is in the format {file.format_info}",
                    help=f"convert it to one of {', '.join(FORMATS)}",
                )
            _check(name, file.frames, file.channels, file.samplerate)
            return _Recording(file.read(dtype="float32", always_2d=True), int(file.samplerate))
    except soundfile.SoundFileError as cause:
        raise AudioError(
            f"{name} is not a recording in one of {', '.join(FORMATS)}, or it is damaged",
            help="convert it to WAV or FLAC",
        ) from cause


def _decode_wave(data: bytes, name: str, refusal: Exception) -> _Recording:
    """Read uncompressed WAV by Python alone; `refusal` is the reason for that."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            _check(name, file.getnframes(), channels, rate)
            content = file.readframes(file.getnframes())
        samples = _from_integers(content[: len(content) // (width * channels) * width * channels], width)
    except (wave.Error, EOFError, ValueError, KeyError) as cause:
        message, advice = explain(refusal, "soundfile")
        raise AudioError(
            f"{name} is not uncompressed WAV ({cause}); other formats cannot be read: {message}",
            help=f"{advice}; or convert the recording to WAV",
        ) from refusal
    return _Recording(samples.reshape(-1, channels), rate)


def _from_integers(content: bytes, width: int) -> NDArray[np.float32]:
    """Read little-endian integers of `width` bytes; those of one byte have no sign, as WAV has it."""
    if width == 1:
        return ((np.frombuffer(content, np.uint8).astype(np.float32) - 128) / 128).astype(np.float32)
    wide = np.zeros((len(content) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(content, np.uint8).reshape(-1, width)
    return (wide.view("<i4")[:, 0].astype(np.float64) / 2**31).astype(np.float32)


def _check(name: str, frames: int, channels: int, rate: int) -> None:
    if frames > MAX_SECONDS * rate > 0:
        raise AudioError(
            f"{name} lasts {frames / rate / 60:.1f} minutes, at most {MAX_SECONDS // 60} are read",
            help="cut it",
        )
    if rate not in _RATES or channels < 1 or frames * channels > _MAX_SAMPLES:
        raise AudioError(
            f"{name} has {frames} times {channels} samples at {rate} Hz", help="save it as mono at 16 kHz"
        )


def resample(samples: NDArray[np.float64], rate: int, wanted: int) -> NDArray[np.float64]:
    """Return `samples`, shape (n,), at another rate; frequencies that it cannot hold are left out.

    The spectrum of the whole recording is cut off or continued with zeros. Silence of a tenth of a second
    stands at the end meanwhile, for to the Fourier transform the end adjoins the beginning.
    """
    if rate == wanted or not len(samples):
        return samples
    divisor = math.gcd(rate, wanted)
    down, up = rate // divisor, wanted // divisor
    blocks = -(-(len(samples) + rate // 10) // down)  # whole ones, so that no rate is rounded
    before, after = blocks * down, blocks * up
    spectrum = np.fft.rfft(samples, before)[: after // 2 + 1]
    if after < before and after % 2 == 0:
        spectrum[-1] = 0  # at half the new rate, a wave cannot be told from its mirror image
    whole = np.fft.irfft(spectrum, after) * (after / before)
    return whole[: -(-len(samples) * wanted // rate)]
