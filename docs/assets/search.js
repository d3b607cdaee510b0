/* The search worker: speaks the theme's protocol, finds with MiniSearch.

   The theme's own worker knows no misspellings and reads the whole index on every page. This
   one loads index and library at the first query. A page is what is found; its sections are
   ranked below it. Index: what scripts/tandem/site/search.py writes, or the theme's own. */
"use strict"

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3 // the theme's types of messages
const BASE = new URL("..", location.href)
const SECTIONS = 3 // shown below a page without a click
const TEASER = 180 // characters
const WORD = /@?[\p{L}\p{N}_](?:[\p{L}\p{N}_]|[.\-'’](?=[\p{L}\p{N}_]))*/gu
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
    yield [parts.length > 1 || /[._]/.test(name) ? name.toLowerCase() : "", parts.map(stem)]
  }
}

/** The terms of a text: names whole and in their parts, words by their stems. */
const terms = (text) => [...names(text)].flatMap(([name, parts]) => (name ? [name, ...parts] : parts))

/** A query's terms with their weights: the parts of a name count for little if the name is known. */
const wanted = (query, vocabulary) => {
  const found = new Map()
  for (const [name, parts] of names(query)) {
    const known = name && vocabulary.has(name)
    if (known) found.set(name, 1)
    for (const part of parts) found.set(part, Math.max(found.get(part) ?? 0, known ? 0.15 : 1))
  }
  return found
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
let index // a promise of { mini, pages }

const load = async () => {
  importScripts(new URL("assets/vendor/minisearch.min.js", BASE))
  if (!given.length) {
    const data = await (await fetch(new URL("search/index.json", BASE))).json()
    given = data.docs
    stop = new Set(data.stop)
  }
  const pages = new Map()
  for (const doc of given) {
    const path = doc.location.split("#")[0]
    if (!pages.has(path)) pages.set(path, { id: path, boost: doc.boost ?? 1, tags: doc.tags ?? [], sections: [] })
    pages.get(path).sections.push(section(doc))
  }
  const all = (page, field) => page.sections.map((one) => one[field]).join("\n")
  const vocabulary = new Set()
  const mini = new MiniSearch({
    fields: ["title", "tags", "headings", "text", "code"],
    tokenize: terms,
    processTerm: (term) => (vocabulary.add(term), term),
    extractField: (page, field) => ({
      id: page.id,
      title: page.sections[0].title,
      tags: page.tags.join("\n"),
      headings: page.sections.slice(1).map((one) => one.title).join("\n"),
      text: `${all(page, "text")}\n${all(page, "words")}`,
      code: all(page, "code"),
    })[field],
    searchOptions: {
      boost: { title: 5, tags: 6, headings: 2.5, text: 1, code: 0.7 },
      boostDocument: (id) => pages.get(id).boost,
      bm25: { k: 1.2, b: 0.4, d: 0.5 },
    },
  })
  mini.addAll([...pages.values()])
  return { mini, pages, vocabulary }
}

/** The pages that answer, best first: those that hold more of the words, above all in a tag. */
const find = ({ mini, pages, vocabulary }, query) => {
  const weights = wanted(query, vocabulary)
  if (!weights.size) return []
  const all = [...weights.keys()]
  const total = [...weights.values()].reduce((sum, weight) => sum + weight)
  const strange = (term) => term.length > 3 && !vocabulary.has(term)
  const found = mini.search(query, {
    tokenize: () => all,
    processTerm: (term) => term,
    boostTerm: (term) => weights.get(term),
    prefix: (term) => weights.get(term) === 1 && term.length > (term === all.at(-1) ? 1 : 4),
    fuzzy: (term) => strange(term) && (term.length > 7 ? 0.25 : term.length > 5 ? 2 : 1),
    weights: { fuzzy: 0.3, prefix: 0.3 },
  })
  const asked = bare(query)
  for (const one of found) {
    const page = pages.get(one.id)
    const held = one.queryTerms.reduce((sum, term) => sum + weights.get(term), 0)
    one.score *= (held / total) ** 2
    if (page.tags.some((tag) => bare(String(tag)) === asked)) one.score *= 3
    if (bare(page.sections[0].title).includes(asked)) one.score *= 1.5
  }
  return found.sort((a, b) => b.score - a.score).slice(0, 20)
    .map((one) => ({ page: pages.get(one.id), score: one.score, words: new Set(one.terms) }))
}

const bare = (text) => text.toLowerCase().replace(/^@|\(\)$/g, "").trim()

/** How well a section answers: 3 for each word in its title, 1 in its text, a half in its code. */
const weigh = (one, words) => {
  one.sets ??= [one.title, `${one.text} ${one.words}`, one.code].map((text) => new Set(terms(text)))
  let sum = 0
  for (const word of words)
    sum += one.sets[0].has(word) ? 3 : one.sets[1].has(word) ? 1 : one.sets[2].has(word) ? 0.5 : 0
  return sum
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
  const hit = encodeURIComponent([...words].slice(0, 12).join(" "))
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
