// Random names and uids; passed in, so that a seeded cluster repeats itself.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Identifiers {
  uid(): string
  /** Five characters behind a generateName. */
  nameSuffix(): string
}

/** Upstream's alphabet: no vowels and no look-alikes, so that no words appear. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
/** Upstream cuts the prefix so that prefix and suffix stay within a DNS label. */
const maxPrefixLength = 63 - suffixLength

export const randomIdentifiers: Identifiers = {
  uid: () => randomUUID(),
  nameSuffix() {
    const bytes = randomBytes(suffixLength * 2)
    let suffix = ''
    for (let i = 0; i < suffixLength; i++) suffix += alphabet[bytes.readUInt16LE(i * 2) % alphabet.length] ?? ''
    return suffix
  },
}

export function generatedName(prefix: string, identifiers: Identifiers): string {
  return prefix.slice(0, maxPrefixLength) + identifiers.nameSuffix()
}
