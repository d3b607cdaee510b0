/* The reader's framework: a switch in the header that every pair of tabs follows.

   `html[data-framework]` holds the choice (flask, django or both) and is set before paint, see
   overrides/partials. "Both" shows columns where they fit, and else the tab last used.

   In the finished site this runs before the theme's script, which finds nothing to do in the
   article: it would lay the page out again for each block, before a reader has seen any. */
(() => {
  const root = document.documentElement
  const article = document.querySelector("article")
  const wide = matchMedia("(min-width: 76.25em)")
  const names = { flask: "Flask", django: "Django" }
  const PORTS = { flask: ":5000", django: ":8000" }

  /** The framework of a radio button of a pair, "" for any other element. */
  const side = (input) => {
    if (input?.type !== "radio" || !input.parentElement.matches(".pair")) return ""
    return input === input.parentElement.children[0] ? "flask" : "django"
  }

  const choice = () => root.dataset.framework
  const tabs = () => __md_get("__tabs") || []
  const tab = () => (tabs().find((one) => /^(Flask|Django)$/.test(one)) ?? "Flask").toLowerCase()
  const remember = (word) => __md_set("__tabs", [...new Set([word, ...tabs()])])

  const TOP = 60 // px: the height of the header, and some air
  const box = (part) => part.getBoundingClientRect()

  /** What is looked at: the first part of the article that begins in sight, else the one that is. */
  const inSight = () => {
    const seen = [...article.children].filter((part) => box(part).bottom > TOP)
    const starts = (part) => box(part).top >= TOP && box(part).top < innerHeight * 0.6
    return scrollY > 0 && (seen.find(starts) ?? seen[0])
  }

  /** Keep a part in its place, while tabs of unequal length change around it. */
  const hold = (part, change) => {
    const before = part && box(part).top
    change()
    if (!part) return
    scrollBy({ top: box(part).top - before, behavior: "instant" })
    if (box(part).bottom < TOP) scrollBy({ top: box(part).top - TOP, behavior: "instant" })
  }

  /** Set switch, tabs and the addresses in curl lines to the choice. */
  const show = () => {
    const shown = choice() === "both" ? tab() : choice()
    for (const pair of document.querySelectorAll(".pair"))
      pair.children[shown === "django" ? 1 : 0].checked = true
    const marked = choice() === "both" && wide.matches ? "both" : shown
    for (const input of document.querySelectorAll(".framework input"))
      input.checked = input.value === marked
    for (const request of document.querySelectorAll(".exchange [data-copy]")) {
      const block = request.closest(".tabbed-block")
      const place = block ? [...block.parentElement.children].indexOf(block) : -1
      const own = block && side(block.closest(".tabbed-set").children[place])
      const port = PORTS[own || shown]
      request.dataset.copy = request.dataset.copy.replace(/(127\.0\.0\.1):\d+/g, `$1${port}`)
    }
  }

  const keep = (framework, address = true) => {
    root.dataset.framework = framework
    __md_set("__framework", framework)
    if (framework in names) remember(names[framework])
    if (!address) return
    const url = new URL(location)
    url.searchParams.set("framework", framework)
    const target = side(document.getElementById(url.hash.slice(1)))
    if (target && target !== framework) url.hash = ""
    history.replaceState(history.state, "", url)
  }

  document.addEventListener("change", ({ target }) => {
    if (target.name === "framework") {
      hold(inSight(), () => {
        keep(target.value)
        show()
      })
    } else if (side(target)) {
      if (side(target) === (choice() === "both" ? tab() : choice())) return
      hold(target.parentElement, () => {
        if (choice() === "both") remember(names[side(target)])
        else keep(side(target))
        show()
      })
    } else if (target.closest(".tabbed-set")) hold(target.parentElement, () => follow(target))
  })

  /** Other tabs: each set with a tab of the same name shows that, now and on other pages. */
  const follow = (input) => {
    const words = (set) => [...set.querySelector(".tabbed-labels").children].map((one) => one.textContent.trim())
    const word = words(input.parentElement)[[...input.parentElement.children].indexOf(input)]
    for (const set of document.querySelectorAll(".tabbed-set"))
      if (words(set).includes(word)) set.children[words(set).indexOf(word)].checked = true
    remember(word)
    history.replaceState(history.state, "", `#${input.id}`)
  }
  wide.addEventListener("change", show)

  /* An address that ends in a tab's anchor asks for that framework, unless it names one. */
  const anchor = side(document.getElementById(location.hash.slice(1)))
  const asked = new URLSearchParams(location.search).get("framework")
  if (anchor && !asked && choice() !== "both") keep(anchor, false)
  else if (anchor && !asked) remember(names[anchor])
  show()

  /* A search result names the words that it found. What holds them is marked; where one of them
     stands in hidden tabs only, the first of these is opened. */
  const places = (words) => {
    const start = document.getElementById(location.hash.slice(1))
    const stop = start && [...article.querySelectorAll("h1, h2, h3")]
      .find((one) => start.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)
    const escaped = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})`, "giu")
    const texts = new Map() // the nodes of a text: those of a block of code belong together
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT)
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
      const tab = block.closest(".tabbed-set").children[[...block.parentElement.children].indexOf(block)]
      if (!side(tab)) tab.checked = true
      else if (choice() === "both") remember(names[side(tab)])
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
    fetch(new URL("search/index.json", base)).then(() => fetch(new URL("search/answers.json", base))).catch(() => {})
  }, { once: true })

  /* A block gets its button; a request's copies curl lines. Blocks and tables get a place for the
     keyboard if they have to be scrolled. */
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
      else if (target !== document.activeElement) target.removeAttribute("tabindex")
    }
  })
  const equip = (code) => {
    const pre = code.parentElement
    const button = document.createElement("button")
    button.className = "md-code__button"
    button.title = pre.closest("[data-copy]") ? "Copy as curl" : "Copy to clipboard"
    button.dataset.clipboardTarget = `#${pre.id} > code`
    button.dataset.mdType = "copy"
    const place = document.createElement("div")
    place.className = "md-code__nav"
    place.append(button)
    code.before(place)
  }
  for (const [i, code] of document.querySelectorAll("article pre > code").entries()) {
    code.parentElement.id ||= `__code_${i}`
    if (!code.closest(".no-copy")) equip(code)
  }
  if (matchMedia("(hover)").matches)
    for (const part of document.querySelectorAll("article :is(pre > code, .md-typeset__scrollwrap)")) {
      part.tabIndex = 0 // until it is laid out, which is before it comes into sight
      sizes.observe(part)
    }

  /* Parts that are far from sight are laid out when the reader begins to move, one at a time, and all
     at once for a link to a place on the page. */
  const far = [...document.querySelectorAll(".far")]
  const layOut = () => {
    far.shift()?.classList.remove("far")
    if (far.length) requestIdleCallback(layOut)
  }
  if (window.requestIdleCallback)
    for (const kind of ["pointermove", "keydown", "scroll", "touchstart"])
      addEventListener(kind, () => requestIdleCallback(layOut), { once: true, passive: true })
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("a[href*='#']")) for (const part of far.splice(0)) part.classList.remove("far")
  }, { capture: true })

  /* What is folded up: opened by an address that names it, and on paper. */
  addEventListener("beforeprint", () => {
    for (const one of article.querySelectorAll("details:not([open])")) {
      one.open = true
      addEventListener("afterprint", () => (one.open = false), { once: true })
    }
  })
  const reveal = () => {
    const part = document.getElementById(location.hash.slice(1))
    const box = part?.closest("details:not([open])")
    if (!box) return
    box.open = true
    part.scrollIntoView()
  }
  addEventListener("hashchange", reveal)
  reveal()

  /* A long list gets a box that leaves what holds all its words, also from an address (`?filter=`: the theme opens the search for `q`). */
  const list = article?.querySelector(".filtered")
  const filter = () => {
    const label = document.createElement("label")
    const input = document.createElement("input")
    const said = list.querySelector("p")
    const of = list.dataset.of ?? "questions"
    label.className = "filter"
    label.textContent = `Filter the ${of}`
    input.type = "search"
    input.value = new URLSearchParams(location.search).get("filter") ?? ""
    said.setAttribute("role", "status")
    label.append(input)
    list.prepend(label)
    const rows = [...list.querySelectorAll("li, tbody tr")]
    const sift = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
      let left = 0
      for (const row of rows) {
        row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word))
        left += !row.hidden
      }
      for (const part of list.querySelectorAll("section")) part.hidden = !part.querySelector(":is(li, tbody tr):not([hidden])")
      said.textContent = words.length ? `${left} of ${rows.length} ${of}:` : `${rows.length} ${of}:`
    }
    input.addEventListener("input", () => {
      sift()
      const url = new URL(location)
      if (input.value.trim()) url.searchParams.set("filter", input.value)
      else url.searchParams.delete("filter")
      history.replaceState(history.state, "", url)
    })
    sift()
  }
  if (list) filter()

  /* The theme starts its search on every page. Here a stand-in for its worker answers until a first
     letter is typed, then the worker itself. */
  const READY = 1, QUERY = 2, RESULT = 3 // the theme's types of messages
  window.Worker = class extends EventTarget {
    static Real = Worker

    constructor(address) {
      super()
      this.address = address
      setTimeout(() => this.answer({ type: READY }))
    }

    answer(data) {
      this.dispatchEvent(new MessageEvent("message", { data }))
    }

    postMessage(message) {
      if (!this.real) {
        if (message.type !== QUERY) return
        if (!message.data.trim()) return this.answer({ type: RESULT, data: { items: [] } })
        this.real = new this.constructor.Real(this.address)
        this.real.addEventListener("message", ({ data }) => this.answer(data))
      }
      this.real.postMessage(message)
    }
  }
})()
