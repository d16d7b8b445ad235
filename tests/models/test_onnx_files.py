from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models import onnx_writer
from visprog.models.backends.opencv.onnx_files import input_shape, settled, with_input_shape


def test_the_input_of_a_network_is_read_open_sides_too() -> None:
    assert input_shape(onnx_writer.yolox(416)) == (1, 3, 416, 416)
    assert input_shape(onnx_writer.yolox("side", batch="n")) == (None, 3, None, None)


def test_settling_changes_the_open_sides_alone_and_no_length() -> None:
    model = onnx_writer.yolox("side", batch="n")
    changed = settled(model, 320)
    assert input_shape(changed) == (1, 3, 320, 320)
    assert len(changed) == len(model)
    fixed = onnx_writer.yolox(416)
    assert settled(fixed, 320) == fixed


def test_a_number_that_does_not_fit_into_the_name_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        with_input_shape(onnx_writer.yolox("a"), (1, 3, 640_000, 640_000))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_model_or_a_value_error(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        settled(content, 320)


@given(st.integers(0, len(onnx_writer.yolox(416)) - 1))
def test_a_model_that_is_cut_off_is_read_or_a_value_error(end: int) -> None:
    with contextlib.suppress(ValueError):
        assert input_shape(onnx_writer.yolox(416)[:end]) == (1, 3, 416, 416)
