// Records whose credentials pulled the images on the node: a pod uses a private image only if it may pull it (CVE-2015-7561; upstream's gate
// KubeletEnsureSecretPulledImages, KEP-2535).
import { createHmac, randomBytes } from 'node:crypto'
import { type ImageReference, parseImageReference } from '../../api/image-reference.ts'
import { credentialsFor } from '../../api/pods/pull-credentials.ts'
import type { Secret } from '../../api/types/core-v1.ts'
import { OneByOne } from '../../base/async/serial-queue.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, isTexts, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Image, RegistryAuth } from '../cri/messages.ts'

/** Keys kept for one image in one repository; a dropped one makes the next pod ask the registry again. */
const maxKeys = 100
const maxRepositories = 100
const maxInterrupted = 1000

/** Who may use an image: all pods, or those with one of the keys of the repository that the pod names. */
type Access = 'anyone' | ReadonlyMap<string, readonly string[]>

interface Content {
  readonly salt: string
  /** Pulls with credentials that have begun: the image may exist before its record. */
  readonly pulling: readonly string[]
  readonly images: Readonly<Record<string, 'anyone' | Readonly<Record<string, readonly string[]>>>>
}

export class PullRecords {
  readonly #file: string | undefined
  readonly #salt: string
  readonly #images = new Map<string, Access>()
  readonly #pulling = new Map<string, number>()
  /** Pulls that ended without an answer: no pod may use the image until it is pulled again. */
  readonly #interrupted = new Set<string>()
  readonly #writes = new OneByOne()

  /** Without a file, the records last as long as this object. */
  constructor(file?: string, { salt, pulling, images }: Content = newContent()) {
    this.#file = file
    this.#salt = salt
    for (const name of pulling) this.#interrupted.add(name)
    for (const [id, access] of Object.entries(images)) this.#images.set(id, access === 'anyone' ? access : new Map(Object.entries(access)))
  }

  /** Rejects if the file exists and cannot be read: without it, private images would be usable by all. */
  static async open(file: string, present: readonly Image[]): Promise<PullRecords> {
    const records = new PullRecords(file, await readContent(file))
    records.keep(present)
    return records
  }

  /** So many pulls ended without an answer that a list of present images is worthwhile: then call `keep`. */
  get isCrowded(): boolean {
    return this.#interrupted.size > maxInterrupted
  }

