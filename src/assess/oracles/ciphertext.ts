// What an attacker with the disk can learn from sealed bytes without the key: tests that random bytes pass and weak encryption does not.
import { createDecipheriv, createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** As docs/adr/0015 says: nonce, ciphertext, tag. */
const nonceBytes = 12
const tagBytes = 16
/** Below it, chance decides too often. */
const minCompared = 128
/** Seven standard deviations of `minCompared` random bits above their mean. */
const mostEqualBits = 0.81
/** Eight standard deviations above the mean of chi-squared with 255 degrees of freedom. */
const mostUneven = 255 + 8 * Math.sqrt(2 * 255)

export interface Sealed {
  /** How it is named in a finding. */
  readonly name: string
  readonly key: number
  readonly associated: Buffer
  readonly bytes: Buffer
}

const textOf = ({ bytes }: Sealed): Buffer => bytes.subarray(nonceBytes, bytes.length - tagBytes)
const nonceOf = ({ bytes }: Sealed): string => bytes.toString('hex', 0, nonceBytes)

/**
 * Whether both were encrypted with the same key stream: then their exclusive or is that of the plain texts, and text is nearly all ASCII, so
 * its top bits are zero.
 */
export function sharesKeyStream(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length)
  if (length < minCompared) return false
  let equal = 0
  for (let i = 0; i < length; i++) if ((((a[i] ?? 0) ^ (b[i] ?? 0)) & 0x80) === 0) equal++
  return equal / length > mostEqualBits
}

/** Whether the bytes are spread as random ones are; undefined for too few of them. */
export function isUniform(bytes: Buffer): boolean | undefined {
  if (bytes.length < 4096) return undefined
  const counts = new Float64Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  const mean = bytes.length / 256
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0) < mostUneven
}

/** Weaknesses of one store; [] if there is none. */
export function weaknesses(all: readonly Sealed[]): string[] {
  return [...repeatedNonces(all), ...sharedStreams(all), ...repeatedBytes(all), ...uneven(all), ...knownKeys(all)]
}

function repeatedNonces(all: readonly Sealed[]): string[] {
  const seen = new Map<string, string>()
  return all.flatMap(sealed => {
    const id = `${sealed.key}/${nonceOf(sealed)}`
    const other = seen.get(id)
    seen.set(id, sealed.name)
    return other === undefined ? [] : [`${other} and ${sealed.name} have the same key and nonce`]
  })
}

/** Neighbours, and those whose nonce is the same under another key. */
function sharedStreams(all: readonly Sealed[]): string[] {
  const byNonce = new Map<string, Sealed>()
  const found: string[] = []
  for (const [index, sealed] of all.entries()) {
    const others = [all[index - 1], byNonce.get(nonceOf(sealed))]
    byNonce.set(nonceOf(sealed), sealed)
    for (const other of others)
      if (other !== undefined && sharesKeyStream(textOf(other), textOf(sealed)))
        found.push(`${other.name} and ${sealed.name} are encrypted with one key stream`)
  }
  return found
}

/** Eight equal bytes by chance are not to be expected in any store of this size. */
function repeatedBytes(all: readonly Sealed[]): string[] {
  const seen = new Set<bigint>()
  return all.flatMap(sealed => {
    const text = textOf(sealed)
    let again = false
    for (let i = 0; i + 8 <= text.length; i++) {
      const value = text.readBigUInt64LE(i)
      again ||= seen.has(value)
      seen.add(value)
    }
    return again ? [`${sealed.name} repeats encrypted bytes`] : []
  })
}

function uneven(all: readonly Sealed[]): string[] {
  const whole = isUniform(Buffer.concat(all.map(textOf)))
  const one = all.filter(sealed => isUniform(textOf(sealed)) === false).map(({ name }) => `${name} does not look random`)
  return whole === false ? [...one, 'the sealed bytes of all records do not look random'] : one
}

function knownKeys(all: readonly Sealed[]): string[] {
  const guesses: [string, Buffer][] = [0, 1, 0xff].map(byte => [`the key of bytes ${byte}`, Buffer.alloc(32, byte)])
  for (const text of ['', 'bulkhead', 'key']) guesses.push([`the digest of "${text}"`, createHash('sha256').update(text).digest()])
  return all.flatMap(sealed => guesses.filter(([, key]) => opens(key, sealed)).map(([name]) => `${name} opens ${sealed.name}`))
}

/** Whether the key opens it. */
export function opens(key: Buffer, { bytes, associated }: Sealed): boolean {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(associated)
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes))
  try {
    decipher.final()
    return true
  } catch {
    // Node only reports "unable to authenticate": another key.
    return false
  }
}

const decompressors = [gunzipSync, inflateSync, inflateRawSync, brotliDecompressSync, zstdDecompressSync]
const maxOutputLength = 1 << 20

/** What the bytes are in compressed form; usually nothing. */
export function decompressed(bytes: Buffer): Buffer[] {
  return decompressors.flatMap(decompress => {
    try {
      return [decompress(bytes, { maxOutputLength })]
    } catch {
      // Not compressed in this way.
      return []
    }
  })
}
