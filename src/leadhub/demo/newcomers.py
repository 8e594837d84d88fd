"""The last chapters of the demo's story before its end: a list and a form bring people in, and some of them want no e-mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadhub.connectors.protocols import Context
from leadhub.core.normalize import text_of
from leadhub.core.targets import native_names
from leadhub.demo import deployment, people, words
from leadhub.demo.door import post, serving
from leadhub.demo.people import Someone
from leadhub.demo.stage import WRITTEN, Stage
from leadhub.demo.words import NAMES, plural, shown
from leadhub.model.run import Intent, IntentState
from leadhub.sync import acts
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport

LIST, FORM = "messe", "website"
KAETHE, BJOERN, ZOE, HEIDI = "Käthe Müller", "Björn Weiß", "Zoë Schäfer", "Heidi Krämer"
OPT_OUT = {"Salesforce": "HasOptedOutOfEmail", "HubSpot": "hs_email_optout"}
"""Where each CRM keeps that somebody wants no e-mails."""


# ---- 9 ---------------------------------------------------------------------------------------------------------------------------------


def german_list(stage: Stage) -> None:
    """A file is taken in, taken in again, taken back, and taken in once it is mended."""
    folder = stage.hub.deployment.folder
    deployment.deliver_german_list(folder)
    stage.pass_time()
    stage.page.heading("A list from a German trade show.", f"leadhub import {deployment.GERMAN_CSV}")
    stage.listen()
    notes = _read_through(stage)
    report = flow.take_in(stage.hub, LIST)
    _taken_in(stage, report, notes)
    again = flow.take_in(stage.hub, LIST)
    stage.check(again.systems[LIST].pulled == 0, "the same file again changes nothing")
    stage.check(all(calls == 0 for calls, _ in stage.heard().values()), "an import calls no CRM")
    stage.page.say("The same file once more: nothing new, nothing changed. No CRM was called, neither time.")
    _import_taken_back(stage, report)
    deployment.mend_german_list(folder)
    mended = flow.take_in(stage.hub, LIST)
    stage.check(mended.systems[LIST].pulled == report.systems[LIST].pulled, "the mended file is taken in")
    stage.check("email" in stage.named(BJOERN).person.fields, f"{BJOERN} has an address now")
    stage.page.say(f"Somebody mends {BJOERN}'s address in the file and imports it again.")


@dataclass(slots=True)
class _Notes:
    """The log of a connector that reads a file through: how it read the columns, and what a person should know."""

    columns: Mapping[str, object] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def info(self, event: str, /, **fields: object) -> None:
        """Keep how the columns were read."""
        read_as = fields.get("read_as")
        if event == "columns read" and isinstance(read_as, Mapping):
            self.columns = read_as

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep a warning with its rows and column."""
        where = ", ".join(f"{name.removesuffix('s')} {fields[name]}" for name in ("rows", "column") if name in fields)
        self.told.append(f"{where}: {event}" if where else event)


def _read_through(stage: Stage) -> _Notes:
    """Read the file and keep nothing: what `leadhub import FILE --preview` does."""
    system, notes = stage.hub.systems[LIST], _Notes()
    wanted = {target.mapping.object: native_names(target) for target in system.objects}
    for _ in system.connector(Context(LIST, system.settings, wanted, stage.hub.make_http, stage.hub.clock, notes)).pull(None):
        pass
    return notes


def _taken_in(stage: Stage, report: RunReport, notes: _Notes) -> None:
    page, counts = stage.page, report.systems[LIST]
    with stage.hub.store.read() as tx:
        rejects = tx.rejects.list(report.run)
    stage.check(report.status == "ok", f"the list is read: {report.troubles}")
    stage.check(notes.columns.get("Nachname") == "last_name", "German headers are known")
    page.say(f"Its columns, as leadhub reads them: {', '.join(f'{header} = {name}' for header, name in notes.columns.items())}.")
    page.say(f"{plural(counts.pulled - counts.rejected, 'row')} taken in, {plural(len(rejects), 'row')} rejected:")
    for reject in rejects:
        page.point(f"row {reject.row}, {shown(reject.raw.strip())}: {reject.reason}")
    for note in notes.told:
        page.point(f"{note}.")
    kaethe = stage.named(KAETHE)
    phone = kaethe.person.fields["phone"].value
    stage.check(phone == "+493023125101", f"a number without country code is a German one ({phone})")
    page.say(f'{KAETHE}\'s "030 23125 101" is known as {phone}, because leadhub.toml says region = "DE".')


def _import_taken_back(stage: Stage, report: RunReport) -> None:
    """Take the import back: who is known from it alone is forgotten, of everybody else what it brought."""
    page = stage.page
    page.command(f"leadhub revert {report.run}")
    done, undone = acts.revert(stage.hub, stage.run(report.run))
    stage.check(done.status == "ok", f"the import is taken back: {done.status}, {done.troubles}")
    stage.check(len(undone.dropped) > 3, "the import is taken back")
    names = ", ".join(dropped.name for dropped in undone.dropped)
    page.say(
        f"Not meant yet? Forgotten are the {len(undone.dropped)} who are known from it alone: {names}. Of the others, what it brought is taken back:"
    )
    for name, setback in undone.setbacks:
        page.point(f"{name}: {words.word(setback.field)} {shown(setback.old)} → {shown(setback.value)}")
    for skipped in undone.skipped:
        page.point(f"left: {skipped.person}, {words.word(skipped.field)} in {NAMES.get(skipped.where, skipped.where)}: {skipped.reason}")
    left = [one.name for one in undone.dropped if stage.people_called(one.name)]
    stage.check(not left, f"who was known from the file alone is forgotten ({left})")


