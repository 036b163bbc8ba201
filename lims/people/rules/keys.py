"""Who may make, use and end a personal signing key, and why not."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from lims.core.text import Reason, Text, reason
from lims.people.models import PersonalKey, Role, User
from lims.people.rules import has_role, reason_given

SHORTEST_PASSPHRASE = 10


def key_is_ones_own(person: User, by: User) -> Reason | None:
    """A key is made and its passphrase changed by its owner alone: nobody else may ever know the passphrase."""
    if person.pk == by.pk and person.is_active:
        return None
    return reason(
        "not_own_key",
        "签名密钥只能由本人创建和更改口令",
        "Only its owner makes a signing key or changes its passphrase",
        f"请 {person} 本人登录后办理",
        f"Have {person} sign in and do it",
    )


def may_revoke_key(person: User, by: User) -> Reason | None:
    """Whoever may have lost it, and those who answer for the institute's people."""
    if person.pk == by.pk and by.is_active:
        return None
    return has_role(by, Role.QUALITY_MANAGER, Role.ADMINISTRATOR)


def may_sign(person: User) -> Reason | None:
    """Keys are for those whose acts are signed."""
    return has_role(person, Role.TECHNICIAN, Role.CHECKER, Role.APPROVER)


def proved_by_password(by: User, password: str, *, reauthenticated: bool) -> Reason | None:
    """Making a key binds it to a person, so the person proves himself anew."""
    if reauthenticated or (password and by.check_password(password)):
        return None
    return reason(
        "not_proved",
        "登录密码不正确" if password else "请输入登录密码确认身份",
        "The sign-in password is not correct" if password else "Enter the sign-in password to prove who you are",
        "请重新输入您自己的登录密码",
        "Enter your own sign-in password again",
        where="password",
    )


def no_key() -> Reason:
    return reason(
        "no_key",
        "您还没有签名密钥，不能签名",
        "You have no signing key yet, so you cannot sign",
        "请先在右上角菜单的“我的签名密钥”中创建密钥（一分钟），再回到此页",
        "Make one under “My signing key” in the menu at the top right (a minute), then come back to this page",
        where="passphrase",
    )


def passphrase_needed() -> Reason:
    return reason(
        "passphrase_needed",
        "请输入签名口令",
        "Enter the passphrase of your signing key",
        "签名口令是创建签名密钥时设定的，不是登录密码",
        "It was chosen when the key was made; it is not the sign-in password",
        where="passphrase",
    )


def wrong_passphrase(left: int) -> Reason:
    return reason(
        "wrong_passphrase",
        f"签名口令不正确，还可以试 {left} 次" if left else "签名口令不正确，密钥暂停使用",
        f"The passphrase is not correct; {left} more tries"
        if left
        else "The passphrase is not correct; the key is closed for now",
        "请重新输入；如已遗忘，请在“我的签名密钥”中报失后创建新密钥",
        "Enter it again; if it is forgotten, report the loss under “My signing key” and make a new key",
        where="passphrase",
    )


def key_closed(until: datetime) -> Reason:
    return reason(
        "too_many_attempts",
        f"签名口令多次错误，{timezone.localtime(until):%H:%M:%S} 前不能再试",
        f"Too many wrong passphrases; no further try before {timezone.localtime(until):%H:%M:%S}",
        "请稍后再试；如果不是您本人在尝试，请立即报失",
        "Wait; if it was not you who tried, report the key as lost at once",
        where="passphrase",
    )


def key_ended(key: PersonalKey) -> Reason:
    return reason(
        "key_ended",
        f"签名密钥 {key.fingerprint[:16]} 已停用，不能再签名",
        f"The signing key {key.fingerprint[:16]} has ended and signs nothing any more",
        "请在“我的签名密钥”中创建新密钥后重新签名",
        "Make a new key under “My signing key” and sign again",
        where="passphrase",
    )


def key_expired(key: PersonalKey) -> Reason:
    return reason(
        "key_expired",
        f"签名密钥的证书已于 {timezone.localtime(key.valid_until):%Y-%m-%d} 到期",
        f"The certificate of the signing key ended on {timezone.localtime(key.valid_until):%Y-%m-%d}",
        "请在“我的签名密钥”中更换密钥",
        "Replace the key under “My signing key”",
        where="passphrase",
    )


def authority_unusable(text: Text) -> Reason:
    return reason(
        "authority_unusable",
        f"不能签发密钥证书：{text.zh}",
        f"No certificate can be made for a key: {text.en}",
        "请系统管理员从单独保存的副本恢复密钥目录",
        "Have the administrator bring the keys directory back from its own copy",
    )


def signature_unfit(text: Text) -> Reason:
    """A signature that does not say what it should, in the words of whoever looked at it."""
    return reason(
        "signature_unfit",
        f"签名不能使用：{text.zh}",
        f"The signature cannot be used: {text.en}",
        "请刷新页面，重新查看记录后签名",
        "Reload the page, look at the record again and sign anew",
    )


def passphrase_is_strong(passphrase: str, person: User) -> Reason | None:
    """The stored key can be attacked without asking us, so the passphrase alone must hold."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        return reason(
            "passphrase_short",
            f"签名口令至少需要 {SHORTEST_PASSPHRASE} 个字符",
            f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters",
            "例如用四个互不相关的词组成口令",
            "Four words that have nothing to do with each other make a good one",
            where="passphrase",
        )
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            try:
                validate_password(passphrase, person)
            except ValidationError as error:
                said.append(" ".join(error.messages))
    if not said:
        return None
    return reason("passphrase_weak", said[0], said[1], "请换一个口令", "Choose another one", where="passphrase")


def revocation_is_explained(why_code: str, why: str, *, own: bool) -> Reason | None:
    """Whoever reports his own key says what happened; for another's key it is also written why."""
    codes = [PersonalKey.Why.LOST, PersonalKey.Why.SUSPECTED] + ([] if own else [PersonalKey.Why.LEFT])
    if why_code not in codes:
        return reason(
            "why_unknown",
            "请选择停用原因",
            "Choose why the key is revoked",
            "从所列原因中选择",
            "Choose one of the listed reasons",
            where="why_code",
        )
    return None if own else reason_given(why)
