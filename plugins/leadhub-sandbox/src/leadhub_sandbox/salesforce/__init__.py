"""The sandbox's Salesforce. It never imports leadhub and never leaves loopback."""

from leadhub_sandbox.salesforce.service import SalesforceService

__all__ = ["SalesforceService"]
