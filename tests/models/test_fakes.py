from __future__ import annotations

import pytest

from visprog.models import fake
from visprog.models.roles import ROLES


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_fake_with_its_methods(role: str) -> None:
    protocol = ROLES[role]
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    assert methods
    assert all(callable(getattr(getattr(fake, f"Fake{protocol.__name__}"), name)) for name in methods)
