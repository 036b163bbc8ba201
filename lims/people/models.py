"""Who works here, who our customers are, and what each person may do until when."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from lims.core.frozen import Frozen
from lims.core.models import StoredFile
from lims.core.text import Text


class Organisation(models.Model):
    """The institute itself, or a customer (送检单位)."""

    class Kind(models.TextChoices):
        INSTITUTE = "institute", _("本机构")
        CUSTOMER = "customer", _("客户")

    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    name = models.CharField(_("名称"), max_length=200)
    name_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    address = models.CharField(_("地址"), max_length=300, blank=True)
    postcode = models.CharField(_("邮政编码"), max_length=10, blank=True)
    phone = models.CharField(_("电话"), max_length=40, blank=True)
    email = models.EmailField(_("电子邮件"), blank=True)
    authorisation_number = models.CharField(_("计量检定机构授权证书号"), max_length=100, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("机构")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="organisation_name_once"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="institute"), name="one_institute"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> Text:
        """The name in both languages; the Chinese one where no English is entered."""
        return Text(self.name, self.name_en or self.name)


class Department(models.Model):
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="departments")
    name = models.CharField(_("名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("部门")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="department_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> Text:
        """The name in both languages; the Chinese one where no English is entered."""
        return Text(self.name, self.name_en or self.name)


class Role(models.TextChoices):
    RECEPTIONIST = "receptionist", _("业务受理员")
    TECHNICIAN = "technician", _("检定员")
    CHECKER = "checker", _("核验员")
    APPROVER = "approver", _("批准人")
    TECHNICAL_LEAD = "technical_lead", _("技术负责人")
    QUALITY_MANAGER = "quality_manager", _("质量负责人")
    AUDITOR = "auditor", _("审核员")
    CUSTOMER = "customer", _("客户用户")
    ADMINISTRATOR = "administrator", _("系统管理员")


class User(AbstractUser):
    """A person who signs in. `display_name` is what certificates and events print."""

    display_name = models.CharField(_("姓名"), max_length=60)
    display_name_en = models.CharField(_("英文姓名"), max_length=80, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="people")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="people")
    title = models.CharField(_("职务"), max_length=60, blank=True)
    title_en = models.CharField(_("英文职务"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("人员")

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def shown_name(self) -> Text:
        """The name in both languages; the Chinese one where no English is entered."""
        return Text(str(self), self.display_name_en or str(self))


class UserRole(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="held_roles")
    role = models.CharField(_("角色"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("人员角色")
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_held_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Qualification(models.Model):
    """A metrologist's professional qualification (注册计量师资格), as printed on the document.

    `valid_until` only where the document prints one; a certificate without an end does not expire.
    """

    class Level(models.TextChoices):
        FIRST = "1", _("一级注册计量师")
        SECOND = "2", _("二级注册计量师")
        PROJECT = "project", _("计量专业项目考核合格")

    user = models.ForeignKey(User, models.PROTECT, related_name="qualifications")
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    certificate_number = models.CharField(_("证书编号"), max_length=60)
    issued_on = models.DateField(_("发证日期"))
    issuer = models.CharField(_("发证机关"), max_length=120, blank=True)
    valid_until = models.DateField(_("证书有效期至"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("职业资格")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("issued_on")), name="qualification_dates"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_level_display()} {self.certificate_number}"


class Registration(models.Model):
    """Registration of the qualification with the employing institute. Dates as printed; no period is assumed."""

    qualification = models.ForeignKey(Qualification, models.PROTECT, related_name="registrations")
    number = models.CharField(_("注册号"), max_length=60)
    employer = models.CharField(_("执业单位"), max_length=200)
    scope = models.CharField(_("计量专业项目"), max_length=300, blank=True)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("注册")
        constraints = [models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="registration_dates")]

    def __str__(self) -> str:
        return self.number


class Authorisation(models.Model):
    """The institute's own authorisation: this person may do this act for this procedure or category in this period.

    `train` is not to verify: the person takes readings, and one of the supervisors named answers for them.
    """

    class Scope(models.TextChoices):
        PROCEDURE = "procedure", _("规程")
        CATEGORY = "category", _("器具类别")

    class Act(models.TextChoices):
        VERIFY = "verify", _("检定")
        CHECK = "check", _("核验")
        APPROVE = "approve", _("批准")
        TRAIN = "train", _("见习检定")

    user = models.ForeignKey(User, models.PROTECT, related_name="authorisations")
    scope_kind = models.CharField(_("范围类别"), max_length=10, choices=Scope)
    scope = models.CharField(_("范围"), max_length=60, help_text="e.g. JJG 1148, or charging_pile_ac")
    act = models.CharField(_("授权事项"), max_length=10, choices=Act)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"))
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    revoked_on = models.DateField(_("撤销日期"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("人员授权")
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="authorisation_dates")
        ]
        indexes = [models.Index(fields=["user", "act", "scope"], name="authorisation_lookup")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_act_display()} · {self.scope}"


class Supervision(models.Model):
    """Who may answer for a trainee's work, as long as the authorisation to train runs."""

    authorisation = models.ForeignKey(Authorisation, models.PROTECT, related_name="supervisions")
    supervisor = models.ForeignKey(User, models.PROTECT, verbose_name=_("指导人员"), related_name="supervisions")
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("指导")
        constraints = [models.UniqueConstraint(fields=["authorisation", "supervisor"], name="supervisor_named_once")]

    def __str__(self) -> str:
        return f"{self.authorisation.user} ← {self.supervisor}"


