"""Bulk API 2.0 ingest jobs (behavior 42)."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Admin = Callable[..., Any]
Make = Callable[..., str]
CSV = {"Content-Type": "text/csv"}


def _rows(api: httpx.Client, job: str, what: str) -> list[dict[str, str]]:
    answer = api.get(f"/jobs/ingest/{job}/{what}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def opened(api: httpx.Client) -> Callable[..., str]:
    """Open an ingest job on leads, upload its data and return its id."""

    def run(operation: str, data: str | bytes, **more: Any) -> str:
        answer = api.post("/jobs/ingest", json={"operation": operation, "object": "Lead"} | more)
        assert answer.status_code == 200, answer.text
        job = answer.json()
        assert (job["state"], job["contentUrl"]) == ("Open", f"services/data/v62.0/jobs/ingest/{job['id']}/batches")
        upload = api.put(f"/jobs/ingest/{job['id']}/batches", content=data, headers=CSV)
        assert (upload.status_code, upload.content) == (201, b"")
        return str(job["id"])

    return run


@pytest.fixture
def ingest(api: httpx.Client, admin: Admin, opened: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """Run an ingest job to its end and return what a poll then tells of it."""

    def run(operation: str, data: str | bytes, **more: Any) -> dict[str, Any]:
        admin("settings", bulk_polls=1)
        job = opened(operation, data, **more)
        assert api.patch(f"/jobs/ingest/{job}", json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
        return dict(api.get(f"/jobs/ingest/{job}").json())

    return run


Ingest = Callable[..., dict[str, Any]]


def test_an_insert_tells_of_each_record(api: httpx.Client, ingest: Ingest, soql: Callable[..., Any]) -> None:
    """42: an insert ends with its good records made and its bad ones refused, each told in the result that is its own."""
    done = ingest("insert", "LastName,Company,Email\nA,Acme,a@x.example\nB,,b@x.example\nC,Acme,nonsense\n")
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"], done["jobType"]) == ("JobComplete", 3, 2, "V2Ingest")
    (made,) = soql("SELECT Id, LastName FROM Lead")
    assert _rows(api, done["id"], "successfulResults") == [
        {"sf__Id": made["Id"], "sf__Created": "true", "LastName": "A", "Company": "Acme", "Email": "a@x.example"}
    ]
    failed = {row["LastName"]: row for row in _rows(api, done["id"], "failedResults")}
    assert failed["B"]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --"
    assert failed["C"]["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:Email: invalid email address: nonsense:Email --")
    assert failed["C"]["sf__Id"] == ""
    assert _rows(api, done["id"], "unprocessedrecords") == []


def test_a_record_named_twice_in_a_chunk_is_refused(api: httpx.Client, ingest: Ingest, make_lead: Make) -> None:
    """42: an external id, or an Id, that comes twice among the same 200 records fails each of them as in a collection; in another 200 it does not."""
    others = "".join(f"k{number},x,Acme\n" for number in range(199))
    done = ingest("upsert", f"LeadhubId__c,LastName,Company\nTWICE,x,Acme\n{others}twice,y,Acme\n", externalIdFieldName="LeadhubId__c")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (201, 0)
    done = ingest("upsert", "LeadhubId__c,LastName,Company\na,x,Acme\nb,x,Acme\nA,y,Acme\n", externalIdFieldName="LeadhubId__c")
    told = sorted(row["sf__Error"] for row in _rows(api, done["id"], "failedResults"))
    assert told == [f"DUPLICATE_VALUE:Duplicate external id specified: {key}:LeadhubId__c --" for key in "Aa"]
    row_id = make_lead()
    for operation in ({"operation": "update"}, {"operation": "upsert", "externalIdFieldName": "Id"}):
        done = ingest(data=f"Id,Title\n{row_id},x\n{row_id[:15]},y\n", **operation)
        told = [row["sf__Error"] for row in _rows(api, done["id"], "failedResults")]
        assert told == [f"DUPLICATE_VALUE:duplicate id specified: {row_id}:Id --"] * 2


def test_a_number_that_is_too_great_fails_its_record(api: httpx.Client, ingest: Ingest) -> None:
    """11, 42: a number beyond its field's digits fails its record with the code that it has everywhere."""
    done = ingest("insert", "LastName,Company,NumberOfEmployees\nA,Acme,100000000\nB,Acme,7\n")
    (failed,) = _rows(api, done["id"], "failedResults")
    assert failed["sf__Error"].startswith("NUMBER_OUTSIDE_VALID_RANGE:NumberOfEmployees: ")


