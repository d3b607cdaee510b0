CHOICE = None
