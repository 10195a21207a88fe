// A cluster-wide object of an attack, such as a policy, that concerns only the proof's own namespace. It exists while the attack runs.
import type { ProofContext } from '../proof.ts'
import type { ProofNamespace } from '../proof-namespace.ts'
import { request, succeeded } from '../request.ts'

const cleanUpMs = 30_000

/** For `namespaceSelector`. */
export const within = ({ name }: ProofNamespace) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

export class ClusterObject implements AsyncDisposable {
  readonly #context: ProofContext
  readonly #path: string

  private constructor(context: ProofContext, path: string) {
    this.#context = context
    this.#path = path
  }

  /** `path` is that of the collection. The object belongs to the namespace: the garbage collector deletes it with it, also if the run is killed. */
  static async create(
    context: ProofContext,
    { owner }: Pick<ProofNamespace, 'owner'>,
    path: string,
    body: { readonly metadata: { readonly name: string } },
    signal: AbortSignal,
  ): Promise<ClusterObject> {
    await using stack = new AsyncDisposableStack()
    const object = stack.use(new ClusterObject(context, `${path}/${body.metadata.name}`))
    const answer = await request(
      context.transport,
      { method: 'POST', path, body: { ...body, metadata: { ...body.metadata, ownerReferences: [owner] } } },
      signal,
    )
    if (!succeeded(answer)) throw new Error(`POST ${path}: ${answer.status} ${answer.message}`)
    stack.move()
    return object
  }

  /** It has its own time limit, because it must also run after the proof's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await request(this.#context.transport, { method: 'DELETE', path: this.#path }, AbortSignal.timeout(cleanUpMs))
  }
}
