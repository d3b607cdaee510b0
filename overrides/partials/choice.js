{
  const choices = ["flask", "django", "both"]
  const asked = new URLSearchParams(location.search).get("framework")
  const kept = choices.includes(asked) ? asked : __md_get("__framework")
  const choice = choices.includes(kept) ? kept : "both"
  document.documentElement.dataset.framework = choice
  document.documentElement.classList.replace("no-js", "js") // the theme does it later
  if (choice === asked) {
    __md_set("__framework", choice)
    if (choice !== "both") {
      const label = { flask: "Flask", django: "Django" }[choice]
      __md_set("__tabs", [...new Set([label, ...(__md_get("__tabs") || [])])])
    }
  }
}
