"""leadhub.toml as a typed document. Errors say file, line and mend, and all of them come at once."""

from leadhub.config.against import against
from leadhub.config.document import CreateWhen, Defaults, Document, OnCreate, Settle, StagesDoc, SystemDoc
from leadhub.config.edit import add_system, pin, write_new
from leadhub.config.fields import FieldDoc, NativeField, NativeTable
from leadhub.config.load import FILE_NAME, Deployment, find, load, read, refused, told_of_failures
from leadhub.config.scope import Condition, admits

__all__ = [
    "FILE_NAME",
    "Condition",
    "CreateWhen",
    "Defaults",
    "Deployment",
    "Document",
    "FieldDoc",
    "NativeField",
    "NativeTable",
    "OnCreate",
    "Settle",
    "StagesDoc",
    "SystemDoc",
    "add_system",
    "admits",
    "against",
    "find",
    "load",
    "pin",
    "read",
    "refused",
    "told_of_failures",
    "write_new",
]
