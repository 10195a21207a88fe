// Binds a pod to its node, and finds out whether it is bound if the answer was lost.
import { ApiError } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { pods } from '../client/resources.ts'

const askAgainMs = 1000

/**
 * Resolves when the pod is on the node. Rejects only when this binding is known to have failed: before that its resources must not go to
 * other pods, which the node would then reject for good.
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

/** The pod's node in the API; undefined if it has none, or the pod does not exist. */
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

/** The server answered and changed nothing. */
const isRefusal = (err: unknown): boolean => err instanceof ApiError && (err.status.code ?? 500) < 500
