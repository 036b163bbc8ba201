// The signatures themselves: CMS (RFC 5652) with PAdES attributes, time stamps (RFC 3161), certificate chains (RFC 5280).
// pkijs reads the structures and walks the chain. The digest is compared here, by our own hands: pkijs would take the content out of
// the signature where somebody put one, instead of the file.
import * as asn1js from "asn1js"
import * as pkijs from "pkijs"

const DATA = "1.2.840.113549.1.7.1"
const SIGNED_DATA = "1.2.840.113549.1.7.2"
const TST_INFO = "1.2.840.113549.1.9.16.1.4"
const CONTENT_TYPE = "1.2.840.113549.1.9.3"
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
const SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
const RSA = "1.2.840.113549.1.1.1"
const DIGESTS = { "2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512" }
const KEY_USAGE = "2.5.29.15"
const EXTENDED_KEY_USAGE = "2.5.29.37"
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
const [COMMON_NAME, ORGANISATION] = ["2.5.4.3", "2.5.4.10"]

/** The signature cannot be read, or is of a kind that this reader does not know. */
export class Unknown extends Error {}

const equal = (a, b) => {
  const [one, other] = [new Uint8Array(a), new Uint8Array(b)]
  return one.length === other.length && one.every((value, at) => value === other[at])
}
export const hex = (bytes) => [...new Uint8Array(bytes)].map((one) => one.toString(16).padStart(2, "0")).join("")
const der = (certificate) => certificate.toSchema().toBER()

/** The certificates of a PEM text. */
export function certificates(pem) {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, body]) =>
    pkijs.Certificate.fromBER(Uint8Array.from(atob(body.replace(/\s/g, "")), (one) => one.charCodeAt(0)).buffer),
  )
}

export const name = (certificate, of = "subject") => {
  const values = certificate[of].typesAndValues
  const value = (type) => values.find((one) => one.type === type)?.value.valueBlock.value
  return { organisation: value(ORGANISATION) ?? value(COMMON_NAME) ?? "", common: value(COMMON_NAME) ?? value(ORGANISATION) ?? "" }
}

export const fingerprint = async (certificate) => hex(await crypto.subtle.digest("SHA-256", der(certificate)))

/** A signature as read, nothing checked: {signed, signer, certificate, certificates, rest}. Throws Unknown. */
export function parsed(bytes) {
  try {
    const read = asn1js.fromBER(bytes)
    if (read.offset === -1) throw new Unknown(read.result.error)
    const content = new pkijs.ContentInfo({ schema: read.result })
    if (content.contentType !== SIGNED_DATA) throw new Unknown("not SignedData")
    const signed = new pkijs.SignedData({ schema: content.content })
    if (signed.signerInfos.length !== 1) throw new Unknown("one signer expected")
    const [signer] = signed.signerInfos
    const all = (signed.certificates ?? []).filter((one) => one instanceof pkijs.Certificate)
    return { signed, signer, certificate: all.find((one) => isSigner(one, signer)), certificates: all, rest: bytes.subarray(read.offset) }
  } catch (error) {
    throw error instanceof Unknown ? error : new Unknown(String(error?.message ?? error))
  }
}

function isSigner(certificate, { sid }) {
  if (sid instanceof pkijs.IssuerAndSerialNumber) return certificate.issuer.isEqual(sid.issuer) && certificate.serialNumber.isEqual(sid.serialNumber)
  const own = certificate.extensions?.find((one) => one.extnID === "2.5.29.14")?.parsedValue?.valueBlock.valueHexView
  return Boolean(own) && equal(own, sid.valueBlock.valueHexView ?? sid.valueBlock.value[0].valueBlock.valueHexView)
}

const attribute = (attributes, type) => attributes?.attributes.filter((one) => one.type === type) ?? []
const only = (found) => (found.length === 1 && found[0].values.length === 1 ? found[0].values[0] : null)

/**
 * {valid, fits}: valid, when the certificate's key made this signature; fits, when it is about `content`.
 * Throws Unknown for algorithms that the browser or this reader does not have.
 */
