"""Pitfall 5: a create whose answer was lost is refused as a duplicate when it is sent again, and one without an address is made twice."""

from collections.abc import Callable
from typing import Any

import pytest

from leadhub import Change, DuplicateRefused, Result, UnknownOutcome


@pytest.mark.parametrize("external_id", ["leadhub_id", None])
def test_a_create_that_happened_already_is_a_success(sandbox: Any, change: Callable[..., Change], external_id: str | None) -> None:
    """Pitfall 5: a create sent again after its answer was lost ends as accepted with the contact that the first one made, and makes no second."""
    connector = sandbox.connector(external_id=external_id)
    create = change("k1", email="Ann@Example.com", lastname="Lee", closedate="2026-01-31T00:00:00Z")
    sandbox.fault("drop_after", "batch/(upsert|create)")
    with pytest.raises(UnknownOutcome):
        list(connector.push([create]))
    [again] = connector.push([create])
    assert (again.result, again.values["email"]) == (Result.ACCEPTED, "ann@example.com")
    assert sandbox.raw(again.record_id)["lastname"] == "Lee"
    assert sandbox.count() == 1


@pytest.mark.parametrize("external_id", ["leadhub_id", None])
def test_somebody_elses_contact_is_a_duplicate(sandbox: Any, change: Callable[..., Change], external_id: str | None) -> None:
    """Pitfall 5: where the contact that has the address shows anything else than what was sent, it is a duplicate, told with its id; nothing is written."""
    held = sandbox.create(email="ann@example.com", lastname="Other")
    [outcome] = sandbox.connector(external_id=external_id).push([change("k1", email="ann@example.com", lastname="Lee")])
    assert isinstance(outcome.error, DuplicateRefused)
    assert outcome.error.existing_id == held
    assert sandbox.raw(held)["lastname"] == "Other"


def test_another_ones_create_is_a_duplicate_even_if_alike(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 5: a contact that bears the key of another create was made for somebody else, and is a duplicate whatever it shows."""
    connector = sandbox.connector()
    list(connector.push([change("k1", email="ann@example.com", lastname="Lee")]))
    [outcome] = connector.push([change("k2", email="ann@example.com", lastname="Lee")])
    assert isinstance(outcome.error, DuplicateRefused)


def test_an_equal_contact_that_somebody_made_is_taken_without_a_stamp(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 5: a contact that shows all that was to be made is taken as it is, without the stamp by which a revert would take it for leadhub's."""
    held = sandbox.create(email="ann@example.com", lastname="Lee", phone="+1")
    [outcome] = sandbox.connector().push([change("k1", email="ann@example.com", lastname="Lee")])
    assert (outcome.result, outcome.record_id, outcome.stamp) == (Result.ACCEPTED, held, None)
