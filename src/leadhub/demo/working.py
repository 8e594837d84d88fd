"""The middle of the demo's story: people work in both CRMs, leadhub carries what they did, and one of its runs is taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadhub.core.normalize import text_of
from leadhub.demo import edits, people, words
from leadhub.demo.edits import Happening, owned_by
from leadhub.demo.sandboxes import Fields
from leadhub.demo.stage import WRITTEN, Stage
from leadhub.demo.words import NAMES, plural, shown
from leadhub.model.person import Aggregate
from leadhub.model.run import Intent
from leadhub.sync import acts
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport

# ---- 5 and 6 ---------------------------------------------------------------------------------------------------------------------------


def people_at_work(stage: Stage) -> None:
    """Edits in both CRMs."""
    stage.page.heading("Then people work, in both CRMs.")
    stage.pass_time()
    edits.happen(stage.sandboxes, stage.ids)
    for happening in edits.HAPPENINGS:
        stage.page.point(f"{happening.who.name}: {happening.what}.")
    stage.pass_time()


def second_sync(stage: Stage) -> RunReport:
    """What travelled, and what did not."""
    page, salesforce = stage.page, stage.sandboxes.salesforce
    page.heading("Sync again: what travelled, and what did not.", "leadhub sync")
    omar = stage.ids[people.OMAR.name][salesforce.name]
    stage.listen()
    with edits.edit_before_the_next_write(stage.hub, "hubspot", lambda: salesforce.edit(omar, edits.TITLE)) as happened:
        report = flow.sync(stage.hub)
    heard = stage.heard()
    stage.check(bool(happened), "a rep edits between leadhub's reading and its writing")
    stage.check(report.status == "ok", f"the run ends well: {report.status}, {report.troubles or report.refusals}")
    intents, owners = stage.writes_of(report.run), stage.owners()
    for happening in edits.HAPPENINGS:
        _outcome(stage, happening, intents, owners)
    _who(stage)
    answer = stage.hub.systems["salesforce"].doc.field["Status"]["answers"][people.CLOSED]
    page.say(f"Salesforce's {shown(people.CLOSED)} could be written because leadhub.toml says what it means in this org: {shown(answer)}.")
    for lost in report.lost:
        page.say(f"Somebody should know: {lost}. The value that lost is kept in the journal.")
    for name in WRITTEN:
        counts, (calls, writes) = report.systems[name], heard[NAMES[name]]
        page.say(f"{NAMES[name]}: {plural(counts.updated, 'record')} updated, with {plural(calls, 'call')}, {writes} of them writes.")
    about = {stage.person(h.who).person.id for h in edits.HAPPENINGS}
    ingrid = words.who_set(stage.person(people.INGRID), "stage")
    stage.check(ingrid.startswith("stage set back in HubSpot by"), f"leadhub takes the step back that a person made, and knows it as one ({ingrid})")
    stage.check(words.state_of(stage.person(people.MAYA)).stage == "sql", "Maya Torres is an SQL now")
    stage.check(all(i.change.person_id in about for i in intents), "nobody else was written")
    stage.check(any("phone" in lost for lost in report.lost), "the phone number that lost is told")
    return report


def _who(stage: Stage) -> None:
    """Whose hand it was, as the CRMs' own histories tell."""
    grace, sofia = words.who_set(stage.person(people.GRACE), "stage"), words.who_edited(stage.history(stage.person(people.SOFIA)), "owner")
    stage.check(grace == f"stage set in Salesforce by {people.JANE}", f"Salesforce's history names who converted the lead ({grace})")
    stage.check(sofia.endswith(f"edited in Salesforce by {people.JANE}"), f"Salesforce's history names who changed the owner ({sofia})")
    ben = words.state_of(stage.person(people.BEN))
    stage.check(ben.stage == "sql", "an opt-out moves no stage")
    stage.page.say(f"leadhub leads why tells whose hand it was. {people.GRACE.name}: {grace}. {people.SOFIA.name}: {sofia}.")
    stage.page.say(f"An opt-out travels at once and moves no stage: {people.BEN.name} is {words.in_words(ben)}, as before.")


def _outcome(stage: Stage, happening: Happening, intents: Sequence[Intent], owners: words.Owners) -> None:
    aggregate = stage.person(happening.who)
    mine = [i for i in intents if i.change.person_id == aggregate.person.id]
    for sentence in list(words.written(mine, owners)) or _nothing_written(stage, happening, aggregate):
        stage.page.told(happening.who.name, sentence)
    mine_there, salesforce, hubspot = stage.ids[happening.who.name], stage.sandboxes.salesforce, stage.sandboxes.hubspot
    expected = {salesforce.name: happening.salesforce_after, hubspot.name: happening.hubspot_after}
    for crm in (salesforce, hubspot):
        owned = owned_by(happening.new_owner, crm.name, stage.ids) if happening.new_owner else {}
        _shows(stage, happening, crm.name, crm.everyone()[mine_there[crm.name]], {**expected[crm.name], **owned})


