"""A store that keeps everything in dictionaries and passes the SQL stores' own tests: for simulations that run `leadhub.sync` by the million.

    store = DictStore(clock)                       # where a Store is expected
    again = store.copy()                           # the same state, to go on from once more

What it does not do: outlive its process, be shared by processes, and show readers the state before a writer while that one is at work.
"""

from leadhub.testing.dict_store.store import DictStore

__all__ = ["DictStore"]
