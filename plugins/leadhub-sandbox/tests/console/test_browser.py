"""A person with a real browser: looks at records, edits one, converts, merges, deletes, and switches a fault on."""

import re
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxServer
from leadhub_sandbox.orders import Orders


def lead(salesforce: Orders, **fields: str) -> str:
    """Make a lead and return its id."""
    return str(salesforce.post("create", object="Lead", fields={"LastName": "Berg", "Company": "Acme", **fields})["id"])


def row(salesforce: Orders, name: str, row_id: str) -> dict[str, Any]:
    """Return one row of an object."""
    return next(one for one in salesforce.get(f"records/{name}") if one["Id"] == row_id)


def test_a_lead_is_found_edited_and_converted(page: Any, salesforce: Orders) -> None:
    """From the overview to a lead by its name, another status by the picklist, then a conversion whose contact is one click away."""
    lead(salesforce, LastName="Novak")
    made = lead(salesforce, FirstName="Maren", LastName="Berg")
    page.goto("/")
    page.get_by_label("Salesforce").get_by_role("link", name="Leads").click()
    page.get_by_label("Search in all fields").fill("maren")
    page.get_by_role("button", name="Search").click()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="Maren Berg").click()
    page.get_by_role("region", name="Fields", exact=True).get_by_label("Status").select_option(label="Working")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."
    assert row(salesforce, "Lead", made)["Status"] == "Working - Contacted"
    page.get_by_text("Convert …").click()
    page.get_by_label("Name of the opportunity").fill("A big one")
    page.get_by_role("button", name="Convert").click()
    page.locator("tr", has_text="Converted Contact ID").get_by_role("link").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Maren Berg"
    assert page.get_by_role("link", name="A big one").count() == 0
    assert row(salesforce, "Lead", made)["Status"] == "Closed - Converted"


def test_two_contacts_are_merged_and_one_is_deleted_and_brought_back(page: Any, salesforce: Orders) -> None:
    """The other's id is chosen from suggestions; the loser lies in the recycle bin; so does what is deleted, until it is brought back."""
    winner, loser = (salesforce.post("create", object="Contact", fields={"LastName": name})["id"] for name in ("Berg", "Bergh"))
    page.goto(f"/salesforce/records/Contact/{winner}")
    page.get_by_text("Merge another into this one …").click()
    suggested = page.locator("datalist option").evaluate_all("options => options.map(o => o.value)")
    assert loser in suggested
    page.get_by_label("The other's id").fill(loser)
    page.get_by_role("button", name="Merge").click()
    assert page.get_by_role("status").inner_text() == "Merged."
    assert row(salesforce, "Contact", loser)["MasterRecordId"] == winner
    page.get_by_role("button", name="Delete").click()
    assert "in the recycle bin" in page.locator(".state").inner_text()
    page.get_by_role("button", name="Undelete").click()
    assert row(salesforce, "Contact", winner)["IsDeleted"] is False


def test_a_fault_is_switched_on_and_the_next_call_fails(page: Any, servers: dict[str, SandboxServer]) -> None:
    """The fault waits on the page, hits one call of the API, and stands in the journal beside it."""
    hubspot = servers["hubspot"]
    page.goto("/hubspot/faults")
    page.get_by_label("What goes wrong").select_option("locked")
    page.get_by_label("Of calls whose path has").fill("objects/contacts")
    page.get_by_role("button", name="Switch on").click()
    assert page.get_by_label("Faults that wait").get_by_text("locked").count() == 1
    headers = {"Authorization": f"Bearer {hubspot.service.token}"}
    statuses = [httpx.get(f"{hubspot.url}/crm/v3/objects/contacts", headers=headers).status_code for _ in range(2)]
    assert statuses == [423, 200]
    page.get_by_role("link", name="Journal").click()
    assert re.search(r"423\s+locked", page.locator("tbody tr").last.inner_text())
    page.get_by_role("link", name="Faults").click()
    assert page.get_by_text("No fault waits").count() == 1


def test_a_name_of_html_stays_text(page: Any, salesforce: Orders, hubspot: Orders) -> None:
    """Nothing of it runs, in a list, in a heading, in a field, in a refusal; a save that changes nothing leaves it as it is."""
    evil = """<img src=x onerror="document.title='run'"><script>document.title='run'</script>"""
    made = lead(salesforce, LastName=evil[:80], Company=evil)
    contact = hubspot.post("create", properties={"lastname": evil, "email": "ann@acme.example"})["id"]
    for address in ("/salesforce/records/Lead", f"/salesforce/records/Lead/{made}", f"/hubspot/records/contacts/{contact}"):
        page.goto(address)
        assert (page.locator("img, script").count(), page.title().startswith("run")) == (0, False)
    assert page.get_by_label("Last Name").input_value() == evil
    page.get_by_label("Email", exact=True).fill(evil)
    page.get_by_role("button", name="Save").click()
    assert evil in page.get_by_role("alert").inner_text()
    assert (page.locator("img, script").count(), hubspot.get("records")["results"][0]["properties"]["lastname"]) == (0, evil)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_and_used_by_keyboard(page: Any, salesforce: Orders, hubspot: Orders, scheme: str) -> None:
    """Every input has its label, every page its heading; nothing is wider than a small screen but tables, which scroll by themselves."""
    made = lead(salesforce, Street="one\ntwo", Description="x" * 200)
    contact = hubspot.post("create", properties={"email": "ann@acme.example"})["id"]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (
        *("/", "/clock", "/salesforce", "/salesforce/records/Lead", "/salesforce/records/Lead/new", f"/salesforce/records/Lead/{made}"),
        *("/salesforce/faults", "/salesforce/journal", "/salesforce/settings", "/hubspot/settings", f"/hubspot/records/contacts/{contact}"),
    ):
        page.goto(address)
        assert page.locator("h1").count() == 1
        unlabelled = "inputs => inputs.filter(i => i.type != 'hidden' && i.labels.length == 0).map(i => i.name)"
        assert page.locator("input, select, textarea").evaluate_all(unlabelled) == [], address
        ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
        assert len(ids) == len(set(ids)), address
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the content"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)"
    assert light is (scheme == "light")