  /** Drops records of images that were removed from the node. */
  keep(present: readonly Image[]): void {
    const ids = new Set(present.map(({ id }) => id))
    const names = new Set(present.flatMap(namesOf))
    for (const id of this.#images.keys()) if (!ids.has(id)) this.#images.delete(id)
    for (const name of this.#interrupted) if (!names.has(name)) this.#interrupted.delete(name)
  }

  /** Whether a pod may use the image without asking the registry. Reads Secrets only if the result depends on them. */
  async admits(image: Image, reference: ImageReference, secrets: () => Promise<readonly Secret[]>): Promise<boolean> {
    const access = this.#images.get(image.id)
    if (access === undefined) return this.#isOfNode(image)
    if (access === 'anyone') return true
    const known = access.get(reference.repository)
    if (known === undefined) return false
    const keys = (await secrets()).flatMap(secret => {
      const credentials = credentialsFor(reference, [secret])
      return credentials.length === 0 ? [] : [...keysOfSecret(secret), ...credentials.map(auth => this.#keyOf(auth))]
    })
    return keys.some(key => known.includes(key))
  }

  /** Whether the image was pulled, so that it can be pulled again. */
  wasPulled({ id }: Image): boolean {
    return this.#images.has(id)
  }

  /** The image has a name that was never pulled: an administrator imported it for all. */
  #isOfNode({ repoTags, repoDigests }: Image): boolean {
    const pulled = [...this.#pulling.keys(), ...this.#interrupted]
    const repositories = new Set(pulled.map(repositoryOf))
    return repoTags.some(name => !pulled.includes(name)) || repoDigests.some(name => !repositories.has(repositoryOf(name)))
  }

  /** Call before a pull with credentials. `present` is the image that has the name so far. */
  async begin({ full }: ImageReference, present: Image | undefined): Promise<void> {
    // It stays usable by all, whatever the result of the pull.
    if (present !== undefined && !this.#images.has(present.id) && this.#isOfNode(present)) this.#images.set(present.id, 'anyone')
    this.#pulling.set(full, (this.#pulling.get(full) ?? 0) + 1)
    await this.#write()
  }

  /** Call after a failed pull. */
  async failed({ full }: ImageReference): Promise<void> {
    this.#leave(full)
    await this.#write()
  }

  /** Call after a pull whose result was not awaited. */
  async left({ full }: ImageReference): Promise<void> {
    this.#leave(full)
    this.#interrupted.add(full)
    await this.#write()
  }

  /** Call after a pull with these credentials, of one of these Secrets; undefined for an anonymous pull. */
  async pulled(reference: ImageReference, image: Image, auth: RegistryAuth | undefined, secrets: readonly Secret[]): Promise<void> {
    const { full, repository } = reference
    const before = this.#images.get(image.id) ?? (this.#isOfNode(image) ? 'anyone' : new Map<string, readonly string[]>())
    if (auth === undefined || before === 'anyone') this.#images.set(image.id, 'anyone')
    else {
      // Least recently used first.
      const keys = [...(before.get(repository) ?? []), ...this.#keysBehind(auth, reference, secrets)].toReversed()
      const others = [...before].filter(([name]) => name !== repository)
      const last = [...new Set(keys)].slice(0, maxKeys).toReversed()
      this.#images.set(image.id, new Map([...others.slice(1 - maxRepositories), [repository, last]]))
    }
    if (auth !== undefined) this.#leave(full)
    this.#interrupted.delete(full)
    await this.#write()
  }

  /** The credentials themselves, and the Secret that contains them: its password may be renewed. */
  #keysBehind(auth: RegistryAuth, reference: ImageReference, secrets: readonly Secret[]): string[] {
    const used = this.#keyOf(auth)
    const of = secrets.filter(secret => credentialsFor(reference, [secret]).some(one => this.#keyOf(one) === used))
    return [...of.flatMap(keysOfSecret), used]
  }

  /** Salted and hashed, so that a key reveals no password, nor that two nodes use the same one. */
  #keyOf(auth: RegistryAuth): string {
    return `credentials:${createHmac('sha256', this.#salt).update(writeJson(auth)).digest('base64')}`
  }

  #leave(full: string): void {
    const others = (this.#pulling.get(full) ?? 1) - 1
    if (others > 0) this.#pulling.set(full, others)
    else this.#pulling.delete(full)
  }

  /** One write at a time, of the state at its beginning. */
  #write(): Promise<void> {
    const file = this.#file
    if (file === undefined) return Promise.resolve()
    const write = async () => {
      const content: Content = {
        salt: this.#salt,
        pulling: [...new Set([...this.#pulling.keys(), ...this.#interrupted])],
        images: Object.fromEntries(
          [...this.#images].map(([id, access]) => [id, access === 'anyone' ? access : Object.fromEntries(access)]),
        ),
      }
      await replaceFile(file, writeJson(content))
    }
    return this.#writes.run(write)
  }
}

const newContent = (): Content => ({ salt: randomBytes(32).toString('base64'), pulling: [], images: {} })
const keysOfSecret = ({ metadata: { uid } }: Secret): string[] => (uid === undefined ? [] : [`secret:${uid}`])
const repositoryOf = (name: string): string => parseImageReference(name)?.repository ?? name
const namesOf = ({ repoTags, repoDigests }: Image): string[] => [...repoTags, ...repoDigests]

async function readContent(file: string): Promise<Content | undefined> {
  const text = await readTextIfThere(file)
  if (text === undefined) return undefined
  let content: unknown
  try {
    content = parseJson(text)
  } catch {
    // Reported below, like any other text that is no record.
  }
  if (isContent(content)) return content
  throw new Error(`Cannot read who pulled the node's images: "${file}" is damaged; remove it together with the images`)
}

function isContent(value: unknown): value is Content {
  if (!isJsonObject(value) || typeof value['salt'] !== 'string' || !isTexts(value['pulling']) || !isJsonObject(value['images']))
    return false
  return Object.values(value['images']).every(
    access => access === 'anyone' || (isJsonObject(access) && Object.values(access).every(isTexts)),
  )
}
