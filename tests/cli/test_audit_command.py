"""`leadhub audit` as it is typed: what it says, what it ends with, and that its next command is the one that helps."""

import csv
import io

from cli_world import World

ANN = "ann@acme.example"


def _let_a_day_pass(world: World) -> None:
    """So much time that no pull reaches back to what was done before, by the CRMs' clock and by the run that read last."""
    assert world.run("sync").code == 0


def _purge(world: World) -> str:
    """Ann's contact is gone from HubSpot without a word."""
    contact = next(link["record_id"] for link in world.run("leads", "show", ANN, "--output", "json").json["links"] if link["system"] == "hubspot")
    world.admin("hubspot", "purge", id=contact)
    return str(contact)


def test_quiet_is_said_in_one_line(adopted: World) -> None:
    """Nothing has drifted, exit 0 also where the exit code is to tell; what was read stands beside what is stored."""
    _let_a_day_pass(adopted)
    ran = adopted.run("audit", "--detailed-exitcode")
    assert (ran.code, ran.lines[0]) == (0, "Nothing has drifted: 2 records compared.")
    told = adopted.run("audit", "--output", "json").json
    assert (told["schema"], told["total"], told["drift"], told["status"]) == ("leadhub.audit/1", 0, [], "ok")
    assert {name: (of["read"], of["same"]) for name, of in told["systems"].items()} == {"salesforce": (1, 1), "hubspot": (1, 1)}


def test_drift_names_the_record_the_person_and_the_next_command(adopted: World) -> None:
    """What vanished is told with its id and its person; the command below it takes it in, and the next audit is quiet."""
    _let_a_day_pass(adopted)
    contact = _purge(adopted)
    ran = adopted.run("audit")
    assert (ran.code, ran.lines[0]) == (0, "1 finding in 2 records compared.")
    assert f"    {contact}  Ann Lee  vanished" in ran.lines
    assert "hubspot --anew takes this into leadhub and writes to no system;" in ran.out
    assert adopted.run("audit", "--detailed-exitcode").code == 2
    (drift,) = adopted.run("audit", "hubspot", "--output", "json").json["drift"]
    assert (drift["kind"], drift["count"], drift["next"]) == ("missing", 1, f"leadhub -C {adopted.folder} pull hubspot --anew")
    assert [(one["record"], one["name"]) for one in drift["examples"]] == [(contact, "Ann Lee")]
    (row,) = csv.DictReader(io.StringIO(adopted.run("audit", "--output", "csv").out))
    assert (row["kind"], row["count"], row["system"]) == ("missing", "1", "hubspot")
    assert adopted.run("pull", "hubspot", "--anew").code == 0
    assert adopted.run("audit", "--detailed-exitcode").code == 0


def test_the_run_keeps_what_was_found(adopted: World) -> None:
    """`runs show` tells the figures of an audit, by kind."""
    _let_a_day_pass(adopted)
    contact = _purge(adopted)
    run = adopted.run("audit", "--output", "json").json["run"]
    shown = adopted.run("runs", "show", run)
    assert f"  1 missing in hubspot contacts: {contact}" in shown.lines
    assert "It wrote nothing and changed nothing." in shown.lines


def test_a_system_that_is_not_there_is_refused(adopted_once: World) -> None:
    """Named with those that there are."""
    ran = adopted_once.run("audit", "pipedrive")
    assert ran.code == 2
    assert "Systems: salesforce, hubspot" in ran.err
