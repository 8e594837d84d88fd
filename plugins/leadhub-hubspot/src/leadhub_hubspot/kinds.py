"""The types of object that are read, as a table: what tells one from another in searches and records."""

from dataclasses import dataclass

from leadhub_hubspot.mapping import ASSOCIATED, CONTACTS, DEALS, LEAD_STAGE, LEADS


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of object. `modified` is the property by which a search tells what changed; `stage` the one whose options are a pipeline's stages.

    `link` is no property but the field that holds the contacts which a record is associated with, or with `primary` the one that it is about. `described`: the account is asked which of the
    wanted properties there are. That needs a scope of its own, which the few of a deal, HubSpot's own, are not worth.
    """

    name: str
    modified: str
    stage: str | None = None
    link: str | None = None
    primary: bool = False
    described: bool = True


CONTACT = Kind(CONTACTS, "lastmodifieddate")  # contacts have their own name for it; every other object says hs_lastmodifieddate
DEAL = Kind(DEALS, "hs_lastmodifieddate", stage="dealstage", link=ASSOCIATED, described=False)
LEAD = Kind(LEADS, "hs_lastmodifieddate", stage=LEAD_STAGE, link=ASSOCIATED, primary=True)
