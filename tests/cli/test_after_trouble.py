"""What a person reads after a run was killed, a file was spoiled, or two persons may be one: names, and next steps that lead on."""

import pytest
from cli_world import World

from leadhub.clock import SystemClock
from leadhub.model.record import Record
from leadhub.store import open_store
from leadhub.store.runs import Runs
from leadhub.sync import run as flow


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def _die(*_args: object) -> None:
    raise Killed


def _kill_a_sync(world: World) -> None:
    """A sync dies when its plan is stored and nothing is sent; its journal stays as a killed process leaves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow.applying, "apply", _die)
        patch.setattr(Runs, "finish", lambda *_args: None)
        with pytest.raises(Killed):
            world.run("sync")


def test_after_a_killed_run_the_counts_are_those_of_what_was_made(adopted: World) -> None:
    """The next run makes what the killed one planned: nothing is pending any more, and the killed run is closed as crashed."""
    (contact,) = adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"][:1]
    adopted.admin("hubspot", "edit", id=contact["record_id"], properties={"jobtitle": "CEO"})
    _kill_a_sync(adopted)
    assert adopted.run("runs", "list", "--kind", "sync", "--output", "json").json["runs"][0]["status"] == "running"
    report = adopted.run("sync", "--output", "json").json
    assert (report["systems"]["salesforce"]["updated"], report["records"]["pending"]) == (1, 0)
    runs = adopted.run("runs", "list", "--kind", "sync", "--output", "json").json["runs"]
    assert [(run["status"], run["seconds"] is None) for run in runs][:2] == [("ok", False), ("crashed", True)]
    assert "found dead" in adopted.run("runs", "show", runs[1]["run"]).lines[0]


def test_a_row_that_stays_locked_is_named_with_its_person(adopted: World) -> None:
    """The run ends well, says whose row is locked in which system and that it is tried again, and sends nobody to look at the system's address."""
    links = adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]
    rows = {link["system"]: link["record_id"] for link in links}
    adopted.admin("hubspot", "edit", id=rows["hubspot"], properties={"jobtitle": "CEO"})
    adopted.admin("salesforce", "settings", locked_records=[rows["salesforce"]])
    ran = adopted.run("sync")
    assert ran.code == 0
    assert "1 not started (The record is locked in Salesforce (UNABLE_TO_LOCK_ROW)" in ran.out
    assert f"next run tries again by itself:\n  Ann Lee: salesforce Lead {rows['salesforce']}\n" in ran.out
    assert "Left out of this run" not in ran.out
    adopted.admin("salesforce", "settings", locked_records=[])
    assert "1 write made" in adopted.run("sync").out


def test_config_check_sends_nobody_back_to_itself_alone(world: World) -> None:
    """A fault in leadhub.toml is to be mended first; the command is the one for this folder."""
    world.configure("version = 1", "version = 1\nsurprise = 2")
    folder = str(world.folder)
    assert f"Next: mend what is named above, then: leadhub -C {folder} config check" in world.run("config", "check").err
    assert f"Next: leadhub -C {folder} config check" in world.run("sync").err


def test_a_group_of_questions_is_shown_by_its_name(adopted: World) -> None:
    """The group's name that `review list` prints can be given to `review show`: every question of it is shown."""
    adopted.contact(email="bob@acme.example", firstname="Bob", lastname="Bee", company="Acme")
    assert adopted.run("sync").code == 0
    for name, whose in (("One", "ann"), ("Two", "bob")):
        adopted.lead(LastName=name, Email=f"{whose}@acme.example")
    assert adopted.run("sync").code == 0
    items = adopted.run("review", "list", "--output", "json").json["items"]
    assert [item["kind"] for item in items] == ["duplicate", "duplicate"]
    group = items[0]["group"]
    shown = adopted.run("review", "show", group)
    assert shown.code == 0
    assert all(item["id"] in shown.out for item in items)
    assert shown.lines[-1].startswith("2 questions. Next: leadhub -C ")
    assert [item["id"] for item in adopted.run("review", "show", group, "--output", "json").json["items"]] == [i["id"] for i in items]


