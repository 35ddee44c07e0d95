"""The PostgreSQL roles: one that the device logs in as, one that owns the trail and that nobody logs in as.

Whoever owns a table can switch its triggers off. So the trail belongs to a role without a login, and the
device works as one that may add to the trail and read it, no more.
"""

from audit.protection import PROTECTED, role_statements

OWNER = "samd_trail_owner"


def script(role: str, *, owner: str = OWNER) -> str:
    """The SQL for a superuser to run in the device's database, once the migrations have run.

    To be run again after migrations that make tables: those are run by a superuser too.
    """
    quoted = '"' + owner.replace('"', '""') + '"'
    lines = [
        f"-- The role {role} must exist (CREATE ROLE … LOGIN PASSWORD …) and own nothing in this database.",
        f"DO $$ BEGIN CREATE ROLE {quoted} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
        *(f"ALTER TABLE {table} OWNER TO {quoted};" for table in PROTECTED),
        f"ALTER FUNCTION audit_refuse() OWNER TO {quoted};",
        *role_statements(role),
        "-- Then let the device log in as this role (DATABASE_URL), and migrate as a superuser only.",
    ]
    return "\n".join(lines)
