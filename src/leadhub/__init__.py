"""The names that a connector's writer imports. Beside them `leadhub.values` is public, for those who read texts that people wrote; nothing else is.

They are those of `leadhub.public`, which is imported when the first of them is asked for: the program starts without.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from leadhub.public import *  # noqa: F403 - exactly its __all__
    from leadhub.public import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        public = import_module("leadhub.public")
        if name != "__all__" and name not in public.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(public, name)