def test_a_question_about_two_persons_names_both(adopted: World) -> None:
    """Whoever has to tell whether two are one reads both names, not an id."""
    adopted.lead(LastName="One", Email="ann@acme.example")
    adopted.run("sync")
    (item,) = adopted.run("review", "list", "--output", "json").json["items"]
    assert {item["name"], item["other_name"].partition(" <")[0]} == {"One", "Ann Lee"}
    shown = adopted.run("review", "show", item["id"]).out
    assert "Ann Lee" in shown
    assert "One" in shown
    assert item["other_name"] in adopted.run("review", "list", "--items").out


def test_an_owner_whom_hubspot_does_not_know_is_found_before_the_first_create(adopted: World) -> None:
    """A word that is no owner is refused at once; an address that nobody has is doctor's to find: it fails where records may be created."""
    (line,) = [line for line in (adopted.folder / "leadhub.toml").read_text().splitlines() if line.startswith("on_create") and "@" in line]
    adopted.configure(line, 'on_create = { owner = "assignment_rules" }')
    refused = adopted.run("config", "check")
    assert refused.code == 1
    assert "HubSpot has no assignment rules" in refused.err.replace("hubSpot", "HubSpot")
    adopted.configure(
        'create = "never"\non_create = { owner = "assignment_rules" }', 'create = "never"\non_create = { owner = "nobody@acme.example" }'
    )
    warned = adopted.run("doctor")
    assert any(line.startswith("warn  hubspot") and "nobody@acme.example" in line for line in warned.lines)
    adopted.configure('create = "never"', 'create = "always"')
    failed = adopted.run("doctor")
    assert failed.code == 1
    assert any(line.startswith("fail  hubspot") and "nobody@acme.example" in line for line in failed.lines)


def test_one_answer_settles_a_whole_address(adopted: World) -> None:
    """Both sides moved house and nobody is trusted: who is right about the street is right about the city."""
    adopted.configure('trust = "salesforce"\n', "")
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]}
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Street": "Elbchaussee 1", "City": "Hamburg"})
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"address": "Rheinallee 9", "city": "Bonn"})
    assert adopted.run("sync").code == 0
    questions = adopted.run("review", "list", "--output", "json").json["items"]
    assert sorted(item["field"] for item in questions) == ["city", "street"]
    assert adopted.run("review", "resolve", questions[0]["id"], "--take", "hubspot", "--yes").code == 0
    updated = adopted.run("sync", "--output", "json").json
    assert updated["systems"]["salesforce"]["updated"] == 1
    told = adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["person"]["fields"]
    assert [told[name]["value"] for name in ("street", "city")] == ["Rheinallee 9", "Bonn"]
    assert adopted.run("review", "list", "--output", "json").json["items"] == []


def test_why_says_which_records_do_not_count(adopted: World) -> None:
    """A contact that somebody archived while the lead was edited: why nothing was written there is told first."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]}
    adopted.admin("hubspot", "archive", id=ids["hubspot"])
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Title": "CEO"})
    assert adopted.run("sync").code == 0
    told = adopted.run("leads", "why", "ann@acme.example", "job_title").lines
    gone = "the record was deleted or archived there, so it is neither read nor written; its link is kept, and frozen."
    assert told[1] == f"  hubspot ({ids['hubspot']}): {gone}"


def test_where_another_leadhub_works_no_flag_helps_and_the_next_step_says_what_does(adopted: World) -> None:
    """A revert and an apply stop at the other installation, and name the command that takes it over, which is `adopt`: neither takes such a flag."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]}
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"jobtitle": "CEO"})
    run = adopted.run("sync", "--output", "json").json["run"]
    store = open_store(f"sqlite:///{adopted.folder / 'leadhub.db'}", SystemClock())
    with store.begin() as tx:
        tx.installations.note("salesforce", "0123abcd", Record("Lead", ids["salesforce"], {}))
    store.close()
    for command in (("revert", run, "--yes"), ("apply", "--yes")):
        ran = adopted.run(*command)
        adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"jobtitle": "CFO"})
        assert ran.code == 5
        assert "another leadhub makes records here: installation 0123abcd" in ran.err
        assert f"Next: stop one of the two; if that one is dead: leadhub -C {adopted.folder} adopt salesforce --take-over 0123abcd" in ran.err
