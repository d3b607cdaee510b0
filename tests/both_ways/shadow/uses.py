import random
import selectors
import token

print([hasattr(m, "CHOICE") for m in (random, selectors, token)])
