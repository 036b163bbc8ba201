// What was added to a file after its seal. Long-term validation (ETSI EN 319 142-1, 5.4) adds certificates, revocation lists and
// document time stamps; anything else, or anything that this reader does not understand completely, is not that.
import { canonical, findLast, Reader, Unreadable } from "./verify_pdf.js"

/** Something was added that is not long-term material. */
export class Changed extends Error {}

const STREAM = "stream"
const TABLE_ENTRY = 20

/**
 * Judges all that stands after `end`, the end of the sealed revision. Returns when it is long-term material only.
 * Throws Changed when it is something else, Unreadable when its form is beyond this reader.
 */
export function additions(bytes, end) {
  const sealed = new Sealed(bytes, end)
  const { objects, trailers } = appended(bytes, end, sealed.startxref)
  for (const trailer of trailers)
    for (const name of ["/Root", "/Info", "/Encrypt"])
      if (canonical(trailer.get(name) ?? "null") !== canonical(sealed.trailer.get(name) ?? "null")) throw new Changed(`trailer ${name}`)
  const after = (reference) => (objects.has(reference) ? objects.get(reference) : sealed.object(reference))
  const resolved = (value, look) => (isReference(value) ? look(value) : value)
  const before = (value) => resolved(value, (one) => sealed.object(one))
  const now = (value) => resolved(value, after)

  const root = sealed.trailer.get("/Root")
  const fields = new Set()
  const info = sealed.trailer.get("/Info")
  const metadata = before(root).get("/Metadata")
  // Programs note in the description of the file, which no page shows, that and when they wrote to it.
  const allowed = new Map([
    [root, (old, made) => catalogue(old, made)],
    [info, (old, made) => same(old, made, ["/ModDate", "/Producer"], "description")],
    [metadata, (old, made) => same(described(old), described(made), ["/Length", "/Filter", STREAM], "metadata")],
  ])

  function catalogue(old, made) {
    same(old, made, ["/DSS", "/AcroForm", "/Extensions"], "catalogue")
    if (isReference(made.get("/Extensions"))) throw new Changed("catalogue /Extensions")
    if (isReference(old.get("/AcroForm")) && old.get("/AcroForm") !== made.get("/AcroForm")) throw new Changed("catalogue /AcroForm")
  }

  // The form: old fields in their order, then nothing but invisible document time stamps.
  const oldRoot = before(root)
  const [oldForm, newForm] = [before(oldRoot.get("/AcroForm")), now(now(root).get("/AcroForm"))]
  if (!(oldForm instanceof Map && newForm instanceof Map)) throw new Changed("form")
  same(oldForm, newForm, ["/Fields", "/SigFlags"], "form")
  for (const field of extended(before(oldForm.get("/Fields")), now(newForm.get("/Fields")), "fields")) {
    stampField(now(field), now)
    fields.add(field)
  }
  const harmless = (reference) => [oldRoot.get("/AcroForm"), oldForm.get("/Fields")].includes(reference)

  const annotationLists = new Set()
  for (const [reference, value] of objects) {
    const old = sealed.has(reference) ? sealed.object(reference) : undefined
    if (old === undefined || canonical(old) === canonical(value) || harmless(reference)) continue
    if (allowed.has(reference)) allowed.get(reference)(old, value)
    else if (old instanceof Map && old.get("/Type") === "/Page" && value instanceof Map) {
      same(old, value, ["/Annots"], "page")
      const [was, is] = [old.get("/Annots") ?? [], value.get("/Annots")]
      if (isReference(was) && was !== is) throw new Changed("page /Annots")
      if (isReference(is)) annotationLists.add(is)
      onlyFields(before(was), now(is ?? []), fields)
    } else if (Array.isArray(old) && Array.isArray(value) && sealed.isAnnotationList(reference)) onlyFields(old, value, fields)
    else throw new Changed(`object ${reference}`)
  }
}

const described = (value) => (value instanceof Map && value.get("/Type") === "/Metadata" && value.get("/Subtype") === "/XML" ? value : null)

const isReference = (value) => typeof value === "string" && / R$/.test(value)

function same(old, made, but, what) {
  if (!(old instanceof Map && made instanceof Map)) throw new Changed(what)
  for (const name of new Set([...old.keys(), ...made.keys()]))
    if (!but.includes(name) && canonical(old.get(name) ?? "null") !== canonical(made.get(name) ?? "null")) throw new Changed(`${what} ${name}`)
}

function extended(old, made, what) {
  if (!Array.isArray(old) || !Array.isArray(made) || canonical(made.slice(0, old.length)) !== canonical(old)) throw new Changed(what)
  return made.slice(old.length)
}

function onlyFields(old, made, fields) {
  for (const one of extended(old, made, "annotations")) if (!fields.has(one)) throw new Changed("annotations")
}

