// A webhook or policy that changes objects on their way: what it makes of them is checked like what a client sends.

import type { Pod } from '../../../api/types/core-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { resourcePath } from '../../../client/resource-ref.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject, workloadForms } from '../../proof-pods.ts'
import { type ProofRequest, request, strategicPatch, succeeded } from '../../request.ts'
import { mutatingPolicies, mutatingPolicyBindings, mutatingWebhooks, within } from './admission-resources.ts'
import type { WebhookBackend } from './webhook-backend.ts'

const label = 'bulkhead-prove/mutation'
const domain = 'prove.bulkhead.dev'
const account = 'prover'

interface Mutation {
  readonly name: string
  /** A JSON patch of the object. */
  patch(object: unknown): readonly object[]
  /** What the refusal must contain. */
  readonly names: string
  readonly status?: number
}

const add = (path: string, value: unknown) => ({ op: 'add', path, value })
const container = '/spec/containers/0'

const volume = { name: 'a', hostPath: { path: '/' } }
const withHostPath = (object: unknown): readonly object[] =>
  (object as Pod).spec.volumes === undefined ? [add('/spec/volumes', [volume])] : [add('/spec/volumes/-', volume)]

/** Of a pod that every rule admits. */
const podMutations: readonly Mutation[] = [
  { name: 'host-pid', patch: () => [add('/spec/hostPID', true)], names: 'host namespaces (hostPID=true)' },
  {
    name: 'privileged',
    patch: () => [add(`${container}/securityContext`, { privileged: true })],
    names: 'privileged (container "main" must not set securityContext.privileged=true)',
  },
  { name: 'host-path', patch: withHostPath, names: 'restricted volume types' },
  { name: 'root', patch: () => [add('/spec/securityContext/runAsUser', 0)], names: 'runAsUser=0' },
  { name: 'removed', patch: () => [{ op: 'remove', path: '/spec/securityContext' }], names: 'runAsNonRoot != true' },
  {
    name: 'added-container',
    patch: () => [add('/spec/initContainers', [{ name: 'b', image: 'example.invalid/b:1', securityContext: { privileged: true } }])],
    names: 'privileged (container "b" must not set',
  },
  {
    name: 'quota',
    patch: () => [add(`${container}/resources`, { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } })],
    names: 'exceeded quota: p1',
  },
  { name: 'priority', patch: () => [add('/spec/priorityClassName', 'system-node-critical')], names: 'priority admission controller' },
  { name: 'invalid', patch: () => [add(`${container}/name`, 'Not A Name')], names: 'spec.containers[0].name', status: 422 },
]

const labelled = (name: string) => ({ labels: { [label]: name } })

/** The namespace must have a quota `p1` with no CPU left, and the account `prover`. */
export async function mutateByWebhook(
  context: ProofContext,
  namespace: ProofNamespace,
  backend: WebhookBackend,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  const ephemeral = { name: 'ephemeral', patch: () => [add('/spec/ephemeralContainers/0/securityContext', { privileged: true })] }
  const template = { name: 'template', patch: () => [add('/spec/template/spec/hostNetwork', true)] }
  const harmless = { name: 'harmless', patch: () => [add('/metadata/labels/mutated', 'true')] }
  for (const { name, patch } of [...podMutations, ephemeral, template, harmless])
    backend.answer(`/mutate-${name}`, ({ object }) => ({
      ...{ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(writeJson(patch(object))).toString('base64') },
    }))
  const { url, caBundle } = backend.addresses.good
  const hook = (name: string, rule: object) => ({
    ...{ name: `${name}.${domain}`, clientConfig: { url: `${url}/mutate-${name}`, caBundle } },
    ...{
      rules: [{ apiGroups: ['*'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], ...rule }],
      namespaceSelector: within(namespace),
    },
    ...{ objectSelector: { matchLabels: { [label]: name } }, sideEffects: 'None', admissionReviewVersions: ['v1'] },
  })
  const webhooks = [
    ...podMutations.map(({ name }) => hook(name, { resources: ['pods'] })),
    hook('harmless', { resources: ['pods'] }),
    hook('ephemeral', { resources: ['pods/ephemeralcontainers'] }),
    hook('template', { resources: ['deployments'] }),
  ]
  await using cluster = new ClusterObjects(context, namespace)
  await cluster.create(mutatingWebhooks, Object.assign({ metadata: { name: namespace.name } }, { webhooks }), signal)
  await inParallel(podMutations, ({ name, names, status = 403 }) =>
    attempts.refused(`webhook that makes of a pod: ${name}`, transport, newPod(namespace, name), { status, names }, signal),
  )
  const host = 'host namespaces (hostNetwork=true)'
  const deployment = workloadForms.find(({ kind }) => kind === 'Deployment')?.object('mutated', harmlessSpec())
  const ofTemplate = { ...deployment, metadata: { name: 'mutated', ...labelled('template') } }
  const post: ProofRequest = { method: 'POST', path: namespace.group('apps/v1', 'deployments?dryRun=All'), body: ofTemplate }
  await attempts.refused('webhook that changes the template of a Deployment', transport, post, { names: host }, signal)
  const stored = await request(transport, { ...newPod(namespace, 'ephemeral'), path: namespace.core('pods') }, signal)
  if (!succeeded(stored)) throw new Error(`POST a pod: ${stored.status} ${stored.message}`)
  const patch: ProofRequest = {
    ...{ method: 'PATCH', path: namespace.core('pods/mutated-ephemeral/ephemeralcontainers?dryRun=All'), contentType: strategicPatch },
    body: { spec: { ephemeralContainers: [{ name: 'e', image: 'example.invalid/e:1' }] } },
  }
  const names = 'privileged (container "e" must not set'
  await attempts.refused('webhook that changes an ephemeral container', transport, patch, { names }, signal)
  await twin(context, 'webhook that adds a label', newPod(namespace, 'harmless'), signal)
}

