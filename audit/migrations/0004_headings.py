"""Events are searched by headings, which the sealing process writes: appending keeps no index up to date."""

from django.db import migrations, models

from audit.protection import protect, unprotect

COLUMNS = "at, event, subject, actor, address, study, patient, model, outcome"
INDEXED = ("at", "event", "subject", "actor", "study", "patient", "model")


def drop_indexes(apps, schema_editor):
    table = apps.get_model("audit", "AuditEvent")._meta.db_table
    with schema_editor.connection.cursor() as cursor:
        found = schema_editor.connection.introspection.get_constraints(cursor, table)
    for name, constraint in found.items():
        if constraint["index"] and not constraint["unique"] and set(constraint["columns"]) <= set(INDEXED):
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def write_headings(apps, schema_editor):
    schema_editor.execute(
        f"INSERT INTO audit_heading (id, {COLUMNS}) SELECT id, {COLUMNS} FROM audit_auditevent "
        f"WHERE id IN (SELECT event_id FROM audit_entry)"
    )


def install(apps, schema_editor):
    protect(schema_editor.connection, ("audit_heading",))


def remove(apps, schema_editor):
    unprotect(schema_editor.connection, ("audit_heading",))


def unindexed(name, field):
    return migrations.AlterField(model_name="auditevent", name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_append_only")]
    operations = [
        migrations.SeparateDatabaseAndState(
            # Only the indexes go. To remake the table, as Django would on SQLite, would drop its triggers.
            database_operations=[migrations.RunPython(drop_indexes, migrations.RunPython.noop)],
            state_operations=[
                unindexed("at", models.DateTimeField()),
                unindexed("event", models.CharField(max_length=64)),
                unindexed("subject", models.CharField(max_length=128)),
                unindexed("actor", models.CharField(max_length=150)),
                unindexed("study", models.CharField(blank=True, max_length=32)),
                unindexed("patient", models.CharField(blank=True, max_length=64)),
                unindexed("model", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Heading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True)),
                ("event", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=128)),
                ("actor", models.CharField(max_length=150)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("study", models.CharField(blank=True, max_length=32)),
                ("patient", models.CharField(blank=True, max_length=64)),
                ("model", models.CharField(blank=True, max_length=64)),
                ("outcome", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ("id",),
                "indexes": [
                    models.Index(fields=["event", "id"], name="heading_event"),
                    models.Index(fields=["subject", "id"], name="heading_subject"),
                    models.Index(fields=["actor", "id"], name="heading_actor"),
                    models.Index(fields=["study", "id"], name="heading_study"),
                    models.Index(fields=["patient", "id"], name="heading_patient"),
                    models.Index(fields=["model", "id"], name="heading_model"),
                    models.Index(fields=["outcome", "id"], name="heading_outcome"),
                ],
            },
        ),
        migrations.RunPython(write_headings, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