def test_results_are_not_in_the_order_of_the_upload(api: httpx.Client, ingest: Ingest) -> None:
    """42: the results' order is not that of the upload."""
    done = ingest("insert", "LastName,Company\n" + "".join(f"L{i},Acme\n" for i in range(50)))
    names = [row["LastName"] for row in _rows(api, done["id"], "successfulResults")]
    assert sorted(names) == sorted(f"L{i}" for i in range(50))
    assert names != [f"L{i}" for i in range(50)]


def test_an_empty_cell_changes_nothing_and_na_empties(ingest: Ingest, make_lead: Make, lead: Callable[..., Any]) -> None:
    """42: in an update an empty cell leaves the field alone and #N/A makes it null."""
    row_id = make_lead(Title="CEO", Phone="1", DoNotCall=True)
    assert ingest("update", f"Id,Title,Phone,DoNotCall\n{row_id},,#N/A,no\n")["numberRecordsFailed"] == 0
    after = lead(row_id)
    assert (after["Title"], after["Phone"], after["DoNotCall"]) == ("CEO", None, False)


def test_an_upsert_creates_or_changes(api: httpx.Client, ingest: Ingest, make_lead: Make, lead: Callable[..., Any]) -> None:
    """42, 29: an upsert by external id changes the holder and creates the rest; sf__Created tells which."""
    row_id = make_lead(LeadhubId__c="k1")
    data = "LeadhubId__c,LastName,Company\nk1,Changed,Acme\nk2,New,Acme\nk3,No company,\n"
    done = ingest("upsert", data, externalIdFieldName="LeadhubId__c")
    assert done["externalIdFieldName"] == "LeadhubId__c"
    told = {row["LeadhubId__c"]: (row["sf__Created"], row["sf__Id"]) for row in _rows(api, done["id"], "successfulResults")}
    assert told["k1"] == ("false", row_id)
    assert told["k2"][0] == "true"
    assert lead(row_id)["LastName"] == "Changed"
    assert [row["LeadhubId__c"] for row in _rows(api, done["id"], "failedResults")] == ["k3"]


def test_an_upsert_goes_by_the_records_own_id_too(api: httpx.Client, ingest: Ingest, make_lead: Make) -> None:
    """42: an upsert by Id changes the records that are named and creates those without one."""
    row_id = make_lead()
    done = ingest("upsert", f"Id,LastName,Company\n,New,Acme\n{row_id},Changed,Acme\n", externalIdFieldName="Id")
    told = {row["LastName"]: row["sf__Created"] for row in _rows(api, done["id"], "successfulResults")}
    assert told == {"New": "true", "Changed": "false"}


def test_a_delete_takes_ids_alone(api: httpx.Client, ingest: Ingest, make_lead: Make, soql: Callable[..., Any]) -> None:
    """42, 24: a delete moves records to the bin, tells of those that are gone already, and takes no other column."""
    first, second = make_lead(), make_lead()
    api.delete(f"/sobjects/Lead/{second}")
    done = ingest("delete", f"Id\n{first}\n{second}\n")
    assert [(row["sf__Id"], row["sf__Created"]) for row in _rows(api, done["id"], "successfulResults")] == [(first, "false")]
    (failed,) = _rows(api, done["id"], "failedResults")
    assert failed["sf__Id"] == second
    assert failed["sf__Error"].startswith("ENTITY_IS_DELETED:entity is deleted:")
    assert soql("SELECT Id FROM Lead") == []
    assert ingest("delete", f"Id,LastName\n{first},x\n")["state"] == "Failed"


