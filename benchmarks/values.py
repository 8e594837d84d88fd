"""How long the forms of values take, in CPU microseconds, beside the bare libraries: `python benchmarks/values.py [LEADS]` from the root of the project.

The leads are those of gen_leads.py: 20 columns, of which the 16 that hold fields are read, each as it is shown and as it is compared.
"""

import contextlib
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from leadhub.values import cached

COLUMNS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "email",
    "phone": "phone",
    "company": "company",
    "website": "website",
    "job_title": "job_title",
    "industry": "industry",
    "employees": "employees",
    "city": "city",
    "postal_code": "postal_code",
    "country": "country",
    "lead_source": "source",
    "lead_score": "score",
    "owner_email": "owner",
    "created_at": "created_at",
}


def rows(count: int) -> list[dict[str, str]]:
    """The generated leads, their countries as codes in "region"."""
    from leadhub.values.country import country_code

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        subprocess.run([sys.executable, Path(__file__).with_name("gen_leads.py"), str(count), path], check=True)
        with path.open(encoding="utf-8", newline="") as file:
            return [{**row, "region": country_code(row["country"]) or ""} for row in csv.DictReader(file)]


def shown(leads: list[dict[str, str]]) -> None:
    """Display each value."""
    from leadhub.values.fields import FIELDS

    forms = [(column, FIELDS[field].kind.display) for column, field in COLUMNS.items()]
    for lead in leads:
        region = lead["region"] or None
        for column, display in forms:
            display(lead[column], region)


def compared(leads: list[dict[str, str]]) -> None:
    """Display each value, and match what is shown: what a sync does."""
    from leadhub.values.fields import FIELDS

    forms = [(column, FIELDS[field].kind) for column, field in COLUMNS.items()]
    for lead in leads:
        region = lead["region"] or None
        for column, kind in forms:
            kind.match(kind.display(lead[column], region), region)


def keys(leads: list[dict[str, str]]) -> None:
    """Take the exact keys of each lead."""
    from leadhub.identity.keys import keys_of

    for lead in leads:
        keys_of({**{field: lead[column] for column, field in COLUMNS.items()}, "country": lead["region"]})


def bare(leads: list[dict[str, str]]) -> None:
    """What the libraries alone take for e-mail, phone, country and instant, called directly for each lead."""
    import phonenumbers
    from countryguess import guess_country
    from email_validator import EmailNotValidError, validate_email

    for lead in leads:
        for column in ("email", "owner_email"):
            with contextlib.suppress(EmailNotValidError):
                _ = validate_email(lead[column], check_deliverability=False, test_environment=True).normalized
        with contextlib.suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(lead["phone"], lead["region"] or None)
            if phonenumbers.is_valid_number(number):
                phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        guess_country(lead["country"])
        datetime.fromisoformat(lead["created_at"])


def cpu(work: Callable[[list[dict[str, str]]], None], leads: list[dict[str, str]]) -> float:
    """CPU microseconds for each lead."""
    started = time.process_time()
    work(leads)
    return (time.process_time() - started) / len(leads) * 1e6


def measures(leads: list[dict[str, str]]) -> Iterator[tuple[str, float]]:
    """Each measure with its name. The libraries are loaded before, by ten leads."""
    for work in (shown, compared, keys, bare):
        work(leads[:10])
    yield "display, first time", cpu(shown, leads)
    yield "display and match, second time", cpu(compared, leads)
    yield "exact keys", cpu(keys, leads)
    yield "bare libraries: 2 e-mails, phone, country, instant", cpu(bare, leads)


def main() -> None:
    """Measure with the caches, and once more in a process of its own without them."""
    if uncached := "--uncached" in sys.argv:
        cached._LONGEST = -1  # noqa: SLF001 - every text is then too long to be remembered
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    leads = rows(numbers[0] if numbers else 20_000)
    print(
        f"{len(leads)} leads, {len(COLUMNS)} values each, {'without' if uncached else 'with'} caches; CPU µs per lead, and in parts of the bare libraries'"
    )
    found = dict(measures(leads))
    base = list(found.values())[-1]
    for name, took in found.items():
        print(f"{took:8.1f}  {took / base:5.2f}  {name}")
    if not uncached:
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--uncached"], check=True)


if __name__ == "__main__":
    main()
