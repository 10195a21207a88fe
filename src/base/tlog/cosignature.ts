// Cosignatures of C2SP tlog-cosignature (cosignature/v1, Ed25519): a witness says at which time it saw a consistent checkpoint.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { cosignatureType, keyIdOf, type Note, type NoteKey, type NoteSignature } from './note.ts'

const timeBytes = 8

const signed = (text: string, seconds: number): Buffer => Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)

/** `seconds` since the Unix epoch. */
export function cosign(text: string, name: string, privateKey: KeyObject, seconds: number): NoteSignature {
  const key: NoteKey = { name, type: cosignatureType, publicKey: createPublicKey(privateKey) }
  const time = Buffer.alloc(timeBytes)
  time.writeBigUInt64BE(BigInt(seconds))
  return { name, keyId: keyIdOf(key), signature: Buffer.concat([time, sign(null, signed(text, seconds), privateKey)]) }
}

/** The newest time (seconds) of a valid cosignature by this key; undefined if there is none. Never throws. */
export function cosignedAt({ text, signatures }: Note, key: NoteKey): number | undefined {
  const id = keyIdOf(key)
  const times = signatures
    .filter(({ name, keyId, signature }) => name === key.name && keyId === id && signature.length > timeBytes)
    .flatMap(({ signature }) => {
      const seconds = Number(signature.readBigUInt64BE())
      return verify(null, signed(text, seconds), key.publicKey, signature.subarray(timeBytes)) ? [seconds] : []
    })
  return times.length === 0 ? undefined : Math.max(...times)
}
