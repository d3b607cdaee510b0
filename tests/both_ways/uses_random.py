import random

print(hasattr(random, "choice"))
