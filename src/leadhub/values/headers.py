"""Which column of a table holds which canonical field, told by the set of its headers and, where that leaves a doubt, by its first rows. Pure.

Nothing is guessed: a header that may mean two things, with no other column and no content that settles it, becomes a question.
The words are those of the design's field table (lifecycle.md 3d): English and German for every field, and the words for names in further languages.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from leadhub.values.fields import FIELDS

FULL_NAME = "full_name"
"""A column that holds first and last name together."""
OPT_IN = "email_opt_in"
"""A column that says the opposite of `email_opt_out`."""
IGNORE = "ignore"
"""What the settings call a column that is to be left out."""

NAMES: tuple[str, ...] = (*FIELDS, FULL_NAME, OPT_IN)
"""Everything that a column may be called."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "email": (
        *("e-mail", "mail", "email address", "e-mail address", "work email", "business email", "e-mail-adresse", "mailadresse"),
        *("email geschäftlich",),
    ),
    "phone": (
        *("phone number", "telephone", "telephone number", "tel", "work phone", "business phone", "telefon", "telefonnummer"),
        *("rufnummer", "festnetz"),
    ),
    "mobile": (
        *("mobile phone", "mobile number", "mobile phone number", "cell", "cell phone", "mobil", "mobilnummer", "mobiltelefon", "handy"),
        *("handynummer",),
    ),
    "fax": ("fax number", "telefax", "faxnummer"),
    "salutation": ("prefix", "mr/ms", "anrede"),
    "first_name": ("firstname", "given name", "forename", "vorname", "rufname", "prénom", "voornaam", "förnamn", "imię", "prenume", "primeiro nome"),
    "last_name": (
        *("lastname", "surname", "family name", "nachname", "familienname", "zuname", "nom de famille", "apellido", "apellidos", "cognome"),
        *("sobrenome", "achternaam", "nazwisko", "efternamn", "soyad", "soyadı", "фамилия", "prezime", "priezvisko"),
    ),
    FULL_NAME: (
        *("fullname", "contact name", "first and last name", "person", "vollständiger name", "vor- und nachname", "name, vorname"),
        *("ansprechpartner", "kontaktperson"),
    ),
    "company": (
        *(
            "company name",
            "organization",
            "organisation",
            "account",
            "account name",
            "company / account",
            "employer",
            "firma",
            "firmenname",
            "unternehmen",
        ),
        *("unternehmensname", "arbeitgeber"),
    ),
    "website": ("web site", "website url", "url", "web", "homepage", "company website", "webseite", "internetseite"),
    "job_title": ("position", "role", "job", "funktion", "berufsbezeichnung", "stellenbezeichnung", "beruf", "rolle"),
    "department": ("abteilung", "bereich"),
    "seniority": ("level", "job level", "seniority level", "employment seniority", "hierarchieebene", "karrierestufe", "ebene"),
    "street": ("street address", "address line 1", "straße", "strasse", "straße und hausnummer", "straße hausnummer", "anschrift"),
    "city": ("town", "stadt", "wohnort", "gemeinde"),
    "region": ("province", "county", "state/region", "state/province", "bundesland", "kanton", "provinz"),
    "postal_code": ("zip", "zip code", "postcode", "post code", "zip/postal code", "plz", "postleitzahl"),
    "country": ("nation", "country/region", "staat"),
    "language": ("locale", "preferred language", "sprache", "korrespondenzsprache"),
    "timezone": ("time zone", "zeitzone"),
    "linkedin": ("linkedin url", "linkedin profile", "linkedin-profil"),
    "twitter": ("twitter handle", "twitter username", "x handle", "twitter/x", "twitter-name"),
    "industry": ("sector", "branche", "wirtschaftszweig", "industrie"),
    "employees": (
        *("number of employees", "no. of employees", "headcount", "mitarbeiter", "mitarbeiterzahl", "anzahl mitarbeiter"),
        *("unternehmensgröße",),
    ),
    "annual_revenue": ("revenue", "turnover", "annual turnover", "umsatz", "jahresumsatz"),
    "email_opt_out": (
        *(
            "opt out",
            "opted out",
            "has opted out of email",
            "unsubscribed from all email",
            "unsubscribed",
            "unsubscribe",
            "do not email",
            "no email",
            "abgemeldet",
        ),
        *("newsletter abgemeldet", "keine e-mails", "keine werbung", "werbewiderspruch", "e-mail unerwünscht"),
    ),
    OPT_IN: (
        *("opt in", "opted in", "newsletter", "newsletter opt in", "subscribe", "subscribed", "consent", "email consent", "marketing consent"),
        *("einwilligung", "e-mail-einwilligung", "newsletter-einwilligung", "werbeeinwilligung", "newsletter-anmeldung"),
    ),
    "do_not_call": ("dnc", "no calls", "anrufe unerwünscht", "nicht anrufen", "keine anrufe", "anrufverbot"),
    "email_bounced": (
        *("bounced", "bounce", "bounce reason", "email bounced reason", "email hard bounce reason", "unzustellbar"),
        *("e-mail unzustellbar",),
    ),
    "tags": ("tag", "labels", "keywords", "schlagwörter", "schlagworte", "stichwörter"),
    "created_at": (
        *("created", "date added", "create date", "created date", "creation date", "created on", "erstellt", "erstellt am"),
        *("angelegt am", "erstellungsdatum"),
    ),
    "last_activity_at": ("last activity", "last activity date", "letzte aktivität", "letzter kontakt", "zuletzt kontaktiert"),
    "rating": ("temperature", "lead rating", "bewertung", "einstufung"),
    "score": ("lead score", "hubspot score", "points", "punkte", "punktzahl"),
    "owner": (
        *("assigned to", "rep", "sales rep", "lead owner", "contact owner", "owner email", "zuständig", "zugewiesen an", "betreuer"),
        *("verantwortlich", "besitzer"),
    ),
    "source": ("lead source", "channel", "quelle", "lead-quelle", "herkunft", "kanal"),
    "source_detail": ("source details", "source description", "quelle detail", "quellendetail", "herkunft detail"),
    "campaign": ("campaign name", "kampagne", "kampagnenname", "aktion"),
    "utm_source": ("utm-quelle",),
    "utm_medium": ("utm-medium",),
    "utm_campaign": ("utm-kampagne",),
    "utm_term": ("utm-begriff",),
    "utm_content": ("utm-inhalt",),
    "gclid": ("google click id", "google ad click id", "google-klick-id"),
    "referrer": ("referer", "referring url", "first referring site", "verweisende seite"),
    "landing_page": ("landing page url", "first page", "first page seen", "zielseite", "einstiegsseite"),
    "message": ("comment", "comments", "note", "notes", "nachricht", "bemerkung", "bemerkungen", "kommentar", "notiz", "notizen", "anmerkung"),
    "occurred_at": (
        *("date", "timestamp", "submitted at", "submission date", "registered at", "registration date", "event date", "datum"),
        *("zeitstempel", "zeitpunkt", "eingegangen am", "anmeldedatum", "registriert am"),
    ),
    "next_step_at": ("next step", "next contact", "follow up", "follow-up date", "next activity date", "wiedervorlage", "nächster kontakt"),
}

