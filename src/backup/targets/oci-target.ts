// A repository of a registry: each file is an artifact with one blob, and its name is a tag.
import { createHash } from 'node:crypto'
import { systemClock } from '../../base/clock.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { Descriptor, Manifest } from '../../supply-chain/oci/image-source.ts'
import { maxTags, RegistryClient } from '../../supply-chain/oci/registry/registry-client.ts'
import { RegistryWriter } from '../../supply-chain/oci/registry/registry-writer.ts'
import { BackupFault } from '../backup-fault.ts'
import { requireName, type Target } from './target.ts'
import { contentField, objectField, type TargetKind, textField } from './target-kind.ts'

const artifactType = 'application/vnd.bulkhead.backup.v1'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const emptyConfig = Buffer.from('{}')

export const ociKind: TargetKind = {
  field: 'oci',
  prepare(value, where) {
    const fields = objectField(value, where, ['host', 'repository', 'ca', 'credentials'])
    const host = textField(fields, 'host', where)
    const repository = textField(fields, 'repository', where)
    const shared = {
      ...{ host, repository, clock: systemClock },
      ...(fields['ca'] === undefined ? {} : { authorities: contentField(fields, 'ca', where) }),
      ...(fields['credentials'] === undefined ? {} : { credentials: credentialsIn(contentField(fields, 'credentials', where), where) }),
    }
    return async () =>
      new OciTarget(`${host}/${repository}`, new RegistryClient(shared), new RegistryWriter({ ...shared, actions: 'pull,push,delete' }))
  },
}

function credentialsIn(text: string, where: string) {
  const [, username, password] = /^([^:\s]{1,256}):(\S{1,1024})\s*$/.exec(text) ?? []
  if (username === undefined || password === undefined) throw new UserError(`${where}.credentialsFile must have one line NAME:PASSWORD`)
  return { username, password }
}

const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const tagOf = (name: string): string => name.replace('/', '-')

class OciTarget implements Target {
  readonly place: string
  readonly #reader: RegistryClient
  readonly #writer: RegistryWriter

  constructor(name: string, reader: RegistryClient, writer: RegistryWriter) {
    this.place = `the repository "${name}"`
    this.#reader = reader
    this.#writer = writer
  }

  async put(name: string, content: Buffer, signal: AbortSignal): Promise<void> {
    requireName(name)
    await this.#run(`write "${name}"`, async () => {
      const existing = await this.#reader.manifest(tagOf(name), signal)
      if (existing !== undefined) {
        if (blobOf(existing)?.digest === digestOf(content)) return
        throw new BackupFault('target', `"${name}" in ${this.place} exists with another content: another process writes there`)
      }
      const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(emptyConfig), size: emptyConfig.length }
      const blob = { mediaType: 'application/octet-stream', digest: digestOf(content), size: content.length }
      // The tag is in it, so that two files with the same content have manifests of their own.
      const annotations = { 'org.opencontainers.image.title': name }
      const manifest = Buffer.from(
        writeJson({ schemaVersion: 2, mediaType: manifestType, artifactType, config, layers: [blob], annotations }),
      )
      await this.#writer.putBlob(config, () => once(emptyConfig), signal)
      await this.#writer.putBlob(blob, () => once(content), signal)
      await this.#writer.putManifest(
        { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length },
        manifest,
        tagOf(name),
        signal,
      )
    })
  }

  async get(name: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    requireName(name)
    return await this.#run(`read "${name}"`, async () => {
      const manifest = await this.#reader.manifest(tagOf(name), signal)
      if (manifest === undefined) return undefined
      const blob = blobOf(manifest)
      if (blob === undefined) throw new BackupFault('damaged', `"${name}" in ${this.place} is no file of a backup`)
      if (blob.size > maxBytes)
        throw new BackupFault('damaged', `"${name}" in ${this.place} has ${blob.size} bytes, more than the ${maxBytes} that it may have`)
      const pieces: Uint8Array[] = []
      for await (const piece of this.#reader.blob(blob, signal)) pieces.push(piece)
      return Buffer.concat(pieces)
    })
  }

  async list(folder: string, signal: AbortSignal): Promise<string[]> {
    return await this.#run(`list "${folder}"`, async () => {
      const tags = await this.#reader.tags(signal)
      // A list that was cut would look like a target that was set back.
      if (tags.length >= maxTags)
        throw new BackupFault('target', `${this.place} has more than ${maxTags} tags: keep fewer backups, or a shorter history`)
      return tags.flatMap(tag => (tag.startsWith(`${folder}-`) ? [tag.replace('-', '/')] : [])).sort()
    })
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    requireName(name)
    await this.#run(`remove "${name}"`, async () => {
      const manifest = await this.#reader.manifest(tagOf(name), signal)
      if (manifest !== undefined) await this.#writer.deleteManifest(manifest.descriptor.digest, signal)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader[Symbol.dispose]()
    this.#writer[Symbol.dispose]()
  }

  async #run<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (err) {
      if (err instanceof BackupFault || !(err instanceof UserError)) throw err
      throw new BackupFault('target', `Cannot ${what} in ${this.place}: ${messageOf(err)}`, { cause: err })
    }
  }
}

/** The only layer; undefined if it is another artifact. */
function blobOf({ bytes }: Manifest): Descriptor | undefined {
  const value = parseJson(Buffer.from(bytes).toString('utf8'))
  const layers = isJsonObject(value) && value['artifactType'] === artifactType ? value['layers'] : undefined
  const [layer] = Array.isArray(layers) && layers.length === 1 ? layers : []
  if (!isJsonObject(layer)) return undefined
  const { digest, size } = layer
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest) || typeof size !== 'number' || !Number.isSafeInteger(size))
    return undefined
  return { mediaType: 'application/octet-stream', digest: `sha256:${digest.slice('sha256:'.length)}`, size }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
