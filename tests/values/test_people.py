"""Whether two rows under one id are about one person."""

import pytest

from leadhub.values.people import somebody_else

ANN = {"email": "ann@x.example", "first_name": "Ann", "last_name": "Lee"}


@pytest.mark.parametrize(
    ("now", "other"),
    [
        ({"email": "carla@x.example", "first_name": "Carla", "last_name": "Diaz"}, True),
        ({"email": "ann@y.example", "first_name": "ANN", "last_name": " lee"}, False),
        ({"email": "Ann@X.example", "first_name": "Anna", "last_name": "Berg"}, False),
        ({"email": None, "first_name": "Carla", "last_name": "Diaz"}, False),
        ({"email": "carla@x.example"}, False),
        ({}, False),
    ],
)
def test_both_the_address_and_the_name_must_differ(now: dict[str, str | None], other: bool) -> None:
    """A corrected name and a new address are edits, a spelling is nothing, and a blank is nobody else."""
    assert somebody_else(ANN, now) is other
    assert somebody_else(now, ANN) is other
