// The last guard of trust domains: a node starts no pod of another domain, whoever let it come this far.
import { domainOfNode, domainOfPod, mayRunOn, nameDomain } from '../api/trust-domain.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import type { Client } from '../client/client.ts'
import { nodes } from '../client/resources.ts'

export class NodeDomain {
  readonly #client: Client
  readonly #name: string
  #known: Node | undefined

  constructor(client: Client, nodeName: string) {
    this.#client = client
    this.#name = nodeName
  }

  /** Why the pod must not start here; undefined where it may. Rejects where the API cannot say: then nothing starts. */
  async refusal(pod: Pod, signal: AbortSignal): Promise<string | undefined> {
    // What is known may be from before a change; only a refusal must be sure of its ground.
    if (this.#known !== undefined && mayRunOn(pod, this.#known)) return undefined
    this.#known = await this.#client.get(nodes, '', this.#name, signal)
    if (mayRunOn(pod, this.#known)) return undefined
    return `the pod is of ${nameDomain(domainOfPod(pod))}, node "${this.#name}" of ${nameDomain(domainOfNode(this.#known))}`
  }
}
