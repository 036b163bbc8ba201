"""Typed readers of environment variables: the only place settings come from.

Every secret may also be given as NAME_FILE, the path of a file that holds it (how containers and systemd hand secrets over).
"""

import os
from datetime import datetime, time
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable's text, or the content of the file that NAME_FILE points at."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """A yes/no variable. Raises ValueError on any other word, so that a typo cannot switch a protection off."""
    word = text(name, "1" if default else "0").strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(f"{name} must be one of {sorted(TRUE | FALSE - {''})}, not {word!r}")


def number(name: str, default: int) -> int:
    """A whole number. Raises ValueError naming the variable."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None


def hour(name: str, default: str) -> time:
    """A time of day as 18:00. Raises ValueError naming the variable."""
    value = text(name, default)
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - an hour of the day has no zone of its own
    except ValueError:
        raise ValueError(f"{name} must be a time such as 18:00, not {value!r}") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, empty items dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, object]:
    """A Django database entry from `postgresql://user:password@host:port/name?option=value`.

    Raises ValueError for any other scheme. `pool=1` among the options switches psycopg's connection pool on.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    pooled = options.pop("pool", "0") in TRUE
    if pooled:
        options["pool"] = True
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pooled else 60,
    }
