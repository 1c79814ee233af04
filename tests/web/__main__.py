"""``python -m tests.web``: install what the browser tests need beside a browser; where it can't be had, say why."""

import sys

from tests.web.tools import Missing, install_axe

try:
    install_axe()
except Missing as error:
    sys.stderr.write(f"{error}\n")