def test_data_is_put_once(api: httpx.Client, opened: Callable[..., str], refusal: Callable[..., Any]) -> None:
    """42: a second PUT is refused, as is one that is not CSV or that comes after the upload is complete."""
    data = "LastName,Company\nA,Acme\n"
    job = opened("insert", data)
    path = f"/jobs/ingest/{job}/batches"
    again = api.put(path, content=data, headers=CSV)
    assert refusal(again) == (400, "INVALIDJOB")
    assert "only do 'PUT' once" in again.json()[0]["message"]
    assert refusal(api.put(path, content=data, headers={"Content-Type": "application/json"})) == (415, "UNSUPPORTED_MEDIA_TYPE")
    api.patch(f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    assert refusal(api.put(path, content=data, headers=CSV)) == (400, "INVALIDJOBSTATE")
    assert refusal(api.patch(f"/jobs/ingest/{job}", json={"state": "UploadComplete"})) == (400, "INVALIDJOBSTATE")


def test_an_abort_leaves_the_rest_unprocessed(api: httpx.Client, opened: Callable[..., str], soql: Callable[..., Any]) -> None:
    """42: a job that is aborted midway has written some records; the others are unprocessed."""
    job = opened("insert", "LastName,Company\n" + "".join(f"L{i},Acme\n" for i in range(10)))
    path = f"/jobs/ingest/{job}"
    api.patch(path, json={"state": "UploadComplete"})
    under_way = api.get(path).json()
    assert (under_way["state"], under_way["numberRecordsProcessed"]) == ("InProgress", 5)
    assert api.patch(path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    written = {row["LastName"] for row in _rows(api, job, "successfulResults")}
    rest = {row["LastName"] for row in _rows(api, job, "unprocessedrecords")}
    assert written == {row["LastName"] for row in soql("SELECT LastName FROM Lead")}
    assert (len(written), len(rest), len(written | rest)) == (5, 5, 10)
    assert api.get(path).json()["state"] == "Aborted"


def test_a_job_may_be_aborted_before_it_begins(api: httpx.Client, opened: Callable[..., str], soql: Callable[..., Any]) -> None:
    """42: an open job that is aborted writes nothing, and can be deleted."""
    job = opened("insert", "LastName,Company\nA,Acme\n")
    assert api.delete(f"/jobs/ingest/{job}").status_code == 400
    api.patch(f"/jobs/ingest/{job}", json={"state": "Aborted"})
    assert len(_rows(api, job, "unprocessedrecords")) == 1
    assert soql("SELECT Id FROM Lead") == []
    assert api.delete(f"/jobs/ingest/{job}").status_code == 204
    assert api.get("/jobs/ingest").json()["records"] == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("LastName,Company,Nothing__c\nA,Acme,x\n", "InvalidBatch : Field name not found : Nothing__c"),
        ("Last Name,Company\nA,Acme\n", "InvalidBatch : Field name not found : Last Name"),
        ("\ufeffLastName,Company\nA,Acme\n", "InvalidBatch : Field name not found : \ufeffLastName"),
        ("LastName,Company\r\nA,Acme\r\n", "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"),
        ('LastName,Company\n"A,Acme\n', "InvalidBatch : Failed to parse CSV"),
        ("LastName,Company\nA\n", "InvalidBatch : Failed to parse CSV"),
        ("LastName,Company,lastname\nA,B,C\n", "InvalidBatch : Duplicate field name found : LastName"),
        ("LastName;Company\nA;Acme\n", "InvalidBatch : Field name not found : LastName;Company"),
        (b"LastName,Company\n\xff,Acme\n", "ClientInputError : The data is not UTF-8"),
        ("", "InvalidBatch : "),
    ],
)
def test_data_that_cannot_be_read_fails_the_job(ingest: Ingest, soql: Callable[..., Any], data: str | bytes, message: str) -> None:
    """42: a column that is no field, another line ending, and CSV that is none fail the whole job, and write nothing."""
    done = ingest("insert", data)
    assert done["state"] == "Failed"
    assert done["errorMessage"].startswith(message)
    assert soql("SELECT Id FROM Lead") == []


