"""What `manage.py doctor` asks about certificates: the fonts they are set in, and the keys of the seal."""

import stat
from datetime import UTC, timedelta
from pathlib import Path

from django.conf import settings

from certificates.documents import fonts
from certificates.models import SealedFile
from certificates.sealing.errors import SealingError
from certificates.services.sealing import sealer
from lims.core import clock
from lims.core.health import probe
from lims.core.text import Reason, Text, reason

# One character of each kind a certificate prints: Chinese, Latin, digits, units, punctuation.
SAMPLE = "检定证书ABC019℃Ω±（）"
SOON = timedelta(days=60)


@probe("fonts")
def fonts_have_their_glyphs() -> Reason | Text:
    try:
        lacking = {char for name in (fonts.SANS, fonts.SERIF) for char in SAMPLE if fonts.place(char, name) is None}
    except Exception as error:  # a font file that is missing or damaged fails in ways of its own
        return reason(
            "fonts_unusable",
            f"证书字体无法使用：{error}",
            f"the fonts of certificates cannot be used: {error}",
            f"请恢复目录 {fonts.FOLDER} 中的字体文件",
            f"bring back the font files in {fonts.FOLDER}",
        )
    if lacking:
        return reason(
            "glyphs_missing",
            f"证书字体缺少字符 {''.join(sorted(lacking))}",
            f"the fonts of certificates lack {''.join(sorted(lacking))}",
            f"请恢复目录 {fonts.FOLDER} 中的字体文件",
            f"bring back the font files in {fonts.FOLDER}",
        )
    return Text("字形齐全", "every glyph is there")


@probe("keys")
def keys_are_readable_by_their_owner_only() -> Reason | None:
    folder = Path(settings.KEYS_DIR)
    secret = list(folder.rglob("*.key"))
    secret += [Path(settings.SEAL_PKCS12)] if settings.SEAL_PKCS12 else []
    open_to_others = [path for path in secret if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if not open_to_others:
        return None
    return reason(
        "keys_open",
        f"其他用户可以读取 {open_to_others[0]}",
        f"{open_to_others[0]} can be read by other users",
        f"请运行 chmod -R go= {open_to_others[0]}",
        f"run: chmod -R go= {open_to_others[0]}",
    )


@probe("seal")
def seal_can_be_used() -> Reason | Text:
    """Opens the seal as the worker does. A development authority that was never used is not made by asking."""
    real = settings.SEAL_PKCS11_MODULE or settings.SEAL_PKCS12
    if not real and not (Path(settings.KEYS_DIR).is_dir() and any(Path(settings.KEYS_DIR).iterdir())):
        if SealedFile.objects.exists():
            return reason(
                "keys_lost",
                f"已有签发的证书，但密钥目录 {settings.KEYS_DIR} 是空的",
                f"certificates have been sealed, yet the keys directory {settings.KEYS_DIR} is empty",
                "请从单独保存的副本恢复密钥；否则将产生新的根证书",
                "bring the keys back from their own copy; otherwise a new root will be made",
            )
        return Text("首次签发时创建开发证书", "the development authority is made when the first certificate is sealed")
    try:
        keys = sealer().keys
        keys.signer.detached(bytes(32))  # a token may have been unplugged since it was opened
        certificate = keys.certificate
    except (SealingError, OSError, ValueError) as error:
        told = error.text if isinstance(error, SealingError) else Text(str(error), str(error))
        return reason(
            "seal_unusable",
            f"印章不能使用：{told.zh}",
            f"the seal cannot be used: {told.en}",
            "请检查 LIMS_SEAL_PKCS12、LIMS_SEAL_PASSPHRASE（或 LIMS_SEAL_PKCS11_*、LIMS_SEAL_CERTIFICATES）、"
            "LIMS_SEAL_ROOTS、LIMS_TIMESTAMP_URL",
            "look at LIMS_SEAL_PKCS12, LIMS_SEAL_PASSPHRASE (or LIMS_SEAL_PKCS11_*, LIMS_SEAL_CERTIFICATES), "
            "LIMS_SEAL_ROOTS, LIMS_TIMESTAMP_URL",
        )
    ends = certificate.not_valid_after_utc
    if ends < clock.now() + SOON:
        return reason(
            "seal_expires",
            f"印章证书有效期至 {ends.astimezone(UTC):%Y-%m-%d}",
            f"the seal's certificate ends on {ends.astimezone(UTC):%Y-%m-%d}",
            "请向证书机构更新印章证书",
            "have the authority renew the seal's certificate",
        )
    return Text(f"有效期至 {ends:%Y-%m-%d}", f"valid until {ends:%Y-%m-%d}")
