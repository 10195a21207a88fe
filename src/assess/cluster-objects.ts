// Objects of the cluster that a proof creates: they belong to its namespace, so that the garbage collector deletes them with it, whatever happens to the
// proof. Their names begin with that of the namespace.
import type { KubeObject } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { inParallel } from './in-parallel.ts'
import type { ProofContext } from './proof.ts'
import type { ProofNamespace } from './proof-namespace.ts'

const cleanUpMs = 30_000

export class ClusterObjects implements AsyncDisposable {
  /** Of the names. */
  readonly prefix: string
  readonly #client: Client
  readonly #owner: ProofNamespace['owner']
  readonly #created: { readonly resource: ResourceRef; readonly name: string }[] = []

  constructor({ client }: ProofContext, { name, owner }: ProofNamespace) {
    this.prefix = name
    this.#client = client
    this.#owner = owner
  }

  async create<T extends KubeObject>(resource: ResourceRef<T>, object: T, signal: AbortSignal): Promise<T> {
    const metadata = { ...object.metadata, ownerReferences: [this.#owner] }
    const created = await this.#client.create(resource, '', { ...object, metadata }, signal)
    this.#created.push({ resource, name: created.metadata.name ?? '' })
    return created
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(cleanUpMs)
    await inParallel(this.#created, async ({ resource, name }) => {
      try {
        await this.#client.delete(resource, '', name, {}, signal)
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
    })
  }
}
