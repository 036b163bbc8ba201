"""What happens to benches and sessions, as sentences of the event log."""

from lims.audit.registry import register

register("bench.registered", zh="登记工位", en="registered a bench")
register("bench.port_configured", zh="配置端口", en="configured a port")
register("bench.port_unbound", zh="解除端口绑定", en="unbound a port")
register("bench.token_rotated", zh="更换工位令牌", en="issued a new bench token")
register("bench.disabled", zh="停用工位", en="disabled a bench")
register("bench.enabled", zh="启用工位", en="enabled a bench")
register("port.tried", zh="在端口上试发", en="tried a port out")
register("rig.drive_ordered", zh="下达装置操作指令", en="ordered a rig to act")
register("rig.driven", zh="装置操作结果", en="outcome of an order to a rig")
register("profile.registered", zh="登记装置配置", en="registered a rig profile")
register("profile.approved", zh="批准装置配置", en="approved a rig profile")
register("profile.withdrawn", zh="撤回装置配置", en="withdrew a rig profile")
register("session.requested", zh="请求开始采集", en="asked to begin capturing")
register("session.began", zh="开始采集", en="capturing began")
register("session.closed", zh="结束采集", en="capturing ended")
register("session.interrupted", zh="采集中断", en="capturing was interrupted")
register("session.failed", zh="采集未能开始", en="capturing could not begin")
