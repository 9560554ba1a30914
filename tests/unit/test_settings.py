"""Settings from the environment."""

from __future__ import annotations

import pytest

from cli.settings import Settings, from_environment
from social_crm.domain.errors import Invalid


def test_nothing_set_gives_the_embedded_store_on_loopback():
    assert from_environment({"PATH": "/bin"}) == Settings("sqlite:///social-crm.db", "127.0.0.1", 8080)


def test_numbers_are_read_as_numbers():
    assert from_environment({"SOCIAL_CRM_PORT": " 9000 "}).port == 9000


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("SOCIAL_CRM_PORT", "http", "whole number"),
        ("SOCIAL_CRM_PORT", "70000", "from 0 to 65535"),
        ("SOCIAL_CRM_THREADS", "0", "from 1 to 256"),
        ("SOCIAL_CRM_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("SOCIAL_CRM_STOER", "sqlite:///x.db", "SOCIAL_CRM_STORE"),
    ],
)
def test_a_value_that_cannot_be_says_what_can(name: str, value: str, advice: str):
    with pytest.raises(Invalid, match=advice):
        from_environment({name: value})
