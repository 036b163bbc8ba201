"""What auditors do, as sentences of the event log."""

from lims.audit.registry import register

register("audit.sample_drawn", zh="抽取审核样本", en="drew a sample")
register("audit.ticked", zh="填写检查结果", en="ticked a point of the check list")
register("audit.reported", zh="生成审核报告", en="asked for the report of a sample")
register("audit.report_sealed", zh="审核报告已签章", en="the report was sealed")
register("audit.granted", zh="授予审核权限", en="granted an audit")
register("audit.grant_revoked", zh="撤销审核权限", en="revoked the grant of an audit")
register("audit.looked", zh="审核查看", en="looked at a page")
