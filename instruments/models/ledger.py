"""The ledger of customers' instruments: where they stand, what they consist of, how they are sealed."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from lims.core.search import SearchIndex
from lims.core.text import Text
from lims.people.models import Organisation
from standards.models import Category


class Site(models.Model):
    """A place of a customer where instruments stand: a charging station, a petrol station, a market."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="sites", verbose_name=pgettext_lazy("organisation", "单位")
    )
    name = models.CharField(_("场所名称"), max_length=160)
    address = models.CharField(_("地址"), max_length=300, blank=True)
    district = models.CharField(_("行政区划"), max_length=80, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("使用场所")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="site_name_once")]

    def __str__(self) -> str:
        return self.name


class Instrument(models.Model):
    """One instrument (计量器具) of a customer. `parameters` holds what procedures ask for, as strings."""

    class State(models.TextChoices):
        IN_USE = "in_use", _("在用")
        STOPPED = "stopped", _("停用")
        SCRAPPED = "scrapped", _("报废")

    ledger_number = models.CharField(_("台账号"), max_length=20, unique=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="instruments", verbose_name=pgettext_lazy("organisation", "单位")
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="instruments", verbose_name=_("使用场所")
    )
    position = models.CharField(_("安装位置"), max_length=120, blank=True)
    category = models.CharField(_("器具类别"), max_length=30, choices=Category)
    name = models.CharField(_("器具名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=160, blank=True)
    model = models.CharField(_("型号规格"), max_length=120)
    manufacturer = models.CharField(_("制造单位"), max_length=160)
    serial = models.CharField(_("出厂编号"), max_length=80)
    accuracy_class = models.CharField(_("准确度等级"), max_length=40, blank=True)
    measuring_range = models.CharField(_("测量范围"), max_length=200, blank=True)
    parameters = models.JSONField(_("参数"), default=dict, blank=True)
    due_on = models.DateField(_("检定到期日"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.IN_USE)
    version = models.PositiveIntegerField(default=1, help_text="raised by every change; a stale form is refused")
    entered_at = models.DateTimeField(auto_now_add=True)
    search = models.TextField(editable=False, default="")
    history = HistoricalRecords(excluded_fields=["search"])

    search_index = SearchIndex("search")

    class Meta:
        verbose_name = _("计量器具")
        constraints = [
            models.UniqueConstraint(fields=["manufacturer", "model", "serial"], name="instrument_identity_once"),
        ]
        indexes = [
            # Read by selectors.ledger.instruments, which pages by ledger number.
            models.Index(fields=["organisation", "ledger_number"], name="instrument_by_organisation"),
            models.Index(fields=["category", "ledger_number"], name="instrument_by_category"),
            models.Index(fields=["site", "ledger_number"], name="instrument_by_site"),
            models.Index(fields=["due_on", "ledger_number"], name="instrument_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.ledger_number} {self.name} {self.serial}"

    @property
    def title(self) -> Text:
        """The name in both languages; the Chinese one where the ledger has no English."""
        return Text(self.name, self.name_en or self.name)


class SubUnit(models.Model):
    """A part that is verified by itself and carries a number of its own: a nozzle of a dispenser, a connector of a pile."""

    class Kind(models.TextChoices):
        NOZZLE = "nozzle", _("油枪")
        CONNECTOR = "connector", _("充电接口")
        OTHER = "other", _("其他")

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="sub_units")
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    label = models.CharField(_("标识"), max_length=40, help_text=_("如 1号枪"))
    number = models.CharField(_("编号"), max_length=80, blank=True)
    parameters = models.JSONField(_("参数"), default=dict, blank=True)
    retired_on = models.DateField(_("停用日期"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("子单元")
        constraints = [models.UniqueConstraint(fields=["instrument", "label"], name="sub_unit_label_once")]

    def __str__(self) -> str:
        return self.label


class Part(models.Model):
    """A component whose replacement matters: transducer, encoder, board, software version. Replaced, never overwritten."""

    class Kind(models.TextChoices):
        TRANSDUCER = "transducer", _("流量测量变换器")
        ENCODER = "encoder", _("编码器")
        MONITOR = "monitor", _("监控微处理器")
        BOARD = "board", _("计控主板")
        METER = "meter", _("电能表（计量模块）")
        SOFTWARE = "software", _("软件")
        OTHER = "other", _("其他")

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="parts")
    sub_unit = models.ForeignKey(SubUnit, models.PROTECT, null=True, blank=True, related_name="parts")
    kind = models.CharField(_("部件"), max_length=12, choices=Kind)
    model = models.CharField(_("型号"), max_length=120, blank=True)
    serial = models.CharField(_("编号"), max_length=80, blank=True)
    version = models.CharField(_("版本号"), max_length=80, blank=True)
    installed_on = models.DateField(_("安装（登记）日期"))
    removed_on = models.DateField(_("拆除日期"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("关键部件")
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_on=None) | Q(removed_on__gte=F("installed_on")), name="part_dates"
            ),
            models.CheckConstraint(condition=~Q(serial="", version=""), name="part_serial_or_version"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.serial or self.version}"


class Seal(models.Model):
    """A seal (封印) at one place of an instrument or sub-unit. A new seal ends the old one at the same place."""

    class Position(models.TextChoices):
        TRANSDUCER_ADJUSTMENT = "transducer_adjustment", _("流量测量变换器调整装置")
        ENCODER_TRANSDUCER = "encoder_transducer", _("编码器与流量测量变换器之间")
        BOARD_CABINET = "board_cabinet", _("计控主板与机壳之间")
        METER = "meter", _("电能表（计量模块）")
        CABINET = "cabinet", _("机壳")
        OTHER = "other", _("其他")

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="seals")
    sub_unit = models.ForeignKey(SubUnit, models.PROTECT, null=True, blank=True, related_name="seals")
    position = models.CharField(_("封印位置"), max_length=30, choices=Position)
    code = models.CharField(_("封印编号"), max_length=80)
    applied_on = models.DateField(_("施封日期"))
    removed_on = models.DateField(_("拆封日期"), null=True, blank=True)
    task = models.CharField(_("任务编号"), max_length=40, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("封印")
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "position"],
                condition=Q(removed_on=None, sub_unit=None),
                name="seal_one_at_a_place",
            ),
            models.UniqueConstraint(
                fields=["sub_unit", "position"], condition=Q(removed_on=None), name="seal_one_at_a_place_of_sub_unit"
            ),
            models.CheckConstraint(
                condition=Q(removed_on=None) | Q(removed_on__gte=F("applied_on")), name="seal_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_position_display()} {self.code}"
