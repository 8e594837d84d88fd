"""`leadhub demo`: two sandbox CRMs, two lists and a form, brought into agreement before one's eyes. Touches nothing of the user's.

Every number and every sentence about a lead comes from the run itself. What does not come out as told ends the demo with exit code 1.
"""

from leadhub.demo.story import run

__all__ = ["run"]
