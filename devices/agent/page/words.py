"""Every sentence of the agent's page, in both languages. No Django here, so no gettext."""

from lims.core.text import Text

WORDS: dict[str, Text] = {
    "title": Text("采集程序", "Rig agent"),
    "version": Text("版本", "version"),
    "skip": Text("跳到正文", "Skip to content"),
    "other_language": Text("English", "中文"),
    "now": Text("本机时间", "This computer's time"),
    "gone": Text(
        "采集程序没有响应：以下是最后一次看到的内容。", "The agent does not answer: below is what was last seen."
    ),
    "server": Text("服务器", "Server"),
    "reachable": Text("可以连接", "reachable"),
    "unreachable": Text("连不上", "not reachable"),
    "since": Text("自", "since"),
    "safe": Text(
        "采集照常进行，数据保存在本机，连上后自动送出。",
        "Recording goes on; the data are kept on this computer and sent when the server is back.",
    ),
    "clock": Text("时钟", "Clock"),
    "offset": Text("服务器时间比本机", "The server's time is"),
    "ahead": Text("快", "ahead of this computer's by"),
    "behind": Text("慢", "behind this computer's by"),
    "offset_unknown": Text("与服务器的时差未知", "Offset to the server unknown"),
    "synchronised": Text("已与时间源同步", "synchronised (NTP)"),
    "unsynchronised": Text("未与时间源同步", "not synchronised (NTP)"),
    "unknown": Text("是否同步无法得知", "synchronisation unknown"),
    "stepped": Text("时钟被调过", "The clock was set by"),
    "outbox": Text("待送出", "Waiting to be sent"),
    "all_sent": Text("全部已送达服务器", "Everything is on the server"),
    "sessions": Text("个会话", "sessions"),
    "frames": Text("帧", "frames"),
    "readings": Text("个读数", "readings"),
    "disk_low": Text(
        "磁盘空间不足，请清理：写满后采集会停止。",
        "The disk is nearly full. Make room: recording stops when it is full.",
    ),
    "upload_trouble": Text("送出遇到问题", "Sending meets a problem"),
    "refused_title": Text("服务器拒收的会话", "Sessions the server does not take"),
    "refused_hint": Text(
        "数据仍完整保存在本机。请管理员检查；采集程序重新启动时会再送一次。",
        "Their data are still whole on this computer. Have the administrator look; they are offered again when the agent restarts.",
    ),
    "port": Text("端口", "Port"),
    "device": Text("设备", "Device"),
    "profile": Text("装置配置", "Rig profile"),
    "bare": Text("未绑定装置配置", "no rig profile"),
    "state": Text("状态", "State"),
    "idle": Text("空闲", "idle"),
    "capturing": Text("采集中", "recording"),
    "delivering": Text("已结束，等待送达", "ended, waiting to be delivered"),
    "absent": Text("未接入", "not plugged in"),
    "serial": Text("仪器出厂编号", "Instrument's serial number"),
    "not_read": Text("未读到", "not read"),
    "session": Text("会话", "Session"),
    "channel": Text("通道", "Channel"),
    "value": Text("示值", "Value"),
    "quality": Text("质量", "Quality"),
    "time": Text("时间", "Time"),
    "nothing_yet": Text("还没有读数。", "No reading yet."),
    "no_ports": Text("工位文件中没有端口。", "The bench file names no port."),
    "foot": Text("本页只供查看，只能在这台计算机上打开。", "This page only shows, and opens on this computer only."),
    "ok": Text("正常", "ok"),
    "unstable": Text("不稳定", "unstable"),
    "out_of_range": Text("超出量程", "out of range"),
    "overload": Text("过载", "overload"),
    "underload": Text("欠载", "underload"),
    "busy": Text("忙", "busy"),
    "device_error": Text("仪器报错", "instrument error"),
    "unit_mismatch": Text("单位不符", "unit mismatch"),
    "bad_frame": Text("应答有误", "bad reply"),
    "timeout": Text("无应答", "no reply"),
    "late_discarded": Text("迟到，未采用", "late, not used"),
    "nan": Text("不是数", "not a number"),
}


class Speech:
    """The words in one language; `english` or Chinese."""

    def __init__(self, *, english: bool) -> None:
        self.english = english
        self.language = "en" if english else "zh-Hans"

    def __call__(self, word: str) -> str:
        """The wording; the word itself for one that is not in the table."""
        return self.text(WORDS.get(word) or Text(word, word))

    def text(self, text: Text) -> str:
        return text.en if self.english else text.zh
