"""Opens a deployment: configuration, plugins and store, with the loader's checks run. Commands, pages and tests all begin here."""

from leadhub.hub.opening import open_hub, store_url
from leadhub.hub.systems import Hub, System, os_user

__all__ = ["Hub", "System", "open_hub", "os_user", "store_url"]
