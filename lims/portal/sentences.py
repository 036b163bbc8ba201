"""The four answers in words. The browser's own check and the server's say the same sentences, each known by its code.

{…} are values of the file: who sealed it, when, its number.
"""

from django.utils.translation import gettext_lazy as _

QUESTIONS = {
    "unchanged": _("文件自盖章以来没有改动过吗？"),
    "by": _("由谁盖章？其签发机构可信吗？"),
    "when": _("盖章的时间有证明吗？"),
    "status": _("证书现在仍然有效吗？"),
}
STATES = {"yes": _("是"), "no": _("否"), "unknown": _("无法判断")}

ANSWERS = {
    # Unchanged?
    "whole": _("整份文件都在印章之内，自盖章以来一个字节也没有变。"),
    "extended": _("盖章的内容一个字节也没有变；其后只追加了长期验证资料，最后一个时间戳覆盖整份文件。"),
    "altered": _("文件在盖章后被改动，内容与印章不符。"),
    "appended": _("文件在盖章后被追加了内容。"),
    "appended_unread": _(
        "盖章后追加的内容，本页不能完整解读，无法断定是否只是长期验证资料。请改为上传，由服务器检查。"
    ),
    "seal_false": _("印章的签名不成立：印章或文件被改动。"),
    "written_into_seal": _("印章预留的位置里被写入了别的内容。"),
    "damaged": _("文件中有印章的痕迹，但结构已损坏或被改动，读不出完好的印章。"),
    "seal_unread": _("印章损坏，或采用了本页不支持的算法，无法核对。"),
    "unsealed": _("文件上没有电子印章，看不出是否被改动。"),
    "no_pdf": _("这不是 PDF 文件。请选择签发的 PDF 证书原文件，不要用照片、截图或重新打印的文件。"),
    "paper": _("从纸面或编号看不出来。请把签发的 PDF 原文件放到本页，即可判断。"),
    # By whom?
    "by_us": _("由“{institute}”盖章（{signer}）；其证书由“{authority}”签发，连到本机构公布的根证书。"),
    "by_us_unfit": _(
        "文件中的印章属于“{institute}”（{signer}），连到本机构公布的根证书；但它不是盖在这份内容上的，见第 1 项。"
    ),
    "by_foreign": _(
        "由“{institute}”盖章，其签发机构“{authority}”不在本机构的信任之列，或证书当时无效。文件可能是真的，但本页不能为它担保，请向该机构核实。"
    ),
    "by_false": _("自称由“{institute}”盖章，但签名不成立。"),
    "by_nobody": _("文件上没有可以核对的电子印章。"),
    # When?
    "stamped": _("时间戳证明：盖章不晚于 {at}（{authority}）。"),
    "stamp_foreign": _("时间戳写着 {at}，但其签发机构“{authority}”不在本机构的信任之列。"),
    "stamp_false": _("时间戳不成立：它不是为这个印章签发的，或被改动。"),
    "stamp_unread": _("时间戳损坏，或采用了本页不支持的算法，无法核对。"),
    "unstamped": _("没有时间戳，盖章时间没有证明。"),
    "when_nothing": _("没有印章，也就没有盖章时间的证明。"),
    # How does it stand today?
    "status_valid": _("证书 {number} 由本机构签发，目前有效，有效期至 {until}。"),
    "status_valid_open": _("证书 {number} 由本机构签发，目前有效；证书未规定有效期。"),
    "status_expired": _("证书 {number} 由本机构签发，有效期至 {until}，已过期。请申请后续检定。"),
    "status_replaced": _("证书 {number} 由本机构签发，已于 {on} 被证书 {by} 替代，请使用后者。"),
    "status_withdrawn": _("证书 {number} 由本机构签发，已于 {on} 撤回，不得再使用。"),
    "status_rejection": _("{number} 是本机构签发的检定结果通知书：该器具不合格，不得使用。"),
    "status_changed": _("证书 {number} 由本机构签发，状态已有变动，请向本机构查询。"),
    "status_unknown": _("本机构没有登记过这份文件：不是本机构签发的，或与签发的文件不是逐字节相同。"),
    "status_busy": _("查询过于频繁，请一分钟后再试。"),
    "status_unreachable": _("没有连上服务器，现在的状态没有查到。请联网后再试。"),
    "status_other": _("注意：这份文件是证书 {number}，与本页的证书 {page} 不是同一份。"),
}

PROOFS = {
    "proof_good": _(
        "公开日志（{origin}，共 {size} 条）证明了以上状态：每条记录的位置和日志签名均已由本页核对。签发记录是第 {index} 条。"
    ),
    "proof_unsigned": _(
        "公开日志（{origin}，共 {size} 条）证明了以上状态：每条记录的位置已由本页核对；此浏览器不支持 Ed25519，日志签名未核对。签发记录是第 {index} 条。"
    ),
    "proof_waiting": _("最近的变动正在写入公开日志，证明几秒后可查。"),
    "proof_false": _("公开日志与服务器的回答不一致：请勿采信，并请告知本机构。"),
    "proof_server": _("公开日志（{origin}，共 {size} 条）中有相应记录，签发记录是第 {index} 条；可下载证明自行核对。"),
}

VERDICTS = {
    "good": _("真实，目前有效"),
    "expired": _("真实，但已过有效期"),
    "replaced": _("真实，但已被替代"),
    "withdrawn": _("真实，但已撤回"),
    "rejection": _("真实：检定结果通知书（不合格）"),
    "standing": _("真实，但不能再按有效证书使用"),
    "changed": _("不要采信：文件与盖章时不同"),
    "foreign": _("不是本机构盖章的文件"),
    "unsealed": _("不是签发的电子证书原文件"),
    "other": _("不要采信：文件不是本页的证书"),
    "contradiction": _("不要采信：公开日志与服务器的回答不一致"),
    "open": _("有的问题无法判断，请看下面各项"),
    "paper_good": _("本机构签发过此编号的证书，目前有效"),
    "paper_expired": _("本机构签发过此编号的证书，已过有效期"),
    "paper_replaced": _("本机构签发过此编号的证书，已被替代"),
    "paper_withdrawn": _("本机构签发过此编号的证书，已撤回"),
    "paper_rejection": _("本机构签发过此编号的检定结果通知书（不合格）"),
    "paper_standing": _("本机构签发过此编号的证书，但不能再按有效证书使用"),
}

STEPS = {
    "reading": _("正在读取文件……"),
    "judging": _("正在核对印章与时间戳……"),
    "asking": _("正在查询现在的状态……"),
    "failed": _("检查没有完成：{why}。请重试，或改为上传，由服务器检查。"),
    "too_large": _("文件超过 {limit} MB，不会是签发的证书。"),
    "one_only": _("一次只能检查一份文件。"),
}
