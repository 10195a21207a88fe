// Every way by which an image that nobody signed could come into a pod, in a namespace whose policy is for it.
import type { Container, PodSpec } from '../../../api/types/core-v1.ts'
import type { ImagePolicySpec } from '../../../api/types/supply-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { clusterImagePolicies, imagePolicies, pods } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject, workloadForms } from '../../proof-pods.ts'
import { jsonPatch, strategicPatch } from '../../request.ts'

/** No registry has it, and nobody trusted could sign it. */
const image = 'example.invalid/prove/unsigned:1'
const digest = `sha256:${'0'.repeat(64)}`

/** Its trust root does not exist, so nobody can meet it. */
export const unmeetable = (images: string): ImagePolicySpec => ({
  images: [images],
  verify: { anyOf: [{ key: { trustRoot: 'bulkhead-prove-none', name: 'none' } }] },
})

const policyName = 'bulkhead-prove-unsigned'
const refusedBy = { names: `${policyName}"` }

type Form = readonly [name: string, spec: PodSpec, annotations?: Readonly<Record<string, string>>]

/** The twin of each is admitted, with the image that comes with Bulkhead. */
function forms(): readonly Form[] {
  const spec = (container: Partial<Container>, fields: Partial<PodSpec> = {}) =>
    harmlessSpec({ serviceAccountName: 's9', ...fields }, container)
  const [plain] = spec({}).containers
  const further: Container = { ...plain, name: 'further', image }
  return [
    ['by its tag', spec({ image })],
    ['without a tag', spec({ image: 'example.invalid/prove/unsigned' })],
    ['by a digest', spec({ image: `example.invalid/prove/unsigned@${digest}` })],
    ['by tag and digest', spec({ image: `${image}@${digest}` })],
    ['that is never pulled', spec({ image, imagePullPolicy: 'Never' })],
    ['of an init container', spec({}, { initContainers: [further] })],
    ['of a sidecar', spec({}, { initContainers: [{ ...further, restartPolicy: 'Always' }] })],
    ['of the second container', harmlessSpec({ serviceAccountName: 's9', containers: [...spec({}).containers, further] })],
    [
      'with a forged annotation',
      spec({ image: `${image}@${digest}` }),
      { 'supply.bulkhead.dev/images': writeJson({ main: { image, digest, by: ['somebody'], time: '2026-01-01T00:00:00Z' } }) },
    ],
  ]
}

/** Stores the policy, a pod from before it that waits for a node, and a pod whose image may be changed. */
export async function tryUnsigned(
  context: ProofContext,
  namespace: ProofNamespace,
  node: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, transport } = context
  const early = harmlessSpec({ serviceAccountName: 's9' }, { image, imagePullPolicy: 'Never' })
  await client.create(pods, namespace.name, podObject('early', early), signal)
  await client.create(pods, namespace.name, podObject('changed', harmlessSpec({ serviceAccountName: 's9' })), signal)
  await client.create(imagePolicies, namespace.name, { metadata: { name: policyName }, spec: unmeetable('example.invalid/**') }, signal)
  const path = namespace.core('pods')
  const create = `${path}?dryRun=All`
  await attempts.accepted(
    'a pod with an image that no policy is for',
    transport,
    { method: 'POST', path: create, body: podObject('s9', harmlessSpec({ serviceAccountName: 's9' })) },
    signal,
  )
  await tryPolicies(context, namespace, signal)
  await inParallel(forms(), async ([name, spec, annotations]) => {
    const body = podObject('s9', spec, annotations === undefined ? {} : { annotations })
    await attempts.refused(`an unsigned image ${name}`, transport, { method: 'POST', path: create, body }, refusedBy, signal)
  })
  await inParallel(workloadForms, async form => {
    const body = form.object('s9', harmlessSpec({ serviceAccountName: 's9' }, { image }))
    const [group, version] = form.groupVersion.includes('/') ? [form.groupVersion, form.plural] : ['', form.plural]
    const at = group === '' ? namespace.core(version) : namespace.group(group, version)
    await attempts.refused(
      `an unsigned image of a ${form.kind}`,
      transport,
      { method: 'POST', path: `${at}?dryRun=All`, body },
      refusedBy,
      signal,
    )
  })
  const changed = { spec: { containers: [{ name: 'main', image }] } }
  const replaced = [{ op: 'replace', path: '/spec/containers/0/image', value: image }]
  // An ephemeral container may not set resources.
  const debug = { spec: { ephemeralContainers: [{ ...harmlessSpec().containers[0], name: 'debug', image, resources: undefined }] } }
  const patches = [
    ['a changed image by strategic patch', 'changed', changed, strategicPatch],
    ['a changed image by JSON patch', 'changed', replaced, jsonPatch],
    ['an ephemeral container', 'changed/ephemeralcontainers', debug, strategicPatch],
  ] as const
  for (const [name, of, body, contentType] of patches)
    await attempts.refused(name, transport, { method: 'PATCH', path: `${path}/${of}?dryRun=All`, body, contentType }, refusedBy, signal)
  if (node === undefined) return
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'early' }, target: { kind: 'Node', name: node } }
  await attempts.refused(
    'a pod from before the policy, bound to a node',
    transport,
    { method: 'POST', path: `${path}/early/binding?dryRun=All`, body: binding },
    refusedBy,
    signal,
  )
}

/** A policy of the cluster holds beside those of the namespace, and a changed one by what it says now. */
async function tryPolicies(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await using cluster = new ClusterObjects(context, namespace)
  const whole = `${cluster.prefix}-cluster`
  await cluster.create(clusterImagePolicies, { metadata: { name: whole }, spec: unmeetable(`${whole}.invalid/**`) }, signal)
  await client.create(
    imagePolicies,
    namespace.name,
    { metadata: { name: 'changing' }, spec: unmeetable('changing.invalid/before/**') },
    signal,
  )
  await client.patch(
    imagePolicies,
    namespace.name,
    'changing',
    { spec: { images: ['changing.invalid/after/**'] } },
    { type: 'merge' },
    signal,
  )
  for (const [name, of, policy] of [
    ['that a policy of the cluster is for', `${whole}.invalid/a:1`, whole],
    ['that a changed policy is for', 'changing.invalid/after/a:1', 'changing'],
  ] as const) {
    const body = podObject('s9', harmlessSpec({ serviceAccountName: 's9' }, { image: of }))
    const question = { method: 'POST', path: namespace.core('pods?dryRun=All'), body } as const
    await attempts.refused(`an unsigned image ${name}`, transport, question, { names: `${policy}"` }, signal)
  }
}
