// Checks a file in a thread of its own, so that the page stays alive. The file never leaves the machine: only its SHA-256 does.
// In: {file, roots, status} with the addresses of the institute's root certificates and of its answers. Out: {step} as it goes on,
// then {result} or {error}.
import { answer, judge } from "./verify_judge.js"
import { proven } from "./verify_log.js"
import { certificates, fingerprint, hex } from "./verify_seal.js"

const BUSY = 429

self.addEventListener("message", async ({ data }) => {
  try {
    self.postMessage({ result: await check(data) })
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) })
  }
})

async function check({ file, roots, status }) {
  const step = (name) => self.postMessage({ step: name })
  step("reading")
  const bytes = new Uint8Array(await file.arrayBuffer())
  const digest = async (part) => hex(await crypto.subtle.digest("SHA-256", part))
  const sha256 = await digest(bytes)
  step("judging")
  const trusted = certificates(await (await fetch(roots)).text())
  const { original, ...answers } = await judge(bytes, trusted)
  step("asking")
  // Long-term material may have been added by somebody else: then the institute knows the file as it was sealed.
  const first = original && original < bytes.length && answers.unchanged.state === "yes" ? await digest(bytes.subarray(0, original)) : ""
  const told = await standing(status, sha256, first)
  return {
    sha256, size: bytes.length, answers: { ...answers, status: told.answer }, certificate: told.certificate, proof: told.proof,
    roots: await Promise.all(trusted.map(fingerprint)),
  }
}

async function standing(address, sha256, first) {
  try {
    let told = await ask(address, sha256)
    if (first && told.state === "unknown") told = await ask(address, first)
    if (told.state === "busy") return { answer: answer("unknown", "status_busy") }
    if (told.state === "unknown") return { answer: answer("unknown", "status_unknown") }
    const proof = await proofOf(told, [sha256, first])
    const state = proof.code === "proof_false" ? "no" : told.good ? "yes" : "no"
    return { answer: answer(state, `status_${told.state}`, { number: told.number, until: told.valid_until ?? "", by: told.replaced_by ?? "", on: told.changed_on ?? "" }), certificate: told, proof }
  } catch {
    return { answer: answer("unknown", "status_unreachable") }
  }
}

async function ask(address, sha256) {
  const answered = await fetch(`${address}?sha256=${sha256}`, { headers: { Accept: "application/json" } })
  if (answered.status === BUSY) return { state: "busy" }
  if (!answered.ok) throw new Error(`status ${answered.status}`)
  return answered.json()
}

/** What the log proves of this standing: {code, values}. */
async function proofOf(told, digests) {
  if (!told.log?.entries.length) return { code: "proof_waiting", values: {} }
  let log
  try {
    log = await proven(told.log)
  } catch {
    return { code: "proof_false", values: {} }
  }
  if (log.signed === false || log.lines.some((line) => line.cert !== told.number)) return { code: "proof_false", values: {} }
  const line = (event) => log.lines.filter((one) => one.event === `certificate.${event}`)
  const withdrawn = line("withdrawn").length > 0
  const replaced = line("replaced")
  const values = { index: line("issued")[0]?.index ?? "", size: log.size, origin: log.origin }
  if (!log.lines.some((one) => digests.includes(one.pdf))) return { code: "proof_waiting", values }
  // The page says what it likes, the log does not forget: the two must agree.
  if (withdrawn && told.state !== "withdrawn") return { code: "proof_false", values }
  if (replaced.length && !withdrawn && (told.state !== "replaced" || replaced.at(-1).by !== told.replaced_by)) return { code: "proof_false", values }
  if ((told.state === "withdrawn" && !withdrawn) || (told.state === "replaced" && !replaced.length)) return { code: "proof_waiting", values }
  return { code: log.signed === null ? "proof_unsigned" : "proof_good", values }
}
