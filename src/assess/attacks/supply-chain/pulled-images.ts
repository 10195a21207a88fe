// Images of the cluster's registry in pods whose ServiceAccount may not pull them, although the node has them already.
import { registryAudience } from '../../../api/repository-name.ts'
import type { Container, Pod } from '../../../api/types/core-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { pods, registryMirrors, secrets } from '../../../client/resources.ts'
import type { OwnRegistry } from '../../own-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { pushImage } from './pushed-image.ts'
import { repositoryRule } from './registry-rights.ts'

const pollMs = 100
/** A guard: pods start, and refused ones say so at once. */
const waitMs = 40_000
const imageReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ErrImageNeverPull', 'ImagePullBackOff'])

export async function tryPulledImages(
  context: ProofContext,
  namespace: ProofNamespace,
  registry: OwnRegistry,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock } = context
  for (const account of ['may', 'maynot']) await namespace.account(account, signal)
  await namespace.grant('may', [repositoryRule(['pull'])], signal)
  if (registry.authority !== undefined) await pushImage(namespace, registry, signal)
  const image = `${registry.host}/${namespace.name}/prove:1`
  const start = async (name: string, serviceAccountName: string, container: Partial<Container> = {}, fields: object = {}) => {
    const spec = harmlessSpec({ serviceAccountName, restartPolicy: 'Always', ...fields }, { image, ...container })
    await client.create(pods, namespace.name, podObject(name, { ...spec, schedulerName: 'default-scheduler' }), signal)
  }
  const until = async (name: string, holds: (pod: Pod) => boolean): Promise<Pod> => {
    const end = clock.monotonic() + waitMs
    for (;;) {
      const pod = await client.get(pods, namespace.name, name, signal)
      if (holds(pod) || clock.monotonic() > end) return pod
      await clock.sleep(pollMs, signal)
    }
  }
  const expect = async (what: string, name: string, expected: 'the image' | 'no image') => {
    const wanted = (pod: Pod) => (expected === 'the image' ? hasImage(pod) : isRefused(pod))
    const pod = await until(name, wanted)
    attempts.record({ name: what, sent: `POST pods/${name}`, expected, answered: stateOf(pod), held: wanted(pod) })
  }
  await start('first', 'may')
  await expect('a pod whose account may pull', 'first', 'the image')
  // Without the image on the node, nothing follows.
  if (attempts.found.length > 0) return
  await start('other', 'maynot')
  await expect('another account, with the image on the node', 'other', 'no image')
  await start('never', 'maynot', { imagePullPolicy: 'Never' })
  await expect('another account that never pulls', 'never', 'no image')
  await start('always', 'maynot', { imagePullPolicy: 'Always' })
  await expect('another account that always pulls', 'always', 'no image')
  await client.create(secrets, namespace.name, await pullSecret(namespace, registry, signal), signal)
  await start('borrowed', 'maynot', {}, { imagePullSecrets: [{ name: 'borrowed' }] })
  await expect("another account, with the first one's token in a pull Secret", 'borrowed', 'no image')
  await tryMirroredImage(context, namespace, { start, until }, signal)
  // A container that has ended often waits long for its next start.
  await start('again', 'may')
  await expect('another pod whose account may pull', 'again', 'the image')
  await namespace.withdraw('may', signal)
  await start('late', 'may')
  await expect('a new pod of the account whose right was revoked', 'late', 'no image')
  await expect('the next start of a pod that ran before, with the image on the node', 'again', 'no image')
}

/** A registry that does not exist: what is asked for comes from nowhere else. */
const mirrored = 'prove.bulkhead.invalid'

interface Starts {
  start(name: string, serviceAccountName: string, container: Partial<Container>): Promise<void>
  until(name: string, holds: (pod: Pod) => boolean): Promise<Pod>
}

/** An image of another registry that nodes get from the cluster's own: it takes the right there, whatever the other registry allows. */
async function tryMirroredImage(
  { attempts, client, run }: ProofContext,
  namespace: ProofNamespace,
  { start, until }: Starts,
  signal: AbortSignal,
): Promise<void> {
  const name = `bulkhead-prove-${namespace.name}`
  const spec = { registry: mirrored, pullThrough: { namespace: `${namespace.name}-other` } }
  await client.create(registryMirrors, '', { metadata: { name, labels: run.labels }, spec }, signal)
  try {
    await start('mirrored', 'may', { image: `${mirrored}/prove:1` })
    const refused = (pod: Pod): boolean => /may not pull/.test(waitingMessage(pod))
    const pod = await until('mirrored', each => refused(each) || hasImage(each))
    attempts.record({
      name: "an image that the cluster's registry keeps of another one, without the right to it",
      sent: 'POST pods/mirrored',
      expected: 'no image, since it may not be pulled',
      answered: `${stateOf(pod)}: ${waitingMessage(pod).slice(0, 300)}`,
      held: refused(pod),
    })
  } finally {
    await client.delete(registryMirrors, '', name, {}, signal)
  }
}

const waitingMessage = ({ status }: Pod): string => status?.containerStatuses?.[0]?.state?.waiting?.message ?? ''
const waitingReason = ({ status }: Pod): string => status?.containerStatuses?.[0]?.state?.waiting?.reason ?? ''
const isRefused = (pod: Pod): boolean => imageReasons.has(waitingReason(pod))

/** It was started, or it got so far that only its content keeps it from starting. */
function hasImage(pod: Pod): boolean {
  const [container] = pod.status?.containerStatuses ?? []
  if (container?.imageID) return true
  const reason = waitingReason(pod)
  return reason !== '' && reason !== 'ContainerCreating' && reason !== 'PodInitializing' && !imageReasons.has(reason)
}

function stateOf(pod: Pod): string {
  const [container] = pod.status?.containerStatuses ?? []
  const { running, terminated } = container?.state ?? {}
  const text = waitingReason(pod)
  return text !== '' ? text : running ? 'running' : terminated ? `ended: ${terminated.reason ?? ''}` : (pod.status?.phase ?? 'no status')
}

async function pullSecret(namespace: ProofNamespace, { host }: OwnRegistry, signal: AbortSignal) {
  const token = await namespace.token('may', { audiences: [registryAudience] }, signal)
  const auths = { [host]: { auth: Buffer.from(`may:${token}`).toString('base64') } }
  const data = { '.dockerconfigjson': Buffer.from(writeJson({ auths })).toString('base64') }
  return { metadata: { name: 'borrowed' }, type: 'kubernetes.io/dockerconfigjson', data }
}
