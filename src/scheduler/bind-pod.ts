// Gives a pod its node, and knows whether it has it also where the answer got lost.
import { ApiError } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { pods } from '../client/resources.ts'

const askAgainMs = 1000

/**
 * Resolves when the pod is on the node. Rejects when it is known that this binding came to nothing: until then its room must not be
 * given to others, which the node would refuse for good.
 */
export async function bindPod(client: Client, clock: Clock, pod: Pod, node: string, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '', uid } = pod.metadata
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { namespace, name, ...(uid === undefined ? {} : { uid }) },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  }
  try {
    await client.subresource('POST', pods, namespace, name, 'binding', binding, signal)
  } catch (err) {
    if (isRefusal(err) || (await nodeOf(client, clock, pod, signal)) !== node) throw err
  }
}

/** The node that the API has for the pod; undefined where it has none, or no such pod. */
async function nodeOf(client: Client, clock: Clock, { metadata }: Pod, signal: AbortSignal): Promise<string | undefined> {
  for (;;) {
    try {
      const found = await client.get(pods, metadata.namespace ?? '', metadata.name ?? '', signal)
      return found.metadata.uid === metadata.uid ? found.spec.nodeName : undefined
    } catch (err) {
      if (isRefusal(err)) return undefined
      await pause(clock, askAgainMs, signal)
      signal.throwIfAborted()
    }
  }
}

/** The server has answered, and has done nothing. */
const isRefusal = (err: unknown): boolean => err instanceof ApiError && (err.status.code ?? 500) < 500
