from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"
    label = "certificates"
    verbose_name = "证书"

    def ready(self) -> None:
        """Registers the job handlers that seal and prolong, the time stamp authority, and the doctor's questions."""
        from certificates import probes  # noqa: F401
        from certificates.services import prolonging, sealing, timestamping  # noqa: F401
