"""Normal, display and match forms of values. Pure and versioned: a change here bumps VERSION, and every record is looked at again, from the store alone.

Heavy libraries are imported when a value first needs them: `leadhub --help` needs none.
"""

VERSION = 3
