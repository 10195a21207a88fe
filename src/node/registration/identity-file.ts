// Where a node keeps its key and its certificate: in one file, so that no disk that fills and no power cut leaves those of two renewals.
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
/** Two files, as nodes kept them that have not renewed since. */
const pair = ['client.crt', 'client.key'] as const

/** Of key and certificates together. */
const maxBytes = 16 * 1024

export function nodeUser(nodeName: string): string {
  return `system:node:${nodeName}`
}

/** The stored identity, or undefined when there is none that is valid now and of this node. Rejects where the disk does not say. */
export async function readIdentity(pki: string, nodeName: string, now: number): Promise<NodeIdentity | undefined> {
  const whole = await readTextIfThere(join(pki, identityFile))
  const [certificate, key] = whole === undefined ? await Promise.all(pair.map(name => readTextIfThere(join(pki, name)))) : partsOf(whole)
  if (certificate === undefined || key === undefined) return undefined
  return isUsable(certificate, key, nodeName, now) ? { certificate, key } : undefined
}

/** Rejects where an identity could not be written now. */
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

/** With mode 0600. Where it rejects, what was stored before is there as it was. */
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
    // Damaged: the node asks for another, as where there is none.
    return false
  }
}