def test_the_form_of_the_data_is_that_of_the_job(ingest: Ingest, soql: Callable[..., Any]) -> None:
    """42: delimiter and line ending are the job's; a quoted value may hold both."""
    assert ingest("insert", 'LastName;Company;Description\r\nA;"B; C";"a\r\nb"\r\n', lineEnding="CRLF", columnDelimiter="SEMICOLON")["state"] == (
        "JobComplete"
    )
    (row,) = soql("SELECT Company, Description FROM Lead")
    assert (row["Company"], row["Description"]) == ("B; C", "a\r\nb")


def test_a_value_of_another_type_fails_its_record(api: httpx.Client, ingest: Ingest) -> None:
    """42: a cell that is no number, date or yes and no fails its record alone."""
    done = ingest("insert", "LastName,Company,Score__c,Demo_Date__c\nA,Acme,many,\nB,Acme,,16.11.2026\nC,Acme,7.5,2026-11-16\n")
    errors = {row["LastName"]: row["sf__Error"] for row in _rows(api, done["id"], "failedResults")}
    assert set(errors) == {"A", "B"}
    assert "'many' is not a valid value for the type xsd:double" in errors["A"]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"object": "Nothing"}, "INVALIDENTITY"),
        ({"object": "LeadStatus"}, "INVALIDENTITY"),
        ({"operation": "upsert"}, "INVALIDJOB"),
        ({"operation": "upsert", "externalIdFieldName": "Title"}, "INVALIDJOB"),
        ({"operation": "hardDelete"}, "JSON_PARSER_ERROR"),
        ({"contentType": "JSON"}, "JSON_PARSER_ERROR"),
        ({"allOrNone": True}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_not_opened(api: httpx.Client, refusal: Callable[..., Any], order: dict[str, Any], code: str) -> None:
    """42: an object, an operation or a key that Bulk does not take opens no job."""
    assert refusal(api.post("/jobs/ingest", json={"operation": "insert", "object": "Lead"} | order)) == (400, code)


def test_the_assignment_rule_runs_in_bulk_too(api: httpx.Client, ingest: Ingest, soql: Callable[..., Any], admin: Admin) -> None:
    """42, 35: leads of a job go to the active rule's queue, or to the named rule's, unless the org's knob says otherwise."""
    ingest("insert", "LastName,Company\nA,Acme\n")
    admin("settings", bulk_auto_assign=False)
    ingest("insert", "LastName,Company\nB,Acme\n")
    rule = admin("settings")["assignment_rule"]["id"]
    ingest("insert", "LastName,Company\nC,Acme\n", assignmentRuleId=rule)
    owners = {row["LastName"]: row["Owner"]["Name"] for row in soql("SELECT LastName, Owner.Name FROM Lead")}
    assert owners == {"A": "Inbound Leads", "B": "Leadhub Integration", "C": "Inbound Leads"}


def test_a_job_that_fails_midway_has_written_some(api: httpx.Client, ingest: Ingest, soql: Callable[..., Any], admin: Admin) -> None:
    """42: a failed job is no job that wrote nothing."""
    admin("settings", bulk_failure="InternalServerError : x")
    done = ingest("insert", "LastName,Company\nA,Acme\nB,Acme\n")
    assert (done["state"], done["errorMessage"]) == ("Failed", "InternalServerError : x")
    assert len(soql("SELECT Id FROM Lead")) == 1
    assert len(_rows(api, done["id"], "unprocessedrecords")) == 1


def test_a_snapshot_keeps_an_open_job(web: httpx.Client, api: httpx.Client, opened: Callable[..., str], soql: Callable[..., Any]) -> None:
    """42, 46: a job that was open in a snapshot can be completed after its restore."""
    job = opened("insert", "LastName,Company\nA,Acme\nB,Acme\n")
    api.patch(f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    api.get(f"/jobs/ingest/{job}")
    state = web.get("/_sandbox/snapshot").json()
    api.get(f"/jobs/ingest/{job}")
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert len(soql("SELECT Id FROM Lead")) == 1
    assert api.get(f"/jobs/ingest/{job}").json()["state"] == "JobComplete"
    assert len(soql("SELECT Id FROM Lead")) == 2
    assert len(_rows(api, job, "successfulResults")) == 2
