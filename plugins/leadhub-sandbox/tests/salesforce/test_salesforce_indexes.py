"""An index makes a query quicker and changes no answer (behaviors 17, 19, 24)."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from leadhub_sandbox import SandboxClock
from leadhub_sandbox.salesforce import query
from leadhub_sandbox.salesforce.objects import CONTACT, LEAD
from leadhub_sandbox.salesforce.org import Actor, Org
from leadhub_sandbox.salesforce.plans import Plan, plan
from leadhub_sandbox.salesforce.query import Queries
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.soql import parse

WHERES = [
    "",
    "WHERE SystemModstamp >= {t}",
    "WHERE SystemModstamp > {t} AND SystemModstamp < {u}",
    "WHERE (SystemModstamp = {t} AND Id > '{i}') OR SystemModstamp > {t}",
    "WHERE SystemModstamp = {u}",
    "WHERE SystemModstamp <= {u} AND Email = 'E3@x.example'",
    "WHERE Email IN ('e1@x.example', 'E2@X.EXAMPLE', 'nobody@x.example')",
    "WHERE Email = null",
    "WHERE Email IN ('e1@x.example', null)",
    "WHERE LeadhubId__c = 'k5' OR Legacy_Id__c = 'G1'",
    "WHERE LeadhubId__c = 'k5' OR SystemModstamp >= {t}",
    "WHERE IsDeleted = true AND SystemModstamp >= {t}",
    "WHERE IsDeleted = false AND DoNotCall = true",
    "WHERE NOT Email = 'e1@x.example'",
    "WHERE Id = '{i}'",
    "WHERE OwnerId = '{o}' AND Status = 'open - not contacted'",
    "WHERE Interests__c = 'Hardware'",
]
ORDERS = ["", "ORDER BY SystemModstamp, Id", "ORDER BY SystemModstamp DESC, Id", "ORDER BY Email, Id", "ORDER BY Id"]
LIMITS = ["", "LIMIT 3", "LIMIT 4 OFFSET 2"]


def _change(records: Records, ids: list[str], chance: random.Random, actor: Actor) -> None:
    """Create, change, delete, undo or purge a lead."""
    store = records.org.store
    live = [i for i in ids if (row := store.get(LEAD, i)) and not row["IsDeleted"]]
    values: dict[str, Any] = {"Email": chance.choice([None, *(f"e{n}@x.example" for n in range(5))]), "DoNotCall": chance.random() < 0.3}
    values |= {"Legacy_Id__c": chance.choice(["g1", "G1", None]), "Interests__c": chance.choice([None, "Hardware", "Hardware;Software"])}
    mark = store.begin()
    what = chance.random()
    if what < 0.4 or not live:
        key = {"LeadhubId__c": f"k{len(ids)}"}
        ids.append(records.create(LEAD, values | key | {"LastName": "L", "Company": "C"}, actor))
    elif what < 0.7:
        records.update(LEAD, chance.choice(live), values, actor)
    elif what < 0.85:
        records.delete(LEAD, chance.choice(live), actor)
    else:
        store.remove(LEAD, chance.choice(live))
    if chance.random() < 0.2:
        store.rollback(mark)
    store.commit()


@pytest.mark.parametrize(("seed", "skew"), [(1, 0.0), (2, 0.0), (3, 5.0)])
def test_an_index_changes_no_answer(monkeypatch: pytest.MonkeyPatch, seed: int, skew: float) -> None:
    """19: each query has the same rows in the same order through the indexes as by a look at every row, whatever was written before."""
    clock, chance = SandboxClock(), random.Random(seed)
    clock.set(datetime(2026, 11, 16, 10, tzinfo=UTC))
    org = Org(seed, clock)
    records, queries, actor, ids = Records(org), Queries(org), Actor(org.user_id("jane")), list[str]()
    for _ in range(12):
        org.store.skew = skew
        for _ in range(10):
            clock.advance(chance.choice([0, 0, 1, 2]))
            _change(records, ids, chance, actor)
        stamps = [str(row["SystemModstamp"]).replace("+0000", "Z") for row in org.store.everything(LEAD)]
        instants = sorted(chance.choice(stamps) for _ in range(2))
        names = {"t": instants[0], "u": instants[1], "i": chance.choice(ids), "o": actor.user_id}
        for where in WHERES:
            tree = parse(f"SELECT Id FROM Lead {where.format(**names)} {chance.choice(ORDERS)} {chance.choice(LIMITS)}".strip())
            for deleted in (False, True):
                found = queries._rows(LEAD, tree, deleted=deleted)
                with monkeypatch.context() as patch:
                    patch.setattr(query, "plan", lambda *_: Plan(None))
                    assert found == queries._rows(LEAD, tree, deleted=deleted), tree


def test_a_keyset_page_is_found_in_order() -> None:
    """18: what a first load and a poll ask for comes from the index in its order; an equality leaves the fewer rows."""
    org = Org(1, SandboxClock())
    records, actor = Records(org), Actor(org.user_id("jane"))
    made = [records.create(LEAD, {"LastName": "L", "Company": "C", "LeadhubId__c": f"k{n}"}, actor) for n in range(5)]
    tree = parse("SELECT Id FROM Lead WHERE SystemModstamp >= 2020-01-01T00:00:00Z ORDER BY SystemModstamp, Id LIMIT 2")
    assert plan(org, LEAD, tree.where, tree.order) == Plan(made, in_order=True)
    some = parse("SELECT Id FROM Lead WHERE SystemModstamp >= 2020-01-01T00:00:00Z AND LeadhubId__c IN ('k1', 'K3')")
    assert plan(org, LEAD, some.where) == Plan([made[1], made[3]])
    assert plan(org, CONTACT, parse("SELECT Id FROM Contact WHERE LastName LIKE 'B%'").where) == Plan(None)
