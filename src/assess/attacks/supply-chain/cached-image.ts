// An image that is on the node already, and that a policy refuses from now on: its container must not start again.
import { imagesVerifiedCondition } from '../../../api/pods/admitted-images.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { imagePolicies, pods } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { unmeetable } from './unsigned-images.ts'

const pollMs = 100
/** A guard: the pod must start once, its condition follows within a second, and a refused start is reported at once. */
const waitMs = 30_000

/** The node's reason for a container that it does not start. */
const refusedReason = 'SignatureValidationFailed'

/** Records how a pod whose container ends every second goes on after its image is refused. */
export async function tryCachedImage(
  { attempts, client, clock }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const spec = { ...harmlessSpec({ serviceAccountName: 's9', restartPolicy: 'Always' }), schedulerName: 'default-scheduler' }
  await client.create(pods, namespace.name, podObject('cached', spec), signal)
  const until = async (holds: (pod: Pod) => boolean): Promise<Pod> => {
    const end = clock.monotonic() + waitMs
    for (;;) {
      const pod = await client.get(pods, namespace.name, 'cached', signal)
      if (holds(pod) || clock.monotonic() > end) return pod
      await clock.sleep(pollMs, signal)
    }
  }
  const started = await until(({ status }) => (status?.containerStatuses ?? []).some(({ imageID }) => imageID !== ''))
  attempts.record({
    name: 'a container of an image that no policy is for',
    sent: 'POST pods',
    expected: 'it starts',
    answered: stateOf(started),
    held: (started.status?.containerStatuses ?? []).some(({ imageID }) => imageID !== ''),
  })
  if (attempts.found.length > 0) return
  await client.create(imagePolicies, namespace.name, { metadata: { name: 'cached' }, spec: unmeetable('bulkhead.local/**') }, signal)
  const told = await until(({ status }) =>
    (status?.conditions ?? []).some(({ type, status: is }) => type === imagesVerifiedCondition && is === 'False'),
  )
  const condition = (told.status?.conditions ?? []).find(({ type }) => type === imagesVerifiedCondition)
  attempts.record({
    name: 'a running image that a new policy refuses',
    sent: 'POST imagepolicies',
    expected: `condition ${imagesVerifiedCondition} is False`,
    answered: `condition is ${condition?.status ?? 'not there'}`,
    held: condition?.status === 'False',
  })
  if (attempts.found.length > 0) return
  const refused = await until(({ status }) =>
    (status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === refusedReason),
  )
  attempts.record({
    name: 'the next start of its container, with the image on the node',
    sent: 'the container ended',
    expected: `waits: ${refusedReason}`,
    answered: stateOf(refused),
    held: (refused.status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === refusedReason),
  })
}

function stateOf({ status }: Pod): string {
  const [container] = status?.containerStatuses ?? []
  const { waiting, running, terminated } = container?.state ?? {}
  return waiting?.reason ?? (running ? 'running' : terminated ? `ended: ${terminated.reason ?? ''}` : (status?.phase ?? 'no status'))
}
