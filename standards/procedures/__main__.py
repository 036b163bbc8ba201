"""`python -m standards.procedures check|evaluate|template …` works without Django."""

import sys

from standards.procedures.cli import main

sys.exit(main(sys.argv[1:], sys.stdout, sys.stderr))
