{
  const chosen = document.documentElement.dataset.framework
  const tab = (__md_get("__tabs") || []).find((one) => /^(Flask|Django)$/.test(one)) ?? "Flask"
  const shown = chosen === "both" && !matchMedia("(min-width: 76.25em)").matches ? tab.toLowerCase() : chosen
  document.querySelector(`.framework [value=${shown}]`).checked = true
  const palettes = [...document.querySelectorAll("[data-md-component=palette] input")]
  const fits = (one) => matchMedia(one.dataset.mdColorMedia).matches
  const [system, ...others] = palettes
  const kept = palettes[__md_get("__palette")?.index] ?? system
  const { mdColorScheme, mdColorPrimary, mdColorAccent } = (kept === system ? others.find(fits) ?? system : kept).dataset
  Object.assign(document.body.dataset, { mdColorScheme, mdColorPrimary, mdColorAccent })
  for (const one of palettes) one.nextElementSibling.hidden = one !== kept
}