_SECOND: dict[str, tuple[str, ...]] = {
    "company": ("associated company", "primary associated company"),
    "job_title": ("job function",),
    "street": ("mailing street",),
    "city": ("mailing city",),
    "region": ("mailing state/province", "state/province (text only)"),
    "postal_code": ("mailing zip/postal code",),
    "country": ("mailing country", "country (text only)"),
    "employees": ("company size",),
    "last_activity_at": ("last contacted",),
    "owner": ("account owner",),
    "source": ("original source", "original traffic source"),
    "source_detail": ("original source drill-down 1", "original traffic source drill-down 1"),
    "message": ("description",),
}
"""Headers that mean a field only where no other column does: exports of CRMs have several columns for one, and a question would help nobody."""


def form(header: str) -> str:
    """Return a header as it is compared: NFKC, casefolded, letters and digits only ("E-Mail" and "email" are one, "Email 2" is another).

    The Turkish dotless i is an i: capitals do not tell the two apart.
    """
    return "".join(c for c in unicodedata.normalize("NFKC", header).casefold().replace("ı", "i") if c.isalnum())


_FIELD_OF = {form(word): field for field in NAMES for word in (field, *_SYNONYMS.get(field, ()))}

Test = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A header that may mean several things.

    `by_content` are tried in order on the filled cells of the first rows, `by_set` before or after them: (fields that must be there, fields that must not,
    what the header then means). `open` is what a message says is not there to tell.
    """

    may_be: tuple[str, ...]
    by_set: tuple[tuple[frozenset[str], frozenset[str], str], ...]
    by_content: tuple[tuple[Test, str], ...]
    open: str
    content_first: bool = False
    otherwise: str | None = None


def _mostly(pattern: str) -> Test:
    """Return a test: four of five cells match as a whole."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda cells: bool(cells) and sum(compiled.fullmatch(cell) is not None for cell in cells) >= 0.8 * len(cells)


