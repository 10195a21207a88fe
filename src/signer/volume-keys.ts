// The keys of volumes: one per volume, for one node, wrapped by the key-encryption key. Who makes and erases them cannot read them, and only
// the node that the volume belongs to can.
import { randomBytes, X509Certificate } from 'node:crypto'
import { sealKey } from '../base/crypto/sealed-key.ts'
import { isVolumeName, verifyVolumeKeyRequest, volumeKeyPurpose } from '../base/crypto/volume-key-request.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import { writeJson } from '../base/write-json.ts'
import type { NumberedKey } from './key-material.ts'
import { unwrapKey, wrapKey } from './key-wrap.ts'
import { PolicyViolation } from './policy.ts'
import type { VolumeKeyRequest } from './signer.ts'

/** Where wrapped keys are kept, by volume. */
export interface VolumeKeyFiles {
  /** Undefined if there is none. */
  read(volume: string): Promise<Buffer | undefined>
  write(volume: string, content: Buffer): Promise<void>
  /** The content must not be readable on the medium afterwards. A missing one is success. */
  erase(volume: string): Promise<void>
}

/** AES-256-XTS needs two keys of 256 bits. */
export const volumeKeyBytes = 64
const maxNodeName = 253
const maxCertificate = 16_384
const nodeUser = 'system:node:'

const refuse = (rule: string, message: string) => new PolicyViolation(rule, message)

function checkName(volume: string): void {
  if (!isVolumeName(volume)) throw refuse('volume-name', 'The name of a volume must be a DNS label')
}

interface KeyRecord {
  readonly node: string
  /** Of a copy: the volume whose key it is. */
  readonly source?: string
  readonly wrapped: Buffer
}

export class VolumeKeys {
  readonly #files: VolumeKeyFiles
  readonly #encryptionKeys: readonly NumberedKey<Buffer>[]

  /** `encryptionKeys`: the newest first, as in KeyMaterial. */
  constructor(files: VolumeKeyFiles, encryptionKeys: readonly NumberedKey<Buffer>[]) {
    this.#files = files
    this.#encryptionKeys = encryptionKeys
  }

  /** Again for the same node is success, and the key stays. Rejects with a PolicyViolation for another node. */
  async make(volume: string, node: string): Promise<void> {
    checkName(volume)
    if (node === '' || node.length > maxNodeName) throw refuse('volume-node', `The name of a node must have 1 to ${maxNodeName} characters`)
    const known = await this.#read(volume)
    if (known !== undefined) {
      if (known.node !== node) throw refuse('volume-node', `Volume "${volume}" belongs to another node`)
      return
    }
    const [newest] = this.#encryptionKeys
    if (newest === undefined) throw new Error('Cannot make the key of a volume: there is no key-encryption key')
    const key = randomBytes(volumeKeyBytes)
    const content = writeJson({ node, wrapped: wrapKey(newest, key).toString('base64') })
    key.fill(0)
    await this.#files.write(volume, Buffer.from(content))
  }

  /**
   * For a volume that is a copy of another, block by block: the same key, wrapped anew, for the same node. Again is success, even when the
   * source is gone. Rejects with a PolicyViolation if the volume has another key, or the source has none.
   */
  async copy(volume: string, source: string): Promise<void> {
    checkName(volume)
    checkName(source)
    const known = await this.#read(volume)
    if (known !== undefined) {
      if (known.source !== source) throw refuse('volume-source', `Volume "${volume}" has a key that is not a copy of that of "${source}"`)
      return
    }
    const original = await this.#read(source)
    if (original === undefined) throw refuse('volume-key', `Volume "${source}" has no key: it was erased, or never made`)
    const [newest] = this.#encryptionKeys
    if (newest === undefined) throw new Error('Cannot copy the key of a volume: there is no key-encryption key')
    const key = unwrapKey(this.#encryptionKeys, original.wrapped)
    const content = writeJson({ node: original.node, source, wrapped: wrapKey(newest, key).toString('base64') })
    key.fill(0)
    await this.#files.write(volume, Buffer.from(content))
  }

  /** The key, sealed to the node that the volume belongs to. Rejects with a PolicyViolation for everybody else. */
  async open(request: VolumeKeyRequest, clientAuthority: string, now: number): Promise<Buffer> {
    const { volume, publicKey, certificate, signature } = request
    checkName(volume)
    const reader = readCertificate(certificate, clientAuthority, now)
    if (publicKey.length !== 32 || !verifyVolumeKeyRequest(volume, publicKey, reader.publicKey, signature))
      throw refuse('volume-signature', "The request is not signed with the key of the node's certificate")
    const known = await this.#read(volume)
    if (known === undefined) throw refuse('volume-key', `Volume "${volume}" has no key: it was erased, or never made`)
    if (reader.user !== `${nodeUser}${known.node}`) throw refuse('volume-node', `Volume "${volume}" does not belong to "${reader.user}"`)
    const key = unwrapKey(this.#encryptionKeys, known.wrapped)
    try {
      return sealKey(publicKey, key, volumeKeyPurpose(volume))
    } finally {
      key.fill(0)
    }
  }

  /** Nobody can read the volume afterwards. A missing key is success. */
  async erase(volume: string): Promise<void> {
    checkName(volume)
    await this.#files.erase(volume)
  }

  async #read(volume: string): Promise<KeyRecord | undefined> {
    const content = await this.#files.read(volume)
    if (content === undefined) return undefined
    const record = parseJson(content.toString('utf8'))
    if (!isJsonObject(record) || typeof record['node'] !== 'string' || typeof record['wrapped'] !== 'string')
      throw new Error(`Cannot read the key of volume "${volume}": its file is damaged`)
    const source = record['source']
    return {
      node: record['node'],
      wrapped: Buffer.from(record['wrapped'], 'base64'),
      ...(typeof source === 'string' ? { source } : {}),
    }
  }
}

/** Throws a PolicyViolation unless the authority of clients issued it, to a node, and it is valid now. */
function readCertificate(pem: string, authority: string, now: number): { user: string; publicKey: X509Certificate['publicKey'] } {
  const bad = () => refuse('volume-certificate', 'The certificate is not a valid one of a node of this cluster')
  if (pem.length > maxCertificate) throw bad()
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    throw bad()
  }
  const issuer = new X509Certificate(authority)
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) throw bad()
  if (now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()) throw bad()
  const subject = certificate.subject.split('\n')
  const user = subject.find(line => line.startsWith('CN='))?.slice(3) ?? ''
  if (!user.startsWith(nodeUser) || !subject.includes('O=system:nodes')) throw bad()
  return { user, publicKey: certificate.publicKey }
}
