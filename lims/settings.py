"""Settings, from the environment only. `lims/docs/settings.md` lists every variable.

LIMS_MODE decides how strict the defaults are:
`demo` (default) runs from a fresh clone with generated secrets and marks every certificate as a demonstration;
`production` refuses to start without real secrets and refuses to issue on unconfirmed limits; `test` is demo with fast password hashing.
"""

import secrets
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from lims import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.text("LIMS_MODE", "demo")
if MODE not in {"demo", "production", "test"}:
    raise ImproperlyConfigured(f"LIMS_MODE must be demo, production or test, not {MODE!r}")
PRODUCTION = MODE == "production"
DEBUG = env.flag("LIMS_DEBUG")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("LIMS_DEBUG must not be on in production mode")

DATA_DIR = Path(env.text("LIMS_DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
FILES_DIR = DATA_DIR / "files"
KEYS_DIR = Path(env.text("LIMS_KEYS_DIR", str(DATA_DIR / "keys"))).resolve()


def _secret_key() -> str:
    """The configured key; outside production one is generated once and kept in the data directory."""
    if key := env.text("LIMS_SECRET_KEY"):
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("LIMS_SECRET_KEY (or LIMS_SECRET_KEY_FILE) is required in production mode")
    path = DATA_DIR / "secret_key"
    if not path.exists():
        draft = DATA_DIR / f"secret_key.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
        try:
            path.hardlink_to(draft)  # the first of two processes starting at once wins; the other reads its key
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("LIMS_ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1],testserver")
BASE_URL = env.text("LIMS_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.words("LIMS_TRUSTED_ORIGINS", BASE_URL if BASE_URL.startswith("https://") else "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "guardian",
    "simple_history",
    "lims.core",
    "lims.audit",
    "lims.people",
    "standards",
    "devices",
    "instruments",
    "certificates",
    "lims.portal",
    "lims.auditor",
    "lims.recall",
    "lims.home",
    "lims.demo",
]

MIDDLEWARE = [
    "lims.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "lims.core.static.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "lims.people.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "lims.auditor.middleware.GrantMiddleware",
]

ROOT_URLCONF = "lims.urls"
ASGI_APPLICATION = "lims.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lims.people.context.person",
                "lims.home.navigation.context",
            ],
        },
    }
]

