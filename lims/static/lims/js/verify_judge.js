// From the bytes of a file to three of the four answers: unchanged, by whom, when. The fourth, how it stands today, only the institute
// can give. An answer is {state: "yes" | "no" | "unknown", code, values}; the page has a sentence for every code.
import { covered, signatures, Unreadable } from "./verify_pdf.js"
import { additions, Changed } from "./verify_revisions.js"
import { detached, leadsTo, name, parsed, signatureOf, stamp, stampIn, Unknown } from "./verify_seal.js"

export const answer = (state, code, values = {}) => ({ state, code, values })
const allUnknown = (code) => ({ unchanged: answer("unknown", code), by: answer("unknown", "by_nobody"), when: answer("unknown", "when_nothing") })
const isPdf = (bytes) => String.fromCharCode(...bytes.subarray(0, 5)) === "%PDF-"

/** {unchanged, by, when, original}: `original` is where the file ended when it was sealed, 0 when it never was. */
export async function judge(bytes, roots, now = new Date()) {
  if (!isPdf(bytes)) return { ...allUnknown("no_pdf"), original: 0 }
  const { found, damaged } = signatures(bytes)
  const seal = found.find((one) => !one.stamp)
  if (!seal) return damaged ? { ...allUnknown("unsealed"), unchanged: answer("no", "damaged"), original: 0 } : { ...allUnknown("unsealed"), original: 0 }
  let signature
  let told
  try {
    signature = parsed(seal.contents)
    told = await detached(signature, covered(bytes, seal))
  } catch (error) {
    if (!(error instanceof Unknown)) throw error
    return { ...allUnknown("seal_unread"), original: seal.end }
  }
  const archive = await stamps(bytes, found, seal, roots, now)
  // A signature is judged as of the earliest moment at which it is proven to have been there; without proof, as of today.
  const when = await time(signature, roots, archive.earliest ?? now)
  const at = when.proven ?? archive.earliest ?? now
  return { unchanged: unchanged(bytes, found, seal, signature, told, archive), by: await byWhom(signature, told, roots, at), when: when.answer, original: seal.end }
}

function unchanged(bytes, found, seal, signature, told, archive) {
  if (!told.valid) return answer("no", "seal_false")
  if (!told.fits) return answer("no", "altered")
  if (signature.rest.some((one) => one !== 0)) return answer("no", "written_into_seal")
  if (seal.end === bytes.length) return answer("yes", "whole")
  const last = found.at(-1)
  if (found.filter((one) => !one.stamp).length > 1 || !last.stamp || last.end !== bytes.length) return answer("no", "appended")
  if (!archive.valid) return answer("no", "appended")
  try {
    additions(bytes, seal.end)
  } catch (error) {
    if (error instanceof Changed) return answer("no", "appended", { what: error.message })
    if (error instanceof Unreadable) return answer("unknown", "appended_unread")
    throw error
  }
  return answer("yes", "extended")
}

/** The document time stamps, newest first, each judged as of the next newer one: {valid, earliest} with the oldest proven time. */
async function stamps(bytes, found, seal, roots, now) {
  let earliest = null
  let valid = true
  for (const one of found.filter((one) => one.stamp && one.end > seal.end).reverse()) {
    try {
      const token = await stamp(one.contents, covered(bytes, one))
      if (!token.valid || token.rest.some((value) => value !== 0)) valid = false
      else if (await leadsTo(roots, token.certificate, token.certificates, earliest ?? now, { stamping: true })) earliest = token.at
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
      valid = false
    }
  }
  return { valid, earliest }
}

async function time(signature, roots, asOf) {
  const token = stampIn(signature)
  if (!token) return { answer: answer("unknown", "unstamped") }
  try {
    const { at, valid, certificate, certificates } = await stamp(token, signatureOf(signature))
    const values = { at: at.toISOString(), authority: name(certificate).common }
    if (!valid) return { answer: answer("no", "stamp_false") }
    if (!(await leadsTo(roots, certificate, certificates, asOf, { stamping: true }))) return { answer: answer("unknown", "stamp_foreign", values) }
    return { answer: answer("yes", "stamped", values), proven: at }
  } catch (error) {
    if (!(error instanceof Unknown)) throw error
    return { answer: answer("unknown", "stamp_unread") }
  }
}

async function byWhom(signature, told, roots, at) {
  const { certificate, certificates } = signature
  const [subject, issuer] = [name(certificate), name(certificate, "issuer")]
  const values = { institute: subject.organisation, signer: subject.common, authority: issuer.common }
  if (!told.valid) return answer("no", "by_false", values)
  if (!(await leadsTo(roots, certificate, certificates, at))) return answer("no", "by_foreign", values)
  return told.fits ? answer("yes", "by_us", values) : answer("yes", "by_us_unfit", values)
}
