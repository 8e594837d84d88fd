"""`leadhub audit` as it is typed: what it says, what it ends with, and that its next command is the one that helps."""

import csv
import io

from cli_world import World

ANN = "ann@acme.example"
NOTHING_ADOPTED = "No system is adopted yet, so nothing is kept in sync."


def _let_a_day_pass(world: World) -> None:
    """So much time that no pull reaches back to what was done before, by the CRMs' clock and by the run that read last."""
    assert world.run("sync").code == 0


def _contact(world: World) -> str:
    """The id of Ann's contact."""
    links = world.run("leads", "show", ANN, "--output", "json").json["links"]
    return str(next(link["record_id"] for link in links if link["system"] == "hubspot"))


def _purge(world: World) -> str:
    """Ann's contact is gone from HubSpot without a word."""
    contact = _contact(world)
    world.admin("hubspot", "purge", id=contact)
    return contact


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


def test_a_record_that_is_gone_for_good_is_asked_about_as_what_it_is(adopted: World) -> None:
    """Not as one that may exist already: list, run, show and resolve say gone, and that the answers are to make it again or to leave it gone."""
    contact = _purge(adopted)
    assert adopted.run("pull", "hubspot", "--anew").code == 0
    gone = "its record there is gone for good; make it again?"
    assert f"1 gone: {gone}" in _unfolded(adopted.run("sync").out)
    listed = _unfolded(adopted.run("review", "list").out)
    assert "1 gone record possible_duplicate:hubspot:gone" in listed
    assert "possible_duplicate record" not in listed
    (item,) = adopted.run("review", "list", "--output", "json").json["items"]
    shown = _unfolded(adopted.run("review", "show", item["id"]).out)
    resolve = f"leadhub -C {adopted.folder} review resolve {item['id']}"
    assert shown.startswith(f"gone {item['id']}: {gone}")
    assert f'hubspot "{contact}"' in shown
    assert f"{resolve} --close makes it again" in shown
    assert "To leave it gone, leave this question open" in shown
    assert "may exist already" not in shown
    assert "keep-apart" not in shown
    closed = _unfolded(adopted.run("review", "resolve", item["id"], "--close", "--yes").out)
    assert "The next sync makes a new record there" in closed


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


def test_where_nothing_is_adopted_nobody_says_that_all_is_well(world: World) -> None:
    """What compares, reads, plans or writes says first that no system is adopted, and how one is; to a program too, system by system."""
    told = {name: world.run(*name.split()) for name in ("audit", "audit hubspot", "pull --anew", "plan", "sync")}
    for name, ran in told.items():
        assert (ran.code, ran.lines[0]) == (name.startswith("audit"), NOTHING_ADOPTED), name
        assert any(line.endswith(f"leadhub -C {world.folder} adopt hubspot") for line in ran.lines), name
    assert not any("salesforce" in line for line in told["audit hubspot"].lines)
    both = {system: f"leadhub -C {world.folder} adopt {system}" for system in ("salesforce", "hubspot")}
    for name in ("audit", "pull", "plan", "sync"):
        assert world.run(name, "--output", "json").json["not_adopted"] == both


def test_what_is_not_adopted_is_not_compared_and_is_named(world: World) -> None:
    """One system adopted and one not: nothing has drifted in the one. The other was not looked at: whoever named it does not read 0 as compared, and clean."""
    assert world.run("adopt", "salesforce").code == 0
    for more in ((), ("--detailed-exitcode",)):
        assert [world.run("audit", *names, *more).code for names in ((), ("salesforce",), ("hubspot",), ("salesforce", "hubspot"))] == [0, 0, 1, 1]
    assert world.run("audit", "hubspot").lines[0] == "Nothing was compared."
    ran = world.run("audit")
    assert ran.lines[0] == "Nothing has drifted: 0 records compared."
    assert f"hubspot is not adopted yet, and was not compared: leadhub -C {world.folder} adopt hubspot" in ran.lines


def _unfolded(out: str) -> str:
    """What was printed, wherever the name of the deployment's folder made a line break."""
    return " ".join(out.split())


def test_what_waits_for_a_write_and_what_waits_for_an_answer_are_sent_to_different_places(adopted: World) -> None:
    """Taken in and not yet written: the plan shows it and a sync writes it. Asked: the list of questions."""
    _let_a_day_pass(adopted)
    contact = _contact(adopted)
    adopted.admin("hubspot", "edit", id=contact, properties={"jobtitle": "CEO"})
    here = f"leadhub -C {adopted.folder}"
    assert f"1 record changed since the last run and waits for the next one: {here} sync" in _unfolded(adopted.run("audit").out)
    assert adopted.run("pull").code == 0
    ran = adopted.run("audit")
    assert f"1 person waits for a write: {here} plan shows what is to be written, {here} sync writes it." in _unfolded(ran.out)
    assert "review" not in _unfolded(ran.out)
    told = adopted.run("audit", "--output", "json").json
    assert (told["persons_waiting"], told["open_reviews"]) == (1, 0)
    assert adopted.run("sync").code == 0
    links = adopted.run("leads", "show", ANN, "--output", "json").json["links"]
    lead = next(link["record_id"] for link in links if link["system"] == "salesforce")
    adopted.admin("hubspot", "edit", id=contact, properties={"email": "ann@hs.example"})
    adopted.admin("salesforce", "edit", id=lead, fields={"Email": "ann@sf.example"})
    assert adopted.run("sync").code == 0
    ran = adopted.run("audit")
    assert f"1 open question: {here} review list" in _unfolded(ran.out)
    assert "waits for a write" not in _unfolded(ran.out)
    told = adopted.run("audit", "--output", "json").json
    assert (told["persons_waiting"], told["open_reviews"]) == (0, 1)


def test_what_waits_for_a_paused_system_names_the_way_on(adopted: World) -> None:
    """No sync writes there before somebody resumes it."""
    assert adopted.run("pause", "salesforce").code == 0
    adopted.admin("hubspot", "edit", id=_contact(adopted), properties={"jobtitle": "CEO"})
    assert adopted.run("sync").code == 0
    ran = adopted.run("audit")
    assert f"leadhub -C {adopted.folder} resume salesforce" in _unfolded(ran.out)
