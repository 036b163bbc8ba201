"""What auditors do, as sentences of the event log."""

from lims.audit.registry import register

register("audit.sample_drawn", zh="抽取审核样本", en="drew a sample")
register("audit.ticked", zh="填写检查结果", en="ticked a point of the check list")
register("audit.reported", zh="导出审核报告", en="exported the report of a sample")
register("audit.granted", zh="授予审核权限", en="granted an audit")
register("audit.grant_revoked", zh="撤销审核权限", en="revoked the grant of an audit")
register("audit.looked", zh="审核查看", en="looked at a page")
