// The keys of the store in etcd. Names of kinds, namespaces and objects are replaced by keyed digests, one for each level, so that a range
// covers a kind or a namespace, and nobody without the key learns a name from etcd's files. A record contains its names, sealed.
import { createHmac } from 'node:crypto'

/** Bytes of a digest: two names collide with a probability below 2⁻⁶⁰ among 2³⁴ objects. */
const digestBytes = 16
/** Namespaces whose digest is kept. */
const maxRemembered = 10_000

export const defaultPrefix = '/bulkhead/'

export class KeyNames {
  readonly prefix: string
  readonly #secret: Buffer
  readonly #namespaces = new Map<string, string>()

  constructor(secret: Buffer, prefix: string) {
    this.#secret = secret
    this.prefix = prefix
  }

  /** All objects, and the head. */
  get objects(): string {
    return `${this.prefix}objects/`
  }

  get head(): string {
    return `${this.objects}head`
  }

  object(groupResource: string, namespace: string, name: string): string {
    const parent = this.#namespace(groupResource, namespace)
    return `${parent}${this.#digest(parent, name)}`
  }

  /** All pieces of all large objects. */
  get pieces(): string {
    return `${this.prefix}pieces/`
  }

  /** The pieces of one version of a large object. */
  piecesOf(object: string, id: string): string {
    return `${this.pieces}${object.slice(this.objects.length)}/${id}/`
  }

  #namespace(groupResource: string, namespace: string): string {
    const id = `${groupResource}/${namespace}`
    let key = this.#namespaces.get(id)
    if (key === undefined) {
      const kind = `${this.objects}${this.#digest('kind', groupResource)}/`
      key = `${kind}${this.#digest(kind, namespace)}/`
      if (this.#namespaces.size >= maxRemembered) this.#namespaces.clear()
      this.#namespaces.set(id, key)
    }
    return key
  }

  /** Bound to the level above, so that equal names in two namespaces have different digests. */
  #digest(parent: string, name: string): string {
    const digest = createHmac('sha256', this.#secret).update(`${parent}\0${name}`).digest()
    return digest.subarray(0, digestBytes).toString('base64url')
  }
}

/** The end of the range of all keys that begin with the prefix, which ends with an ASCII character. */
export function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return end
}
