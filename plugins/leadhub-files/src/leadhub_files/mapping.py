"""The fields of a row, and of a record in a CSV file that leadhub writes. Data only."""

from leadhub import FieldMapping, ObjectMapping
from leadhub.values.fields import FIELDS

ROW = "row"
LEAD = "lead"
CELL_LIMIT = 32_767
"""Characters that a spreadsheet's cell holds; a longer text is cut when a person saves the file (Microsoft: Excel specifications and limits)."""

MAPPING = ObjectMapping(ROW, tuple(FieldMapping(name, name) for name in FIELDS))
CSV_MAPPING = ObjectMapping(
    LEAD,
    tuple(FieldMapping(name, name, max_length=CELL_LIMIT, style="code") for name in FIELDS),
    state="leadhub",
)

KEYS = (
    *("lead id", "contact id", "record id contact", "record id", "external id"),
    *("kontakt id", "datensatz id kontakt", "datensatz id", "externe id"),
)
"""Headers of a column of ids of people, the most telling first. "ID" and "Nr" are none: a running number begins anew in the next list."""
OPTIONS = {
    "stage": ("known", "lead", "mql", "sal", "sql", "opportunity", "customer", "advocate"),
    "status": ("none", "new", "assigned", "attempting", "connected", "nurturing", "in_deal"),
    "exit": ("open", "recycled", "disqualified", "lost", "churned"),
}
"""The columns of the state, and the values that the preset `leadhub` reads in them."""
RECORD_ID, LEADHUB_ID = "record_id", "leadhub_id"
"""The columns that belong to leadhub: which record a row is, and the key under which leadhub made it."""
