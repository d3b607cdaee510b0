#!/usr/bin/env python3
"""Check that the examples of documentation pages run: see `--help`, and docs/contribute/."""

import gc
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(os.path.dirname(HERE), ".venv", "bin", "python")

if sys.version_info < (3, 12):
    if os.path.exists(VENV) and "TANDEM_AGAIN" not in os.environ:
        os.environ["TANDEM_AGAIN"] = "1"
        os.execv(VENV, [VENV, *sys.argv])
    print(
        "check_examples: Python 3.12 or newer is needed, this is %d.%d: run `make setup`"
        % sys.version_info[:2],
        file=sys.stderr,
    )
    sys.exit(2)

gc.set_threshold(50000)  # nearly all that is imported and read stays
try:
    from tandem.cli import main
except ImportError as error:
    if os.path.exists(VENV) and "TANDEM_AGAIN" not in os.environ:
        os.environ["TANDEM_AGAIN"] = "1"
        os.execv(VENV, [VENV, *sys.argv])
    print("check_examples: %s: run `make setup` first" % error, file=sys.stderr)
    sys.exit(2)

sys.exit(main())
