"""A shell in miniature: pull, reconcile, re-read, write, base. It treats outcomes as the real one must, and tells its judges everything it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from leadhub.core.policy import Policy
from leadhub.core.reconcile import Reconciled, SideWrite, reconcile
from leadhub.lifecycle.states import INITIAL
from leadhub.model.person import Base, Lead, Link, Person, StateBase, Value, Versions
from leadhub.model.record import AUTOMATION
from leadhub.model.run import Decision, Review
from leadhub.testing.simulator.world import Op, Seen, Setup, Site, author_of

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OPPORTUNITY = " + opportunity"
LEADHUB = replace(AUTOMATION, name="leadhub")


class Finding(NamedTuple):
    """Something that must not happen. `raced` marks what follows from an edit that existed, unread, when its record was marked current."""

    oracle: str
    detail: str
    raced: bool = False


@dataclass
class Moment:
    """One round as the judges see it: what was read, what was held before, and what came of it."""

    sites: Sequence[Site]
    seen: Mapping[int, Seen]
    links: Mapping[int, Link]
    person: Person
    leads: tuple[Lead, ...]
    decisions: tuple[Decision, ...]
    result: Reconciled
    now: datetime


class Judge(Protocol):
    """Watches a schedule and says what must not have happened. It knows what the engine cannot: which values each edit had seen."""

    findings: list[Finding]

    def edited(self, site: Site, name: str, old: Value, new: Value, who: str) -> None:
        """Note an edit that was made in a system."""

    def judged(self, moment: Moment) -> None:
        """Look at what the engine made of a round, before anything is written."""

    def wrote(self, site: Site, name: str, old: Value, new: Value, *, blind: bool) -> None:
        """Look at a write. `blind`: the record was edited after the last look, and the system has no way to refuse."""

    def undone(self, site: Site, name: str) -> None:
        """Note an edit that put back exactly what stood before a write of unknown outcome: it reads as if the write was never made."""

    def ended(self, moment: Moment) -> None:
        """Look at the world once nothing moves any more."""


@dataclass
class Intent:
    """A write whose outcome is not known."""

    site: Site
    write: SideWrite
    before: Mapping[str, Value]
    payload: Mapping[str, Value]
    revision: int


class Shell:
    """Runs rounds over simulated records."""

    def __init__(self, setup: Setup, sites: Sequence[Site], policy: Policy, judge: Judge, leads: int) -> None:
        self.setup, self.sites, self.policy, self.judge = setup, sites, policy, judge
        self.person = Person("p1")
        self.leads = tuple(Lead(f"l{n}", "p1", n, INITIAL, Versions(), {}, opened_at=START) for n in range(1, leads + 1))
        self.decisions: list[Decision] = []
        self.reviews: list[Review] = []
        self.intents: list[Intent] = []
        self.now = START
        self.answers = 0
        self.asked = 0
        self.rounds = 0

    # ---- the schedule --------------------------------------------------------------------------------------------------------------

    def play(self, op: Op) -> None:
        """Do one step."""
        site = self.sites[op.site % len(self.sites)]
        match op.kind:
            case "edit" | "same":
                self.edit(op)
            case "lag":
                site.stale = site.stale or site.look()
            case "between":
                site.between.append(op)
            case "window":
                site.window.append(op)
            case "fault":
                site.faults.append(op.arg)
            case "join":
                site.joined = True
            case "age":
                self.now += timedelta(days=40)
            case "decide":
                self.answer(op)
            case "round":
                self.round()
            case _:
                raise ValueError(f"no such step: {op.kind}")

    def edit(self, op: Op) -> None:
        """Let somebody change a record."""
        site = self.sites[op.site % len(self.sites)]
        name, _, text = op.arg.partition("=")
        value: Value = self.sites[int(text) % len(self.sites)].get(name) if op.kind == "same" else text or None
        if value is not None and value.endswith(OPPORTUNITY):  # one act in the system: converted, with an opportunity
            value = value.removesuffix(OPPORTUNITY)
            if site.get(name) != value:
                site.put("ConvertedOpportunityId", "006A", author_of(op.who))
        old = site.get(name)
        if (value or "") == (old or ""):
            return
        site.put(name, value, author_of(op.who))
        if (site.get(name) or "") != (old or ""):
            self.judge.edited(site, name, old, site.get(name), op.who)

    def answer(self, op: Op) -> None:
        """Let a person answer a review: `take=N` takes what record N shows or the hub's value, `leave` keeps all, `state=S` names a state."""
        if not self.reviews:
            return
        review = self.reviews[op.site % len(self.reviews)]
        if any(d.review_id == review.id for d in self.decisions):
            return
        choices = sorted(review.values)
        saw = {key: value for key, value in review.values.items() if key != "hub"}
        kind, _, text = op.arg.partition("=")
        value = review.values[choices[int(text) % len(choices)]] if kind == "take" and review.field != "state" else review.values["hub"]
        if kind == "state":
            value = text
        self.answers += 1
        decision = Decision(f"d{self.answers}", "p1", review.lead_id, review.field, value, saw, "ann", self.now, review.id, leave=kind == "leave")
        self.decisions.append(decision)

    # ---- one round -----------------------------------------------------------------------------------------------------------------

    def round(self) -> Moment:
        """Pull, reconcile, write. Returns what the judges saw."""
        self.rounds += 1
        self.now += timedelta(days=1)
        self.recover()
        joined = [site for site in self.sites if site.joined]
        seen = {site.index: site.observe() for site in joined}
        sides = [site.side(seen[site.index]) for site in joined]
        decisions = tuple(self.decisions)
        leads = self.opened(joined)
        result = reconcile(self.person, leads, sides, decisions, self.policy, self.now)
        moment = Moment(joined, seen, {s.index: s.link for s in joined}, self.person, leads, decisions, result, self.now)
        self.judge.judged(moment)
        self.person, self.reviews = result.person, list(result.reviews)
        after = {lead.id: lead for lead in result.leads}
        self.leads = tuple(after.get(lead.id, lead) for lead in self.leads)
        self.asked += len(result.reviews)
        self.decisions = [d for d in self.decisions if d.id not in result.decided]
        by_id = {site.link.id: site for site in joined}
        for link in result.links:
            by_id[link.id].rebase(link)
        for write in result.writes:
            if not self.write(by_id[write.side.id], write):
                break
        for site in joined:
            site.between, site.window = [], []
        return moment

    def opened(self, joined: Sequence[Site]) -> tuple[Lead, ...]:
        """A lead exists from its first record on; the first one also for those who have none of their own."""
        ids = {site.link.lead_id for site in joined}
        return tuple(lead for lead in self.leads if lead.id in ids or lead.versions != Versions()) or self.leads[:1]

    def write(self, site: Site, write: SideWrite) -> bool:
        """Write one record after a fresh look at it. Returns False when the run dies here."""
        for op in site.between:
            self.edit(op._replace(kind="edit"))
        payload: dict[str, Value] = {name: told.base.value for name, told in write.fields.items()} | {w.field: w.value for w in write.state}
        planned: dict[str, Value] = {**write.side.shown, **(write.side.state or {})}
        now = site.reread()
        fresh: dict[str, Value] = {**now.values, **(now.state or {})}
        if any((fresh[name] or "") != (planned[name] or "") for name in fresh):
            return True
        for op in site.window:
            self.edit(op._replace(kind="edit"))
        blind = site.revision != now.revision
        if blind and site.setup.detects:
            return True
        fault = site.faults.pop(0) if site.faults else ""
        if fault == "refused":
            return True
        if fault != "lost":
            self.send(site, write, payload, blind=blind, half=fault == "half")
        if fault in ("crash", "lost", "unknown", "half"):
            self.intents.append(Intent(site, write, {name: planned[name] for name in payload}, payload, site.revision))
            return fault not in ("crash", "half")
        self.accept(site, write)
        return True

    def send(self, site: Site, write: SideWrite, payload: Mapping[str, Value], *, blind: bool, half: bool) -> None:
        """Make the call. A run that dies half-way through has blanked an ordered field and not yet set it."""
        clears = [w.field for w in write.state if w.clear_first]
        for name, value in payload.items():
            self.judge.wrote(site, name, site.get(name), value, blind=blind)
            if not (half and clears):
                site.put(name, value, LEADHUB)
        if half:
            for name in clears:
                site.put(name, "", LEADHUB)
        if site.setup.rewrites and write.fields:
            for name in write.fields:
                self.edit(Op("edit", site.index, f"{name}={(site.get(name) or '')}+{self.rounds}", "automation"))

    def accept(self, site: Site, write: SideWrite) -> None:
        """The base becomes what was sent, and the version it was sent for."""
        link = site.link
        state = link.state
        if state is not None and write.state_after is not None:
            versions = {**state.versions, **write.versions_after}
            over = {told.field: told.before for told in write.state}
            state = replace(state, values={**state.values, **write.state_after}, versions=versions, how="sent", over=over)
        site.rebase(replace(link, base={**link.base, **{told.key: told.base for told in write.fields.values()}}, state=state))

    def recover(self) -> None:
        """Read by id what became of writes with an unknown outcome: what was sent: accepted; as before: not made; neither: a person must say."""
        for intent in self.intents:
            now = intent.site.reread()
            values: dict[str, Value] = {**now.values, **(now.state or {})}
            if all(self.equals(intent.site, name, values[name], value) for name, value in intent.payload.items()):
                if intent.site.revision != intent.revision:  # typed by somebody, or written by us: nobody who compares values can tell
                    for name in values:
                        self.judge.undone(intent.site, name)
                self.accept(intent.site, intent.write)
            else:
                self.recover_apart(intent, values)
        self.intents.clear()

    def recover_apart(self, intent: Intent, values: Mapping[str, Value]) -> None:
        """Judge the fields of an uncertain write one by one. The state is one value: if one of its fields shows neither, a person must say."""
        link = intent.site.link
        base = dict(link.base)
        for name in intent.payload:
            if intent.site.revision != intent.revision and self.equals(intent.site, name, values[name], intent.before[name]):
                self.judge.undone(intent.site, name)
        for name, told in intent.write.fields.items():
            sent = told.base
            if self.equals(intent.site, name, values[name], sent.value):
                base[name] = sent
            elif not self.equals(intent.site, name, values[name], intent.before[name]):
                old = link.base[name]
                base[name] = Base(old.value, old.version, "unknown", old.bounced)
        intent.site.rebase(replace(link, base=base, state=self.recover_state(intent, values)))

    def recover_state(self, intent: Intent, values: Mapping[str, Value]) -> StateBase | None:
        """What an uncertain write leaves of the state's base: as it was, unless a field shows what was neither sent nor there before."""
        state = intent.site.link.state
        for write in intent.write.state:
            cleared = write.clear_first and not values[write.field]  # the run died between clear and set: no edit, it is set again
            if state is not None and values[write.field] not in (write.value, write.before) and not cleared:
                return replace(state, how="unknown")
        return state

    def equals(self, site: Site, name: str, shown: Value, other: Value) -> bool:
        """Compare as the engine does: by match form, within the record's length."""
        if name not in self.policy.fields:
            return (shown or "") == (other or "")
        match = self.policy.fields[name].match
        limit = site.setup.limit
        return match((shown or "")[:limit], None) == match((other or "")[:limit], None)
