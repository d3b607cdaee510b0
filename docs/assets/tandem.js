/* The reader's framework: a switch in the header that every pair of tabs follows.

   `html[data-framework]` holds the choice (flask, django or both) and is set before paint, see
   overrides/page.html. "Both" shows columns where they fit, and else the tab last used. */
(() => {
  const root = document.documentElement
  const wide = matchMedia("(min-width: 76.25em)")
  const names = { flask: "Flask", django: "Django" }
  const PORTS = { flask: ":5000", django: ":8000" }

  /** The framework of a radio button of a pair, "" for any other element. */
  const side = (input) => {
    const pair = input?.closest('.tabbed-set[data-tabs$=":2"]')
    if (!pair || input.parentElement !== pair || input.type !== "radio") return ""
    const [flask, django] = pair.querySelectorAll(":scope > input")
    if (label(flask) !== names.flask || label(django) !== names.django) return ""
    return input === flask ? "flask" : "django"
  }
  const label = (input) => document.querySelector(`label[for="${input.id}"]`)?.textContent.trim()
  const inputs = () => [...document.querySelectorAll(".tabbed-set > input")]

  const choice = () => root.dataset.framework
  const tabs = () => __md_get("__tabs") || []
  const tab = () => (tabs().find((one) => /^(Flask|Django)$/.test(one)) ?? "Flask").toLowerCase()
  const remember = (framework) =>
    __md_set("__tabs", [...new Set([names[framework], ...tabs()])])

  const TOP = 60 // px: the height of the header, and some air
  const box = (part) => part.getBoundingClientRect()

  /** Keep in its place what is looked at, while tabs of unequal length change around it. */
  const hold = (change) => {
    const parts = [...document.querySelectorAll(".md-content__inner > *")]
    const seen = parts.filter((part) => box(part).bottom > TOP)
    const starts = (part) => box(part).top >= TOP && box(part).top < innerHeight * 0.6
    const part = scrollY > 0 && (seen.find(starts) ?? seen[0])
    const before = part && box(part).top
    change()
    if (!part) return
    scrollBy({ top: box(part).top - before, behavior: "instant" })
    if (box(part).bottom < TOP) scrollBy({ top: box(part).top - TOP, behavior: "instant" })
  }

  /** Set switch, tabs and the addresses in curl lines to the choice. */
  const show = () => {
    const shown = choice() === "both" ? tab() : choice()
    for (const input of inputs()) if (side(input) === shown) input.checked = true
    const marked = choice() === "both" && wide.matches ? "both" : shown
    for (const input of document.querySelectorAll(".framework input"))
      input.checked = input.value === marked
    for (const request of document.querySelectorAll(".exchange [data-copy]")) {
      const block = request.closest(".tabbed-block")
      const place = block ? [...block.parentElement.children].indexOf(block) : -1
      const own = block && side(block.closest(".tabbed-set").querySelectorAll(":scope > input")[place])
      const port = PORTS[own || shown]
      request.dataset.copy = request.dataset.copy.replace(/(127\.0\.0\.1):\d+/g, `$1${port}`)
    }
  }

  const keep = (framework, address = true) => {
    root.dataset.framework = framework
    __md_set("__framework", framework)
    if (framework in names) remember(framework)
    if (!address) return
    const url = new URL(location)
    url.searchParams.set("framework", framework)
    const target = side(document.getElementById(url.hash.slice(1)))
    if (target && target !== framework) url.hash = ""
    history.replaceState(history.state, "", url)
  }

  document.addEventListener("change", ({ target }) => {
    if (target.name === "framework") {
      hold(() => {
        keep(target.value)
        show()
      })
    } else if (side(target) && side(target) !== (choice() === "both" ? tab() : choice())) {
      if (choice() === "both") remember(side(target))
      else keep(side(target))
      show()
    }
  })
  wide.addEventListener("change", show)

  /* An address that ends in a tab's anchor asks for that framework, unless it names one. */
  const anchor = side(document.getElementById(location.hash.slice(1)))
  const asked = new URLSearchParams(location.search).get("framework")
  if (anchor && !asked && choice() !== "both") keep(anchor, false)
  else if (anchor && !asked) remember(anchor)
  show()

  /* A search result names the words that it found. What holds them is marked; where one of them
     stands in hidden tabs only, the first of these is opened. */
  const places = (words) => {
    const start = document.getElementById(location.hash.slice(1))
    const stop = start && [...document.querySelectorAll("article :is(h1, h2, h3)")]
      .find((one) => start.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)
    const escaped = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})`, "giu")
    const texts = new Map() // the nodes of a text: those of a block of code belong together
    const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (start && !(start.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)) continue
      if (stop && stop.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) break
      const whole = node.parentElement.closest("code") ?? node
      texts.set(whole, [...(texts.get(whole) ?? []), node])
    }
    const found = []
    for (const nodes of texts.values()) {
      const at = (offset) => {
        const node = nodes.find((one) => offset <= one.length || ((offset -= one.length), false))
        return [node, offset]
      }
      for (const match of nodes.map((node) => node.data).join("").matchAll(pattern)) {
        const range = new Range()
        range.setStart(...at(match.index))
        range.setEnd(...at(match.index + match[0].length))
        const hidden = !nodes[0].parentElement.getClientRects().length
        found.push({ word: match[0].toLowerCase(), range, hidden })
      }
    }
    return found
  }

  const land = () => {
    const url = new URL(location)
    const words = url.searchParams.get("h")?.split(" ").filter(Boolean)
    if (!words?.length) return
    url.searchParams.delete("h")
    history.replaceState(history.state, "", url)
    const found = places(words)
    const seen = new Set(found.filter((one) => !one.hidden).map((one) => one.word))
    const block = found.find((one) => !seen.has(one.word))?.range.startContainer.parentElement.closest(".tabbed-block")
    if (block) {
      const tab = block.closest(".tabbed-set").querySelectorAll(":scope > input")[[...block.parentElement.children].indexOf(block)]
      if (!side(tab)) tab.checked = true
      else if (choice() === "both") remember(side(tab))
      else keep(side(tab))
      show()
    }
    if (window.Highlight) CSS.highlights.set("hit", new Highlight(...found.map((one) => one.range)))
    document.getElementById(url.hash.slice(1))?.scrollIntoView()
  }
  land()

  /* What a search needs is on its way when the field is entered, not at the first letter. */
  const base = new URL(JSON.parse(document.getElementById("__config").text).base.replace(/\/?$/, "/"), location)
  document.querySelector(".md-search__input")?.addEventListener("focus", () => {
    fetch(new URL("search/index.json", base)).catch(() => {})
  }, { once: true })

  /* The theme wraps each copy button in a nameless landmark; a request's copies curl lines. */
  const tidy = () => {
    for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
      nav.setAttribute("role", "none")
      const button = nav.querySelector("button")
      if (button && nav.closest("[data-copy]")) button.title = "Copy as curl"
    }
  }
  new MutationObserver(tidy).observe(document.body, { childList: true, subtree: true })
  tidy()
})()
