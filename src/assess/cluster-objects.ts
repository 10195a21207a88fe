// Objects of the cluster that a proof creates: they belong to its namespace, so that the garbage collector deletes them with it, whatever happens to the
// proof. Their names begin with that of the namespace.
import type { KubeObject } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { namespaces } from '../client/resources.ts'
import { inParallel } from './in-parallel.ts'
import type { ProofContext } from './proof.ts'

const cleanUpMs = 30_000

export class ClusterObjects implements AsyncDisposable {
  /** Of all names. */
  readonly prefix: string
  readonly #client: Client
  readonly #uid: string
  readonly #created: { readonly resource: ResourceRef; readonly name: string }[] = []

  private constructor(client: Client, prefix: string, uid: string) {
    this.#client = client
    this.prefix = prefix
    this.#uid = uid
  }

  static async of({ client }: ProofContext, namespace: string, signal: AbortSignal): Promise<ClusterObjects> {
    const { metadata } = await client.get(namespaces, '', namespace, signal)
    return new ClusterObjects(client, namespace, metadata.uid ?? '')
  }

  async create<T extends KubeObject>(resource: ResourceRef<T>, object: T, signal: AbortSignal): Promise<T> {
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: this.prefix, uid: this.#uid }
    const created = await this.#client.create(
      resource,
      '',
      { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } },
      signal,
    )
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
