"""The database refuses to change or delete what belongs to the trail, whoever asks through the application.

Triggers cannot stop a superuser, who can disable them, nor whoever edits the files below the database:
those are found by verification (audit.verify). On PostgreSQL a role that may only add and read comes on top.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

PROTECTED = (
    "audit_auditevent",
    "audit_entry",
    "audit_heading",
    "audit_seal",
    "audit_record",
    "audit_signature",
)

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""


def protect(connection: BaseDatabaseWrapper, tables: tuple[str, ...] = PROTECTED) -> None:
    """Install the triggers on `tables`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_FUNCTION)
        for table in tables:
            for statement in _installing(connection.vendor, table):
                cursor.execute(statement)


def unprotect(connection: BaseDatabaseWrapper, tables: tuple[str, ...] = PROTECTED) -> None:
    """Remove the triggers from `tables`: for a migration that is undone, and for databases of tests."""
    with connection.cursor() as cursor:
        for table in tables:
            for operation in _operations(connection.vendor):
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{operation.lower()}{on}")


def _operations(vendor: str) -> tuple[str, ...]:
    return ("UPDATE", "DELETE", "TRUNCATE") if vendor == "postgresql" else ("UPDATE", "DELETE")


def _installing(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [
            f"CREATE TRIGGER {table}_no_{operation.lower()} BEFORE {operation} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
            for operation in _operations(vendor)
        ]
    return [
        f"CREATE TRIGGER {table}_no_{operation.lower()} BEFORE {operation} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: {operation} on {table} is refused'); END"
        for operation in _operations(vendor)
    ]


def role_statements(role: str) -> list[str]:
    """The SQL that gives an existing PostgreSQL role what the device needs, and no more on the trail."""
    quoted = '"' + role.replace('"', '""') + '"'
    return [
        f"GRANT USAGE ON SCHEMA public TO {quoted};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted};",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted};",
        *(
            f"REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {table} FROM {quoted};"
            for table in PROTECTED
        ),
    ]