def _mostly_countries(cells: Sequence[str]) -> bool:
    display = FIELDS["country"].kind.display
    return bool(cells) and sum(re.fullmatch("[A-Z]{2}", display(cell, None)) is not None for cell in cells) >= 0.8 * len(cells)


def _set(meaning: str, *there: str, lacks: str = "") -> tuple[frozenset[str], frozenset[str], str]:
    return frozenset(there), frozenset(lacks.split()), meaning


_ADDRESSES = _mostly(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SEVERAL_WORDS = _mostly(r"[^\W\d_][\w'’.-]*[\s,]+[^\W\d_].*")
_SALUTATIONS = _mostly(r"(mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau)\b\.?(\s*(dr|prof)\b\.?)*")
_DEGREES = _mostly(r"((herr|frau|dr|prof|professor|mag|dipl|ing|ba|ma|mba|msc|bsc|phd|med|rer|nat|jur|phil|habil|h\.?\s?c)\b[\s.,-]*)+")
_STATES = _mostly(r"[A-Z]{2,3}|[a-z]+ (island|carolina|dakota|virginia|hampshire|jersey|mexico|york|columbia|wales|territory)")
_GERMAN_STATES = _mostly(
    r"bayern|berlin|brandenburg|bremen|hamburg|hessen|niedersachsen|saarland|sachsen|sachsen-anhalt|thüringen|schleswig-holstein"
    r"|baden-württemberg|mecklenburg-vorpommern|nordrhein-westfalen|nrw|rheinland-pfalz|tirol|steiermark|kärnten|wien|salzburg|vorarlberg"
)

_LAST_OR_FULL = _Doubt(
    ("last_name", FULL_NAME),
    (_set("last_name", "first_name", lacks="last_name"), _set(FULL_NAME, "first_name", "last_name")),
    ((_SEVERAL_WORDS, FULL_NAME),),
    "no column for the first name, and the first rows do not tell",
)
_FIRST_OR_FULL = _Doubt(
    ("first_name", FULL_NAME),
    (_set("first_name", "last_name", lacks="first_name"), _set(FULL_NAME, "first_name", "last_name")),
    ((_SEVERAL_WORDS, FULL_NAME),),
    'no column for the last name ("Apellidos", "Cognome", …), and the first rows do not tell',
)
_DOUBTS: dict[str, _Doubt] = {
    **dict.fromkeys(map(form, ("name", "nom", "nume", "naam", "namn", "nazwa")), _LAST_OR_FULL),
    **dict.fromkeys(map(form, ("nombre", "nome", "ad", "имя", "ime", "názov")), _FIRST_OR_FULL),
    **dict.fromkeys(
        map(form, ("contact", "kontakt")),
        _Doubt((FULL_NAME, "email"), (), ((_ADDRESSES, "email"), (_SEVERAL_WORDS, FULL_NAME)), "the first rows hold neither addresses nor names"),
    ),
    "title": _Doubt(("job_title", "salutation"), (), ((_SALUTATIONS, "salutation"),), "", content_first=True, otherwise="job_title"),
    "titel": _Doubt(
        ("job_title", IGNORE),
        (_set(IGNORE, "job_title"),),
        ((_DEGREES, IGNORE), (lambda cells: not cells, IGNORE)),
        "in German an academic title, but the first rows hold something else",
    ),
    "state": _Doubt(
        ("region", IGNORE),
        (_set("region", "city"), _set("region", "postal_code"), _set("region", "country"), _set("region", "street")),
        ((_STATES, "region"), (_GERMAN_STATES, "region")),
        "part of an address or how far a lead has come: no other column of an address",
    ),
    "land": _Doubt(
        ("country", "region"),
        (),
        ((_GERMAN_STATES, "region"), (_mostly_countries, "country")),
        "the first rows hold neither countries nor federal states",
        content_first=True,
    ),
    "ort": _Doubt(
        ("city", IGNORE),
        (_set("city", "postal_code"), _set("city", "street"), _set("city", "country")),
        (),
        "where somebody lives or where something took place: no other column of an address",
    ),
    **dict.fromkeys(
        map(form, ("address", "adresse")), _Doubt(("street", "email"), (), ((_ADDRESSES, "email"),), "", content_first=True, otherwise="street")
    ),
}
_DOUBTS |= {form(word): _Doubt((field,), (_set(field, lacks=field),), (), "", otherwise=IGNORE) for field, words in _SECOND.items() for word in words}


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question: as a person reads it, and the settings that it stands for (a table among them is merged)."""

    label: str
    settings: Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can say about a table. `text` stands by itself and ends with the setting to write; no choices: the file must be mended."""

    text: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """What the columns hold: field name by column index, the columns that mean nothing here, and what could not be told.

    `fields` names canonical fields, `full_name`, `email_opt_in`, or one of the further names that were asked for; no name comes twice.
    """

    fields: Mapping[int, str]
    unknown: tuple[int, ...]
    questions: tuple[Question, ...]


def is_known(header: str) -> bool:
    """Say whether a header means something here, alone or with others."""
    return form(header) in _FIELD_OF or form(header) in _DOUBTS


def recognize_headers(
    headers: Sequence[str], sample_rows: Sequence[Sequence[str]] = (), own: Mapping[str, str] | None = None, further: Collection[str] = ()
) -> HeaderReading:
    """Return what each column holds.

    Args:
        headers: the cells of the header row.
        sample_rows: the first rows below it, which settle what the headers leave open.
        own: the deployment's words, {header: field name or "ignore"}. They outrank all others.
        further: names beyond the canonical fields that are wanted, each known by itself ("lead_status" is the column "Lead Status").
    """
    known = {**{form(name): name for name in further}, **_FIELD_OF}
    forms = [form(header) for header in headers]
    told = _told_by(own or {}, headers)
    sure = {
        i: known[word] for i, word in enumerate(forms) if i not in told and word not in _DOUBTS and known.get(word, "") not in {"", *told.values()}
    }
    questions = [*_told_twice(headers, told), *_told_twice(headers, sure)]
    meant = {**told, **sure}
    for i, word in enumerate(forms):
        if i in meant or word not in _DOUBTS:
            continue
        cells = [row[i].strip() for row in sample_rows if i < len(row) and row[i].strip()]
        meaning = _settle(_DOUBTS[word], frozenset(meant.values()), cells)
        if meaning is None:
            questions.append(_question(headers[i], _DOUBTS[word]))
        elif meaning == IGNORE or meaning not in meant.values():
            meant[i] = meaning
    unknown = tuple(i for i, header in enumerate(headers) if (i not in meant or (meant[i] == IGNORE and i not in told)) and header.strip())
    if "email" not in meant.values() and not questions:
        questions += _addresses_elsewhere(headers, [i for i in unknown if i not in meant], sample_rows)
    return HeaderReading({i: field for i, field in sorted(meant.items()) if field != IGNORE}, unknown, tuple(questions))


def _told_by(own: Mapping[str, str], headers: Sequence[str]) -> dict[int, str]:
    """Return what the deployment's own words say. A header as it stands is meant before one that is only spelled alike."""
    there = {header.strip() for header in headers}
    alike = {form(header): field for header, field in own.items() if header not in there}
    meant = ((i, own.get(header.strip(), alike.get(form(header)))) for i, header in enumerate(headers))
    return {i: field for i, field in meant if field is not None}


def _settle(doubt: _Doubt, there: frozenset[str], cells: Sequence[str]) -> str | None:
    """Return what a header means, or None. A set that fits tells before the content does, unless the content is the better witness."""
    by_set = next((meaning for needs, lacks, meaning in doubt.by_set if needs <= there and not lacks & there), None)
    by_content = next((meaning for test, meaning in doubt.by_content if test(cells)), None)
    found = (by_content or by_set) if doubt.content_first else (by_set or by_content)
    return found or doubt.otherwise


def _question(header: str, doubt: _Doubt) -> Question:
    may_be = " or ".join("something else" if field == IGNORE else field for field in doubt.may_be)
    text = f'"{header}" may be {may_be} ({doubt.open}). Set headers = {{ "{header}" = "{doubt.may_be[0]}" }}'
    rest = [*(field for field in doubt.may_be[1:] if field != IGNORE), IGNORE]
    text += ", or " + " or ".join(f'"{field}"' for field in rest) + "."
    return Question(text, tuple(_choice(header, field) for field in dict.fromkeys((*doubt.may_be, IGNORE))))


def _choice(header: str, field: str) -> Choice:
    return Choice("leave the column out" if field == IGNORE else field, {"headers": {header: field}})


def _told_twice(headers: Sequence[str], meant: Mapping[int, str]) -> list[Question]:
    found = []
    for field in dict.fromkeys(meant.values()):
        columns = [i for i, other in meant.items() if other == field]
        if len(columns) < 2 or field == IGNORE:
            continue
        names = [headers[i].strip() for i in columns]
        if len(set(names)) < len(names):
            places = " and ".join(str(i + 1) for i in columns)
            found.append(
                Question(f'The header "{names[0]}" ({field}) is there more than once: columns {places}. Rename all but one of them in the file.')
            )
        else:
            both = " and ".join(f'"{name}"' for name in names)
            choices = tuple(Choice(name, {"headers": {name: field} | {other: IGNORE for other in names if other != name}}) for name in names)
            found.append(Question(f'The columns {both} could each be {field}. Set headers = {{ "{names[0]}" = "{field}" }} to say which.', choices))
    return found


def _addresses_elsewhere(headers: Sequence[str], unknown: Sequence[int], rows: Sequence[Sequence[str]]) -> list[Question]:
    """Ask about columns of e-mail addresses where no header says that it is one."""
    found = [i for i in unknown if _ADDRESSES([row[i].strip() for row in rows if i < len(row) and row[i].strip()])]
    return [
        Question(
            f'No header is known to be the e-mail address, but the column "{headers[i]}" holds addresses. Set headers = {{ "{headers[i]}" = "email" }},'
            f' or "{IGNORE}".',
            (_choice(headers[i], "email"), _choice(headers[i], IGNORE)),
        )
        for i in found
    ]
