"""The console: pages over both CRMs for a person with a browser. They work by the admin orders alone, and so by the CRM's own rules."""

from leadhub_sandbox.console.server import Console

__all__ = ["Console"]
