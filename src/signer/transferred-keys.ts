// Which files of a signer's folder go to another machine, and whether a set of them is complete.
import { chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'
import { authorityNames } from './key-material.ts'

/** The keys of the audit log and the heads of log and store stay: each machine has its own. */
const transferred = /^(?:[a-z-]{1,30}-ca\.(?:key|crt)|(?:service-account|encryption)-[1-9]\d{0,5}\.key|evidence\.key)$/
const keptStoreHead = 'store-head.json'
const maxFileBytes = 16 * 1024
const maxFiles = 200

/** A missing one would be created anew, and the machines would have different keys. */
const required: readonly string[] = [
  ...authorityNames.flatMap(name => [`${name}-ca.key`, `${name}-ca.crt`]),
  'service-account-1.key',
  'encryption-1.key',
  'evidence.key',
]

/** Contents in base64, by name. */
export async function readKeys(folder: string): Promise<Record<string, string>> {
  const keys: Record<string, string> = {}
  for (const name of (await readdir(folder)).filter(name => transferred.test(name)))
    keys[name] = (await readFile(join(folder, name))).toString('base64')
  requireComplete(keys)
  return keys
}

/** Throws if a file is missing, or there is one that no signer has. */
export function requireComplete(keys: Readonly<Record<string, string>>): void {
  const names = Object.keys(keys)
  const foreign = names.find(name => !transferred.test(name) || (keys[name]?.length ?? 0) > maxFileBytes)
  if (foreign !== undefined || names.length > maxFiles) throw new Error(`"${foreign ?? names.length}" is no key of a cluster`)
  const missing = required.find(name => !names.includes(name))
  if (missing !== undefined) throw new Error(`the key "${missing}" is missing`)
}

/** Into an empty folder, which then belongs to `user`. */
export async function writeKeys(folder: string, keys: Readonly<Record<string, string>>, user: number | undefined): Promise<void> {
  requireComplete(keys)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).some(name => transferred.test(name))) throw new Error(`"${folder}" holds keys already`)
  // It has seen no head of the store yet. Without the file, a head would count as lost.
  const files = [...Object.entries(keys), [keptStoreHead, Buffer.from('{}\n').toString('base64')] as const]
  for (const [name, content] of files) {
    const path = join(folder, name)
    await replaceFile(path, Buffer.from(content, 'base64'), 0o600)
    if (user !== undefined) await chown(path, user, user)
  }
}
