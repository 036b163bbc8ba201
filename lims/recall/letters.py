"""Drafts of notices to customers, in both languages, from what computing again gave. Nothing here is sent.

A withdrawal and a correction tell the customer by themselves (certificates.letters); this text says what was found and how much
it is, for the covering letter or for those who are only told.
"""

import json
from dataclasses import dataclass

from lims.core.text import Text
from lims.recall.models import RecallItem
from standards.procedures.results import CONCLUSIONS

_DONE = {
    RecallItem.Kind.STAND: Text("该证书仍然有效，无需更换。", "The certificate stands; it need not be exchanged."),
    RecallItem.Kind.WITHDRAW: Text(
        "我机构撤回该证书，请自即日起停止使用该证书及其副本。",
        "We withdraw the certificate; please stop using it and every copy of it from today.",
    ),
    RecallItem.Kind.CORRECT: Text(
        "我机构将更正该证书，更正后的证书签发后替代原证书。",
        "We are correcting the certificate; the correct one replaces it when it is issued.",
    ),
    RecallItem.Kind.NOTIFY: Text(
        "特此告知，请在需要时考虑上述情况。",
        "We let you know so that you can take it into account where it matters to you.",
    ),
}


@dataclass(frozen=True)
class Letter:
    subject: Text
    body: Text


def notice(item: RecallItem, kind: str) -> Letter:
    """The draft for a decision about one certificate. Says only what was found; an unknown effect is said to be unknown."""
    certificate = item.certificate
    facts = json.loads(certificate.facts)
    institute, instrument = facts["institute"], facts["instrument"]
    what, effect, done = _found(item), _effect(item), _DONE[RecallItem.Kind(kind)]
    serial = instrument["serial"]
    body = Text(
        "\n".join(
            [
                f"{facts['client']['name']}：",
                "",
                f"我机构 {facts['dates']['verified']} 为贵单位检定（校准）的{instrument['name']['zh']} {instrument['model']}"
                f"（出厂编号 {serial}），证书编号 {certificate}，使用了下列后来发现有问题的测量设备：",
                what.zh,
                effect.zh,
                done.zh,
                "",
                institute["name"]["zh"],
                *([f"电话：{institute['phone']}"] if institute["phone"] else []),
            ]
        ),
        "\n".join(
            [
                f"To {facts['client']['name']}",
                "",
                f"On {facts['dates']['verified']} we verified (calibrated) your {instrument['name']['en']} "
                f"{instrument['model']} (serial No. {serial}), certificate {certificate}. "
                "A measuring device used for it was later found to be wrong:",
                what.en,
                effect.en,
                done.en,
                "",
                institute["name"]["en"],
                *([f"Telephone: {institute['phone']}"] if institute["phone"] else []),
            ]
        ),
    )
    return Letter(
        Text(
            f"关于证书 {certificate} 所用测量设备的通知", f"About a measuring device used for certificate {certificate}"
        ),
        body,
    )


def _found(item: RecallItem) -> Text:
    case = item.case
    devices = "、".join(str(one.device) for one in case.lines.select_related("device").order_by("pk"))
    english = ", ".join(
        f"{one.device.asset_number} {one.device.title.en}" for one in case.lines.select_related("device").order_by("pk")
    )
    return Text(f"{devices}（{case.known_on} 发现：{case.what}）", f"{english} (found on {case.known_on}: {case.what})")


def _effect(item: RecallItem) -> Text:
    if item.state == RecallItem.State.WAITING:
        return Text("对结果的影响尚在计算。", "How much this bears on the results is still being computed.")
    if item.effect == RecallItem.Effect.UNKNOWN:
        return Text("对结果的影响目前无法确定。", "How much this bears on the results cannot be said at present.")
    old, new = CONCLUSIONS.get(item.old_conclusion), CONCLUSIONS.get(item.new_conclusion)
    if item.flip and old and new:
        verdict = Text(
            f"按原始读数重新计算，结论由“{old.zh}”变为“{new.zh}”。",
            f"Computed again from the original readings, the conclusion changes from “{old.en}” to “{new.en}”.",
        )
    else:
        verdict = Text(
            "按原始读数重新计算，结论不变。",
            "Computed again from the original readings, the conclusion stays the same.",
        )
    shown = [one for one in item.changes if one["old_printed"] != one["new_printed"]]
    if not shown:
        return Text(f"{verdict.zh}证书所印的判定结果不变。", f"{verdict.en} The judged results printed do not change.")
    told = [(one["title"], one["old_printed"], one["new_printed"], one["unit"]) for one in shown]
    return Text(
        verdict.zh + "".join(f"\n  {title['zh']}：{was} → {now} {unit}".rstrip() for title, was, now, unit in told),
        verdict.en + "".join(f"\n  {title['en']}: {was} → {now} {unit}".rstrip() for title, was, now, unit in told),
    )
