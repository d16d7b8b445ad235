from __future__ import annotations

import contextlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models import onnx_writer
from visprog.models.backends.opencv.onnx_files import input_shape, with_input_size


def test_the_shape_of_a_network_s_input_is_read() -> None:
    assert input_shape(onnx_writer.yolox(416)) == (1, 3, 416, 416)
    assert input_shape(onnx_writer.yolox("side", batch="n")) == (None, 3, None, None)


def test_only_open_sides_are_set() -> None:
    changed = with_input_size(onnx_writer.yolox("side", batch="n"), 320)
    assert input_shape(changed) == (1, 3, 320, 320)
    fixed = onnx_writer.yolox(416)
    assert with_input_size(fixed, 320) == fixed


def test_the_name_of_an_open_side_may_be_shorter_than_the_number() -> None:
    assert input_shape(with_input_size(onnx_writer.yolox("a"), 640_000)) == (1, 3, 640_000, 640_000)


def test_a_model_computes_the_same_after_its_open_sides_are_set() -> None:
    picture = np.zeros((320, 320, 3), dtype=np.uint8)
    picture[:32, :32] = onnx_writer.COLORS[32]
    blob = cv2.dnn.blobFromImage(picture, swapRB=True)
    answers = []
    for model in (onnx_writer.yolox(320), with_input_size(onnx_writer.yolox("side", batch="n"), 320)):
        network = cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))
        network.setInput(blob)
        answers.append(network.forward())
    assert answers[0].any()
    assert np.array_equal(answers[0], answers[1])


@pytest.mark.parametrize("content", [b"", b"\x3a\x00", b"not a model", b"\x3a\xff\xff\xff\xff\x7f"])
def test_a_file_without_a_model_or_an_input_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="ONNX model"):
        with_input_size(content, 320)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_model_or_a_value_error(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        with_input_size(content, 320)


@given(st.integers(0, len(onnx_writer.yolox(416)) - 1))
def test_a_truncated_model_is_read_or_a_value_error(end: int) -> None:
    with contextlib.suppress(ValueError):
        assert input_shape(onnx_writer.yolox(416)[:end]) == (1, 3, 416, 416)
