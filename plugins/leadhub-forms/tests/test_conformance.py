"""The connector keeps the laws of a receiver."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from leadhub_forms.connector import Forms
from leadhub_forms.settings import FormsSettings

from leadhub import Delivery, NativeValue
from leadhub.testing import Factory, ReceiverConformance

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
URLENCODED = "application/x-www-form-urlencoded"
FILE = b'--b\r\nContent-Disposition: form-data; name="cv"; filename="me.pdf"\r\n\r\n%PDF\r\n--b--\r\n'


def delivery(name: str, content_type: str, body: bytes) -> Delivery:
    """Return what was posted."""
    return Delivery(name, content_type, body, AT)


class PostHarness:
    """A website's visitors."""

    good: Sequence[tuple[Delivery, Mapping[str, NativeValue]]] = (
        (
            delivery("d1", "application/json", json.dumps({"email": "ann@acme.example", "name": "Ann O'Lee", "company": ""}).encode()),
            {"email": "ann@acme.example", "first_name": "Ann", "last_name": "O'Lee", "company": None, "occurred_at": AT},
        ),
        (delivery("d2", URLENCODED, b"Email=bob%40acme.example&newsletter=on"), {"email": "bob@acme.example", "email_opt_out": False}),
    )
    senseless = (delivery("d3", URLENCODED, b"name=Nobody"), delivery("d4", "application/json", b"[1, 2"))
    unwanted = (delivery("d5", "multipart/form-data; boundary=b", FILE),)


class TestForms(ReceiverConformance):
    """The laws, on a form with a box for consent."""

    @pytest.fixture
    def harness(self) -> PostHarness:
        """Return a website's visitors."""
        return PostHarness()

    @pytest.fixture
    def connector_factory(self, harness: PostHarness) -> Factory:
        """Return what makes connectors for the form."""
        settings = {"token": "t0ken-of-sixteen-letters", "consent": {"field": "newsletter", "text": "2026-05"}}
        return Factory(Forms, FormsSettings.model_validate(settings))
