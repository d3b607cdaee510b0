"""The modules that a Python has before it runs anything: import this one first."""

import sys

MODULES = frozenset(sys.modules)
