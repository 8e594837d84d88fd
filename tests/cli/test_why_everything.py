"""`leads why` answers for every field of every lead: which edit, seen when, by which rule, in which run."""

from collections.abc import Iterator
from typing import Any

from cli_world import World

ANN = "ann@acme.example"


def told(world: World, who: str = ANN) -> Any:
    """The whole answer about somebody."""
    return world.run("leads", "why", who, "--output", "json").json


def by_field(answer: Any) -> dict[str, Any]:
    """The reasons by field."""
    return {one["field"]: one for one in answer["because"]}


def unanswered(answer: Any) -> Iterator[str]:
    """The fields whose reason lacks one of its four parts."""
    for one in answer["because"]:
        whole = one["edit"]["cause"] and one["seen"] and one["rule"] and one["run"] and one["run"]["id"]
        known = one["value"] is None or one["edit"]["cause"] == "initial" or "new" in one["edit"]
        if not (whole and known):
            yield f"{answer['name']}: {one}"


def test_a_field_that_came_by_each_way_says_which(adopted: World) -> None:
    """First contact, an edit, a decision, a revert, the start of a lead, and never: each with its own rule, and with the run that took it."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", ANN, "--output", "json").json["links"]}
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Title": "CEO"})
    synced = adopted.run("sync", "--output", "json").json["run"]
    adopted.run("leads", "set", ANN, "city=Bonn", "stage=sql", "status=attempting", "--reason", "met her", "--yes")
    decided = adopted.run("sync", "--output", "json").json["run"]
    found = by_field(told(adopted))
    assert list(unanswered(told(adopted))) == []
    assert (found["last_name"]["edit"]["cause"], found["last_name"]["run"]["kind"]) == ("adopted", "adopt")
    assert (found["job_title"]["edit"]["cause"], found["job_title"]["edit"]["new"], found["job_title"]["run"]["id"]) == ("edit", "CEO", synced)
    assert (found["city"]["edit"]["cause"], found["city"]["run"]["id"]) == ("decision", decided)
    assert (found["stage"]["edit"]["cause"], found["stage"]["run"]["id"]) == ("decision", decided)
    assert (found["exit"]["edit"]["cause"], found["fax"]["value"]) == ("decision", None)
    assert "nothing is invented" in found["fax"]["rule"]
    assert f"in run {synced} (sync, " in adopted.run("leads", "why", ANN, "job_title").out
    assert "never known" in adopted.run("leads", "why", ANN, "fax").out
    assert adopted.run("revert", synced, "--yes").code == 0
    answer = told(adopted)
    assert list(unanswered(answer)) == []
    assert (by_field(answer)["job_title"]["edit"]["cause"], by_field(answer)["job_title"]["run"]["kind"]) == ("decision", "revert")


def test_an_archived_contact_is_told_with_its_frozen_link(adopted: World) -> None:
    """Who asks learns that the contact was archived and that nothing is read or written there any more."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", ANN, "--output", "json").json["links"]}
    adopted.admin("hubspot", "archive", id=ids["hubspot"])
    adopted.run("pull", "--anew")
    out = adopted.run("leads", "why", ANN, "email").out
    assert (
        f"hubspot ({ids['hubspot']}): the record was deleted or archived there, so it is neither read nor written; its link is kept, and frozen."
        in out
    )


def test_a_write_that_waits_is_told_with_what_it_waits_for(adopted: World) -> None:
    """A plan without a sync: the side that is behind, and that the next sync does it."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", ANN, "--output", "json").json["links"]}
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Title": "CEO"})
    adopted.run("plan")
    assert (
        f"hubspot ({ids['hubspot']}) shows (blank) and is to be written: the next sync does it." in adopted.run("leads", "why", ANN, "job_title").out
    )
