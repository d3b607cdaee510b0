def fall():
    return 1 / 0


fall()