class Requirement(models.Model):
    """What the institute asks of its people, with where it is written. The newest one that has begun on a day counts then.

    Nothing is changed: another value is another row. Without a row the value is not known, and is shown as that.
    """

    class Key(models.TextChoices):
        REGISTRATION = "registration", _("检定人员的注册或项目考核")
        EDUCATION = "education", _("每一注册周期的继续教育学时")

    class Registered(models.TextChoices):
        """Whether a registration or project certificate must be valid on the day for verifying."""

        NOT_ASKED = "not_asked", _("不核对")
        IF_ENTERED = "if_entered", _("有登记的必须有效，没有登记的提示")
        ALWAYS = "always", _("必须有效")

    key = models.CharField(_("要求"), max_length=20, choices=Key)
    value = models.CharField(_("内容"), max_length=20, help_text="a code of Registered, or hours as decimal text")
    source = models.CharField(_("依据"), max_length=300)
    confirmed = models.BooleanField(_("已与原文核对"), default=False)
    valid_from = models.DateField(_("自何日起"))
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("登记时间"))

    frozen = Frozen()

    class Meta:
        verbose_name = _("人员要求")
        indexes = [models.Index(fields=["key", "-valid_from", "-id"], name="requirement_newest")]

    def __str__(self) -> str:
        return f"{self.get_key_display()} {self.value}"


class Education(models.Model):
    """One piece of continuing education (继续教育). The hours are those on the proof, as written there."""

    person = models.ForeignKey(User, models.PROTECT, related_name="education")
    held_on = models.DateField(_("结束日期"))
    hours = models.CharField(_("学时"), max_length=12, help_text="decimal text")
    subject = models.CharField(_("内容"), max_length=300)
    organiser = models.CharField(_("举办单位"), max_length=200)
    proof = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("证明文件")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("继续教育")
        indexes = [models.Index(fields=["person", "held_on"], name="education_by_person")]

    def __str__(self) -> str:
        return f"{self.person} · {self.subject}"


