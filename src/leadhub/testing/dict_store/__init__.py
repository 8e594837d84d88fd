"""A store that keeps everything in dictionaries and passes the SQL stores' own tests: for simulations that run `leadhub.sync` by the million.

    store = DictStore(clock)                       # where a Store is expected
    other = store.beside(clock_of_another)         # the same store for a second engine
    again = store.copy()                           # the same state in a store of its own, to go on from once more

What it does not do: outlive its process, be shared by processes, and show readers the state before a writer while that one is at work.
"""

from leadhub.testing.dict_store.store import DictStore

__all__ = ["DictStore"]
