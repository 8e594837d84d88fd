"""leadhub.toml as a typed document. Errors say file, line and mend, and all of them come at once."""

from leadhub.config.document import Defaults, Document, FieldDoc, OnCreate, SystemDoc
from leadhub.config.edit import add_system, pin, write_new
from leadhub.config.load import FILE_NAME, Deployment, find, load

__all__ = ["FILE_NAME", "Defaults", "Deployment", "Document", "FieldDoc", "OnCreate", "SystemDoc", "add_system", "find", "load", "pin", "write_new"]
