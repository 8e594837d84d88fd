"""A CRM that answers what it should not, to every reading or every writing call: that system waits, nothing is lost, and nothing is made twice."""

import pytest
from bad_answers import KINDS, READS, WRITES, answer
from bad_input_desk import Desk, as_on_the_page, newcomer_and_edit, told, told_to

NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
AFTER = {"ann@acme.example": "Boss", "bob@acme.example": "CTO", "cy@cyan.example": None}
BEFORE = {"ann@acme.example": "CTO", "bob@acme.example": "CTO"}
HAPPENED = {"nothing", "half a JSON", "too late"}
"""These lose the answer of a call that was carried out; the others refuse the call."""


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_system_that_cannot_be_read_waits(desk: Desk, system: str, kind: str) -> None:
    """Nothing is written to it on old knowledge; what is known stays; when it is well, the edit and the newcomer arrive, once."""
    newcomer_and_edit(desk, system)
    desk.fault(system, READS[system], **answer(system, kind))
    ran = desk.run("sync")
    as_on_the_page(f"{NAMES[system]}, reading", kind, _short(told(ran, desk)), ran.code)
    assert (desk.writes(system), told_to(desk, system)) == (0, BEFORE)
    assert desk.kept()["link"] == desk.before["link"] + 1  # Cy, from the other CRM
    _well_again(desk, system, writes=2)


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_system_that_cannot_be_written_loses_and_doubles_nothing(desk: Desk, system: str, kind: str) -> None:
    """A refused call is made again by the next run; one whose answer is lost is looked for, and never repeated where it happened."""
    newcomer_and_edit(desk, system)
    desk.fault(system, WRITES[system], **answer(system, kind))
    ran = desk.run("sync")
    as_on_the_page(f"{NAMES[system]}, writing", kind, _short(told(ran, desk)), ran.code)
    happened = kind in HAPPENED
    assert told_to(desk, system) == (AFTER if happened else BEFORE)
    if (system, kind) == ("hubspot", "409"):  # HubSpot's word for a record that is there already: a person is asked
        kinds = [item["kind"] for item in desk.run("review", "list", "--output", "json").json["items"]]
        assert kinds == ["possible_duplicate"] * 2
        return
    _well_again(desk, system, writes=desk.writes(system) + (0 if happened else 2))


def _well_again(desk: Desk, system: str, *, writes: int) -> None:
    desk.well()
    assert desk.run("sync").code == 0
    assert told_to(desk, system) == AFTER
    assert desk.writes(system) == writes
    assert desk.run("review", "list", "--output", "json").json["items"] == []


def _short(said: str) -> str:
    """Why the system was left out; for one that was not, how the run ended."""
    return said.partition("Left out of this run: ")[2] or said.partition(" Not planned")[0]
