"""The HubSpot half of the sandbox: contacts and what surrounds them. It shares no code with leadhub and talks to no network."""

from leadhub_sandbox.hubspot.service import HubSpotService

__all__ = ["HubSpotService"]
