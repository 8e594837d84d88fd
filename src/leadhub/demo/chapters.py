"""The first chapters of the demo's story, from first contact to the first writes, and its last. Each does what the commands it shows would do, tells what came of it, and checks it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leadhub.core.normalize import text_of
from leadhub.demo import people, words
from leadhub.demo.deployment import CSV
from leadhub.demo.people import Someone
from leadhub.demo.stage import HOURS, WRITTEN, Stage, only_creates
from leadhub.demo.words import NAMES, plural, shown
from leadhub.model.person import Aggregate
from leadhub.model.record import Operation
from leadhub.model.run import Intent, IntentState, PlannedChange, Review
from leadhub.store import RecordKey
from leadhub.sync import run as flow
from leadhub.sync.report import AdoptionReport, RunReport


def introduce(stage: Stage) -> None:
    """Say what is there."""
    both, page = stage.sandboxes, stage.page
    rows = len((stage.hub.deployment.folder / CSV).read_text(encoding="utf-8").splitlines()) - 1
    page.say(
        f"Salesforce holds {plural(len(both.salesforce.everyone()), 'lead')}, HubSpot {plural(len(both.hubspot.everyone()), 'contact')}, and "
        f"{CSV} {plural(rows, 'row')} from a trade show. Everybody in them is invented. They have never been compared, and they disagree. "
        f"Between the steps the clock is moved on by {HOURS} hours, so that nobody has to wait for HubSpot's slow search.",
        indent="",
    )


# ---- 1 ---------------------------------------------------------------------------------------------------------------------------------


def adopt_both(stage: Stage) -> None:
    """First contact with both CRMs."""
    page = stage.page
    page.heading("Meet both CRMs. leadhub reads, compares and writes nothing.", *(f"leadhub adopt {name}" for name in WRITTEN))
    stage.pass_time()
    stage.listen()
    reports = {name: flow.adopt(stage.hub, name) for name in WRITTEN}
    for report in reports.values():
        stage.check(not report.run.troubles, f"{report.system} answers: {report.run.troubles}")
        _who_answered(stage, report)
    last = reports["hubspot"]
    twice = sum(report.several_here for report in reports.values())
    page.say(
        f"{plural(last.persons_shared, 'person is', 'people are')} in both, {last.persons_only_elsewhere} only in Salesforce, {last.persons_only_here} only in HubSpot. "
        f"{plural(twice, 'person has', 'people have')} two records in one CRM: linked, never merged. {plural(last.unsure, 'pair')} nobody can tell from here."
    )
    _both_right(stage)
    _old_differences(stage, last)
    stage.check(all(writes == 0 for _, writes in stage.heard().values()), "adopting writes nothing")


def _who_answered(stage: Stage, report: AdoptionReport) -> None:
    who = report.identity
    assert who is not None
    kind = "PRODUCTION" if who.production else "sandbox"
    calls = report.run.systems[report.system].api_calls
    stage.page.point(
        f"{NAMES[report.system]}: {who.name}, {kind}, as {who.user}. {plural(report.records, 'record')} read with {plural(calls, 'call')}."
    )


def _both_right(stage: Stage) -> None:
    """Count the pairs of values that use other words and fit the same state."""
    pairs: Counter[tuple[str, ...]] = Counter()
    for aggregate in stage.everyone():
        values = {link.system: link.state.values for link in aggregate.links if link.state is not None}
        if len(values) == len(WRITTEN) and _agreed(stage, aggregate):
            there, here = values["salesforce"], values["hubspot"]
            pairs[there["Status"], here["lifecyclestage"], here["hs_lead_status"] or "(blank)", words.in_words(words.state_of(aggregate))] += 1
    stage.check(len(pairs) > 3, "many pairs of other words mean the same")
    stage.page.say(f"Other words, the same lead: {plural(sum(pairs.values()), 'person', 'people')} for whom every value fits. The most frequent:")
    rows = [(count, *names) for names, count in pairs.most_common(5)]
    stage.page.table(rows, ("", "Salesforce Status", "HubSpot stage", "HubSpot lead status", "both fit"))


def _agreed(stage: Stage, aggregate: Aggregate) -> bool:
    state = words.state_of(aggregate)
    for link in aggregate.links:
        if link.state is None:
            continue
        relation = stage.hub.policy.relations[link.system, link.object]
        if state not in relation.allowed(link.state.values, silent=link.state.silent) or relation.unmapped(link.state.values):
            return False
    return True


def _old_differences(stage: Stage, report: AdoptionReport) -> None:
    by_field: dict[str, Counter[str]] = {}
    for name, value, _, count in report.patterns:
        by_field.setdefault(name, Counter())[value] += count
    total = sum(sum(values.values()) for values in by_field.values())
    stage.check(total > 0, "there are old differences")
    stage.page.say(f"{plural(total, 'old difference')}, by pattern. They were there before leadhub came: none is written, none is asked about.")
    rows = [
        (sum(values.values()), words.word(name), f"in HubSpot for instance {shown(values.most_common(1)[0][0])}") for name, values in by_field.items()
    ]
    stage.page.table(sorted(rows, reverse=True))


# ---- 2 ---------------------------------------------------------------------------------------------------------------------------------


def plan(stage: Stage) -> Sequence[PlannedChange]:
    """Every write, before it is made."""
    page = stage.page
    page.heading("Allow writing, and see every write before it is made.", *(f"leadhub adopt {name} --write-on" for name in WRITTEN), "leadhub plan")
    for name in WRITTEN:
        stage.switch_writing_on(name)
    stage.listen()
    report, changes = flow.plan(stage.hub)
    stage.check(report.status == "ok", f"the plan is made: {report.status}, {report.refusals or report.troubles}")
    patterns: dict[tuple[str, ...], list[str]] = {}
    for change in changes:
        state = ", ".join(text_of(value) for name, value in change.values.items() if name in (change.state or {}))
        patterns.setdefault((change.operation.value, NAMES[change.system], state), []).append(change.name)
    page.say(f"{plural(len(changes), 'write')}, by pattern:")
    rows = [(len(names), *pattern, ", ".join(names[:2])) for pattern, names in sorted(patterns.items(), key=lambda found: -len(found[1]))]
    page.table(rows, ("", "what", "where", "status there", "for instance"))
    stage.check(bool(changes) and only_creates(changes), "the plan creates what is missing and changes no record that exists")
    page.say("No record that exists would be changed: nobody has edited anything since leadhub looked.")
    for reason, count in Counter(report.not_planned).items():
        page.say(f"Left out, in {plural(count, 'case')}: {words.without_codes(reason).replace(': record:', ' gets no record:')}.")
    _rejects(stage, report)
    stage.check(all(writes == 0 for _, writes in stage.heard().values()), "planning writes nothing")
    return changes


def _rejects(stage: Stage, report: RunReport) -> None:
    with stage.hub.store.read() as tx:
        rejects = tx.rejects.list(report.run)
    stage.check(len(rejects) == report.systems["tradeshow"].rejected > 0, "rows that cannot be taken in are kept with their reasons")
    read = report.systems["tradeshow"].pulled
    stage.page.say(f"Of {plural(read, 'row')} of the trade show {len(rejects)} could not be taken in, and are kept for somebody to mend:")
    for reject in rejects:
        stage.page.point(f"row {reject.row}, {shown(reject.raw.strip())}: {reject.reason}")


# ---- 3 ---------------------------------------------------------------------------------------------------------------------------------


def first_sync(stage: Stage, planned: Sequence[PlannedChange]) -> RunReport:
    """Make these writes."""
    page, both = stage.page, stage.sandboxes
    page.heading("Make those writes.", "leadhub sync")
    before = {"salesforce": len(both.salesforce.everyone()), "hubspot": len(both.hubspot.everyone())}
    stage.listen()
    report = flow.sync(stage.hub)
    heard = stage.heard()
    intents = stage.writes_of(report.run)
    stage.check(not report.troubles and not report.refusals, f"nothing stops the run: {report.troubles or report.refusals}")
    stage.check({i.change.key for i in intents} == {c.key for c in planned}, "the run intends exactly what the plan showed")
    after = {"salesforce": len(both.salesforce.everyone()), "hubspot": len(both.hubspot.everyone())}
    rows = []
    for name in WRITTEN:
        counts, (calls, writes) = report.systems[name], heard[NAMES[name]]
        stage.check(after[name] - before[name] == counts.created > 0, f"{NAMES[name]} holds as many records more as were created")
        stage.check(calls == counts.api_calls, f"{NAMES[name]}'s own journal has as many calls as leadhub counted ({calls}, {counts.api_calls})")
        rows.append((NAMES[name], counts.created, counts.updated, counts.refused, counts.api_calls, writes))
    page.table(rows, ("", "created", "updated", "refused", "calls", "of them writes"))
    mistaken = [who.name for who in (people.CHRIS, people.DANA, people.TOBIAS) if len({link.system for link in stage.person(who).links}) > 1]
    stage.check(not mistaken, f"nobody is doubled or merged while it is open who they are: {mistaken}")
    questions = stage.questions()
    page.say(f"{plural(len(questions), 'thing needs', 'things need')} a person (leadhub review list). Nothing waits for it but what it is about:")
    for question in questions:
        page.point(_question(stage, question))
    return report


def _question(stage: Stage, question: Review) -> str:
    if question.kind == "unmapped":
        with_it = sum(
            1 for a in stage.everyone() for r in a.records.values() for value in question.values.values() if r.native.get(question.field) == value
        )
        value = next(iter(question.values.values()))
        return f"{question.field} {shown(value)}, in {plural(with_it, 'record')}: {question.note}."
    with stage.hub.store.read() as tx:
        existing = RecordKey("hubspot", "contacts", question.values.get("existing") or "")
        ids = [question.person_id, question.values.get("other"), tx.persons.person_of([existing]).get(existing)]
        found = tx.persons.load([id_ for id_ in ids if id_])
    about = " and ".join(f"{words.full_name(a)} <{a.person.fields['email'].value}>" for a in found)
    return f"{about}: {words.without_codes(question.note).removesuffix('.')}."


# ---- 4 ---------------------------------------------------------------------------------------------------------------------------------


def five_leads(stage: Stage, first: RunReport) -> None:
    """Five leads in plain words."""
    stage.page.heading("Five leads, and why.", f"leadhub leads why {people.MAYA.email}")
    intents = stage.writes_of(first.run)
    for who in people.TOLD:
        aggregate = stage.person(who)
        mine = [i for i in intents if i.change.person_id == aggregate.person.id]
        _tell(stage, aggregate, mine)
        expected = 2 if who is people.AIKO else 0
        stage.check(sum(i.state is IntentState.ACCEPTED for i in mine) == expected, f"{who.name} got {plural(expected, 'write')}")
    _owner(stage, people.AIKO)


def _tell(stage: Stage, aggregate: Aggregate, intents: Sequence[Intent]) -> None:
    telling, page = words.tell(stage.hub, aggregate), stage.page
    made = {NAMES[i.change.system] for i in intents if i.change.operation is Operation.CREATE}
    page.subject(words.portrait(aggregate))
    for system, what in telling.said:
        page.told(system, what + (" (created just now)" if system in made else ""))
    page.told("leadhub", f"concluded: {words.in_words(words.state_of(aggregate))}.")
    for sentence in list(words.written(intents, stage.owners())) or ["nothing."]:
        page.told("written", sentence)
    if telling.fields or telling.state:
        page.told("why not more", " ".join([*telling.fields, *telling.state]))


def _owner(stage: Stage, who: Someone) -> None:
    """Look up, in both CRMs, whose the created records became."""
    salesforce, hubspot = stage.sandboxes.salesforce, stage.sandboxes.hubspot
    lead = next((lead for lead in salesforce.everyone().values() if lead["Email"] == who.email), None)
    contact = next((contact for contact in hubspot.everyone().values() if contact.get("email") == who.email), None)
    stage.check(lead is not None and contact is not None, f"both CRMs have {who.name} now")
    assert lead is not None
    assert contact is not None
    queues = {row["Id"]: row["Name"] for row in salesforce.order("records/Group", method="GET")}
    stage.check(lead["OwnerId"] in queues and bool(contact["hubspot_owner_id"]), f"the records of {who.name} belong to somebody")
    configured = stage.hub.systems["hubspot"].doc.on_create
    assert configured is not None
    stage.page.told(
        "whose",
        f'In Salesforce the queue "{queues[lead["OwnerId"]]}", by the org\'s own assignment rule; in HubSpot {configured.owner}, as leadhub.toml says.',
    )


# ---- the last --------------------------------------------------------------------------------------------------------------------------


def where_next(stage: Stage, keep: Path | None) -> None:
    """How to go on."""
    page = stage.page
    if keep is None:
        page.heading("Go on from here.", "leadhub demo --keep my-leads", "leadhub init my-leads")
        page.say("The first runs this story again and leaves its deployment in a folder to play with; the second begins one for your own CRMs.")
        return
    page.heading(
        f"Go on from here: everything is in {keep}.",
        f"cd {keep}",
        "python sandboxes.py     (in a second terminal: both CRMs again, as they are now)",
        ". ./sandboxes.env",
        "leadhub sync",
        "leadhub review list",
    )
    page.point("leadhub.toml: the configuration, with its comments. It names secrets as ${NAME} and holds none.")
    page.point("sandboxes.env: what these names stand for. The sandboxes' secrets are invented; those of real systems belong into your secret store.")
    page.point("leadhub.db: what leadhub knows, with its journal. inbox/: drop further CSV files there. sandboxes.json: what both CRMs hold.")
