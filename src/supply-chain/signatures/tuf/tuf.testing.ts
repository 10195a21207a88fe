// A TUF repository in memory that a test changes and signs again.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { TufFiles } from './update-tuf.ts'

/** JSON as TUF signs it (OLPC canonical form), which for these objects is JSON with sorted members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

export interface TufKey {
  readonly id: string
  readonly privateKey: KeyObject
  readonly json: object
}

export function tufKey(): TufKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const json = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex') },
  }
  return { id: createHash('sha256').update(canonical(json)).digest('hex'), privateKey, json }
}

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets'
export const roles: readonly Role[] = ['root', 'timestamp', 'snapshot', 'targets']

export const targetName = 'trusted_root.json'

export class TufRepository implements TufFiles {
  readonly metadataFiles = new Map<string, Buffer>()
  readonly targetFiles = new Map<string, Buffer>()
  readonly keys: Record<Role, TufKey[]> = { root: [tufKey(), tufKey()], timestamp: [tufKey()], snapshot: [tufKey()], targets: [tufKey()] }
  readonly thresholds: Record<Role, number> = { root: 2, timestamp: 1, snapshot: 1, targets: 1 }
  readonly versions: Record<Role, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 }
  readonly expires: Record<Role, string> = {
    root: '2030-01-01T00:00:00Z',
    timestamp: '2030-01-01T00:00:00Z',
    snapshot: '2030-01-01T00:00:00Z',
    targets: '2030-01-01T00:00:00Z',
  }
  consistent = true

  constructor(content = '{}') {
    this.publishRoot()
    this.publish(content)
  }

  /** The next root, signed by its own keys and by `alsoBy`. */
  publishRoot(alsoBy: readonly TufKey[] = []): object {
    this.versions.root++
    const keys = Object.fromEntries(roles.flatMap(role => this.keys[role].map(({ id, json }) => [id, json])))
    const delegated = Object.fromEntries(
      roles.map(role => [role, { keyids: this.keys[role].map(({ id }) => id), threshold: this.thresholds[role] }]),
    )
    const root = this.#signed('root', { consistent_snapshot: this.consistent, keys, roles: delegated }, alsoBy)
    this.metadataFiles.set(`${this.versions.root}.root.json`, Buffer.from(JSON.stringify(root)))
    return root
  }

  /** The next targets, snapshot and timestamp. */
  publish(content: string): void {
    const bytes = Buffer.from(content)
    const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') }
    this.targetFiles.set(this.consistent ? `${hashes.sha256}.${targetName}` : targetName, bytes)
    const targets = this.#store('targets', { targets: { [targetName]: { length: bytes.length, hashes } } })
    const snapshot = this.#store('snapshot', { meta: { 'targets.json': metaOf(this.versions.targets, targets) } })
    this.#store('timestamp', { meta: { 'snapshot.json': metaOf(this.versions.snapshot, snapshot) } })
  }

  #store(role: Role, content: object): Buffer {
    this.versions[role]++
    const bytes = Buffer.from(JSON.stringify(this.#signed(role, content)))
    this.metadataFiles.set(this.consistent && role !== 'timestamp' ? `${this.versions[role]}.${role}.json` : `${role}.json`, bytes)
    return bytes
  }

  #signed(role: Role, content: object, alsoBy: readonly TufKey[] = []): object {
    const signed = { _type: role, spec_version: '1.0.31', version: this.versions[role], expires: this.expires[role], ...content }
    const bytes = Buffer.from(canonical(signed))
    const signers = new Map([...this.keys[role], ...alsoBy].map(key => [key.id, key]))
    const signatures = [...signers.values()].map(({ id, privateKey }) => ({
      keyid: id,
      sig: sign(null, bytes, privateKey).toString('hex'),
    }))
    return { signed, signatures }
  }

  root(version: number): Readonly<Record<string, unknown>> {
    return JSON.parse(String(this.metadataFiles.get(`${version}.root.json`)))
  }

  async metadata(name: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const bytes = this.metadataFiles.get(name)
    if (bytes !== undefined && bytes.length > maxBytes) throw new Error(`${name} is too large`)
    return bytes
  }

  async target(path: string): Promise<Uint8Array | undefined> {
    return this.targetFiles.get(path)
  }
}

const metaOf = (version: number, bytes: Buffer): object => ({
  version,
  length: bytes.length,
  hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
})
