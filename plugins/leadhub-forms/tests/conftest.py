"""A form that takes posts, without a server."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from leadhub_forms.connector import Forms
from leadhub_forms.settings import FormsSettings

from leadhub import Delivery
from leadhub.testing import Factory

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TOKEN = "t0ken-of-sixteen-letters"


@pytest.fixture
def form() -> Callable[..., Forms]:
    """Return what makes a form from settings."""

    def making(**settings: Any) -> Forms:
        connector = Factory(Forms, FormsSettings(token=TOKEN, **settings))()
        assert isinstance(connector, Forms)
        return connector

    return making


@pytest.fixture
def post(form: Callable[..., Forms]) -> Callable[..., dict[str, Any]]:
    """Return what posts a body to a form with these settings, and gives the values of its record."""

    def posting(body: bytes | str, content_type: str = "application/x-www-form-urlencoded", **settings: Any) -> dict[str, Any]:
        raw = body if isinstance(body, bytes) else body.encode()
        (record,) = form(**settings).parse(Delivery("d1", content_type, raw, AT))
        return dict(record.values)

    return posting
