"""What leadhub serves over HTTP: the doors by which forms and other systems deliver. Needs the extra `web`."""

from leadhub.web.app import make_app
from leadhub.web.doors import open_doors
from leadhub.web.server import bind, is_loopback, run

__all__ = ["bind", "is_loopback", "make_app", "open_doors", "run"]
