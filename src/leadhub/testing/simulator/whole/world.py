"""The world of one schedule: its time, its CRMs, its people, and what happens between any two calls of a run."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from leadhub.errors import ConfigError, GuardStopped, LeaseHeld
from leadhub.hub import Hub
from leadhub.model.record import Gone, NativeValue
from leadhub.model.run import Decision
from leadhub.store import Store, Transaction
from leadhub.sync import acts, run
from leadhub.sync.report import RunReport
from leadhub.testing.simulator.whole.connectors import START
from leadhub.testing.simulator.whole.crm import Crm, Row, addresses_of
from leadhub.testing.simulator.whole.deployment import open_deployment
from leadhub.testing.simulator.whole.oracles import Oracles
from leadhub.testing.simulator.whole.posts import Senders
from leadhub.testing.simulator.whole.schedule import Schedule, Step
from leadhub.testing.simulator.whole.store import Killed, Saved, WatchedStore
from leadhub.testing.simulator.whole.witness import Witness

LEASE_OVER = timedelta(minutes=11)
MOST_CALLS = 3000
"""Far more than any schedule makes: a run that makes more will never end."""


class SimulatedClock:
    """Time that passes a little with every call."""

    def __init__(self) -> None:
        self.at, self.made = START, 0

    def now(self) -> datetime:
        """The present."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Wait, in no time."""
        self.at += timedelta(seconds=seconds)

    def new_id(self) -> str:
        """Ids in order."""
        self.made += 1
        return f"{self.made:020d}"


