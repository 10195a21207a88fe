// A TUF repository (specification 1.0.33), written from the specification alone: an attack changes one thing of it and signs it again.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeJson } from '../../base/write-json.ts'
import { sha256 } from './attestation.ts'

export const tufRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const
export type TufRole = (typeof tufRoles)[number]

export const trustedTarget = 'trusted_root.json'

export interface TufSigner {
  readonly id: string
  readonly key: KeyObject
  readonly json: object
}

/** What may be wrong with one file of metadata. */
export interface SignedFlaw {
  readonly version?: number
  readonly expires?: string
  readonly signers?: readonly TufSigner[]
  /** The first signature stands there so many times more. */
  readonly repeated?: number
}

export type Flaws = Readonly<Partial<Record<TufRole, SignedFlaw>>>

const farFuture = '2199-01-01T00:00:00Z'

export function newTufSigner(): TufSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: spki.subarray(-32).toString('hex') } }
  return { id: sha256(canonical(json)), key: privateKey, json }
}

/** OLPC's canonical JSON; the texts here need no escapes but those of JSON. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return writeJson(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${writeJson(name)}:${canonical(member)}`).join(',')}}`
}

export class OracleRepository {
  /** By name: metadata beside each other, targets in `targets/`. */
  readonly files = new Map<string, Buffer>()
  /** By role. The root needs two signatures, and so do the targets. */
  readonly signers: Record<TufRole, readonly TufSigner[]>
  readonly versions: Record<TufRole, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 }

  constructor() {
    const two = () => [newTufSigner(), newTufSigner()]
    this.signers = { root: two(), timestamp: [newTufSigner()], snapshot: [newTufSigner()], targets: two() }
  }

  /** The same keys and files; what is published there is not published here. */
  copy(): OracleRepository {
    const copy = new OracleRepository()
    for (const role of tufRoles) copy.signers[role] = this.signers[role]
    Object.assign(copy.versions, this.versions)
    for (const [name, bytes] of this.files) copy.files.set(name, bytes)
    return copy
  }

  /** The next root, which names the signers as they are now. */
  publishRoot(flaw: SignedFlaw = {}): object {
    const keys = Object.fromEntries(tufRoles.flatMap(role => this.signers[role].map(({ id, json }) => [id, json])))
    const roles = Object.fromEntries(
      tufRoles.map(role => [role, { keyids: this.signers[role].map(({ id }) => id), threshold: this.signers[role].length }]),
    )
    const name = `${this.versions.root + 1}.root.json`
    const root = this.#signed('root', { consistent_snapshot: true, keys, roles }, flaw)
    this.files.set(name, Buffer.from(writeJson(root)))
    return root
  }

  /** The next targets, snapshot and timestamp. `text` is the content of the target. */
  publish(text: string, flaws: Flaws = {}): void {
    const content = Buffer.from(text)
    const hashes = { sha256: sha256(content) }
    this.files.set(`targets/${hashes.sha256}.${trustedTarget}`, content)
    this.publishTargets({ [trustedTarget]: { length: content.length, hashes } }, flaws)
  }

  publishTargets(named: object, flaws: Flaws = {}): void {
    const targets = this.#write('targets', { targets: named }, flaws.targets)
    this.publishSnapshot(metaOf(this.versions.targets, targets), flaws)
  }

  /** `targets` is what it says of targets.json. */
  publishSnapshot(targets: object, flaws: Flaws = {}): void {
    const snapshot = this.#write('snapshot', { meta: { 'targets.json': targets } }, flaws.snapshot)
    this.publishTimestamp(metaOf(this.versions.snapshot, snapshot), flaws)
  }

  publishTimestamp(snapshot: object, flaws: Flaws = {}): void {
    this.#write('timestamp', { meta: { 'snapshot.json': snapshot } }, flaws.timestamp)
  }

  #write(role: TufRole, content: object, flaw: SignedFlaw = {}): Buffer {
    const bytes = Buffer.from(writeJson(this.#signed(role, content, flaw)))
    this.files.set(this.nameOf(role), bytes)
    return bytes
  }

  /** The name of the newest file of a role. */
  nameOf(role: TufRole): string {
    return role === 'timestamp' ? `${role}.json` : `${this.versions[role]}.${role}.json`
  }

  #signed(
    role: TufRole,
    content: object,
    { version, expires = farFuture, signers = this.signers[role], repeated = 0 }: SignedFlaw,
  ): object {
    this.versions[role] = version ?? this.versions[role] + 1
    const signed = { _type: role, spec_version: '1.0.31', version: this.versions[role], expires, ...content }
    const bytes = Buffer.from(canonical(signed))
    const signatures = signers.map(({ id, key }) => ({ keyid: id, sig: sign(null, bytes, key).toString('hex') }))
    const [first] = signatures
    return { signed, signatures: first === undefined ? [] : [...signatures, ...Array.from({ length: repeated }, () => first)] }
  }
}

export const metaOf = (version: number, bytes: Uint8Array): object => ({
  version,
  length: bytes.length,
  hashes: { sha256: sha256(bytes) },
})
