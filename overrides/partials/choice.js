{
  const choices = ["flask", "django", "both"]
  const asked = new URLSearchParams(location.search).get("framework")
  const kept = choices.includes(asked) ? asked : __md_get("__framework")
  const choice = choices.includes(kept) ? kept : "both"
  document.documentElement.dataset.framework = choice
  // The theme does it later, and has the page styled again.
  document.documentElement.classList.replace("no-js", "js")
  document.documentElement.classList.add("js-focus-visible")
  // A place on the page is found only where each part has its height: see `far` in tandem.css.
  if (location.hash || performance.getEntriesByType("navigation")[0]?.type !== "navigate")
    document.documentElement.dataset.whole = ""
  if (choice === asked) {
    __md_set("__framework", choice)
    if (choice !== "both") {
      const label = { flask: "Flask", django: "Django" }[choice]
      __md_set("__tabs", [...new Set([label, ...(__md_get("__tabs") || [])])])
    }
  }
}