export async function judged({ signed, signer, certificate }, type, content) {
  if (!certificate) throw new Unknown("the signer's certificate is missing")
  const digest = DIGESTS[signer.digestAlgorithm.algorithmId]
  if (!digest) throw new Unknown(`digest ${signer.digestAlgorithm.algorithmId}`)
  const attributes = signer.signedAttrs
  const stated = only(attribute(attributes, MESSAGE_DIGEST))?.valueBlock.valueHexView
  if (!stated) throw new Unknown("no message digest is signed")
  const typed = only(attribute(attributes, CONTENT_TYPE))?.valueBlock.toString() === type && signed.encapContentInfo.eContentType === type
  let valid
  try {
    const algorithm = signer.signatureAlgorithm
    valid = await pkijs.getCrypto(true).verifyWithPublicKey(
      attributes.encodedValue, signer.signature, certificate.subjectPublicKeyInfo, algorithm, ...(algorithm.algorithmId === RSA ? [digest] : []),
    )
  } catch (error) {
    throw new Unknown(`algorithm ${signer.signatureAlgorithm.algorithmId}: ${error?.message}`)
  }
  return { valid: valid && typed && (await namesItsCertificate(attributes, certificate)), fits: equal(await crypto.subtle.digest(digest, content), stated) }
}

/** ESS signing-certificate-v2 (RFC 5035): where it stands, it must be about this very certificate. */
async function namesItsCertificate(attributes, certificate) {
  const found = attribute(attributes, SIGNING_CERTIFICATE_V2)
  if (!found.length) return true
  const first = only(found)?.valueBlock.value[0]?.valueBlock.value[0]?.valueBlock.value ?? []
  const algorithm = first[0] instanceof asn1js.Sequence ? first[0].valueBlock.value[0].valueBlock.toString() : "2.16.840.1.101.3.4.2.1"
  const digest = first.find((one) => one instanceof asn1js.OctetString)
  return Boolean(digest && DIGESTS[algorithm]) && equal(await crypto.subtle.digest(DIGESTS[algorithm], der(certificate)), digest.valueBlock.valueHexView)
}

/** Whether a certificate leads to one of the roots at a time, for signing documents or, with `stamping`, for time stamps. */
export async function leadsTo(roots, certificate, others, at, { stamping = false } = {}) {
  const usage = extension(certificate, KEY_USAGE)
  if (usage && !(usage.valueBlock.valueHexView[0] & 0xc0)) return false
  const purposes = extension(certificate, EXTENDED_KEY_USAGE)?.keyPurposes
  if (stamping && !purposes?.includes(TIME_STAMPING)) return false
  // The engine takes the last certificate for the one in question, and drops those that stand twice.
  const seen = new Set([hex(der(certificate)), ...roots.map((one) => hex(der(one)))])
  const between = others.filter((one) => !seen.has(hex(der(one))) && seen.add(hex(der(one))))
  if (roots.some((one) => equal(der(one), der(certificate)))) return false
  const engine = new pkijs.CertificateChainValidationEngine({ trustedCerts: roots, certs: [...between, certificate], crls: [], ocsps: [], checkDate: at })
  try {
    const told = await engine.verify()
    return told.result === true && equal(der(told.certificatePath[0]), der(certificate))
  } catch {
    return false
  }
}

const extension = (certificate, type) => certificate.extensions?.find((one) => one.extnID === type)?.parsedValue

/** The time stamp in a signature's unsigned attributes, as bytes; null when there is none. */
export function stampIn({ signer }) {
  const found = attribute(signer.unsignedAttrs, SIGNATURE_TIMESTAMP)
  return found.length ? new Uint8Array(found[0].values[0].toBER()) : null
}

export const signatureOf = ({ signer }) => signer.signature.valueBlock.valueHexView

/** A time stamp as read and checked against what it is about: {at, valid, certificate, certificates}. Throws Unknown. */
export async function stamp(bytes, about) {
  const token = parsed(bytes)
  const content = token.signed.encapContentInfo.eContent?.getValue()
  if (!content) throw new Unknown("a time stamp without content")
  const { valid, fits } = await judged(token, TST_INFO, content)
  const info = pkijs.TSTInfo.fromBER(content)
  const digest = DIGESTS[info.messageImprint.hashAlgorithm.algorithmId]
  if (!digest) throw new Unknown("the digest of the time stamp")
  const meant = equal(await crypto.subtle.digest(digest, about), info.messageImprint.hashedMessage.valueBlock.valueHexView)
  return { at: info.genTime, valid: valid && fits && meant, certificate: token.certificate, certificates: token.certificates, rest: token.rest }
}

/** A detached signature over `content`: {valid, fits}. One that carries content of its own is none. */
export async function detached(signature, content) {
  if (signature.signed.encapContentInfo.eContent) throw new Unknown("a seal with content of its own")
  return judged(signature, DATA, content)
}
