"""What the columns of a table hold: known headers, doubtful ones settled by the set and by content, and questions for the rest."""

import pytest

from leadhub.values.fields import FIELDS
from leadhub.values.headers import _DOUBTS, _FIELD_OF, _SYNONYMS, IGNORE, NAMES, Question, form, is_known, recognize_headers


def fields(headers: list[str], *rows: list[str], **own: str) -> dict[str, str]:
    """Return what each header is taken for; a question is a failure."""
    reading = recognize_headers(headers, rows, own)
    assert not reading.questions, reading.questions
    return {headers[i]: field for i, field in reading.fields.items()}


def asked(headers: list[str], *rows: list[str]) -> Question:
    """Return the one question that the headers leave."""
    (question,) = recognize_headers(headers, rows).questions
    return question


@pytest.mark.parametrize(("field", "header"), [(field, word) for field, words in _SYNONYMS.items() for word in words])
def test_every_known_header_is_taken_for_its_field(field: str, header: str) -> None:
    """Each synonym means its field, in capitals, full-width letters and with other punctuation too."""
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in header)
    for variant in (header, header.upper(), f"  {header.title()}: ", wide):
        assert recognize_headers([variant]).fields == {0: field}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_known_by_its_own_name_and_in_two_languages(field: str) -> None:
    """Every canonical field has synonyms, and its own name is one."""
    assert fields([field]) == {field: field}
    assert len(_SYNONYMS[field]) >= 1


def test_no_header_means_two_fields() -> None:
    """The synonyms of two fields do not overlap, and no doubtful header is a synonym too."""
    words = [form(word) for field in NAMES for word in {form(w) for w in (field, *_SYNONYMS[field])}]
    assert len(words) == len(set(words))
    assert not _DOUBTS.keys() & _FIELD_OF.keys()


@pytest.mark.parametrize(
    ("headers", "row", "taken"),
    [
        (["Vorname", "Name"], [], {"Vorname": "first_name", "Name": "last_name"}),
        (["Prénom", "Nom"], [], {"Prénom": "first_name", "Nom": "last_name"}),
        (["Nombre", "Apellidos"], [], {"Nombre": "first_name", "Apellidos": "last_name"}),
        (["Nome", "Cognome"], [], {"Nome": "first_name", "Cognome": "last_name"}),
        (["Имя", "Фамилия"], [], {"Имя": "first_name", "Фамилия": "last_name"}),
        (["First Name", "Last Name", "Name"], [], {"First Name": "first_name", "Last Name": "last_name", "Name": "full_name"}),
        (["Name"], ["Ada Lovelace"], {"Name": "full_name"}),
        (["Nombre"], ["García, Ana"], {"Nombre": "full_name"}),
        (["Kontakt"], ["ada@x.example"], {"Kontakt": "email"}),
        (["Title"], ["CTO"], {"Title": "job_title"}),
        (["Title"], ["Mrs."], {"Title": "salutation"}),
        (["Titel", "E-Mail"], ["Dr.", "a@x.example"], {"E-Mail": "email"}),
        (["Titel", "Position"], ["CTO", "CTO"], {"Position": "job_title"}),
        (["State", "Zip"], [], {"State": "region", "Zip": "postal_code"}),
        (["State"], ["CA"], {"State": "region"}),
        (["Land"], ["Deutschland"], {"Land": "country"}),
        (["Land"], ["Bayern"], {"Land": "region"}),
        (["Ort", "PLZ"], [], {"Ort": "city", "PLZ": "postal_code"}),
        (["Adresse"], ["Hauptstr. 1"], {"Adresse": "street"}),
        (["Adresse"], ["a@x.example"], {"Adresse": "email"}),
    ],
)
def test_a_doubtful_header_is_settled_by_the_others_or_by_content(headers: list[str], row: list[str], taken: dict[str, str]) -> None:
    """The set of headers tells first, then the first rows."""
    assert fields(headers, row) == taken


SALESFORCE_LEADS = """
Lead Owner=owner, Salutation=salutation, First Name=first_name, Last Name=last_name, Title=job_title, Company / Account=company, Lead Source=source,
Rating=rating, Street=street, City=city, State/Province=region, Zip/Postal Code=postal_code, Country=country, Phone=phone, Mobile=mobile, Fax=fax,
Email=email, Website=website, Description=message, Industry=industry, No. of Employees=employees, Annual Revenue=annual_revenue,
Created Date=created_at, Last Activity=last_activity_at, Do Not Call=do_not_call, Email Opt Out=email_opt_out, Email Bounced Reason=email_bounced,
Lead ID=, Lead Owner Alias=, Lead Status=, Converted=, Unread=, Last Modified Date=, Email Bounced Date=, Fax Opt Out=
"""
SALESFORCE_CONTACTS = """
Contact Owner=owner, First Name=first_name, Last Name=last_name, Title=job_title, Account Name=company, Mailing Street=street, Mailing City=city,
Mailing State/Province=region, Mailing Zip/Postal Code=postal_code, Mailing Country=country, Phone=phone, Mobile=mobile, Fax=fax, Email=email,
Department=department, Account Owner=, Contact ID=
"""
HUBSPOT_CONTACTS = """
First Name=first_name, Last Name=last_name, Email=email, Phone Number=phone, Mobile Phone Number=mobile, Contact owner=owner, Company Name=company,
Last Activity Date=last_activity_at, Next Activity Date=next_step_at, Create Date=created_at, Job Title=job_title, Website URL=website,
Street Address=street, City=city, State/Region=region, Postal Code=postal_code, Country/Region=country, Industry=industry, Salutation=salutation,
Number of Employees=employees, Annual Revenue=annual_revenue, Fax Number=fax, Preferred language=language, Time Zone=timezone, LinkedIn URL=linkedin,
Twitter Username=twitter, Message=message, HubSpot Score=score, Unsubscribed from all email=email_opt_out, Email hard bounce reason=email_bounced,
Employment Seniority=seniority, Original Traffic Source=source, Original Traffic Source Drill-Down 1=source_detail, First Page Seen=landing_page,
First Referring Site=referrer, Google ad click id=gclid, Record ID=, Lead Status=, Lifecycle Stage=, Marketing contact status=, Persona=,
Associated Company=, Associated Company IDs=, Job function=, Company size=, Last Contacted=, Email Domain=
"""


