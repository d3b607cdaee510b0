/* The search worker: speaks the theme's protocol, with a ranking of its own.

   The theme's own worker knows no misspellings and reads the whole index on every page. This
   one is started by the first letter of a query, see tandem.js, and loads what
   scripts/tandem_site/search.py writes: the index of the guides, which answers the first query, then
   that of the answers, with which the same query is answered again. A page is what is found; its
   sections are ranked below it. */
"use strict"

const QUERY = 2, RESULT = 3 // the theme's types of messages
const BASE = new URL("..", location.href)
const PAGES = 20 // shown at most
const SECTIONS = 3 // shown below a page without a click
const TEASER = 180 // characters
// What counts how much, by measurement: see tests/search_queries.tsv.
const FIELD = { title: 4, tag: 4, about: 6, said: 1, heading: 1, text: 1, code: 1 } // a word, by where it stands
const ENOUGH = 3 // of these are half of what a word can give a page
const LONG = 0.5 // how much more of a word a long page has to have
// A page that settles one question, beside a guide: little for a topic's words, more for each word of a question.
const ANSWER = { least: 0.35, word: 0.15, most: 1 }
const FIRST = 3 // pages, of which one is a guide
const BRIEF = 0.5 // what ENOUGH is for these pages, which say each thing once
const LINE = { title: 1, tag: 1, said: 0.7, heading: 0.7 } // a line that says what the query says, by its kind
const PAIR = 0.2 // two words in their order, beside the words
const PART = 0.15 // the parts of a name that is known, beside the name
const LONGER = 0.3 // a longer word, beside the last one of the query itself
const MEANT = 0.7 // a word that a strange one may stand for
const ALIKE = 0.4 // a word that people use for the query's own
const BEGUN = 0.65 // how much of what a longer word tells counts for the last one
const MANY = 8 // words: a query of more was pasted, and is not guessed at
const PARTS = 40 // of its names: likewise
const LETTERS = 2000 // that are read of a query
const WORD = /@?[\p{L}\p{N}_](?:[\p{L}\p{N}_]|[.\-'’](?=[\p{L}\p{N}_]))*/gu
const NOISE = /(?<![^\s"'(])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}|\b0x[0-9a-f]+|\bline \d+\b/g // of a pasted message
const ENTITY = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** A word's stem: what is left without the usual endings. */
const stem = (word) => {
  if (!/^[a-z]{4,40}$/.test(word)) return word
  return word
    .replace(/(?:sses|ies)$/, (end) => (end === "ies" ? "y" : "ss"))
    .replace(/([^s])s$/, "$1")
    .replace(/(..[aeiouy].*|...)(?:ing|ed|er|ation|ate|ion)$/, "$1")
    .replace(/([^aeiouls])\1$/, "$1")
    .replace(/(...)e$/, "$1")
}

/** A name or word as it stands: the name if it has parts, its parts, and the terms that it is found by. */
const split = (match) => {
  if (seen.has(match)) return seen.get(match)
  const bare = match.replace(/['’]s?$/, "").replace(/^@/, "")
  const parts = bare.split(/[._\-'’]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .map((part) => part.toLowerCase())
    .filter((part) => part && !stop.has(part))
  const name = parts.length > 1 || /[._]/.test(bare) ? bare.toLowerCase().replaceAll("-", "_") : ""
  const stems = parts.map(stem)
  const made = { bare: bare.toLowerCase(), name, parts, stems, terms: name ? [name, ...stems] : stems }
  seen.set(match, made)
  return made
}
const names = (text) => (text.match(WORD) ?? []).map(split)
const terms = (text) => names(text).flatMap((one) => one.terms)

/** The pairs of words that follow each other, at most one word between: "log>in", "flask>django". */
const pairs = (text) => {
  const words = names(text).map((one) => one.terms[0] ?? one.bare)
  return words.flatMap((word, i) => words.slice(i + 1, i + 3)
    .filter((next) => !(stop.has(word) && stop.has(next))).map((next) => `${word}>${next}`))
}

const escape = (text) => text.replace(/[&<>"]/g, (one) => ENTITY[one])

let stop = new Set() // words that every page has
const seen = new Map() // what `split` made

/** The pages with what each term counts in them (`held`), all words as they are spelled, each term's spread and synonyms. */
const index = { pages: [], spelled: new Map(), spread: new Map(), alike: new Map() }

/** Add the pages of a file to the index; `enough`: how much of a word is half of what it can give them. */
const load = async (file, enough, isAnswer) => {
  const data = await (await fetch(new URL(`search/${file}`, BASE))).json()
  stop = new Set(data.stop)
  for (const group of (data.alike ?? []).map((words) => words.map(stem)))
    for (const word of group) index.alike.set(word, [...(index.alike.get(word) ?? []), ...group])
  const added = []
  for (const doc of data.docs) {
    const section = { ...doc }
    section.words = [section.title, `${section.text} ${section.words}`, section.code].map(names)
    if (doc.location.includes("#") && added.length) added.at(-1).sections.push(section)
    else added.push({ isAnswer, boost: doc.boost ?? 1, tags: (doc.tags ?? []).map(String), about: doc.about ?? "", said: doc.said ?? "", sections: [section] })
  }
  for (const page of added) {
    page.held = new Map()
    const count = (term, worth) => page.held.set(term, (page.held.get(term) ?? 0) + worth)
    const take = (words, worth) => {
      for (const { name, parts, terms } of words) {
        for (const term of terms) count(term, worth)
        if (name) index.spelled.set(name, name)
        for (const part of parts) index.spelled.set(part, stem(part))
      }
    }
    for (const [i, { words: [title, text, code] }] of page.sections.entries()) {
      take(title, i ? FIELD.heading : FIELD.title)
      take(text, FIELD.text)
      take(code, FIELD.code)
    }
    for (const tag of page.tags) take(names(tag), FIELD.tag)
    take(names(page.about), FIELD.about)
    take(names(page.said), FIELD.said)
    page.length = page.held.size
    page.lines = [
      ...page.sections.map((one, i) => ({ text: one.title, kind: i ? "heading" : "title" })),
      ...page.tags.map((tag) => ({ text: tag, kind: "tag" })),
      { text: page.said, kind: "said" },
    ]
    for (const { text, kind } of page.lines) for (const pair of pairs(text)) count(pair, FIELD[kind])
    for (const term of page.held.keys()) index.spread.set(term, (index.spread.get(term) ?? 0) + 1)
  }
  const mean = sum(added.map((page) => page.length)) / added.length
  for (const page of added) page.enough = enough * (1 - LONG + (LONG * page.length) / mean)
  index.pages.push(...added)
  for (const { lines } of index.pages) // what a word of theirs tells has changed with the others
    for (const line of lines) {
      line.words = wanted(line.text, true)
      line.total = sum([...line.words.values()].map((one) => one.weight))
    }
}

/** What a term tells: the more, the fewer pages hold it. */
const rare = (term) => Math.log(1 + (index.pages.length - index.spread.get(term) + 0.5) / (index.spread.get(term) + 0.5))

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
const meant = (known, word, isName) => {
  if (word.length < 2) return []
  const longer = known.filter((one) => one.startsWith(word))
  if (longer.length || word.length < 4) return longer
  const most = word.length < 8 ? 1 : 2
  const near = known.filter((one) => Math.abs(one.length - word.length) <= most)
    .map((one) => [distance(one, word), one]).filter(([far]) => far <= most).sort(([a], [b]) => a - b)
  if (near.length || isName) return near.filter(([far]) => far === near[0][0]).map(([, one]) => one)
  return known.filter((one) => one.length > 4 && word.startsWith(one)).sort((a, b) => b.length - a.length).slice(0, 1)
}

/** What a query's word tells: as much as its own term, or as the rarest that it may stand for. */
const worth = (options) => {
  const most = (some) => Math.max(0, ...some.map(([term]) => rare(term)))
  const own = options.filter(([, share]) => share === 1)
  const others = options.filter(([, share]) => share === LONGER || share === MEANT)
  if (own.length) return Math.max(most(own), BEGUN * most(others))
  return most(others.length ? others : options)
}

/** What a text asks for: words and pairs, each with its weight and the terms that answer it, as [term, share]. */
const wanted = (text, exact = false) => {
  const { spelled, spread } = index
  const found = new Map()
  const add = (word, share, options) => {
    const weight = share * worth(options)
    if (weight > (found.get(word)?.weight ?? 0)) found.set(word, { weight, options, whole: share === 1, part: share === PART })
  }
  const all = names(text)
  const pasted = all.length > MANY || sum(all.map(({ parts }) => parts.length)) > PARTS
  /** The terms for a word; others than its own for a strange one and for the last, which may not be complete. */
  const answers = (word, last, isName) => {
    const own = spelled.get(word)
    if (exact || pasted) return own ? [[own, 1]] : []
    const others = own && !last ? [] : own ? [...spelled.keys()].filter((one) => one.startsWith(word)) : meant([...spelled.keys()], word, isName)
    const options = new Map(others.map((one) => [spelled.get(one), own ? LONGER : MEANT]))
    for (const one of index.alike.get(stem(word)) ?? [])
      if (spread.has(one) && !(options.get(one) > ALIKE)) options.set(one, ALIKE)
    return [...(own ? options.set(own, 1) : options)]
  }
  for (const [i, { name, parts }] of all.entries()) {
    const last = i === all.length - 1
    const whole = name ? answers(name, last, true) : []
    add(name, 1, whole)
    for (const part of parts) add(stem(part), whole.length ? PART : 1, answers(part, last && !name))
  }
  for (const pair of pairs(text)) if (spread.has(pair)) add(pair, PAIR, [[pair, 1]])
  return found
}

const sum = (values) => values.reduce((total, value) => total + value, 0)

/** How well a page answers: by the words that it holds, and by the line that is nearest to the query. */
const score = (page, asked, total) => {
  let held = 0, covered = 0
  for (const { weight, options } of asked) {
    let best = 0
    for (const [term, share] of options) {
      const count = page.held.get(term)
      if (count) best = Math.max(best, (share * count) / (count + page.enough))
    }
    held += weight * best
    if (best) covered += weight
  }
  if (!held) return 0
  const lead = asked.filter((one) => !one.part)
  let nearest = 0
  for (const line of page.lines) {
    let common = 0
    for (const { weight, options } of lead)
      common += Math.max(0, ...options.map(([term, share]) => share * Math.sqrt(weight * (line.words.get(term)?.weight ?? 0))))
    if (common) nearest = Math.max(nearest, LINE[line.kind] * Math.min(1, common / Math.sqrt(total * line.total)))
  }
  const words = asked.filter((one) => one.whole).length
  const boost = page.isAnswer ? Math.min(ANSWER.most, ANSWER.least + ANSWER.word * (words - 1)) : page.boost
  return boost * ((held / total) * (covered / total) + nearest)
}

/** The pages that answer, best first, with the terms that they were found by. */
const find = (query) => {
  const asked = [...wanted(query.slice(-LETTERS).normalize().replace(NOISE, " ")).values()]
  const total = sum(asked.map((one) => one.weight))
  const sought = asked.filter((one) => one.whole).flatMap(({ options }) => {
    const most = Math.max(...options.map(([, share]) => share))
    return options.filter(([, share]) => share === most).map(([term]) => term)
  })
  const found = index.pages.map((page) => ({ page, score: score(page, asked, total) }))
    .filter((one) => one.score > 0).sort((a, b) => b.score - a.score)
  // A reader who wants the whole task sees a guide among the first, however many answers there are.
  const guide = found.findIndex(({ page }) => !page.isAnswer)
  if (guide >= FIRST) found.splice(FIRST - 1, 0, ...found.splice(guide, 1))
  return found.slice(0, PAGES)
    .map((one) => ({ ...one, words: new Set(sought.filter((term) => one.page.held.has(term))) }))
}

/** How well a section answers: 3 for each word in its title, 1 in its text, a half in its code. */
const weigh = (section, words) => {
  section.sets ??= section.words.map((some) => new Set(some.flatMap((one) => one.terms)))
  const [title, text, code] = section.sets
  return sum([...words].map((word) => (title.has(word) ? 3 : text.has(word) ? 1 : code.has(word) ? 0.5 : 0)))
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

let asked = "" // the last query
let first, rest // promises of the two files
const answer = () => postMessage({ type: RESULT, data: { items: asked ? find(asked).map(item) : [] } })

addEventListener("message", async ({ data: { type, data } }) => {
  if (type !== QUERY) return
  asked = data.trim()
  try {
    if (asked) await (first ??= load("index.json", ENOUGH, false))
  } catch {
    first = undefined // the next letter tries again
  }
  answer()
  if (!first || !asked || rest) return
  await (rest = load("answers.json", BRIEF, true).catch(() => {})) // a site may have none
  answer()
})
