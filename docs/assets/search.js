/* The search worker: speaks the theme's protocol, with a ranking of its own.

   The theme's own worker knows no misspellings and reads the whole index on every page. This
   one loads the index at the first query. A page is what is found; its sections are ranked
   below it. Index: what scripts/tandem/site/search.py writes, or the theme's own. */
"use strict"

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3 // the theme's types of messages
const BASE = new URL("..", location.href)
const PAGES = 20 // shown at most
const SECTIONS = 3 // shown below a page without a click
const TEASER = 180 // characters
const FIELD = { title: 4, tags: 4, about: 3, headings: 2, text: 1, code: 0.7 } // what a word in it counts
const LINE = { title: 1, tags: 1, headings: 0.7 } // what a title, tag or heading counts that says the same as the query
const ENOUGH = 3 // counts for half of what a word can give a page
const COVER = 1 // how much it matters that a page holds all words
const LONG = 0.3 // how much a long page has to have more of a word
const PAIR = 0.3 // what two words in this order count beside the words
const SAME = 1 // how much the nearest line counts beside the words
const PART = 0.15 // what a name's parts count beside the name
const WORD = /@?[\p{L}\p{N}_](?:[\p{L}\p{N}_]|[.\-'’](?=[\p{L}\p{N}_]))*/gu
const NOISE = /(?<![^\s"'(])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}|\b0x[0-9a-f]+|\bline \d+\b/g // of a pasted message
const ENTITY = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** A word's stem: what is left without the usual endings. */
const stem = (word) => {
  if (!/^[a-z]{4,}$/.test(word)) return word
  return word
    .replace(/(?:sses|ies)$/, (end) => (end === "ies" ? "y" : "ss"))
    .replace(/([^s])s$/, "$1")
    .replace(/(..[aeiouy].*|...)(?:ing|ed|er|ation|ate|ion)$/, "$1")
    .replace(/([^aeiouls])\1$/, "$1")
    .replace(/(...)e$/, "$1")
}

/** The names and words of a text: each with its parts, a word being its own only part. */
const names = function* (text) {
  for (const [match] of text.matchAll(WORD)) {
    const name = match.replace(/['’]s?$/, "").replace(/^@/, "")
    const parts = name.split(/[._\-'’]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
      .map((part) => part.toLowerCase())
      .filter((part) => part && !stop.has(part))
    yield [parts.length > 1 || /[._]/.test(name) ? name.toLowerCase() : "", parts]
  }
}

/** The terms of a text: names whole and in their parts, words by their stems. */
const terms = (text) => [...names(text)].flatMap(([name, parts]) => {
  const stems = parts.map(stem)
  return name ? [name, ...stems] : stems
})

/** The pairs of words that follow each other, at most one word between: "flask>django". */
const pairs = (text) => {
  const words = [...names(text)].flatMap(([, parts]) => parts.map(stem))
  return words.flatMap((word, i) => words.slice(i + 1, i + 3).map((next) => `${word}>${next}`))
}

const plain = (html) =>
  html.replace(/<[^>]+>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"').replace(/&amp;/g, "&").replace(/\s+/g, " ").trim()
const escape = (text) => text.replace(/[&<>"]/g, (one) => ENTITY[one])

/** One section, from the trimmed index or from the theme's (HTML with code in it). */
const section = (doc) => {
  if (doc.words !== undefined) return doc
  const code = []
  const text = doc.text.replace(/<pre[^>]*>(.*?)<\/pre>/gs, (_, inner) => {
    code.push(plain(inner))
    return " "
  })
  return { ...doc, title: plain(doc.title), text: plain(text), words: "", code: code.join(" ") }
}

let given = [] // documents that came with the set-up: the theme's, while the site is being written
let stop = new Set() // words that every page has
let index // a promise of what `load` makes

/** The pages with what each word counts in them (`held`), and all words as they are spelled. */
const load = async () => {
  if (!given.length) {
    const data = await (await fetch(new URL("search/index.json", BASE))).json()
    given = data.docs
    stop = new Set(data.stop)
  }
  const pages = new Map(), spelled = new Map(), spread = new Map()
  for (const doc of given) {
    const path = doc.location.split("#")[0]
    if (!pages.has(path)) pages.set(path, { ...doc, tags: (doc.tags ?? []).map(String), sections: [] })
    pages.get(path).sections.push(section(doc))
  }
  for (const page of pages.values()) {
    const [first, ...rest] = page.sections
    const all = (field) => page.sections.map((one) => one[field])
    const texts = {
      title: [first.title], tags: page.tags, about: [page.about ?? ""], headings: rest.map((one) => one.title),
      text: [...all("text"), ...all("words")], code: all("code"),
    }
    page.held = new Map()
    for (const [field, count] of Object.entries(FIELD))
      for (const [name, parts] of texts[field].flatMap((text) => [...names(text)]))
        for (const word of name ? [name, ...parts] : parts) {
          const term = word === name ? name : stem(word)
          spelled.set(word, term)
          page.held.set(term, (page.held.get(term) ?? 0) + count)
        }
    page.length = page.held.size
    for (const field of Object.keys(LINE))
      for (const pair of texts[field].flatMap(pairs)) page.held.set(pair, FIELD[field])
    for (const term of page.held.keys()) spread.set(term, (spread.get(term) ?? 0) + 1)
    page.texts = texts
  }
  const rare = (term) => Math.log(1 + (pages.size - spread.get(term) + 0.5) / (spread.get(term) + 0.5))
  const mean = sum([...pages.values()].map((page) => page.length)) / pages.size
  const found = { pages: [...pages.values()], spelled, spread, rare }
  for (const page of found.pages) page.enough = ENOUGH * (1 - LONG + (LONG * page.length) / mean)
  for (const page of found.pages)
    page.lines = Object.entries(LINE).flatMap(([field, count]) =>
      page.texts[field].map((text) => {
        const words = wanted(found, text, true)
        return { count, words, total: sum([...words.values()].map((one) => one.weight)) }
      }))
  return found
}

/** The edits between two words: a letter more, less or another one, or two exchanged. */
const distance = (a, b) => {
  let before = [], last = [...Array(b.length + 1).keys()]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1)
    }
    before = last
    last = row
  }
  return last[b.length]
}

/** The words that a strange one may stand for: those it begins, else the nearest, else its own beginning. */
const meant = (spelled, word) => {
  if (word.length < 3) return []
  const known = [...spelled.keys()]
  const longer = known.filter((one) => one.startsWith(word))
  if (longer.length || word.length < 4) return longer
  const most = word.length < 8 ? 1 : 2
  const near = known.filter((one) => Math.abs(one.length - word.length) <= most)
    .map((one) => [distance(one, word), one]).filter(([far]) => far <= most).sort(([a], [b]) => a - b)
  if (near.length) return near.filter(([far]) => far === near[0][0]).map(([, one]) => one)
  return /^[a-z]+$/.test(word) ? known.filter((one) => one.length > 4 && word.startsWith(one)).sort((a, b) => b.length - a.length).slice(0, 1) : []
}

/** What a text asks for: words and pairs, each with its weight and the terms that answer it, as [term, share]. */
const wanted = ({ spelled, spread, rare }, text, exact = false) => {
  const found = new Map()
  const add = (word, weight, options) => {
    const worth = weight * Math.max(...options.map(([term]) => rare(term)))
    if (worth > (found.get(word)?.weight ?? 0)) found.set(word, { weight: worth, options, whole: weight === 1 })
  }
  const all = [...names(text)]
  /** The terms for a word; others than its own for a strange one and for the last, which may not be complete. */
  const answers = (word, last) => {
    const own = spelled.get(word)
    const others = exact || (own && !last) || all.length > 8 ? [] : own ? [...spelled.keys()].filter((one) => one.startsWith(word)) : meant(spelled, word)
    const options = new Map(others.map((one) => [spelled.get(one), own ? 0.3 : 0.7]))
    return [...(own ? options.set(own, 1) : options)]
  }
  for (const [i, [name, parts]] of all.entries()) {
    const last = i === all.length - 1
    const whole = name ? answers(name, last) : []
    add(name, 1, whole)
    for (const part of parts) add(stem(part), whole.length ? PART : 1, answers(part, last && !name))
  }
  for (const pair of pairs(text)) if (spread.has(pair)) add(pair, PAIR, [[pair, 1]])
  return found
}

const sum = (values) => [...values].reduce((total, value) => total + value, 0)

/** How well a page answers: by the words that it holds, and by the line that is nearest to the query. */
const score = (page, asked, total) => {
  let held = 0, covered = 0
  for (const { weight, options } of asked.values()) {
    const best = Math.max(...options.map(([term, share]) => {
      const count = page.held.get(term) ?? 0
      return share * count / (count + page.enough)
    }))
    held += weight * best
    if (best) covered += weight
  }
  if (!held) return 0
  let line = 0
  for (const { count, words, total: own } of page.lines) {
    let common = 0
    for (const { weight, options } of asked.values())
      for (const [term, share] of options) {
        const there = words.get(term)
        if (there) common += share * Math.sqrt(weight * there.weight)
      }
    line = Math.max(line, (count * Math.min(1, common / Math.sqrt(total * own || 1))))
  }
  return ((held / total) * (covered / total) ** COVER + SAME * line) * (page.boost ?? 1)
}

/** The pages that answer, best first. */
const find = (all, query) => {
  const asked = wanted(all, query.replace(NOISE, " "))
  const total = sum([...asked.values()].map((one) => one.weight))
  const words = new Set([...asked.values()].filter((one) => one.whole).flatMap(({ options }) => options.map(([term]) => term)))
  return all.pages.map((page) => ({ page, score: score(page, asked, total), words }))
    .filter((one) => one.score > 0).sort((a, b) => b.score - a.score).slice(0, PAGES)
}

/** How well a section answers: 3 for each word in its title, 1 in its text, a half in its code. */
const weigh = (one, words) => {
  one.sets ??= [one.title, `${one.text} ${one.words}`, one.code].map((text) => new Set(terms(text)))
  return sum([...words].map((word) => (one.sets[0].has(word) ? 3 : one.sets[1].has(word) ? 1 : one.sets[2].has(word) ? 0.5 : 0)))
}

/** The words around the first hit, as HTML with the hits marked. */
const teaser = (text, words) => {
  const spans = [...text.matchAll(WORD)]
    .filter(([word]) => terms(word).some((term) => words.has(term)))
    .map((match) => [match.index, match.index + match[0].length])
  const start = spans.length ? text.lastIndexOf(" ", Math.max(0, spans[0][0] - 50)) + 1 : 0
  let html = start > 0 ? "…" : "", at = start
  const end = Math.min(text.length, start + TEASER)
  for (const [from, to] of spans) {
    if (from < at || to > end) continue
    html += `${escape(text.slice(at, from))}<mark>${escape(text.slice(from, to))}</mark>`
    at = to
  }
  return `${html}${escape(text.slice(at, end))}${end < text.length ? "…" : ""}`
}

/** What the theme draws: the page, its best sections, and the others behind a click. */
const item = ({ page, score, words }) => {
  const [first, ...rest] = page.sections
  const ranked = rest.map((one) => [weigh(one, words), one]).filter(([weight]) => weight > 0)
    .sort(([a], [b]) => b - a).map(([, one]) => one)
  const hit = encodeURIComponent([...words].filter((word) => page.held.has(word)).slice(0, 12).join(" "))
  const show = (one, part) => ({
    location: one.location.replace(/(?=#|$)/, `?h=${hit}`),
    title: teaser(one.title, words),
    text: part ? `<p>${teaser(one.text, words)}</p>` : "",
    terms: {},
    score: part < SECTIONS ? score : score / 2,
  })
  return [{ ...show(first, 1), title: teaser(first.title, words) }, ...ranked.map((one, i) => show(one, i || 1))]
}

addEventListener("message", async ({ data: { type, data } }) => {
  if (type === SETUP) {
    given = data.docs
    postMessage({ type: READY })
  } else if (type === QUERY) {
    let items = []
    if (data.trim()) items = find(await (index ??= load()), data).map(item)
    postMessage({ type: RESULT, data: { items } })
  }
})