/** Returns whether MutatingAdmissionPolicies are on in this cluster. */
export async function mutateByPolicy(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<boolean> {
  const { attempts, transport } = context
  if (!succeeded(await request(transport, { method: 'GET', path: resourcePath(mutatingPolicies) }, signal))) return false
  const policies = [
    { name: 'policy-host', mutation: 'Object{spec: Object.spec{hostNetwork: true}}', names: 'host namespaces (hostNetwork=true)' },
    {
      name: 'policy-root',
      mutation: 'Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: 0}}}',
      names: 'runAsUser=0',
    },
    { name: 'policy-harmless', mutation: 'Object{metadata: Object.metadata{labels: {"mutated": "true"}}}', names: '' },
  ]
  await using cluster = new ClusterObjects(context, namespace)
  for (const { name, mutation } of policies) {
    const metadata = { name: `${namespace.name}-${name}` }
    const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }]
    const matchConstraints = { resourceRules, namespaceSelector: within(namespace), objectSelector: { matchLabels: { [label]: name } } }
    const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: mutation } }]
    const policy = { metadata, spec: { matchConstraints, mutations, reinvocationPolicy: 'Never' } }
    const trial: ProofRequest = { method: 'POST', path: `${resourcePath(mutatingPolicies)}?dryRun=All`, body: policy }
    // Where the feature is off, the server says so.
    if ((await request(transport, trial, signal)).headers['warning']?.includes('stored without effect')) return false
    await cluster.create(mutatingPolicies, policy, signal)
    const binding = { metadata, spec: { policyName: metadata.name } }
    await cluster.create(mutatingPolicyBindings, binding, signal)
  }
  for (const { name, names } of policies.filter(policy => policy.names !== ''))
    await attempts.refused(`policy that makes of a pod: ${name}`, transport, newPod(namespace, name), { names }, signal)
  await twin(context, 'policy that adds a label', newPod(namespace, 'policy-harmless'), signal)
  return true
}

const newPod = (namespace: ProofNamespace, name: string): ProofRequest => ({
  ...{ method: 'POST', path: namespace.core('pods?dryRun=All') },
  body: podObject(`mutated-${name}`, harmlessSpec({ serviceAccountName: account }, { resources: noCpu }), labelled(name)),
})
const noCpu = { requests: { cpu: '0', memory: '1Mi' }, limits: { cpu: '0', memory: '1Mi' } }

/** It was called, and what it made was accepted. */
async function twin({ attempts, transport }: ProofContext, name: string, question: ProofRequest, signal: AbortSignal): Promise<void> {
  const answer = await request(transport, question, signal)
  const mutated = succeeded(answer) && answer.text.includes('"mutated":"true"')
  attempts.record({
    name,
    sent: `${question.method} ${question.path}`,
    expected: 'success with the label',
    answered: `answered ${answer.status} ${answer.message} ${mutated ? 'with' : 'without'} the label`,
    held: mutated,
  })
}
