// Stores a node's key and certificate in one file, so that a full disk or a power cut never mixes two renewals.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'

export interface NodeIdentity {
  /** PEM, leaf first. */
  readonly certificate: string
  /** PEM, PKCS#8. */
  readonly key: string
}

const identityFile = 'client.pem'
/** Two files: the format of nodes that have not renewed since. */
const pair = ['client.crt', 'client.key'] as const

/** Size limit of key and certificates together. */
const maxBytes = 16 * 1024

export function nodeUser(nodeName: string): string {
  return `system:node:${nodeName}`
}

/** The stored identity; undefined if none is valid now and of this node. Rejects if reading fails. */
export async function readIdentity(pki: string, nodeName: string, now: number): Promise<NodeIdentity | undefined> {
  const whole = await readTextIfThere(join(pki, identityFile))
  const [certificate, key] = whole === undefined ? await Promise.all(pair.map(name => readTextIfThere(join(pki, name)))) : partsOf(whole)
  if (certificate === undefined || key === undefined) return undefined
  return isUsable(certificate, key, nodeName, now) ? { certificate, key } : undefined
}

/** Rejects if an identity could not be written now. */
export async function ensureRoom(pki: string): Promise<void> {
  await makeFolder(pki)
  const trial = join(pki, 'trial')
  try {
    await replaceFile(trial, Buffer.alloc(maxBytes, '\n'))
  } finally {
    await rm(trial, { force: true })
  }
}

async function makeFolder(pki: string): Promise<void> {
  await mkdir(pki, { recursive: true, mode: 0o700 })
  await syncToDisk(dirname(pki))
}

/** Mode 0600. If it rejects, the previous identity is unchanged. */
export async function writeIdentity(pki: string, { certificate, key }: NodeIdentity): Promise<void> {
  await makeFolder(pki)
  await replaceFile(join(pki, identityFile), `${certificate.trimEnd()}\n${key}`)
  for (const name of pair) await rm(join(pki, name), { force: true })
}

function partsOf(pem: string): (string | undefined)[] {
  const start = pem.indexOf('-----BEGIN PRIVATE KEY-----')
  return start < 0 ? [] : [pem.slice(0, start), pem.slice(start)]
}

function isUsable(certificate: string, key: string, nodeName: string, now: number): boolean {
  try {
    const parsed = new X509Certificate(certificate)
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return false
    return parsed.subject.split('\n').includes(`CN=${nodeUser(nodeName)}`) && parsed.validToDate.getTime() > now
  } catch {
    // Damaged: the node requests a new one, as if there were none.
    return false
  }
}
