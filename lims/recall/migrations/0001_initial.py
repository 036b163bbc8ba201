import django.db.models.deletion
import standards.models.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('certificates', '0004_of_record'),
        ('people', '0003_competence'),
        ('standards', '0005_certified_forms'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RecallCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=400, verbose_name='发现了什么')),
                ('known_on', models.DateField(verbose_name='发现日期')),
                ('until', models.DateField(help_text='这一天（含）之后不再受影响', verbose_name='截止日期')),
                ('state', models.CharField(choices=[('draft', '草稿'), ('traced', '已列出涉及的证书'), ('computing', '重新计算中'), ('computed', '已重新计算'), ('closed', '已结束'), ('superseded', '已被取代')], default='draft', max_length=10, verbose_name='状态')),
                ('opened_at', models.DateTimeField()),
                ('traced_at', models.DateTimeField(null=True)),
                ('touched', models.PositiveIntegerField(default=0)),
                ('totals', models.JSONField(default=dict, help_text='of the certificates touched: by year, category and customer')),
                ('computed_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('closing', models.CharField(blank=True, max_length=400, verbose_name='结束说明')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('supersedes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='recall.recallcase')),
            ],
            options={
                'verbose_name': '影响追溯',
            },
        ),
        migrations.CreateModel(
            name='RecallItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(choices=[('charging_pile_ac', '交流充电桩'), ('charging_pile_dc', '非车载充电机（直流）'), ('fuel_dispenser', '燃油加油机'), ('scale_digital', '数字指示秤'), ('pressure_gauge', '一般压力表')], max_length=30, verbose_name='器具类别')),
                ('verified_on', models.DateField(verbose_name='检定日期')),
                ('state', models.CharField(choices=[('waiting', '待计算'), ('done', '已计算')], default='waiting', max_length=7, verbose_name='状态')),
                ('effect', models.CharField(blank=True, choices=[('known', '已算出'), ('unknown', '影响不明')], max_length=7, verbose_name='影响')),
                ('old_conclusion', models.CharField(blank=True, max_length=12)),
                ('new_conclusion', models.CharField(blank=True, max_length=12)),
                ('flip', models.BooleanField(default=False, verbose_name='结论改变')),
                ('reprinted', models.BooleanField(default=False, verbose_name='所印数值改变')),
                ('worst', standards.models.fields.DigitsField(blank=True, max_length=40, verbose_name='最大变化/最大允许误差')),
                ('rank', models.BigIntegerField(default=-1)),
                ('earlier', models.CharField(blank=True, choices=[('stand', '证书仍然有效'), ('withdraw', '撤回'), ('correct', '更正后替代'), ('notify', '只告知客户')], help_text='decided in a case that this one supersedes', max_length=8)),
                ('unsupported', models.BooleanField(default=False, help_text='whether the result no longer supports that decision')),
                ('decision', models.CharField(blank=True, choices=[('stand', '证书仍然有效'), ('withdraw', '撤回'), ('correct', '更正后替代'), ('notify', '只告知客户')], max_length=8, verbose_name='处理')),
                ('details', models.TextField(blank=True, help_text='canonical JSON of changes and reasons')),
                ('case', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='recall.recallcase')),
                ('certificate', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='certificates.certificate')),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.organisation')),
            ],
            options={
                'verbose_name': '涉及的证书',
            },
        ),
        migrations.CreateModel(
            name='RecallDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('stand', '证书仍然有效'), ('withdraw', '撤回'), ('correct', '更正后替代'), ('notify', '只告知客户')], max_length=8, verbose_name='处理')),
                ('reason', models.CharField(max_length=300, verbose_name='理由')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='recall.recallitem')),
            ],
            options={
                'verbose_name': '处理决定',
            },
        ),
        migrations.CreateModel(
            name='RecallLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statement', models.CharField(choices=[('relative', '示值有相对误差'), ('absolute', '示值有绝对误差'), ('unknown', '超差，误差大小不明'), ('certificate', '证书由另一份代替')], max_length=11, verbose_name='情况')),
                ('amount', standards.models.fields.DigitsField(blank=True, max_length=40, verbose_name='误差（示值−真值）')),
                ('unit', models.CharField(blank=True, max_length=30, verbose_name='误差单位')),
                ('quantity', models.CharField(blank=True, help_text='如 energy；留空表示所有示值', max_length=40, verbose_name='只涉及的量')),
                ('since', models.DateField(help_text='最后一次证明设备完好的日期', verbose_name='自')),
                ('evidence', models.CharField(max_length=300, verbose_name='起始日期的依据')),
                ('evidence_en', models.CharField(max_length=300)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='recall.recallcase')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recall_lines', to='standards.device', verbose_name='设备')),
                ('new_certificate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='standards.devicecertificate', verbose_name='代替它的证书')),
                ('old_certificate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='standards.devicecertificate', verbose_name='原证书')),
            ],
            options={
                'verbose_name': '设备情况',
            },
        ),
        migrations.CreateModel(
            name='RecallReach',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(verbose_name='自')),
                ('until', models.DateField(verbose_name='至')),
                ('via', models.JSONField(default=list)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reaches', to='recall.recallcase')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='standards.device')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reaches', to='recall.recallline')),
            ],
            options={
                'verbose_name': '涉及的设备',
            },
        ),
        migrations.AddIndex(
            model_name='recallitem',
            index=models.Index(fields=['case', 'rank', 'id'], name='recall_item_ranked'),
        ),
        migrations.AddConstraint(
            model_name='recallitem',
            constraint=models.UniqueConstraint(fields=('certificate', 'case'), name='recall_item_once'),
        ),
        migrations.AddConstraint(
            model_name='recalldecision',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='recall_decision_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='recallline',
            constraint=models.UniqueConstraint(fields=('case', 'device'), name='recall_device_once'),
        ),
        migrations.AddConstraint(
            model_name='recallline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('new_certificate', None), ('old_certificate', None), ('statement__in', ['relative', 'absolute']), models.Q(('amount', ''), _negated=True), models.Q(('unit', ''), _negated=True)), models.Q(('amount', ''), ('new_certificate', None), ('old_certificate', None), ('statement', 'unknown'), ('unit', '')), models.Q(('amount', ''), ('new_certificate__isnull', False), ('old_certificate__isnull', False), ('statement', 'certificate')), _connector='OR'), name='recall_line_whole'),
        ),
    ]
