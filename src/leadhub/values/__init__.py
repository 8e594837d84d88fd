"""Normal, display and match forms of values. Pure and versioned: a change here bumps VERSION, and every record is looked at again."""

VERSION = 1