# ---- 10 --------------------------------------------------------------------------------------------------------------------------------


def who_said_no(stage: Stage) -> None:
    """The list reaches the CRMs, with its refusals; whoever refused is not opted in by a click."""
    page, salesforce = stage.page, stage.sandboxes.salesforce
    page.heading("Whoever said no stays out until they say yes.", "leadhub sync", "leadhub review list")
    salesforce.edit(stage.ids[people.BEN.name][salesforce.name], {OPT_OUT[salesforce.name]: "false"})
    stage.pass_time()
    report = flow.sync(stage.hub)
    stage.check(report.status == "ok", f"the run ends well: {report.status}, {report.troubles or report.refusals}")
    intents = stage.writes_of(report.run)
    for name in (KAETHE, BJOERN, ZOE, HEIDI):
        _created(stage, name, intents)
    asked = [question for question in stage.questions() if question.person_id == stage.person(people.BEN).person.id]
    stage.check([question.field for question in asked] == ["email_opt_out"], "an opt-in after an opt-out is asked")
    stage.check(_opted_out(stage, people.BEN.email) == (False, True), "HubSpot keeps the opt-out while nobody has answered")
    page.told(people.BEN.name, f"in Salesforce somebody took the tick away again. HubSpot keeps him out, and a person is asked: {asked[0].note}.")


def _created(stage: Stage, name: str, intents: Sequence[Intent]) -> None:
    person = stage.named(name).person
    made = [i.change for i in intents if i.change.person_id == person.id and i.state is IntentState.ACCEPTED]
    where = " and ".join(NAMES[change.system] for change in made)
    email = person.fields["email"].value if "email" in person.fields else None
    if email is None:
        stage.check([change.system for change in made] == ["salesforce"], f"{name} has no address, so HubSpot's create_when leaves {name} out")
        stage.page.told(name, f"created in {where}. HubSpot gets no contact: create_when wants an e-mail address.")
        return
    stage.check(len(made) == len(WRITTEN), f"{name} is created in both CRMs")
    refused = "email_opt_out" in person.fields and person.fields["email_opt_out"].value == "true"
    stage.check(_opted_out(stage, email) == (refused, refused), f"both CRMs know whether {name} wants e-mails")
    stage.page.told(name, f"created in {where}{', opted out in both, because the list says Newsletter: nein' if refused else ''}.")


def _opted_out(stage: Stage, email: str) -> tuple[bool, bool]:
    """Look up, in Salesforce and in HubSpot, whether somebody is opted out."""
    lead = next(row for row in stage.sandboxes.salesforce.everyone().values() if row["Email"] == email)
    contact = next(row for row in stage.sandboxes.hubspot.everyone().values() if row.get("email") == email)
    return text_of(lead[OPT_OUT["Salesforce"]]) == "true", contact.get(OPT_OUT["HubSpot"]) == "true"


# ---- 11 --------------------------------------------------------------------------------------------------------------------------------


def form(stage: Stage, token: str) -> None:
    """Three people fill in the form on the website."""
    page = stage.page
    stage.catch_up()
    page.heading("Three people fill in the form on your website.", "leadhub serve", "leadhub sync")
    posts: tuple[tuple[Someone, str, dict[str, str]], ...] = (
        (people.ADA, "somebody new", {"name": people.ADA.name, "company": people.ADA.company, "phone": people.ADA.phone}),
        (people.OLIVIA, "known, but nobody had her number", {"phone": "(415) 555-0121"}),
        (people.KOFI, "known, and wants no more e-mails", {"unsubscribe": "yes"}),
    )
    with serving(stage.hub.deployment.folder) as url:
        for who, _, fields in posts:
            status = post(url, FORM, token, {"email": who.email, **fields})
            stage.check(status == 202, f"the post of {who.name} is kept before it is answered ({status})")
    report = flow.sync(stage.hub)
    stage.check(report.status == "ok", f"the run ends well: {report.status}, {report.troubles or report.refusals}")
    intents, owners = stage.writes_of(report.run), stage.owners()
    for who, what, _ in posts:
        mine = [i for i in intents if i.change.person_id == stage.person(who).person.id]
        stage.check(len(mine) == len(WRITTEN), f"what {who.name} posted reaches both CRMs")
        page.told(who.name, f"{what}. {' '.join(words.written(mine, owners))}")
    stage.check(_opted_out(stage, people.KOFI.email) == (True, True), "an opt-out by form is known everywhere after one sync")
    last = flow.sync(stage.hub)
    stage.check(not stage.writes_of(last.run), "one more sync has nothing to write")
    page.say("Each post was in the store before it was answered; one more sync had nothing to write.")
