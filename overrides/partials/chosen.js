{
  const { documentElement: root, body } = document
  const framework = root.dataset.framework
  const tab = (__md_get("__tabs") || []).find((one) => /^(Flask|Django)$/.test(one)) ?? "Flask"
  const shown = framework === "both" && !matchMedia("(min-width: 76.25em)").matches ? tab.toLowerCase() : framework
  document.querySelector(`.framework [value=${shown}]`).checked = true

  const palettes = [...document.querySelectorAll("[name=__palette]")]
  const [system, ...schemes] = palettes
  const light = matchMedia("(prefers-color-scheme: light)")
  const paint = () => {
    const chosen = palettes[__md_get("__palette")?.index] ?? system
    const scheme = chosen === system ? schemes[light.matches ? 0 : 1] : chosen
    const { mdColorScheme, mdColorPrimary, mdColorAccent } = scheme.dataset
    Object.assign(body.dataset, { mdColorScheme, mdColorPrimary, mdColorAccent })
    root.style.colorScheme = mdColorScheme === "slate" ? "dark" : "light"
    chosen.checked = true
    for (const one of palettes) one.nextElementSibling.hidden = one !== chosen
  }
  const change = () => {
    // Colours change at once, also of what is far from sight, which would fade when it is seen.
    body.dataset.mdColorSwitching = root.dataset.whole = ""
    paint()
    root.getBoundingClientRect()
    setTimeout(() => delete body.dataset.mdColorSwitching)
  }
  const choose = (index) => {
    __md_set("__palette", { index })
    change()
  }
  for (const [i, one] of palettes.entries()) {
    one.addEventListener("change", () => choose(i))
    one.addEventListener("keydown", ({ key }) => {
      if (key !== "Enter") return
      choose((i + 1) % palettes.length)
      palettes[(i + 1) % palettes.length].focus()
    })
  }
  light.addEventListener("change", change)
  paint()
}