class World:
    """One schedule being played."""

    def __init__(self, plan: Schedule, make_store: Callable[[SimulatedClock], Store]) -> None:
        self.plan, self.clock = plan, SimulatedClock()
        self.rng = random.Random(plan.seed)  # noqa: S311 - a schedule, not a secret
        self.crms = [
            Crm(name, traits, self.clock.now, lambda most: self.rng.randrange(most + 1))
            for name, traits in zip(plan.setting.kinds, plan.traits, strict=True)
        ]
        self.store = WatchedStore(make_store(self.clock), self._committing, self._committed)
        self.hub: Hub = open_deployment(plan.setting, self.crms, self.store, self.clock, self.call)
        self.witness = Witness(self.hub, lambda: self.total)
        self.oracles = Oracles(self)
        for crm in self.crms:
            crm.witness, crm.points = self.oracles, lambda: self.total
        self.senders = Senders(self.store.inner, self.witness.find)
        self.due: list[Step] = []
        self.calls = 0
        self.total = 0
        self.kill_at: int | None = None
        """For killing at every point in turn: the number of the call, counted over the whole schedule."""
        self.killed = False
        self.pushes: list[int] = []
        """The points at which a writing call was made."""
        self.inside = False
        self.humans = 0
        self.posts = 0
        self.run_began = self.clock.at
        self.runs: list[str] = []
        self.asked = 0
        self.rounds = 0
        for person in plan.people:
            self.humans += 1
            for n, values in person.rows:
                self.enter(self.crms[n], self.humans, values)

    # ---- points at which anything may happen -----------------------------------------------------------------------------------------

    def call(self, _crm: str, what: str) -> None:
        """A call is about to be made to a CRM, or has had its effect there."""
        if what == "push":
            self.pushes.append(self.total + 1)
        self._point(outside=what != "check")

    def _committing(self, _when: str) -> None:
        self._point(outside=False)

    def _committed(self, saved: Saved, tx: Transaction) -> None:
        self.oracles.committed(saved)
        self.witness.committed(saved, tx)

    def _point(self, *, outside: bool) -> None:
        if self.store.dead:
            raise Killed
        self.calls += 1
        self.total += 1
        self.clock.at += timedelta(seconds=0.25)
        if self.calls > MOST_CALLS:
            self.store.dead = True
            self.witness.find("liveness", "a run makes calls without an end")
        if self.total == self.kill_at:
            self._die()
        while self.due and 0 < self.due[0].at <= self.calls:
            step = self.due.pop(0)
            if step.kind == "kill":
                self._die()
            elif step.kind in ("rival", "usurp"):
                if outside and not self.inside:
                    self._another(step)
            elif step.kind == "post" and self.store.writing:
                self.due.insert(0, step._replace(at=self.calls + 1))  # who delivers waits for the store like everybody else
            else:
                self.happen(step)

    def _die(self) -> None:
        self.store.dead = True
        raise Killed

    def _another(self, step: Step) -> None:
        """Another run begins while this one is at work; after `usurp` this one has slept for too long."""
        self.inside, calls = True, self.calls
        if step.kind == "usurp":
            self.clock.at += LEASE_OVER
        mine = self.oracles.other_runs(usurped=step.kind == "usurp")
        try:
            run.sync(self.hub)
            if step.kind == "rival":
                self.witness.find("lease", "two runs work at the same time")
        except LeaseHeld:
            if step.kind == "usurp":
                self.witness.find("lease", "a lease whose time is over cannot be taken")
        finally:
            self.inside, self.calls, self.oracles.run_id = False, calls, mine

    # ---- steps -----------------------------------------------------------------------------------------------------------------------

    def play(self, step: Step) -> None:
        """Do one step, or note it for within the next run."""
        if step.at:
            self.due.append(step)
            self.due.sort(key=lambda one: one.at)
        elif step.kind in ("sync", "pull", "plan", "revert", "adopt"):
            self.run(step)
        else:
            self.happen(step)

    def happen(self, step: Step) -> None:
        """Let something happen that is not leadhub's doing."""
        crm = self.crms[step.crm % len(self.crms)]
        alive = [row for row in crm.alive() if not row.values.get("IsConverted")]
        row = alive[step.row % len(alive)] if alive else None
        match step.kind:
            case "enter" | "again" if not crm.kind.receives:  # by a form nobody is entered by hand
                self._enter(step, crm)
            case "restore":
                gone = [r for r in crm.rows.values() if r.gone is Gone.DELETED]
                if gone:
                    crm.restore(gone[step.row % len(gone)])
            case "fault":
                crm.down += 8 if step.arg == "down" else 0
                crm.faults += [step.arg] if step.arg != "down" else []
            case "age":
                self.clock.at += timedelta(days=8)
            case "decide":
                self._decide(step)
            case "post":
                self._post(step, crm)
            case _ if row is not None:
                self._befall(step, crm, row, alive)
            case _:
                pass  # there is nobody to whom it could happen

    def _befall(self, step: Step, crm: Crm, row: Row, alive: Sequence[Row]) -> None:
        """Let something happen to one row."""
        match step.kind:
            case "edit" | "same":
                self._edit(step, crm, row)
            case "delete":
                crm.delete(row)
            case "merge":
                others = [o for o in alive if o is not row and o.object == row.object and o.human == row.human]
                if others:
                    crm.merge(row, others[0])
            case "convert" if row.object == "Lead":
                crm.convert(row, opportunity=bool(step.arg))
            case _:
                pass  # only leads are converted

    def enter(self, crm: Crm, human: int, values: dict[str, str] | object) -> Row:
        """Somebody is entered by hand."""
        object_name = crm.kind.mappings[0].object
        assert isinstance(values, dict)
        native = self._native(crm, object_name, values)
        return crm.make(object_name, human, native, "person")

    def _native(self, crm: Crm, object_name: str, values: dict[str, str]) -> dict[str, NativeValue]:
        names = {f.canonical: f.native for m in crm.kind.mappings if m.object == object_name for f in m.fields if not f.member}
        native: dict[str, NativeValue] = {}
        for name, value in values.items():
            target = names.get(name, name)
            if target in crm.kind.fields[object_name]:
                native[target] = True if name == "email_opt_out" else value or None
        return native

    def _post(self, step: Step, crm: Crm) -> None:
        """Somebody fills in a form: one whom a CRM knows, or a stranger."""
        how, _, opts_out = step.arg.partition(" ")
        self.posts += 1
        known = [(c, row) for c in self.crms for row in c.alive() if row.human > 0 and addresses_of(row)]
        values: dict[str, NativeValue] = {"mail": f"s{self.posts}@x.example", "name": f"Sender{self.posts}"}
        if known and how != "new":
            other, row = known[step.row % len(known)]
            human, values = row.human, {"mail": addresses_of(row)[0], "name": row.values.get(other.kind.surname[row.object])}
        else:
            self.humans += 1
            human = self.humans
        values |= {"firm": f"Po{self.posts}", "no_mail": True if opts_out else None}
        self.senders.send(crm, human, values, how)

    def _enter(self, step: Step, crm: Crm) -> None:
        """A person nobody knew is entered by hand, or one of another CRM is entered here too, if nobody did yet."""
        if step.kind == "enter":
            self.humans += 1
            self.enter(crm, self.humans, {"email": f"e{self.humans}@x.example", "last_name": f"New{self.humans}", "company": f"Co{self.humans}"})
            return
        others = [row for other in self.crms if other is not crm for row in other.alive() if row.human > 0]
        if not others:
            return
        row = others[step.row % len(others)]
        other = next(c for c in self.crms if row in c.rows.values())
        names = {f.native: f.canonical for m in other.kind.mappings if m.object == row.object for f in m.fields if not f.member}
        told = {names[n]: str(v) for n, v in row.values.items() if n in names and v and names[n] in ("email", "last_name", "company", "job_title")}
        if not any(r.human == row.human for r in crm.alive()) and "last_name" in told:
            self.enter(crm, row.human, told)

    def _edit(self, step: Step, crm: Crm, row: Row) -> None:
        if step.kind == "same":
            rows = [(c, r) for c in self.crms for r in c.alive() if r.human == row.human]
            other, source = rows[int(step.arg) % len(rows)]
            title, mine = other.kind.title[source.object], crm.kind.title[row.object]
            crm.save(row, {mine: source.values.get(title)}, "person")
            return
        name, _, text = step.arg.partition("=")
        values = self._native(crm, row.object, {name: text})
        if values:
            crm.save(row, values, "automation" if step.who == "automation" else "person")

    def _decide(self, step: Step) -> None:
        """Somebody answers an open question by what one side shows, by what leadhub holds, or by leaving all as it is."""
        with self.store.inner.begin() as tx:
            stored = [s for s in tx.reviews.open() if s.review.person_id and s.review.kind in ("conflict", "regress", "reentry")]
            if not stored:
                return
            review = stored[step.row % len(stored)].review
            choices = sorted(review.values)
            by_hub = step.arg in ("hub", "leave") or review.field == "state"
            value = review.values.get("hub") if by_hub else review.values[choices[int(step.arg) % len(choices)]]
            saw = {key: text for key, text in review.values.items() if key != "hub"}
            leave = step.arg == "leave"
            person = str(review.person_id)
            decision = Decision(self.clock.new_id(), person, review.lead_id, review.field, value, saw, "ann", self.clock.at, review.id, leave)
            tx.decisions.add([decision])

    # ---- runs ------------------------------------------------------------------------------------------------------------------------

    def run(self, step: Step) -> RunReport | None:
        """Let leadhub work, until it is done or dies."""
        self.calls, self.rounds = 0, self.rounds + 1
        self.clock.at += timedelta(seconds=self.rng.choice((2, 20, 420)))
        report: RunReport | None = None
        self.killed = False
        self.oracles.begin_run()
        try:
            report = self._work(step)
        except Killed:
            self.killed = True
            self.clock.at += LEASE_OVER
        except LeaseHeld:
            if not self.oracles.usurped:
                self.witness.find("lease", "the lease was lost, and nobody took it")
        except (ConfigError, GuardStopped):
            pass
        finally:
            self.due.clear()
            self.store.dead = False
            for crm in self.crms:
                crm.down = 0
        self.oracles.end_run(report)
        return report

    def _work(self, step: Step) -> RunReport | None:
        match step.kind:
            case "adopt":
                self.adopt(self.crms[step.crm])
                return None
            case "pull":
                return run.pull_only(self.hub)
            case "plan":
                return run.plan(self.hub)[0]
            case "revert":
                with self.store.inner.read() as tx:
                    runs = tx.runs.list(kind="sync")
                chosen = runs[step.row % len(runs)] if runs else None
                if chosen is None or chosen.status == "running":
                    return None
                return self.oracles.reverting(chosen, lambda: acts.revert(self.hub, chosen))
            case _:
                report = run.sync(self.hub)
                self.asked += report.reviews_opened
                return report

    def adopt(self, crm: Crm) -> None:
        """Meet a system, and let leadhub write to it."""
        run.adopt(self.hub, crm.name)
        with self.store.begin() as tx:
            row = tx.systems.get(crm.name)
            if row is not None and row.mode == "read":
                tx.systems.save(replace(row, mode="write"))
        if row is not None and row.mode != "new":  # it may have been down
            self.witness.adopted[crm.name] = self.clock.at
