"""The product's settings with quick password hashing, yet with the real doorbell, a short lease and a quick sweep.

Approving is not slowed down: here one person approves in minutes what an institute approves in weeks.
"""

from lims.settings import *  # noqa: F403

CELERY_TASK_ALWAYS_EAGER = False
for _entry in CELERY_BEAT_SCHEDULE.values():  # noqa: F405
    _entry["schedule"] = 1.0
# A job that was killed again and again waits for seconds instead of an hour: here that is chance, not poison.
JOB_BACKOFF = (1, 2, 4)
ACCOUNT_RATE_LIMITS = False
