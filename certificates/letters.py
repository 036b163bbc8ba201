"""The wording of a recall, Chinese first, English below. Plain text: every mail program shows it."""

import json

from django.conf import settings

from certificates.models import Certificate

SEEN = "/portal/notices/"


def subject(certificate: Certificate) -> str:
    if certificate.state == Certificate.State.WITHDRAWN:
        return f"【证书撤回】{certificate} · Certificate withdrawn"
    return f"【证书替代】{certificate} · Certificate replaced"


def body(certificate: Certificate) -> str:
    """What happened to the certificate, why, what to do, and where to confirm."""
    facts = json.loads(certificate.facts)
    institute, instrument = facts["institute"], facts["instrument"]
    what_zh = f"{instrument['name']['zh']} {instrument['model']}（出厂编号 {instrument['serial']}）"
    what_en = f"{instrument['name']['en']} {instrument['model']} (serial No. {instrument['serial']})"
    successor = certificate.replaced_by
    if certificate.state == Certificate.State.WITHDRAWN:
        done_zh, done_en = "已由本机构撤回，自即日起不得再使用", "has been withdrawn and must no longer be used"
    else:
        done_zh, done_en = "内容有误，已被替代，不得再使用", "was wrong, has been replaced and must no longer be used"
    zh = [
        f"{facts['client']['name']}：",
        "",
        f"本机构签发的证书 {certificate}（{what_zh}）{done_zh}。",
        f"原因：{certificate.state_reason}",
        *([f"替代它的证书：{successor}，可在客户页面下载。"] if successor else []),
        "",
        "请停止使用该证书及其副本，并通知已收到副本的单位。",
        f"查询证书现状：{facts['verify_url']}",
        f"请登录后确认已知悉：{settings.BASE_URL}{SEEN}",
        "",
        institute["name"]["zh"],
        *([f"电话：{institute['phone']}"] if institute["phone"] else []),
    ]
    en = [
        f"To {facts['client']['name']}",
        "",
        f"Certificate {certificate} ({what_en}), issued by this institute, {done_en}.",
        f"Reason: {certificate.state_reason}",
        *([f"It is replaced by certificate {successor}, to be downloaded from your pages."] if successor else []),
        "",
        "Please stop using the certificate and every copy of it, and tell those who have received one.",
        f"How it stands: {facts['verify_url']}",
        f"Please sign in and confirm that you have seen this: {settings.BASE_URL}{SEEN}",
        "",
        institute["name"]["en"],
        *([f"Telephone: {institute['phone']}"] if institute["phone"] else []),
    ]
    return "\n".join([*zh, "", "-" * 40, "", *en, ""])
