// Reading a PDF as far as its seals need it (ISO 32000-2, 7.3 objects, 7.5.4 tables of offsets, 12.8 signatures).
// Values: dictionaries are Maps, arrays are Arrays; everything else is its text: "/Name", "12", "true", "7 0 R", "(…)", "<…>".

const SPACE = new Set([0, 9, 10, 12, 13, 32])
const DELIMITER = new Set([..."()<>[]{}/%"].map((one) => one.charCodeAt(0)))
const [LESS, GREATER, SLASH, PERCENT, OPEN, SHUT, LEFT, RIGHT, BACK] = [..."<>/%()[]\\"].map((one) => one.charCodeAt(0))
const DEEPEST = 60

export class Unreadable extends Error {}

export const latin = (bytes, from = 0, to = bytes.length) => {
  let text = ""
  for (let at = from; at < to; at += 8192) text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 8192, to)))
  return text
}

/** Where the text stands next from `from` on, or -1. */
export function find(bytes, text, from, to = bytes.length) {
  const first = text.charCodeAt(0)
  for (let at = bytes.indexOf(first, from); at >= 0 && at + text.length <= to; at = bytes.indexOf(first, at + 1))
    if (latin(bytes, at, at + text.length) === text) return at
  return -1
}

export function findLast(bytes, text, before) {
  const first = text.charCodeAt(0)
  for (let at = bytes.lastIndexOf(first, before - text.length); at >= 0; at = at ? bytes.lastIndexOf(first, at - 1) : -1)
    if (latin(bytes, at, at + text.length) === text) return at
  return -1
}

/** Reads values one after the other; never beyond `end`. */
export class Reader {
  constructor(bytes, at, end = bytes.length) {
    Object.assign(this, { bytes, at, end })
  }

  skip() {
    while (this.at < this.end) {
      if (this.bytes[this.at] === PERCENT) while (this.at < this.end && this.bytes[this.at] !== 10 && this.bytes[this.at] !== 13) this.at++
      else if (SPACE.has(this.bytes[this.at])) this.at++
      else return
    }
  }

  /** A word without delimiters, such as a number or keyword; empty at a delimiter. */
  word() {
    this.skip()
    const from = this.at
    while (this.at < this.end && !SPACE.has(this.bytes[this.at]) && !DELIMITER.has(this.bytes[this.at])) this.at++
    return latin(this.bytes, from, Math.min(this.at, from + 200))
  }

  expect(word) {
    const found = this.word()
    if (found !== word) throw new Unreadable(`${word} expected, ${found || "something else"} found`)
  }

  number() {
    const found = this.word()
    if (!/^\d{1,10}$/.test(found)) throw new Unreadable("a number expected")
    return Number(found)
  }

  value(depth = 0) {
    if (depth > DEEPEST) throw new Unreadable("nested too deeply")
    this.skip()
    const [one, two] = [this.bytes[this.at], this.bytes[this.at + 1]]
    if (one === LESS && two === LESS) return this.dictionary(depth)
    if (one === LEFT) return this.array(depth)
    if (one === LESS) return this.hexadecimal()
    if (one === OPEN) return this.string()
    if (one === SLASH) {
      this.at++
      return `/${this.word()}`
    }
    const word = this.word()
    if (!word) throw new Unreadable("a value expected")
    if (!/^\d{1,10}$/.test(word)) return word
    const back = this.at
    const generation = this.word()
    if (/^\d{1,5}$/.test(generation) && this.word() === "R") return `${word} ${generation} R`
    this.at = back
    return word
  }

  dictionary(depth) {
    this.at += 2
    const made = new Map()
    for (;;) {
      this.skip()
      if (this.bytes[this.at] === GREATER && this.bytes[this.at + 1] === GREATER) {
        this.at += 2
        return made
      }
      if (this.bytes[this.at] !== SLASH) throw new Unreadable("a name expected in a dictionary")
      const name = this.value(depth + 1)
      if (made.has(name)) throw new Unreadable(`${name} stands twice in a dictionary`)
      if (name === "/Contents") made.contentsAt = this.place()
      made.set(name, this.value(depth + 1))
    }
  }

  place() {
    this.skip()
    return this.at
  }

  array(depth) {
    this.at++
    const made = []
    for (;;) {
      this.skip()
      if (this.bytes[this.at] === RIGHT) {
        this.at++
        return made
      }
      made.push(this.value(depth + 1))
    }
  }

  hexadecimal() {
    const to = this.bytes.indexOf(GREATER, this.at)
    if (to < 0 || to >= this.end) throw new Unreadable("a hexadecimal string without end")
    const text = latin(this.bytes, this.at, to + 1)
    this.at = to + 1
    return text
  }

  string() {
    const from = this.at
    for (let level = 0; this.at < this.end; this.at++) {
      const one = this.bytes[this.at]
      if (one === BACK) this.at++
      else if (one === OPEN) level++
      else if (one === SHUT && --level === 0) return latin(this.bytes, from, ++this.at)
    }
    throw new Unreadable("a string without end")
  }
}

/** The same text for the same value, whatever the order of its names and its white space. */
export function canonical(value) {
  if (value instanceof Map) return `<<${[...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => `${name} ${canonical(one)}`).join(" ")}>>`
  if (Array.isArray(value)) return `[${value.map(canonical).join(" ")}]`
  return value
}

const BYTE_RANGE = "/ByteRange"
const FARTHEST = 200_000

/**
 * Every signature of the file in the order of what it covers: {from, to} of the space kept for it, `end` of what it covers,
 * its bytes, and its dictionary. `damaged` counts places that look like a signature and are none: theirs is no intact file.
 */
export function signatures(bytes) {
  const found = []
  let damaged = 0
  for (let at = find(bytes, BYTE_RANGE, 0); at >= 0; at = find(bytes, BYTE_RANGE, at + 1)) {
    const one = signatureAt(bytes, at)
    if (one) found.push(one)
    else damaged++
  }
  found.sort((a, b) => a.end - b.end)
  return { found, damaged }
}

function signatureAt(bytes, at) {
  const object = findLast(bytes.subarray(Math.max(0, at - FARTHEST), at), "obj", Math.min(at, FARTHEST))
  if (object < 0) return null
  try {
    const dictionary = new Reader(bytes, Math.max(0, at - FARTHEST) + object + 3).value()
    const range = dictionary instanceof Map && dictionary.get(BYTE_RANGE)
    if (!Array.isArray(range) || range.length !== 4 || !range.every((one) => /^\d{1,10}$/.test(one))) return null
    const [begin, from, to, rest] = range.map(Number)
    // The one hole in what is signed is the string of the signature itself, brackets included.
    if (begin !== 0 || dictionary.contentsAt !== from || to <= from || to + rest > bytes.length) return null
    const contents = dictionary.get("/Contents")
    if (contents.length !== to - from || !/^<(?:[0-9A-Fa-f]{2})+>$/.test(contents)) return null
    return { from, to, end: to + rest, dictionary, contents: unhex(contents.slice(1, -1)), stamp: dictionary.get("/SubFilter") === "/ETSI.RFC3161" }
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

export function unhex(text) {
  const made = new Uint8Array(text.length / 2)
  for (let at = 0; at < made.length; at++) made[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  return made
}

/** What a signature covers, as one piece. */
export function covered(bytes, { from, to, end }) {
  const whole = new Uint8Array(from + end - to)
  whole.set(bytes.subarray(0, from))
  whole.set(bytes.subarray(to, end), from)
  return whole
}
