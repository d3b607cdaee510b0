/* Two style sheets compared in a browser, for test_sheet.py. This evaluates to the functions for it. */
({
  /** The selectors of a sheet's rules that another has not, under the same conditions. */
  dropped(theirs, ours) {
    const parts = (list) => {
      const found = [""]
      let depth = 0
      for (const [one] of list.matchAll(/"(?:[^"\\]|\\.)*"|\\.|[^]/g)) {
        if ("([".includes(one)) depth++
        if (")]".includes(one)) depth--
        if (one === "," && !depth) found.push("")
        else found[found.length - 1] += one
      }
      return found.map((one) => one.trim())
    }
    const flat = (rules, where = "") => [...rules].flatMap((rule) => {
      if (rule.cssRules && !rule.selectorText) return flat(rule.cssRules, where + (rule.conditionText ?? rule.name))
      // A rule of variables only says nothing by itself: what asks for them is compared as it is shown.
      const says = rule.selectorText && [...rule.style].some((name) => !name.startsWith("--"))
      return says ? parts(rule.selectorText).map((one) => `${where}|${one}`) : []
    })
    const all = (text) => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(text)
      return flat(sheet.cssRules)
    }
    const kept = new Set(all(ours))
    const gone = all(theirs).filter((one) => !kept.has(one))
    return [...new Set(gone.map((one) => one.slice(one.indexOf("|") + 1)))]
  },

  /** Those of these selectors that match on a page at some time: hovered, focused, checked, opened … */
  matching(page, selectors) {
    const state = ":(?:hover|focus(?:-visible|-within)?|active|checked|indeterminate|target|link|any-link|visited|"
      + "disabled|enabled|(?:in)?valid|placeholder-shown|read-only|-(?:moz|ms|webkit)-[\\w-]+)(?![\\w-])"
    const ever = ":nth-child(n)" // each element is that
    return selectors.filter((selector) => {
      const one = selector
        .replace(/::[\w-]+(?:\([^)]*\))?/g, ever)
        .replace(new RegExp(`:not\\(${state}\\)|${state}`, "g"), ever)
      return page.querySelector(one)
    })
  },

  /** What is the same in all that a sheet may ask for: an element's names, its place, and what it stands in. */
  kind(element) {
    let said = ""
    for (let one = element, i = 0; one?.nodeType === 1 && i < 4; one = one.parentElement, i++) {
      const place = [...(one.parentElement?.children ?? [])].indexOf(one)
      const states = ["type", "open", "hidden", "dir"].map((name) => one.getAttribute(name))
      said += [one.localName, one.getAttribute("class"), one.id.replace(/\d+|^[^_].*/, ""), Math.min(place, 3),
        !one.nextElementSibling, one.checked, ...states].join(" ") + "/"
    }
    return said
  },

  /** The properties that a sheet speaks of, and the sizes that come of them. */
  spoken(rules, found = new Set(["height", "width"])) {
    for (const rule of rules) {
      for (const name of rule.style ?? []) if (!name.startsWith("--")) found.add(name)
      if (rule.cssRules) this.spoken(rule.cssRules, found)
    }
    return found
  },

  /** How elements are shown, and what stands before and after them, once nothing moves; null for what is hidden. */
  shown(elements, names) {
    const parts = elements.flatMap((one) => ["", "::before", "::after"].map((part) => [one, getComputedStyle(one, part)]))
    parts.forEach(([, style]) => style.color) // now transitions have begun
    for (const one of document.getAnimations()) {
      if (one instanceof CSSTransition) one.finish()
      else one.cancel()
    }
    return parts.map(([one, style], i) => {
      const isThere = one.checkVisibility() && (i % 3 === 0 || !/^(?:none|normal)$/.test(style.content))
      return isThere ? names.map((name) => [name, style.getPropertyValue(name)]) : null
    })
  },

  /** What these elements are shown with by the page's own sheet and not by another, in a line each. */
  differing(elements, other) {
    const own = document.querySelector("link[rel=stylesheet]")
    const names = [...this.spoken(other.cssRules, this.spoken(own.sheet.cssRules))]
    const before = this.shown(elements, names)
    own.disabled = true
    document.adoptedStyleSheets = [other]
    const after = this.shown(elements, names)
    own.disabled = false
    document.adoptedStyleSheets = []
    return before.flatMap((values, i) => {
      const others = after[i]
      if (!values && !others) return []
      const what = elements[Math.floor(i / 3)].cloneNode().outerHTML.slice(0, 120) + ["", "::before", "::after"][i % 3]
      if (!values || !others) return [`${what}: ${values ? "it" : "nothing"} is there`]
      return values.flatMap(([name, value], j) => (value === others[j][1] ? [] : `${what}: ${name}: ${value}, not ${others[j][1]}`))
    })
  },
})
