// The node's WireGuard key pair. The private half is made here, stored with mode 0600, and leaves the machine never.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'

export interface LinkKey {
  /** 32 bytes in base64, as `wg` reads it. Never log it. */
  readonly privateKey: string
  readonly publicKey: string
}

/** PKCS#8 of X25519 (RFC 8410): this prefix and the 32 bytes of the key. */
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const keyBytes = 32

/** The stored pair, or a new one if there is none or the file is damaged. */
export async function ensureLinkKey(path: string): Promise<LinkKey> {
  const stored = Buffer.from((await readTextIfThere(path)) ?? '', 'base64')
  if (stored.length === keyBytes)
    return pairOf(createPrivateKey({ key: Buffer.concat([pkcs8Prefix, stored]), format: 'der', type: 'pkcs8' }))
  const made = pairOf(generateKeyPairSync('x25519').privateKey)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceFile(path, `${made.privateKey}\n`, 0o600)
  return made
}

function pairOf(key: KeyObject): LinkKey {
  const raw = (der: Buffer): string => der.subarray(-keyBytes).toString('base64')
  return {
    privateKey: raw(key.export({ format: 'der', type: 'pkcs8' })),
    publicKey: raw(createPublicKey(key).export({ format: 'der', type: 'spki' })),
  }
}
