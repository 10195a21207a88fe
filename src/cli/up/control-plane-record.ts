// What a machine of a control plane with several keeps of it, in its data directory.
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export interface EtcdPeer {
  readonly name: string
  readonly address: string
}

export interface ControlPlaneRecord {
  /** The name of this member. */
  readonly name: string
  readonly address: string
  readonly etcdPort: number
  /** All members at the first start of this one, itself included. */
  readonly members: readonly EtcdPeer[]
  readonly state: 'new' | 'existing'
  /** The same on all machines. */
  readonly token: string
}

/** Undefined if there is none. Rejects with a UserError if it is damaged. */
export async function readControlPlane(path: string): Promise<ControlPlaneRecord | undefined> {
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  const record = controlPlaneOf(text)
  if (record === undefined)
    throw new UserError(`The file "${path}" is damaged: restore it from a backup, or join again with another --data-dir`)
  return record
}

export async function writeControlPlane(path: string, record: ControlPlaneRecord): Promise<void> {
  await replaceFile(path, `${writeJson(record, null, 2)}\n`, 0o600)
}

/** Undefined if the text is no record. */
export function controlPlaneOf(text: string): ControlPlaneRecord | undefined {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { name, address, etcdPort, members, state, token } = value
  const peers = Array.isArray(members) ? members.flatMap(peerOf) : []
  if (typeof name !== 'string' || typeof address !== 'string' || typeof etcdPort !== 'number' || typeof token !== 'string') return undefined
  if ((state !== 'new' && state !== 'existing') || peers.length === 0) return undefined
  return { name, address, etcdPort, members: peers, state, token }
}

function peerOf(value: unknown): EtcdPeer[] {
  if (!isJsonObject(value)) return []
  const { name, address } = value
  return typeof name === 'string' && typeof address === 'string' ? [{ name, address }] : []
}

export const etcdUrl = (address: string, port: number): string => `https://${address.includes(':') ? `[${address}]` : address}:${port}`
/** As etcd's own defaults, 2379 and 2380. */
export const peerPortOf = (etcdPort: number): number => etcdPort + 1