class WitnessedTest(models.Model):
    """Somebody watched this person at work (现场见证): what was seen, the verdict, and when it is due again.

    `due_on` is what the witness decided; no interval is assumed.
    """

    class Verdict(models.TextChoices):
        FIT = "fit", _("胜任")
        PARTLY = "partly", _("需改进")
        UNFIT = "unfit", _("不胜任")

    person = models.ForeignKey(User, models.PROTECT, related_name="witnessed")
    witness = models.ForeignKey(User, models.PROTECT, verbose_name=_("见证人"), related_name="+")
    held_on = models.DateField(_("见证日期"))
    procedure = models.CharField(_("规程"), max_length=60, help_text="e.g. JJG 1148")
    task = models.CharField(_("任务编号"), max_length=30, blank=True, help_text="the work that was watched")
    findings = models.TextField(_("所见"), max_length=2000)
    verdict = models.CharField(_("评价"), max_length=8, choices=Verdict)
    due_on = models.DateField(_("下次见证不迟于"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("现场见证")
        constraints = [
            models.CheckConstraint(condition=~Q(person=F("witness")), name="witness_is_another"),
            models.CheckConstraint(condition=Q(due_on=None) | Q(due_on__gt=F("held_on")), name="witnessed_dates"),
        ]
        indexes = [models.Index(fields=["person", "procedure", "held_on"], name="witnessed_by_person")]

    def __str__(self) -> str:
        return f"{self.person} · {self.procedure} · {self.held_on}"


class PersonalKey(models.Model):
    """A person's own signing key: its certificate for everybody, the private key for whoever knows the passphrase.

    A key that ended stays for good, since what it signed must be verifiable; its private key is deleted then.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("使用中")
        SUPERSEDED = "superseded", _("已更换")
        REVOKED = "revoked", _("已停用")

    class Why(models.TextChoices):
        LOST = "lost", _("遗忘口令或密钥丢失")
        SUSPECTED = "suspected", _("怀疑被他人知悉")
        LEFT = "left", _("离岗")
        REPLACED = "replaced", _("更换新密钥")

    person = models.ForeignKey(User, models.PROTECT, related_name="keys")
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ACTIVE)
    certificate = models.TextField(help_text="PEM")
    serial = models.CharField(_("证书序列号"), max_length=40, unique=True, help_text="hexadecimal")
    fingerprint = models.CharField(_("证书指纹"), max_length=64, unique=True, help_text="hex SHA-256 of the DER")
    valid_until = models.DateTimeField(_("有效期至"))
    locked_key = models.TextField(blank=True, help_text="envelope of lims.people.keys.locker; empty once ended")
    created_at = models.DateTimeField(_("创建时间"))
    ended_at = models.DateTimeField(_("停用时间"), null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why_code = models.CharField(_("停用原因"), max_length=10, choices=Why, blank=True)
    why = models.CharField(_("说明"), max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="passphrases tried since the last right one")
    closed_until = models.DateTimeField(null=True, help_text="no further try before this moment")

    frozen = Frozen(columns=("person", "certificate", "serial", "fingerprint", "valid_until", "created_at"))

    class Meta:
        verbose_name = _("签名密钥")
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(state="active"), name="one_active_key"),
            models.CheckConstraint(
                condition=(Q(state="active", ended_at=None) & ~Q(locked_key=""))
                | (~Q(state="active") & Q(ended_at__isnull=False, locked_key="")),
                name="ended_key_is_deleted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.fingerprint[:16]}"


class Signature(models.Model):
    """What a person signed with the own key: an act on an object with a digest. The JWS is verifiable alone."""

    class Act(models.TextChoices):
        SUBMIT = "submit", _("提交")
        CHECK = "check", _("核验")
        APPROVE = "approve", _("批准")

    act = models.CharField(_("签名事项"), max_length=10, choices=Act)
    subject = models.CharField(_("签名对象"), max_length=80, help_text="e.g. record:RW-2026-000001-1")
    sha256 = models.CharField(_("内容摘要"), max_length=64)
    jws = models.TextField()
    person = models.ForeignKey(User, models.PROTECT, related_name="signatures")
    key = models.ForeignKey(PersonalKey, models.PROTECT, related_name="signatures")
    at = models.DateTimeField(_("签名时间"))

    frozen = Frozen()

    class Meta:
        verbose_name = _("个人签名")
        constraints = [models.UniqueConstraint(fields=["subject", "act"], name="signed_once")]

    def __str__(self) -> str:
        return f"{self.subject} · {self.act}"
