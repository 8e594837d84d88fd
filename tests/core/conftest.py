"""Builders for the rule's tests: sides of a plain field, records of the two CRMs, and one person reconciled."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204 - the builders' arguments are plain words

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadhub.core.fields import reconcile_field
from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.reconcile import Reconciled, reconcile
from leadhub.core.rounds import FieldRound
from leadhub.core.sides import Side
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.states import INITIAL
from leadhub.model.person import Base, Canonical, Lead, Link, Person, SetBy, StateBase, Versions
from leadhub.model.record import AUTOMATION, Author
from leadhub.model.run import Decision
from leadhub.model.state import State

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PERSON = Author("person", "jane")
ROOT = Path(__file__).parents[2]
DEALS = ("salesforce", "Opportunity")


class FieldTable:
    """One plain field, `title`, held by the hub as value `hub` at version 3."""

    def side(self, system, shown, base="hub", version=3, how="agreed", *, bounced=0, over=None, by=PERSON, writable=True, limit=None, number=1):
        """A record that shows something, with a base unless `base` is "-". `by` None: nothing tells who set it."""
        bases = {} if base == "-" else {"title": Base(base, version, how, bounced, over)}
        link = Link(system, "record", str(number), "p1", None, base=bases)
        limits = {} if limit is None else {"title": limit}
        return Side(
            link,
            {"title": shown},
            writable=frozenset({"title"}) if writable else frozenset(),
            limits=limits,
            authors={} if by is None else {"title": by},
        )

    def run(self, sides, *, hub="hub", version=3, origin="salesforce", cause="edit", decisions=(), adoption=None, **policy) -> FieldRound:
        """Apply the rule to the field."""
        one = FieldPolicy("title", lambda text, _region: text.strip().casefold(), **policy)
        whole = Policy(("salesforce", "hubspot", "pipedrive"), {"title": one}, adoption=adoption or {})
        before = None if version == 0 else Canonical(hub, version, origin, cause)
        return reconcile_field("title", before, sides, decisions, whole)

    def decision(self, value, saw, *, leave=False, number=1):
        """What a person chose, having seen `saw` by system."""
        seen = {f"{system}/record/1": shown for system, shown in saw.items()}
        return Decision(f"d{number}", "p1", None, "title", value, seen, "ann", NOW, leave=leave)


def _relation(plugin, name, answers=None):
    path = ROOT / f"plugins/leadhub-{plugin}/src/leadhub_{plugin}/presets/{name}.toml"
    return load_relation(tomllib.loads(path.read_text()), source=path.name, answers=answers or {})


class Crm:
    """A HubSpot contact and a Salesforce Lead of one person, on the presets that ship."""

    def __init__(self):
        answers = {"Status": {"Closed - Not Converted": "not for us"}}
        self.hubspot, self.salesforce = _relation("hubspot", "hubspot-contact"), _relation("salesforce", "salesforce-lead", answers)
        self.relations = {("hubspot", "contacts"): self.hubspot, ("salesforce", "Lead"): self.salesforce}
        self.relations[DEALS] = _relation("salesforce", "salesforce-opportunity")

    def lead(self, text, version=5, *, number=1, cause="edit", origin="hubspot", closed=None, last=None):
        """A lead in a state written stage/status/exit, each facet at one version."""
        state = State(*text.split("/"))
        by = {f: SetBy(origin, cause) for f in ("stage", "status", "exit")}
        return Lead(f"l{number}", "p1", number, state, Versions(version, version, version), by | (last or {}), closed_at=closed)

    def contact(self, stage, status, was=None, version=5, *, by=PERSON, versions=None, silent=(), leads=("l1",), writable=True, name="hubspot"):
        """A HubSpot contact that shows these values; `was`: what was agreed (None: the same, "new": nothing)."""
        shown = {"lifecyclestage": stage, "hs_lead_status": status}
        return self._side(name, "contacts", None, shown, was, version, by, versions, silent, leads, writable)

    def sf(self, status, was=None, version=5, *, by=PERSON, opportunity="", versions=None, lead="l1", number=1):
        """A Salesforce Lead that shows this Status."""
        shown = {"Status": status, "ConvertedOpportunityId": opportunity}
        agreed = was if was in (None, "new") else {"Status": was, "ConvertedOpportunityId": ""}
        return self._side("salesforce", "Lead", lead, shown, agreed, version, by, versions, (), (lead,), writable=True, number=number)

    def deal(self, stage, was=None, *, number=1, fresh=False, version=5):
        """A Salesforce Opportunity that shows this stage; `was` as for a lead."""
        shown = {"StageName": stage, "IsClosed": "", "IsWon": ""}
        agreed = was if was in (None, "new") else {**shown, "StageName": was}
        side = self._side(*DEALS, "l1", shown, agreed, version, AUTOMATION, None, (), ("l1",), writable=False, number=number)
        return replace(side, fresh=fresh)

    def answered(self, side, link, write, shows):
        """A record after a round, in which a write was made if there is one, and then answered by something that sets these values."""
        state, shown = link.state, dict(side.state)
        if write is not None:
            over = {told.field: told.before for told in write.state}
            state = replace(
                state, values={**state.values, **write.state_after}, versions={**state.versions, **write.versions_after}, how="sent", over=over
            )
            shown |= {told.field: told.value for told in write.state} | shows
        return replace(side, link=replace(link, state=state), state=shown, authors={})

    def _side(self, system, obj, lead, shown, was, version, by, versions, silent, leads, writable, number=1):
        values = shown if was is None else was
        if isinstance(values, tuple):
            values = dict(zip(shown, values, strict=True))
        each = dict.fromkeys(leads, versions or Versions(version, version, version))
        base = None if was == "new" else StateBase(values, each, frozenset(silent))
        link = Link(system, obj, str(number), "p1", lead, state=base)
        fields = frozenset(shown) if writable else frozenset()
        return Side(link, {}, shown, frozenset(), fields, authors=dict.fromkeys(shown, by))

    def run(self, leads, sides, *, decisions=(), trust=None, adoption=None, settle=(), now=NOW, gone=()) -> Reconciled:
        """Reconcile the person."""
        leads = [leads] if isinstance(leads, Lead) else leads
        own = frozenset({("salesforce", "Lead")})
        relations = self.relations | {("hubspot-emea", "contacts"): self.hubspot}
        policy = Policy(
            ("hubspot", "salesforce", "hubspot-emea"), {}, relations, trust, adoption or {}, own, evidence=frozenset({DEALS}), settle=settle
        )
        return reconcile(Person("p1"), leads, sides, decisions, policy, now, gone)

    def decision(self, state, saw, *, leave=False):
        """What a person chose for the lead, having seen these texts by link id."""
        return Decision("d1", "p1", "l1", "state", state, saw, "ann", NOW, leave=leave)


def writes(result: Reconciled) -> dict[str, str]:
    """The native state values that are written, as system.field → value."""
    return {f"{w.side.system}.{s.field}": s.value for w in result.writes for s in w.state}


@pytest.fixture
def table() -> FieldTable:
    """Sides of one plain field."""
    return FieldTable()


@pytest.fixture(scope="session")
def crm() -> Crm:
    """Records of the two CRMs."""
    return Crm()


@pytest.fixture
def written():
    """What a result writes of the state."""
    return writes


@pytest.fixture
def initial() -> State:
    """Where every lead starts."""
    return INITIAL


@pytest.fixture
def automation() -> Author:
    """Who edits when no history names a person."""
    return AUTOMATION