function stampField(field, now) {
  const value = field instanceof Map && now(field.get("/V"))
  const invisible = field instanceof Map && canonical(now(field.get("/Rect")) ?? "null") === "[0 0 0 0]"
  if (!(value instanceof Map) || field.get("/FT") !== "/Sig" || value.get("/SubFilter") !== "/ETSI.RFC3161" || !invisible || field.has("/Kids")) throw new Changed("field")
}

/** Every object defined after `end`, the last definition of each, and the trailers; each table must point to just these. */
function appended(bytes, end, startxref) {
  const reader = new Reader(bytes, end)
  const objects = new Map()
  const trailers = []
  let places = new Map()
  let previous = startxref
  for (;;) {
    reader.skip()
    if (reader.at >= bytes.length) break
    const at = reader.at
    const word = reader.word()
    if (word === "xref") {
      const { trailer, entries } = table(reader)
      if (trailer.has("/XRefStm") || Number(trailer.get("/Prev")) !== previous) throw new Unreadable("trailer")
      for (const [reference, place] of entries) if (places.get(reference) !== place) throw new Changed(`table ${reference}`)
      for (const reference of places.keys()) if (!entries.has(reference)) throw new Changed(`table ${reference}`)
      trailers.push(trailer)
      places = new Map()
      reader.expect("startxref")
      if (reader.number() !== at) throw new Unreadable("startxref")
      previous = at
    } else {
      if (!/^\d{1,10}$/.test(word)) throw new Unreadable("an object expected")
      // Readers disagree on what another generation means; whoever writes long-term material never needs one.
      if (reader.number() !== 0) throw new Unreadable("a generation")
      const reference = `${Number(word)} 0 R`
      reader.expect("obj")
      const value = reader.value()
      let keyword = reader.word()
      if (keyword === STREAM) {
        if (!(value instanceof Map) || !/^\d+$/.test(value.get("/Length") ?? "")) throw new Unreadable("stream")
        if (["/XRef", "/ObjStm"].includes(value.get("/Type"))) throw new Unreadable("compressed objects")
        reader.at += (bytes[reader.at] === 13 ? 2 : 1) + Number(value.get("/Length"))
        value.set(STREAM, `${at}`) // two streams are never the same
        reader.expect("endstream")
        keyword = reader.word()
      }
      if (keyword !== "endobj" || places.has(reference)) throw new Unreadable("endobj")
      objects.set(reference, value)
      places.set(reference, at)
    }
  }
  if (places.size || !trailers.length) throw new Unreadable("objects without table")
  return { objects, trailers }
}

/** A classic table behind the word xref: entries by reference, and the trailer. */
function table(reader) {
  const entries = new Map()
  for (;;) {
    const word = reader.word()
    if (word === "trailer") break
    if (!/^\d{1,10}$/.test(word)) throw new Unreadable("table")
    const first = Number(word)
    const count = reader.number()
    if (count * (TABLE_ENTRY - 2) > reader.end - reader.at) throw new Unreadable("table")
    for (let number = first; number < first + count; number++) {
      const [place, generation, kind] = [reader.number(), reader.number(), reader.word()]
      if (kind === "n" && generation === 0) entries.set(`${number} 0 R`, place)
      else if (kind !== "f") throw new Unreadable("table")
      else if (number !== 0) throw new Unreadable("a deleted object")
    }
  }
  const trailer = reader.value()
  if (!(trailer instanceof Map)) throw new Unreadable("trailer")
  return { entries, trailer }
}

/** The objects of the sealed revision, found by its tables. */
class Sealed {
  #places = new Map()

  constructor(bytes, end) {
    this.bytes = bytes
    this.end = end
    const at = findLast(bytes, "startxref", end)
    if (at < 0) throw new Unreadable("startxref")
    this.startxref = new Reader(bytes, at + 9, end).number()
    const seen = new Set()
    for (let place = this.startxref; place !== undefined; ) {
      if (seen.has(place) || place >= end) throw new Unreadable("tables in a circle")
      seen.add(place)
      const reader = new Reader(bytes, place, end)
      reader.expect("xref")
      const { entries, trailer } = table(reader)
      if (trailer.has("/XRefStm")) throw new Unreadable("compressed objects")
      this.trailer ??= trailer
      for (const [reference, where] of entries) if (!this.#places.has(reference)) this.#places.set(reference, where)
      place = trailer.has("/Prev") ? Number(trailer.get("/Prev")) : undefined
    }
  }

  has(reference) {
    return this.#places.has(reference)
  }

  object(reference) {
    const place = this.#places.get(reference)
    if (place === undefined) return undefined
    const reader = new Reader(this.bytes, place, this.end)
    if (`${reader.number()} ${reader.number()} R` !== reference) throw new Unreadable("table")
    reader.expect("obj")
    const value = reader.value()
    if (reader.word() === STREAM && value instanceof Map) value.set(STREAM, `${place}`)
    return value
  }

  /** Whether a page of the sealed revision names this object as its list of annotations. */
  isAnnotationList(reference) {
    return [...this.#places.keys()].some((one) => {
      const page = this.object(one)
      return page instanceof Map && page.get("/Type") === "/Page" && page.get("/Annots") === reference
    })
  }
}
