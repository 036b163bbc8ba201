"""Events are found by their words. Those that have their place get theirs here, in the order of their numbers."""

import django.db.models.deletion
from django.db import migrations, models

from lims.audit.words import words

CHUNK = 5000


def enter(apps, schema_editor):
    Event, Words = apps.get_model("audit", "Event"), apps.get_model("audit", "Words")
    last = 0
    while True:
        rows = list(Event.objects.filter(pk__gt=last, entry__isnull=False).order_by("pk")[:CHUNK])
        if not rows:
            return
        Words.objects.bulk_create(
            [Words(event=one, words=words(one.payload, one.object_label, one.actor_name)) for one in rows], batch_size=500
        )
        last = rows[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0004_stamp"),
    ]

    operations = [
        migrations.CreateModel(
            name="Words",
            fields=[
                ("event", models.OneToOneField(db_column="id", db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="words", serialize=False, to="audit.event")),
                ("words", models.TextField()),
            ],
            options={
                "verbose_name": "事件用词",
            },
        ),
        migrations.RunPython(enter, migrations.RunPython.noop),
    ]
