"""What shows that a measurement standard still measures as it did: its parameters, its plan, its tests (JJF 1033, 4.6)."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from lims.core.frozen import Frozen
from lims.core.text import Text
from standards.models.fields import DigitsField
from standards.models.standard import MeasurementStandard

_MONTHS = [MinValueValidator(1), MaxValueValidator(120)]


class UpkeepPlan(models.Model):
    """How often a standard shows its capability, and what being late means. Without a row nothing is asked of it.

    JJF 1033 asks for repeatability and stability at least once a year; period checks are the institute's own plan. Months
    are data with their history: another edition of the rule is another number here. A test is late when the month in which
    its interval ends has passed.
    """

    standard = models.OneToOneField(MeasurementStandard, models.PROTECT, related_name="plan")
    repeatability_months = models.PositiveSmallIntegerField(
        _("重复性试验间隔（月）"), default=12, validators=_MONTHS, help_text=_("JJF 1033：每年至少一次")
    )
    stability_months = models.PositiveSmallIntegerField(
        _("稳定性考核间隔（月）"), default=12, validators=_MONTHS, help_text=_("JJF 1033：每年至少一次")
    )
    check_months = models.PositiveSmallIntegerField(
        _("期间核查间隔（月）"), null=True, blank=True, validators=_MONTHS, help_text=_("留空表示不安排期间核查")
    )
    lead_months = models.PositiveSmallIntegerField(
        _("复查提前（月）"), default=6, validators=_MONTHS, help_text=_("考核证书到期前多少个月申请复查")
    )
    lead_source = models.CharField(
        _("复查提前的依据"),
        max_length=200,
        blank=True,
        default="计量标准考核办法（2005 年公布的文本）：有效期届满前 6 个月",
    )
    lead_confirmed = models.BooleanField(_("复查提前已由本机构按现行规定确认"), default=False)
    since = models.DateField(_("自"), help_text=_("从这一天起按计划考核"))
    late_blocks = models.BooleanField(_("逾期未考核即不得使用"), default=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("考核计划")

    def __str__(self) -> str:
        return str(self.standard)


class Parameter(models.Model):
    """One parameter of a standard at one point, as its tests and its budget name it: every parameter is shown by itself."""

    class Use(models.TextChoices):
        NOMINAL = "nominal", _("按标称值（级）使用")
        CORRECTED = "corrected", _("加修正值（等）使用")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="parameters")
    name = models.CharField(_("参数"), max_length=80)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    point = models.CharField(_("测量点"), max_length=80, blank=True, help_text=_("如 220 V，32 A"))
    unit = models.CharField(_("单位"), max_length=30)
    use = models.CharField(_("使用方式"), max_length=10, choices=Use)
    limit = DigitsField(
        _("稳定性允许值"),
        help_text=_("按级使用为最大允许误差的绝对值，按等使用为修正值的 U（k=2）；单位同上，未知则留空"),
    )
    limit_source = models.CharField(_("允许值的依据"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("计量标准的参数")
        constraints = [models.UniqueConstraint(fields=["standard", "name", "point"], name="parameter_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.point}".strip()

    @property
    def title(self) -> Text:
        return Text(str(self), f"{self.name_en or self.name} {self.point}".strip())


class CapabilityTest(models.Model):
    """One test of one parameter on one day: what was read, what it was compared with, and the verdict. Never edited.

    `readings` are the digits as read, in their order. `given` holds what the judgement needs besides: for a verification
    of results the value, reference and uncertainties. A test entered wrongly is withdrawn with a reason and entered anew.
    """

    class Kind(models.TextChoices):
        REPEATABILITY = "repeatability", _("重复性试验")
        STABILITY = "stability", _("稳定性考核")
        VERIFICATION = "verification", _("检定或校准结果的验证")
        CHECK = "check", _("期间核查")

    class Verdict(models.TextChoices):
        PASS = "pass", _("符合")
        FAIL = "fail", _("不符合")
        UNDECIDED = "undecided", _("待判断")

    parameter = models.ForeignKey(Parameter, models.PROTECT, related_name="tests")
    kind = models.CharField(_("类别"), max_length=14, choices=Kind)
    on = models.DateField(_("日期"))
    readings = models.JSONField(_("读数"), default=list, blank=True)
    given = models.JSONField(default=dict, blank=True)
    object = models.CharField(_("被测对象/核查标准"), max_length=200)
    session = models.CharField(_("采集会话"), max_length=36, blank=True, help_text=_("读数来自检定装置时的会话号"))
    conditions = models.CharField(_("环境条件"), max_length=200, blank=True)
    performed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("试验人员")
    )
    value = DigitsField(_("结果"))
    limit = DigitsField(_("允许值"))
    verdict = models.CharField(_("结论"), max_length=10, choices=Verdict)
    said = models.CharField(max_length=200)
    said_en = models.CharField(max_length=200)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=300, blank=True)

    frozen = Frozen(
        columns=(
            "parameter", "kind", "on", "readings", "given", "object", "session", "conditions", "performed_by", "value",
            "limit", "verdict", "said", "said_en", "entered_by", "entered_at",
        )
    )  # fmt: skip

    class Meta:
        verbose_name = _("测量能力的确认")
        constraints = [
            models.UniqueConstraint(
                fields=["parameter", "kind", "on"],
                condition=Q(withdrawn_reason=""),
                name="capability_test_once_a_day",
                violation_error_message=_("该参数当日已有同类试验；录入有误时请先撤回"),
            )
        ]
        indexes = [models.Index(fields=["parameter", "kind", "on"], name="capability_test_in_time")]

    def __str__(self) -> str:
        return f"{self.parameter} · {self.get_kind_display()} {self.on:%Y-%m-%d}"

    @property
    def sentence(self) -> Text:
        return Text(self.said, self.said_en)

    @property
    def shown_value(self) -> str:
        """The result with four significant digits; judged with all of them."""
        return _shown(self.value)

    @property
    def shown_limit(self) -> str:
        return _shown(self.limit)


def _shown(digits: str) -> str:
    """At most four significant digits, without an exponent; fewer where fewer were given."""
    if not digits:
        return ""
    number = Decimal(digits)
    finest = number.adjusted() - 3
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= finest or finest >= 0:
        return digits
    return f"{number.quantize(Decimal(1).scaleb(finest)):f}"