@pytest.mark.parametrize("export", [SALESFORCE_LEADS, SALESFORCE_CONTACTS, HUBSPOT_CONTACTS], ids=["leads", "contacts", "hubspot"])
@pytest.mark.parametrize("step", [1, -1])
def test_the_exports_of_both_crms_are_read_without_a_question(export: str, step: int) -> None:
    """Every column is its field or none, in whatever order; of two for one field the more telling is taken, and nobody is asked."""
    table = dict(column.split("=") for column in export.replace("\n", " ").strip().split(", "))
    assert fields(list(table)[::step]) == {header: field for header, field in table.items() if field}


@pytest.mark.parametrize(
    ("header", "field"), [("Associated Company", "company"), ("Last Contacted", "last_activity_at"), ("Original Source", "source")]
)
def test_a_second_word_for_a_field_counts_where_the_first_is_missing(header: str, field: str) -> None:
    """HubSpot's own view of contacts has the associated company alone."""
    assert fields([header, "Email"]) == {header: field, "Email": "email"}


@pytest.mark.parametrize(
    ("headers", "row", "text"),
    [
        (["Nombre"], ["Ana"], '"Nombre" may be first_name or full_name (no column for the last name ("Apellidos", "Cognome", …)'),
        (["Name"], ["Lee"], '"Name" may be last_name or full_name'),
        (["Ad"], [], '"Ad" may be first_name or full_name'),
        (["Titel"], ["CTO"], '"Titel" may be job_title or something else'),
        (["Land"], ["Unterland"], '"Land" may be country or region'),
        (["State"], ["working"], '"State" may be region or something else'),
        (["Ort"], ["Halle 4"], '"Ort" may be city or something else'),
        (["Kontakt"], ["ja"], '"Kontakt" may be full_name or email'),
    ],
)
def test_what_nothing_settles_is_asked(headers: list[str], row: list[str], text: str) -> None:
    """The question names the column, what it may be, why that is open, and the setting; each choice answers it, and so does leaving it out."""
    question = asked(headers, row)
    assert question.text.startswith(text)
    assert f'Set headers = {{ "{headers[0]}" = ' in question.text
    assert question.choices[-1].settings == {"headers": {headers[0]: IGNORE}}
    for choice in question.choices:
        own = choice.settings["headers"]
        assert isinstance(own, dict)
        assert not recognize_headers(headers, [row], own).questions


def test_two_columns_for_one_field_are_asked() -> None:
    """Two columns that could both be a field are not guessed between; the answer takes one and leaves the other out."""
    question = asked(["Email", "E-mail", "Vorname"])
    assert '"Email" and "E-mail" could each be email' in question.text
    own = question.choices[1].settings["headers"]
    assert isinstance(own, dict)
    assert recognize_headers(["Email", "E-mail"], (), own).fields == {1: "email"}


def test_one_header_twice_is_mended_in_the_file() -> None:
    """No setting can tell two columns of one name apart: the question has no choices and says where they are."""
    question = asked(["Email", "Phone", "Email"])
    assert question.text == 'The header "Email" (email) is there more than once: columns 1 and 3. Rename all but one of them in the file.'
    assert not question.choices


def test_a_column_of_addresses_under_an_unknown_header_is_asked() -> None:
    """Where no header is the e-mail address, a column that holds addresses is offered, never taken."""
    question = asked(["Nachname", "Reach at"], ["Lee", "a@x.example"])
    assert '"Reach at" holds addresses' in question.text
    assert fields(["E-Mail", "Reach at"], ["a@x.example", "b@x.example"]) == {"E-Mail": "email"}


def test_own_words_outrank_all_others() -> None:
    """What the deployment says of a header stands, and the usual header of that field is left out."""
    reading = recognize_headers(["Email", "Badge Mail", "Name"], (), {"badge mail": "email", "Name": "company"})
    assert (dict(reading.fields), reading.unknown, reading.questions) == ({1: "email", 2: "company"}, (0,), ())


def test_an_ignored_column_is_neither_a_field_nor_unknown() -> None:
    """A column that the deployment leaves out is not told again."""
    reading = recognize_headers(["E-Mail", "Name"], (), {"Name": IGNORE})
    assert (dict(reading.fields), reading.unknown, reading.questions) == ({0: "email"}, (), ())


def test_further_names_are_known_by_themselves() -> None:
    """A field that is asked for beyond the table is found under its own name."""
    assert recognize_headers(["email", "Lead Status"], (), None, ["lead_status"]).fields == {0: "email", 1: "lead_status"}


def test_numbered_and_blank_columns_are_not_taken() -> None:
    """A column "Email 2" is not taken for "Email", and a column without header is nobody's."""
    reading = recognize_headers(["Email", "Email 2", " "])
    assert (dict(reading.fields), reading.unknown) == ({0: "email"}, (1,))
    assert is_known("E-Mail")
    assert not is_known("Email 2")
