"""``python -m tests.web``: install what the browser tests need besides a browser; print why if it fails."""

import sys

from tests.web.tools import Missing, install_axe

try:
    install_axe()
except Missing as error:
    sys.stderr.write(f"{error}\n")
