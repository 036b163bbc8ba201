"""What production serves: `collectstatic` ends, names carry digests, and style sheets point at files that are there."""

import json
import re

from django.conf import settings as configured
from django.core.management import call_command


def test_every_shipped_file_is_collected_under_a_name_with_its_digest(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "lims.core.static.HashedStaticFiles"}
    settings.STORAGES = {**configured.STORAGES, "staticfiles": storage}
    call_command("collectstatic", interactive=False, verbosity=0)
    names = json.loads((tmp_path / "staticfiles.json").read_text("utf-8"))["paths"]
    for name in ("lims/css/app.css", "lims/js/sheet.js", "vendor/tabler/css/tabler.min.css"):
        assert re.fullmatch(r".+\.[0-9a-f]{12}\.(css|js)", names[name])
        assert (tmp_path / names[name]).stat().st_size > 1000
    own = (tmp_path / names["lims/css/app.css"]).read_text("utf-8")
    for address in re.findall(r"url\([\"']?([^\"')]+)", own):
        if not address.startswith(("data:", "#")):
            assert (tmp_path / "lims" / "css" / address.split("#")[0]).resolve().exists(), address
