"""What the bytes of a file are: text in the encoding that the settings name, or a refusal that shows what they might be. Pure.

An encoding is never guessed: a wrong one turns names into other names without an error. A person sees the text under the likely ones and decides.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leadhub.values.headers import Choice, Question

LONGEST_LINE = 4_000_000
"""Characters. A cell of a million costs its row alone; a file without line ends would cost the memory of the machine."""
_LIKELY = ("cp1252", "mac_roman", "cp1250", "cp850")
_CONTEXT = 60
_SAMPLE = 1 << 15
_MAGIC = {
    b"PK\x03\x04": "a workbook (Excel or OpenDocument) or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"{\\rtf": "a document of a word processor",
    b"\x1f\x8b": "a compressed file",
}


class FileRefused(Exception):
    """One file cannot be taken in as a whole. The other files go on. `questions` are what a person could answer to have it read after all."""

    def __init__(self, message: str, questions: tuple[Question, ...] = ()) -> None:
        super().__init__(message)
        self.questions = questions


def encoding_of(start: bytes, wanted: str) -> str:
    """Return the codec to read a file with, by its first bytes: a byte order mark outranks the settings. Raises FileRefused for what is no text."""
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise FileRefused(f'it is no CSV file but {what}. Open it and save it as "CSV UTF-8"')
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-8-sig" if wanted.lower().replace("_", "-") in {"utf-8", "utf8"} else wanted


@dataclass(slots=True)
class Check:
    """Reads a file's bytes once, chunk by chunk, and refuses at the first that is no text of the encoding."""

    encoding: str
    lines: int = 1
    zeros: int = 0
    _read: int = 0
    _without_end: int = 0
    _tail: bytes = b""
    _decoder: codecs.IncrementalDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self.encoding)()

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes. Raises FileRefused."""
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise self._refusal(error, pending) from error
        self._read += len(chunk)
        self._tail = chunk[-_CONTEXT:]
        self.zeros += text.count("\0")
        ends = text.count("\n") or text.count("\r")
        self.lines += ends
        last = max(text.rfind("\n"), text.rfind("\r"))
        self._without_end = len(text) - 1 - last if ends else self._without_end + len(text)
        if self._without_end > LONGEST_LINE:
            raise FileRefused(f"line {self.lines} has more than {LONGEST_LINE:,} characters: this is no table with one row a line")

    def finish(self) -> None:
        """Look at the end. Raises FileRefused."""
        if left := self._decoder.getstate()[0]:
            raise FileRefused(f"it ends in the middle of a character (byte {self._read - len(left) + 1}): it was not copied whole. Copy it again")
        if self.zeros * 4 > self._read:
            choices = tuple(Choice(f"as {codec}", {"encoding": codec}) for codec in ("utf-16-le", "utf-16-be"))
            text = 'every other byte of it is zero: it looks like UTF-16 without its mark. Set encoding = "utf-16-le"'
            raise FileRefused(text, (Question(f"{text}. How shall it be read?", choices),))

    def _refusal(self, error: UnicodeDecodeError, pending: int) -> FileRefused:
        byte = self._read - pending + error.start + 1
        line = self.lines + error.object[: error.start].count(b"\n")
        name = "UTF-8" if self.encoding.startswith("utf-8") else self.encoding
        where = f"it is not {name}: line {line}, byte {byte} is 0x{error.object[error.start]:02X}"
        before = self._tail[: len(self._tail) - pending]
        found = tuple(_readings(before + error.object, len(before) + error.start))
        if not found:
            return FileRefused(f'{where}. Save it again as "CSV UTF-8"')
        choices = tuple(Choice(f"{word}   ({codec})", {"encoding": codec}) for codec, word in found)
        question = Question(f"{where}. Which of these reads right?", choices)
        return FileRefused(f'{where}. Save it again as "CSV UTF-8", or set encoding = "{found[0][0]}" if that is what it is', (question,))


def _readings(data: bytes, bad: int) -> Iterator[tuple[str, str]]:
    """Yield (encoding, the cell with the bad byte as it would read), the likeliest first, each reading once."""
    from charset_normalizer import from_bytes  # only a file that is not UTF-8 pays for its tables

    sample = data[max(0, bad - _SAMPLE) : bad + _SAMPLE]
    near, place = data[max(0, bad - _CONTEXT) : bad + _CONTEXT], min(bad, _CONTEXT)
    best = from_bytes(sample).best()
    seen: set[str] = set()
    for codec in dict.fromkeys((_LIKELY[0], *((best.encoding,) if best is not None else ()), *_LIKELY)):
        try:
            sample.decode(codec)
            word = _cell(near.decode(codec), len(near[:place].decode(codec)))
        except UnicodeDecodeError:
            continue
        if word not in seen:
            seen.add(word)
            yield codec, word


def _cell(text: str, at: int) -> str:
    """Return the cell around a place: what a person needs to see whether the letters are right."""
    left = re.split(r'[,;\t|"\r\n]', text[:at])[-1]
    right = re.split(r'[,;\t|"\r\n]', text[at:])[0]
    return (left + right).strip()
