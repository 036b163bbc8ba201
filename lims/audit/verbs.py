"""What happens to the log itself."""

from lims.audit.registry import register

register("log.restarted", zh="开启新日志", en="began a new log")
register("log.key_changed", zh="更换日志密钥", en="changed the key of the log")
