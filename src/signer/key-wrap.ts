// Wraps data keys: AES-256-GCM under a numbered key-encryption key, bound to that key's name.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { NumberedKey } from './key-material.ts'

const formatVersion = 1
const headerBytes = 5 // version, key number
const ivBytes = 12
const tagBytes = 16
const maxWrappedKeyBytes = 64

export const encryptionKeyId = (number: number): string => `kek-${number}`

const boundTo = (number: number): Buffer => Buffer.from(`bulkhead/${encryptionKeyId(number)}/v${formatVersion}`)

/** Layout: version (1 byte), key number (4, big endian), IV (12), tag (16), ciphertext. */
export function wrapKey({ number, key }: NumberedKey<Buffer>, data: Buffer): Buffer {
  if (data.length === 0 || data.length > maxWrappedKeyBytes) {
    throw new RangeError(`Cannot wrap a key of ${data.length} bytes: 1 to ${maxWrappedKeyBytes} are allowed`)
  }
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(number))
  const sealed = Buffer.concat([cipher.update(data), cipher.final()])
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(formatVersion, 0)
  header.writeUInt32BE(number, 1)
  return Buffer.concat([header, iv, cipher.getAuthTag(), sealed])
}

/** Throws if the format is unknown, the key is missing or a bit differs; the message gives no further detail. */
export function unwrapKey(keys: readonly NumberedKey<Buffer>[], wrapped: Buffer): Buffer {
  if (wrapped.length <= headerBytes + ivBytes + tagBytes || wrapped.length > headerBytes + ivBytes + tagBytes + maxWrappedKeyBytes) {
    throw new Error('Cannot unwrap key: it does not have the format of a wrapped key')
  }
  if (wrapped.readUInt8(0) !== formatVersion) throw new Error('Cannot unwrap key: its format version is unknown')
  const number = wrapped.readUInt32BE(1)
  const held = keys.find(candidate => candidate.number === number)
  if (held === undefined) throw new Error(`Cannot unwrap key: key-encryption key "${encryptionKeyId(number)}" is missing`)
  const ivEnd = headerBytes + ivBytes
  const tagEnd = ivEnd + tagBytes
  const decipher = createDecipheriv('aes-256-gcm', held.key, wrapped.subarray(headerBytes, ivEnd), { authTagLength: tagBytes })
  decipher.setAAD(boundTo(number)).setAuthTag(wrapped.subarray(ivEnd, tagEnd))
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(tagEnd)), decipher.final()])
  } catch (cause) {
    throw new Error('Cannot unwrap key: it was changed or belongs to another cluster', { cause })
  }
}
