"""Pitfall 15: the API's versions end one after the other, and a newer one checks writes more strictly."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
from leadhub_hubspot.paths import BY_VERSION

from leadhub import Change, Record, Result

VERSIONS = sorted(BY_VERSION)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_call_is_of_the_version_that_is_set(
    sandbox: Any, change: Callable[..., Change], records: Callable[..., dict[str, Record]], version: str
) -> None:
    """Pitfall 15: everything that the connector does is done under the paths of the one version in the settings, none under another's."""
    connector = sandbox.connector(api_version=version, owner_on_create="ben.okafor@owners.example", deals=True)
    sandbox.deal()
    connector.check()
    assert connector.describe("contacts")["lifecyclestage"].options
    assert len(list(connector.owners())) == 4
    [made] = connector.push([change("k1", email="a@example.com", lifecyclestage="customer")])
    first = list(connector.pull(None))
    assert made.record_id in records(iter(first))
    assert connector.describe("deals")["dealstage"].options
    sandbox.advance(60)
    assert made.record_id in records(connector.pull(first[-1].cursor))
    for operation, values in (("update", {"hs_email_optout": True, "phone": "1"}), ("clear_then_set", {"lifecyclestage": "lead"}), ("archive", {})):
        [outcome] = connector.push([change("k2", made.record_id, operation, **values)])
        assert outcome.result is Result.ACCEPTED
    assert connector.find("contacts", ["k1"]) == {}
    assert connector.authors("contacts", [made.record_id], ["phone"]) == {}
    paths = {entry["path"] for entry in sandbox.calls()}
    assert all(any(path.startswith(known) for known in astuple(BY_VERSION[version])) for path in paths)
    assert all(any(path.startswith(known) for path in paths) for known in _of_records(version)), "a path of the table that nothing was asked of"


def _of_records(version: str) -> tuple[str, ...]:
    paths = BY_VERSION[version]
    contacts = paths.records("contacts"), paths.properties_of("contacts")
    deals = paths.records("deals"), paths.properties_of("deals"), paths.pipelines_of("deals"), paths.associated("deals", "contacts")
    return *contacts, *deals, paths.owners, paths.account, paths.preferences


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stricter_checks_of_a_version_refuse_single_records(sandbox: Any, change: Callable[..., Change], version: str) -> None:
    """Pitfall 15: where the account's own rules bind writes (2026-09), the record that breaks one is refused with its reason, and no other."""
    sandbox.post("settings", required_from_2026_09=["company"])
    outcomes = {
        outcome.key: outcome
        for outcome in sandbox.connector(api_version=version).push(
            [change("bare", email="b@example.com"), change("whole", email="w@example.com", company="W")]
        )
    }
    assert outcomes["whole"].result is Result.ACCEPTED
    bare = outcomes["bare"]
    assert bare.result is (Result.REFUSED if version == "2026-09" else Result.ACCEPTED)
    assert bare.error is None or "company" in str(bare.error)
