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
