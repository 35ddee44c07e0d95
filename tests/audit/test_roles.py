"""The SQL of the roles; that it works is shown in test_protection."""

import pytest

from audit.protection import PROTECTED
from audit.roles import OWNER, script

pytestmark = pytest.mark.requirement("AUD-06")


def test_the_trail_belongs_to_a_role_that_nobody_logs_in_as() -> None:
    text = script("samd")

    assert f'CREATE ROLE "{OWNER}" NOLOGIN' in text
    assert all(f'ALTER TABLE {table} OWNER TO "{OWNER}";' in text for table in PROTECTED)
    assert f'ALTER FUNCTION audit_refuse() OWNER TO "{OWNER}";' in text


def test_the_device_may_add_and_read_and_no_more() -> None:
    text = script("samd")

    for table in PROTECTED:
        assert f'REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {table} FROM "samd";' in text
