"""What happens to certificates, as sentences of the event log."""

from lims.audit.registry import register

register("certificate.numbered", zh="取得证书编号", en="took the certificate number")
register("certificate.issued", zh="签发证书", en="issued the certificate")
register("certificate.replaced", zh="替代证书", en="replaced the certificate")
register("certificate.withdrawn", zh="撤回证书", en="withdrew the certificate")
register("certificate.voided", zh="证书编号作废", en="voided the certificate number")
register("certificate.downloaded", zh="下载证书", en="downloaded the certificate")
