// The public event log (https://c2sp.org/tlog-proof, signed-note, tlog-checkpoint): that a line stands in it, and who signed it.

const bytesOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0))
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
const ED25519 = 1

async function hash(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0))
  let at = 0
  for (const one of parts) {
    whole.set(one, at)
    at += one.length
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole))
}

/** The root to which a leaf at `index` leads in a tree of `size` (RFC 9162, 2.1.3.2), or null when the path does not fit. */
async function rootOf(leaf, index, size, path) {
  if (!(index < size)) return null
  let [at, last] = [BigInt(index), BigInt(size - 1)]
  let node = await hash(Uint8Array.of(0), leaf)
  for (const sibling of path) {
    if (last === 0n) return null
    if (at & 1n || at === last) {
      node = await hash(Uint8Array.of(1), sibling, node)
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n]
    } else node = await hash(Uint8Array.of(1), node, sibling)
    at >>= 1n
    last >>= 1n
  }
  return last === 0n ? node : null
}

/** Origin, size and root of a signed head. Throws when it is none. */
function head(note) {
  const [, text, signatures] = note.match(/^([^]*\n)\n((?:\u2014 [^\n]+\n)+)$/) ?? []
  const [origin, size, root] = text?.split("\n") ?? []
  if (!root || !/^(0|[1-9]\d{0,14})$/.test(size)) throw new Error("not a signed head")
  return { text, signatures: signatures.trimEnd().split("\n"), origin, size: Number(size), root }
}

/** true or false for the signature of the key over the head; null where this browser has no Ed25519. */
async function signedBy(vkey, { text, signatures, origin }) {
  const [, name, id, encoded] = vkey.trim().match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/) ?? []
  const key = encoded ? bytesOf(encoded) : []
  if (name !== origin || key.length !== 33 || key[0] !== ED25519) return false
  let imported
  try {
    imported = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"])
  } catch {
    return null
  }
  for (const line of signatures) {
    const [dash, who, value] = line.split(" ")
    const raw = bytesOf(value)
    if (dash !== "\u2014" || who !== name || [...raw.slice(0, 4)].map((one) => one.toString(16).padStart(2, "0")).join("") !== id) continue
    return crypto.subtle.verify({ name: "Ed25519" }, imported, raw.slice(4), new TextEncoder().encode(text))
  }
  return false
}

/**
 * Checks the lines of one certificate against the signed head: {size, origin, signed, lines}; `lines` are the fields of those that
 * are proven to stand in the log. Throws when a proof does not fit.
 */
export async function proven({ checkpoint, vkey, entries }) {
  const top = head(checkpoint)
  const lines = []
  for (const { leaf, index, hashes } of entries) {
    const root = await rootOf(bytesOf(leaf), index, top.size, hashes.map(bytesOf))
    if (!root || base64(root) !== top.root) throw new Error(`line ${index} does not stand in the log`)
    lines.push({ index, ...JSON.parse(new TextDecoder().decode(bytesOf(leaf))) })
  }
  return { size: top.size, origin: top.origin, signed: await signedBy(vkey, top), lines }
}
