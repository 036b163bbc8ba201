"""The categories of instruments that procedures are written for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.TextChoices):
    """Codes as procedure packs write them."""

    CHARGING_PILE_AC = "charging_pile_ac", _("交流充电桩")
    CHARGING_PILE_DC = "charging_pile_dc", _("非车载充电机（直流）")
    FUEL_DISPENSER = "fuel_dispenser", _("燃油加油机")
    SCALE_DIGITAL = "scale_digital", _("数字指示秤")
    PRESSURE_GAUGE = "pressure_gauge", _("一般压力表")
