// Bech32 (BIP 173) without its limit of 90 characters, as age writes keys.

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const checksumLength = 6
const maxLength = 1024

function polymod(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [bit, generator] of generators.entries()) if (((top >>> bit) & 1) === 1) sum ^= generator
  }
  return sum
}

const expanded = (prefix: string): number[] => {
  const codes = [...prefix].map(char => char.charCodeAt(0))
  return [...codes.map(code => code >> 5), 0, ...codes.map(code => code & 31)]
}

/** Groups bits anew. Undefined if what is left at the end is no padding. */
function regroup(values: readonly number[], from: number, to: number, pads: boolean): number[] | undefined {
  const found: number[] = []
  let bits = 0
  let held = 0
  for (const value of values) {
    held = ((held << from) | value) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      found.push((held >> bits) & (2 ** to - 1))
    }
  }
  if (pads && bits > 0) found.push((held << (to - bits)) & (2 ** to - 1))
  return pads || (bits < from && ((held << (to - bits)) & (2 ** to - 1)) === 0) ? found : undefined
}

/** In lower case. */
export function encodeBech32(prefix: string, bytes: Buffer): string {
  const words = regroup([...bytes], 8, 5, true) ?? []
  const sum = polymod([...expanded(prefix), ...words, ...Array<number>(checksumLength).fill(0)]) ^ 1
  const check = Array.from({ length: checksumLength }, (_, at) => (sum >>> (5 * (checksumLength - 1 - at))) & 31)
  return `${prefix}1${[...words, ...check].map(word => alphabet[word]).join('')}`
}

/** The bytes behind this prefix (lower case); undefined for anything else. */
export function decodeBech32(prefix: string, text: string): Buffer | undefined {
  const lower = text.toLowerCase()
  if (text.length > maxLength || (lower !== text && text.toUpperCase() !== text) || !lower.startsWith(`${prefix}1`)) return undefined
  const words = [...lower.slice(prefix.length + 1)].map(char => alphabet.indexOf(char))
  if (words.length < checksumLength || words.includes(-1) || polymod([...expanded(prefix), ...words]) !== 1) return undefined
  const bytes = regroup(words.slice(0, -checksumLength), 5, 8, false)
  return bytes && Buffer.from(bytes)
}
