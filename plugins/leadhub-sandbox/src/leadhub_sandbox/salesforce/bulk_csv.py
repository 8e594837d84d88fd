"""The CSV of Bulk API 2.0: values as texts on the way out, strict reading on the way in."""

import csv
import io
from collections.abc import Iterable

from leadhub_sandbox.salesforce.schema import Field

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_PLAIN_FROM, _PLAIN_BELOW = 1e-3, 1e7
"""Between the two a double is written without an exponent, as Java writes it."""


class CsvProblem(Exception):
    """Why uploaded data cannot be read at all: the job fails with this text."""


def cell(field: Field, value: object) -> str:
    """Return a stored value as a query's results show it; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double(value)
    return str(value).replace("+0000", "Z") if field.type == "datetime" else str(value)


def _double(value: float) -> str:
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return repr(value)
    digits = next(short for n in range(18) if float(short := f"{value:.{n}e}") == value)
    mantissa, _, exponent = digits.partition("e")
    mantissa += "" if "." in mantissa else ".0"
    return f"{mantissa}E{int(exponent)}"


def write(rows: Iterable[Iterable[str]], delimiter: str, line_ending: str) -> bytes:
    """Return rows as CSV, every value in quotes."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDINGS[line_ending], quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    return out.getvalue().encode()


def read(data: bytes, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of an upload; raises CsvProblem for data that Salesforce takes for malformed."""
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        raise CsvProblem(f"ClientInputError : The data is not UTF-8: {problem}") from None
    crlf = text.count("\r\n")
    if crlf != (text.count("\n") if line_ending == "CRLF" else 0):
        raise CsvProblem(f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {line_ending}")
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter], strict=True) if row]
    except csv.Error as problem:
        raise CsvProblem(f"InvalidBatch : Failed to parse CSV: {problem}") from None
    except ValueError:
        raise CsvProblem("InvalidBatch : The data has no header row") from None
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise CsvProblem(f"InvalidBatch : Failed to parse CSV: record {number} has {len(row)} values for {len(header)} fields")
    return header, rows
