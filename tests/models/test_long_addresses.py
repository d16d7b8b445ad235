"""An address that cannot be read is shown cut."""

from __future__ import annotations

import pytest

from visprog import ModelUnavailable
from visprog.models.backends.openai.address import read_address


@pytest.mark.parametrize("length", [10, 290, 5_000])
def test_a_message_shows_three_hundred_characters_of_an_address_at_most(length: int) -> None:
    address = "http://" + "[" * length
    with pytest.raises(ModelUnavailable) as caught:
        read_address(address)
    message = str(caught.value.message)
    assert (address in message) == (len(address) <= 300)
    assert len(message) < 400
