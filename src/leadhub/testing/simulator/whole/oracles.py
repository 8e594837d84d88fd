"""What must not happen to records and runs: people doubled or brought back, converted leads written, counts that do not add up, undone things redone."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from leadhub.core.normalize import text_of
from leadhub.lifecycle.states import bit
from leadhub.model.person import Lead, Link
from leadhub.model.record import Gone, NativeValue
from leadhub.model.run import RunRow
from leadhub.store import RecordKey
from leadhub.sync.report import RunReport
from leadhub.sync.revert import Reverted
from leadhub.testing.simulator.whole.crm import Place, Row, Who, addresses_of
from leadhub.testing.simulator.whole.store import Saved
from leadhub.testing.simulator.whole.witness import WINDOW

if TYPE_CHECKING:
    from leadhub.testing.simulator.whole.world import World

OPT_OUTS = ("OptOut", "optout", "no_mail")


class Oracles:
    """Hears what happens in every CRM before the witness does, and looks at what leadhub makes of the records as a whole."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.usurped = False
        self.writes = 0
        self.leads: dict[str, tuple[Lead, ...]] = {}
        self.links: dict[RecordKey, Link] = {}
        self.ticked: set[Place] = set()
        """Where somebody ticked the box after leadhub had met the system."""
        self.touches = 0
        self.wrote_last: dict[Place, tuple[str, NativeValue]] = {}
        """What leadhub wrote last and nobody touched since: in which run, and what stood there before."""
        self.taken_back: dict[Place, NativeValue] = {}
        self.reverts_checked = 0
        self.run_id = ""

    def find(self, oracle: str, detail: str) -> None:
        """Write down a finding."""
        self.world.witness.find(oracle, detail)

    # ---- what happens in the CRMs ----------------------------------------------------------------------------------------------------

    def began(self, crm: str, row: Row, values: Mapping[str, NativeValue]) -> None:
        """A row that leadhub did not make; what somebody sent is an act of theirs."""
        if row.values.get("no_mail") is True and crm in self.world.witness.adopted:
            self.ticked.add(Place(crm, row.object, row.id, "no_mail"))
        self.world.witness.began(crm, row, values)

    def edited(self, place: Place, old: NativeValue, new: NativeValue, who: Who) -> None:
        """An edit that is not leadhub's."""
        self._touched(place)
        if place.name in OPT_OUTS and new is True and place.crm in self.world.witness.adopted:
            self.ticked.add(place)
        self.world.witness.edited(place, old, new, who)

    def _touched(self, place: Place) -> None:
        """From here on what was undone there, or in the same field of the same person elsewhere, may change again."""
        self.touches += 1
        self.wrote_last.pop(place, None)
        self.taken_back.clear()

    def merged(self, crm: str, winner: Row, loser: Row) -> None:
        """A merge."""
        for row in (winner, loser):
            for name in row.values:
                self._touched(Place(crm, row.object, row.id, name))
        self.world.witness.merged(crm, winner, loser)

    def copied(self, crm: str, old: Row, new: Row, names: Mapping[str, str]) -> None:
        """A conversion."""
        self.taken_back.clear()
        self.world.witness.copied(crm, old, new, names)

    def wrote(self, row: Row, place: Place, old: NativeValue, new: NativeValue) -> None:
        """A write of leadhub's."""
        self.writes += 1
        if row.human >= 0:
            self._check_state(place, row, old, new)
            if place in self.taken_back and text_of(self.taken_back[place]) != text_of(new) and not self.world.witness.reverting:
                why = f"{new!r} is written to {place}, which was taken back to {old!r} and not touched since"
                self.world.witness.find("redone", why, *self.world.witness.behind(place))
        if self.wrote_last.get(place, ("", None))[0] != self.run_id:
            self.wrote_last[place] = (self.run_id, old)
        self.world.witness.wrote(row, place, old, new)

    def turned_away(self, crm: str, row: Row) -> None:
        """A converted lead takes no write; it may have been converted a moment ago."""
        if row.looked == row.revision or self.world.total - row.looked_at > WINDOW:
            self.find("converted", f"{row.id} in {crm} is to be written although it was converted")

    def _check_state(self, place: Place, row: Row, old: NativeValue, new: NativeValue) -> None:
        relation = self.world.hub.policy.relations.get((place.crm, place.object))
        key = RecordKey(place.crm, place.object, place.id)
        if relation is None or place.name not in relation.state_fields or key not in self.links or new is None or not old:
            return
        if row.looked != row.revision and self.world.total - row.looked_at <= WINDOW:
            return  # changed between the last look and the write
        values = {name: text_of(old if name == place.name else row.values.get(name)) for name in relation.names}
        known = relation.row(place.name, values)
        leads = self.leads.get(self.links[key].person_id, ())
        if known is None:
            self.find("unmapped", f"{new!r} is written over {old!r} at {place}, which nobody mapped")
        elif (
            leads
            and not self.world.witness.reverting
            and all(known.reads.states & bit(lead.state) for lead in leads)
            and self._alone(place, values, leads)
        ):
            self.find("hippocratic", f"{new!r} is written over {old!r} at {place}, which allowed {[str(lead.state) for lead in leads]}")

    def _alone(self, place: Place, values: Mapping[str, str], leads: tuple[Lead, ...]) -> bool:
        """Whether the record as a whole allowed every lead's state: else a field may be written for another's sake."""
        relation = self.world.hub.policy.relations[place.crm, place.object]
        rows = [row for name in relation.state_fields if (row := relation.row(name, values)) is not None]
        return all(row.reads.states & bit(lead.state) for row in rows for lead in leads)

    def _row(self, place: Place) -> Row | None:
        crm = next(c for c in self.world.crms if c.name == place.crm)
        return crm.rows.get((place.object, place.id))

    def made(self, crm_name: str, row: Row) -> None:
        """Leadhub made a record: whose? Nobody who is there, or was there, may be made once more."""
        person = self.world.witness.writing.get(row.key or "")
        crm = next(c for c in self.world.crms if c.name == crm_name)
        left = {lead.id for lead in self.leads.get(person or "", ()) if lead.state.exit != "open"}
        row.human = self._human(person)
        address = next(iter(addresses_of(row)), "")
        row.addresses |= {address} - {""}
        self.world.witness.made(crm_name, row)
        for other in crm.rows.values():
            if other is row or other.gone is Gone.MERGED or (other.created >= self.world.run_began and other.key is None):
                continue
            link = self.links.get(RecordKey(crm_name, other.object, other.id))
            if link is not None and link.lead_id in left:
                continue  # they had left and come back by themselves: that is another lead, with a record of its own
            mine = self.world.witness.person_of.get(RecordKey(crm_name, other.object, other.id)) == person
            if mine or address in other.addresses or (other.key is not None and other.key == row.key):
                oracle = "doubled" if other.gone is None else "resurrect"
                self.find(oracle, f"{row.id} is made in {crm_name} for somebody who has {other.id} there ({other.gone})")

    def _human(self, person: str | None) -> int:
        for key, owner in self.world.witness.person_of.items():
            if owner == person:
                row = self._row(Place(*key, ""))
                if row is not None and row.human > 0:
                    return row.human
        return 0

    # ---- what is committed -----------------------------------------------------------------------------------------------------------

    def committed(self, saved: Saved) -> None:
        """Remember whose leads stand where, and see to it that who lost the lease stores nothing."""
        if self.usurped and not self.world.inside and (saved.aggregates or saved.settled or saved.planned):
            self.find("fencing", "a run that lost its lease stores what it made of things")
        for aggregate in saved.aggregates:
            self.leads[aggregate.person.id] = aggregate.leads
            self.links |= {RecordKey(link.system, link.object, link.record_id): link for link in aggregate.links}
        self.links |= {RecordKey(s.link.system, s.link.object, s.link.record_id): s.link for s in saved.settled if s.link}

    # ---- runs ------------------------------------------------------------------------------------------------------------------------

    def begin_run(self) -> None:
        """A run begins."""
        self.usurped = False
        self.run_id = f"{self.world.clock.made + 1:020d}"
        self.world.run_began = self.world.clock.at

    def other_runs(self, *, usurped: bool) -> str:
        """Another run begins within this one, whose id is returned."""
        mine, self.usurped = self.run_id, self.usurped or usurped
        self.run_id = f"{self.world.clock.made + 1:020d}"
        return mine

    def end_run(self, report: RunReport | None) -> None:
        """A run ended: its counts add up."""
        if report is not None and report.kind == "sync":
            pulled = sum(counts.pulled for counts in report.systems.values())
            if sum(report.records.values()) != pulled:
                self.find("counts", f"{pulled} records were pulled, and {dict(report.records)} are told of")

    def reverting(self, run: RunRow, act: Callable[[], tuple[RunReport, Reverted]]) -> RunReport:
        """A run is taken back: what stands as it wrote it shows again what it showed before, or is listed; what was edited since stays."""
        self.world.witness.reverting = True
        standing = {p: before for p, (run_id, before) in self.wrote_last.items() if run_id == run.id and p.name not in OPT_OUTS}
        if any(crm.traits.workflow for crm in self.world.crms):
            standing = {}  # who changes a field because another was changed does so when it is changed back, too
        touches = self.touches
        try:
            report, found = act()
        finally:
            self.world.witness.reverting = False
        skipped = {s.where for s in found.skipped}
        kept = {s.field for s in found.skipped if s.where == "leadhub"}
        for place, before in standing.items():
            row = self._row(place)
            if (
                row is None
                or row.gone is not None
                or row.key is not None
                or place.crm in skipped
                or place.crm in report.troubles
                or report.refusals
                or report.refused_first_time
            ):
                continue
            mapped = self.world.witness.mapped.get((place.crm, place.object, place.name))
            if (mapped.canonical if mapped is not None else "state") in kept:
                continue
            self.reverts_checked += 1
            if text_of(row.values.get(place.name)) != text_of(before) and place in self.wrote_last:
                why = f"{place} shows {row.values.get(place.name)!r} after the revert, and {before!r} before the run"
                self.world.witness.find("revert", why, *self.world.witness.behind(place))
            elif place in self.wrote_last and touches == self.touches:
                self.taken_back[place] = before
        return report

    # ---- in the end ------------------------------------------------------------------------------------------------------------------

    def ended(self, excused: Callable[[Link, str], bool]) -> None:
        """Who opted out anywhere is opted out everywhere that leadhub may write, and whatever was delivered is somebody's."""
        for crm in self.world.crms:
            for object_name, id_ in crm.rows if crm.kind.receives else ():
                if RecordKey(crm.name, object_name, id_) not in self.links:
                    self.find("delivery", f"{id_} came in by {crm.name}, and is nobody's")
        rows = [row for place in self.ticked if (row := self._row(place)) is not None and row.gone is None and row.values[place.name] is True]
        opted_out = {address for row in rows for address in addresses_of(row)}
        for key, link in self.links.items():
            row = self._row(Place(*key, ""))
            if row is None or row.gone is not None or link.role == "frozen" or excused(link, "email_opt_out"):
                continue
            name = next((n for n in OPT_OUTS if n in row.values), None)
            if name is not None and row.values[name] is not True and self._addresses(link.person_id) & opted_out:
                self.find("consent", f"{key} is not opted out, and somebody under this address is")

    def _addresses(self, person: str) -> set[str]:
        rows = [self._row(Place(*key, "")) for key, link in self.links.items() if link.person_id == person]
        return {address for row in rows if row is not None and row.gone is None for address in addresses_of(row)}
