"""The modules that a Python has before it runs anything.

The warm process is started so that its first statement notes them: `sys.first = set(sys.modules)`.
"""

import sys

MODULES: frozenset[str] = frozenset(getattr(sys, "first", sys.modules))
