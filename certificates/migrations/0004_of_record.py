

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0003_later_life'),
        ('instruments', '0001_initial'),
        ('people', '0003_competence'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='certificate',
            index=models.Index(fields=['record', 'kind', 'state', 'verified_on', 'instrument', 'organisation'], name='certificate_of_record'),
        ),
    ]
