document.documentElement.dataset.pairs = ""
