"""Events from before the trail was sealed get the canonical text of today; then the tables are protected."""

import json

from django.db import migrations

from audit.entry import VERSION, canonical
from audit.protection import protect, unprotect

TABLES = ("audit_auditevent", "audit_entry", "audit_seal")


def convert(apps, schema_editor):
    for row in apps.get_model("audit", "AuditEvent").objects.order_by("id").iterator():
        said = json.loads(row.canonical)
        row.actor = said["actor"] or "device"
        row.canonical = canonical(
            {
                **{"at": said["at"], "event": said["event"], "subject": said["subject"], "actor": row.actor},
                **{"address": "", "study": "", "patient": "", "model": "", "outcome": 0},
                **{"v": VERSION, "reason": "", "changes": {}, "facts": said["facts"]},
            }
        )
        row.save()


def install(apps, schema_editor):
    protect(schema_editor.connection, TABLES)


def remove(apps, schema_editor):
    unprotect(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_sealed")]
    operations = [
        migrations.RunPython(convert, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