if url := env.text("DATABASE_URL"):
    DATABASES = {"default": env.database(url)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "lims.sqlite3",
            "OPTIONS": {
                # Writers queue at BEGIN instead of failing half-way; FULL keeps a committed deed through a power cut.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                # REPLACE deletes the row it replaces; only with this pragma does that wake the delete triggers of frozen tables.
                "PRAGMA recursive_triggers=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "lims.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "计量检定管理"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
# Roles that may not work without a second factor.
MFA_REQUIRED_ROLES = env.words("LIMS_MFA_REQUIRED_ROLES", "approver,administrator" if PRODUCTION else "")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("LIMS_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns at every start about a folder that is not there
STATICFILES_DIRS = [BASE_DIR / "lims" / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "lims.core.static.PackageFinder",
]
PACKAGE_FILES = {
    f"vendor/{name}": BASE_DIR / "node_modules" / path
    for name, path in (
        ("tabler/css/tabler.min.css", "@tabler/core/dist/css/tabler.min.css"),
        ("htmx/htmx.min.js", "htmx.org/dist/htmx.min.js"),
        ("uplot/uPlot.iife.min.js", "uplot/dist/uPlot.iife.min.js"),
        ("uplot/uPlot.min.css", "uplot/dist/uPlot.min.css"),
        ("verify/verify_worker.js", ".lims/verify_worker.js"),
    )
}
WHITENOISE_USE_FINDERS = not PRODUCTION
# Tests look a static file up when it is asked for.
WHITENOISE_AUTOREFRESH = DEBUG or MODE == "test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "lims.core.static.HashedStaticFiles"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Mail goes out by SMTP where a host is named; a demonstration prints it instead.
EMAIL_HOST = env.text("LIMS_SMTP_HOST")
EMAIL_PORT = env.number("LIMS_SMTP_PORT", 587)
EMAIL_HOST_USER = env.text("LIMS_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("LIMS_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("LIMS_SMTP_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("LIMS_MAIL_FROM", "lims@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.number("LIMS_SESSION_SECONDS", 12 * 3600)
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.flag("LIMS_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = env.number("LIMS_HSTS_SECONDS", 31536000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if env.flag("LIMS_BEHIND_PROXY"):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# The row is the truth, the message only a doorbell (lims/core/jobs.py): any transport will do.
CELERY_BROKER_URL = env.text("LIMS_BROKER_URL", "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    _broker = DATA_DIR / "broker"
    for _name in ("messages", "control"):
        (_broker / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "control_folder": str(_broker / "control"),
    }
CELERY_TASK_IGNORE_RESULT = True
# A doorbell that cannot be rung at once is not worth waiting for while a person waits for the page.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_ALWAYS_EAGER = MODE == "test"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Seconds after which the job of a worker that died is given to the next.
JOB_LEASE = env.number("LIMS_JOB_LEASE", 60)
# Seconds before the n-th new try; the last one repeats.
JOB_BACKOFF = (1, 5, 30, 120, 600, 3600)
# Seconds after which an unheard ring is thrown away: the sweep rings again, and old ones would only pile up.
RING_EXPIRES = 30
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "lims.core.sweep", "schedule": 5.0, "options": {"expires": RING_EXPIRES}},
    "integrate": {"task": "lims.audit.integrate", "schedule": 5.0, "options": {"expires": RING_EXPIRES}},
    "cosign": {"task": "lims.audit.cosign", "schedule": 10.0, "options": {"expires": RING_EXPIRES}},
    # Once a day in effect; asked often, so that a day is not lost to an authority or a machine that was away.
    "stamp": {"task": "lims.audit.stamp", "schedule": 600.0, "options": {"expires": RING_EXPIRES}},
    "prolong": {"task": "certificates.prolong", "schedule": 60.0, "options": {"expires": RING_EXPIRES}},
    # Once an evening in effect; asked often, so that an evening on which the machine was away is made up for.
    "remind": {"task": "lims.home.remind", "schedule": 60.0, "options": {"expires": RING_EXPIRES}},
}
# When the evening's letters about what ends are written, in the institute's zone.
REMINDER_TIME = env.hour("LIMS_REMINDER_TIME", "18:00")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "lims.core.context.RequestIdFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": env.text("LIMS_LOG_LEVEL", "WARNING")},
    # It remarks at every start that the filesystem transport has no host name.
    "loggers": {"kombu.connection": {"level": "ERROR"}},
}

# Certificates are marked as demonstrations without legal effect everywhere but in production.
DEMONSTRATION = not PRODUCTION
# Issue on limits that the institute has not confirmed: never in production.
ALLOW_UNCONFIRMED = not PRODUCTION
# The name of the event log, for ever: it stands in every signed head. Like a host name and a path, without a scheme.
LOG_ORIGIN = env.text("LIMS_LOG_ORIGIN", "lims.invalid/log")
# Address and public key of each witness of that log, with a space between.
LOG_WITNESSES = env.words("LIMS_WITNESSES")
# Whether submitting, checking and approving need the person's own key (`required`), or use it where there is one (`offered`).
PERSONAL_SIGNATURES = env.text("LIMS_PERSONAL_SIGNATURES", "offered" if MODE == "test" else "required")
if PERSONAL_SIGNATURES not in {"required", "offered"}:
    raise ImproperlyConfigured(f"LIMS_PERSONAL_SIGNATURES must be required or offered, not {PERSONAL_SIGNATURES!r}")
# Whether auditors look at anything only under a grant (`required`), or are bound by one only once they were given one (`offered`).
AUDITOR_GRANTS = env.text("LIMS_AUDITOR_GRANTS", "offered" if MODE == "test" else "required")
if AUDITOR_GRANTS not in {"required", "offered"}:
    raise ImproperlyConfigured(f"LIMS_AUDITOR_GRANTS must be required or offered, not {AUDITOR_GRANTS!r}")
# Memory factor of one try at a passphrase (scrypt's N); tests open hundreds of keys.
PASSPHRASE_COST = 2**4 if MODE == "test" else 2**15
# Real authorities; empty means the development authority of KEYS_DIR.
CERTIFICATE_PREFIX = env.text("LIMS_CERTIFICATE_PREFIX", "JD")
# The XML schema of digital calibration certificates; a newer edition of it needs a newer writer as well.
DCC_SCHEMAS = Path(env.text("LIMS_DCC_SCHEMAS", str(BASE_DIR / "certificates" / "dcc" / "schemas"))).resolve()
# Authorities of other laboratories by which the signature of an imported digital certificate counts as trusted.
DCC_ROOTS = env.text("LIMS_DCC_ROOTS")
SEAL_PKCS12 = env.text("LIMS_SEAL_PKCS12")
SEAL_PASSPHRASE = env.text("LIMS_SEAL_PASSPHRASE")
# The seal's key in a PKCS#11 token instead: module, label and PIN of the token, label of the key, and a PEM file with the
# seal's certificate followed by its chain.
SEAL_PKCS11_MODULE = env.text("LIMS_SEAL_PKCS11_MODULE")
SEAL_PKCS11_TOKEN = env.text("LIMS_SEAL_PKCS11_TOKEN")
SEAL_PKCS11_KEY = env.text("LIMS_SEAL_PKCS11_KEY")
SEAL_PKCS11_PIN = env.text("LIMS_SEAL_PKCS11_PIN")
SEAL_CERTIFICATES = env.text("LIMS_SEAL_CERTIFICATES")
SEAL_ROOTS = env.text("LIMS_SEAL_ROOTS")
TIMESTAMP_URL = env.text("LIMS_TIMESTAMP_URL")
# Hours after which revocation data newer than a seal can be expected, and days before the end of a time stamp's certificate
# in which the next time stamp is added.
SEAL_EVIDENCE_AFTER = env.number("LIMS_SEAL_EVIDENCE_AFTER", 24)
SEAL_RENEW_DAYS = env.number("LIMS_SEAL_RENEW_DAYS", 180)
SIMULATORS_DIR = DATA_DIR / "simulators"
# Simulated seconds per second: a five-minute charge takes fifteen seconds.
SIMULATORS_SPEED = env.text("LIMS_SIMULATORS_SPEED", "20")
# The rig agent of this machine: where it reports to (empty: the server beside it), which rig hangs on which port, and
# its token. Outside production the bench is that of the simulated rigs.
AGENT_SERVER = env.text("LIMS_AGENT_SERVER")
AGENT_BENCH = Path(env.text("LIMS_AGENT_BENCH", str((DATA_DIR if PRODUCTION else SIMULATORS_DIR) / "bench.toml")))
AGENT_TOKEN_FILE = Path(env.text("LIMS_AGENT_TOKEN_FILE", str(DATA_DIR / "bench-token")))
AGENT_DATA_DIR = DATA_DIR / "agent"
# Where the agent shows its own page on this machine; 0: nowhere, since the server's pages are here too.
AGENT_PAGE_PORT = env.text("LIMS_AGENT_PAGE_PORT", "0")
