"""Recordings of every format become mono at 16 kHz; others are rejected with a message."""

from __future__ import annotations

import io
import struct
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog import audio
from visprog.audio import load_audio, resample
from visprog.errors import AudioError
from visprog.extras import install_extra


@pytest.fixture(params=["soundfile", "wave"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both readers of WAV: the package soundfile and the standard library."""
    if request.param == "wave":
        monkeypatch.setitem(sys.modules, "soundfile", None)
    else:
        pytest.importorskip("soundfile")
    return str(request.param)


def tone(seconds: float = 0.5, rate: int = 16_000, pitch: float = 440.0) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def wav(samples: NDArray[np.float64], rate: int = 16_000, width: int = 2) -> bytes:
    """Write samples of shape (frames,) or (frames, channels) as integers of `width` bytes."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    scaled = np.round(samples.reshape(-1) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        content = (scaled + 128).astype(np.uint8).tobytes()
    else:
        content = b"".join(int(value).to_bytes(width, "little", signed=True) for value in scaled)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(content)
    return buffer.getvalue()


@pytest.mark.parametrize(("width", "error"), [(1, 1e-2), (2, 1e-4), (3, 1e-6), (4, 1e-6)])
def test_wav_of_every_bit_depth_is_read(reader: str, width: int, error: float) -> None:
    found = load_audio(wav(tone(), width=width))
    assert found.dtype == np.float32
    assert found == pytest.approx(tone(), abs=error)


def test_channels_are_averaged(reader: str) -> None:
    stereo = np.stack([tone(pitch=300.0), tone(pitch=700.0)], axis=1)
    assert load_audio(wav(stereo)) == pytest.approx(stereo.mean(axis=1), abs=1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_other_rates_keep_pitch_and_length(reader: str, rate: int) -> None:
    found = load_audio(wav(tone(rate=rate), rate))
    expected = tone()
    assert len(found) == len(expected)
    assert found[200:-200] == pytest.approx(expected[200:-200], abs=2e-3)


def test_a_pitch_too_high_for_16_khz_is_removed_and_not_mirrored() -> None:
    high = tone(rate=48_000, pitch=12_000.0)
    assert np.abs(load_audio(wav(high, 48_000))[200:-200]).max() < 1e-3


@given(st.integers(1, 300), st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000]))
def test_resampling_rounds_the_length_up_and_keeps_samples_at_the_same_rate(count: int, rate: int) -> None:
    samples = np.random.default_rng(count).normal(size=count)
    assert len(resample(samples, rate, 16_000)) == -(-count * 16_000 // rate)
    assert np.array_equal(resample(samples, rate, rate), samples)


@pytest.mark.parametrize(("kind", "error"), [("FLAC", 1e-4), ("OGG", 0.1)])
def test_flac_and_ogg_are_read(kind: str, error: float, tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / f"speech.{kind.lower()}"
    soundfile.write(path, tone(), 16_000, format=kind)
    assert load_audio(path) == pytest.approx(tone(), abs=error)


def test_wav_of_floats_is_read_with_soundfile(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "speech.wav"
    soundfile.write(path, tone(), 16_000, subtype="FLOAT")
    assert load_audio(path) == pytest.approx(tone(), abs=1e-6)
    soundfile.write(path, np.array([0.1, np.nan, 0.2]), 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="values that are not numbers"):
        load_audio(path)


def test_values_beyond_one_are_clipped(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "speech.wav"
    soundfile.write(path, 4 * tone(), 16_000, subtype="FLOAT")
    assert np.abs(load_audio(path)).max() == 1.0


def test_without_soundfile_the_error_for_other_formats_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(AudioError, match="not uncompressed WAV") as caught:
        load_audio(b"fLaC" + bytes(100))
    assert install_extra("models") in (caught.value.help or "")


@pytest.mark.parametrize(
    "damaged",
    [b"RIFF", b"not sound at all, but a sentence that is long enough", wav(tone())[:30], bytes(4000)],
)
def test_other_content_is_rejected(reader: str, damaged: bytes) -> None:
    with pytest.raises(AudioError, match="the recording is not"):
        load_audio(damaged)


def test_a_truncated_file_is_read_up_to_its_end_or_rejected(reader: str) -> None:
    whole = wav(tone())
    try:
        found = load_audio(whole[:9_001])
    except AudioError:
        return
    assert found == pytest.approx(tone()[: len(found)], abs=1e-4)


def test_a_recording_that_is_too_long_is_rejected_before_it_is_decoded(
    reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "MAX_SECONDS", 1)
    with pytest.raises(AudioError, match=r"lasts 0.0 minutes"):
        load_audio(wav(tone(2.0)))


def test_a_header_with_an_impossible_rate_is_rejected(reader: str) -> None:
    header = bytearray(wav(tone(), 48_000))
    struct.pack_into("<I", header, 24, 5)  # samples per second
    with pytest.raises(AudioError, match=r"at 5 Hz|minutes"):
        load_audio(bytes(header))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "MAX_BYTES", 1000)
    path = tmp_path / "speech.wav"
    path.write_bytes(wav(tone()))
    with pytest.raises(AudioError, match="at most 0 MB are read"):
        load_audio(path)


def test_a_path_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        load_audio(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="is a folder"):
        load_audio(tmp_path)
    with pytest.raises(AudioError, match="is empty"):
        load_audio(b"")


def test_a_picture_is_rejected_as_a_recording(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "speech.wav"
    Image.new("RGB", (9, 9)).save(path, "PNG")
    with pytest.raises(AudioError, match=r"speech\.wav is not"):
        load_audio(path)


def test_an_unsupported_format_is_named(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "speech.aiff"
    soundfile.write(path, tone(), 16_000, format="AIFF")
    with pytest.raises(AudioError, match="AIFF") as caught:
        load_audio(path)
    assert "WAV, FLAC" in (caught.value.help or "")


def test_resampling_keeps_tones_below_half_the_new_rate() -> None:
    tone = np.sin(2 * np.pi * 7_000 * np.arange(44_100) / 44_100)
    assert np.std(resample(tone, 44_100, 16_000)[1_000:-1_000]) == pytest.approx(np.sqrt(0.5), rel=0.01)