def _shows(stage: Stage, happening: Happening, crm: str, record: Mapping[str, Any], expected: Fields) -> None:
    """Look into a CRM."""
    for name, value in expected.items():
        found = text_of(record.get(name))
        stage.check(found == value, f"{crm} shows {name} {shown(value)} for {happening.who.name} (it shows {shown(found)})")


def _nothing_written(stage: Stage, happening: Happening, aggregate: Aggregate) -> list[str]:
    telling = words.tell(stage.hub, aggregate)
    if "Status" not in happening.salesforce_after:
        return [f"nothing was written. {' '.join(telling.fields)}"]
    now = f"{words.in_words(words.state_of(aggregate))} ({words.who_set(aggregate, 'stage')})"
    return [f"nothing was written. leadhub now says: {now}. {' '.join(telling.state)}"]


# ---- 7 ---------------------------------------------------------------------------------------------------------------------------------


def nothing_left(stage: Stage) -> None:
    """A sync with nothing to do."""
    stage.page.heading("And again: nothing is left to do.", "leadhub sync")
    stage.pass_time()
    settling = flow.sync(stage.hub)
    stage.check(not any(c.created or c.updated or c.refused for c in settling.systems.values()), "leadhub does not answer to its own writes")
    stage.pass_time()
    stage.listen()
    report = flow.sync(stage.hub)
    heard = stage.heard()
    for name in WRITTEN:
        counts, (calls, writes) = report.systems[name], heard[NAMES[name]]
        stage.check(writes == counts.created == counts.updated == 0, f"{NAMES[name]} is not written")
        stage.check(counts.pulled == 0, f"{NAMES[name]} has nothing new to read")
        stage.page.point(
            f"{NAMES[name]}: {writes} writes. {plural(calls, 'call')}, to ask whether anything is new; {plural(counts.pulled, 'record')} read."
        )
    stage.check(not stage.writes_of(report.run) and report.status == "ok", "the run intends nothing")
    own = sum(c.pulled for c in settling.systems.values())
    stage.page.say(
        f"(Between step {stage.page.step - 1} and this one a run read back the {plural(own, 'record')} that had changed, its own writes among them, and wrote nothing either.)"
    )


# ---- 8 ---------------------------------------------------------------------------------------------------------------------------------


def taken_back(stage: Stage, run: RunReport) -> None:
    """A run is taken back, as far as nobody built on it."""
    page, both = stage.page, stage.sandboxes
    page.heading("A mistake? Take that run back, as far as nobody has built on it.", f"leadhub revert {run.run}")
    both.hubspot.edit(stage.ids[people.HANNAH.name][both.hubspot.name], {"jobtitle": "Director of Labs"})
    stage.pass_time()
    flow.sync(stage.hub)
    stage.pass_time()
    report, undone = acts.revert(stage.hub, stage.run(run.run))
    stage.check(report.status == "ok", f"the run is taken back: {report.status}, {report.troubles or report.refusals}")
    page.say(f"Since then {people.HANNAH.name}'s title was changed once more, in HubSpot, and travelled. What came back:")
    owners, made = stage.owners(), stage.writes_of(report.run)
    for intent in made:
        page.told(intent.change.name, f"{NAMES[intent.change.system]}: {words.moves(intent.change, owners)}")
    page.say("What stays, and why:")
    for skipped in undone.skipped:
        where = NAMES.get(skipped.where, skipped.where)
        page.told(skipped.person, f"{words.word(skipped.field)} in {where}: {skipped.reason}")
    _stands(stage, made)
    stage.check({s.person for s in undone.skipped} == {people.HANNAH.name, people.BEN.name}, "a later edit and an opt-out are left, and told")
    stage.pass_time()
    after = flow.sync(stage.hub)
    stage.check(not stage.writes_of(after.run) and after.status == "ok", "the next sync redoes nothing of what was taken back")
    page.say("These are decisions, not edits: the next sync wrote nothing.")


def _stands(stage: Stage, made: Sequence[Intent]) -> None:
    """Look up, in both CRMs, that what was taken back is there again."""
    shows = {"salesforce": stage.sandboxes.salesforce.everyone(), "hubspot": stage.sandboxes.hubspot.everyone()}
    stage.check(len(made) > 5, "most of the run comes back")
    for change in (intent.change for intent in made):
        record = shows[change.system][change.record_id or ""]
        wrong = [name for name, value in change.values.items() if text_of(record.get(name)) != text_of(value)]
        stage.check(not wrong, f"{NAMES[change.system]} shows {change.name} as before (not so: {wrong})")
