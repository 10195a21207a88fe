// The policies that come with the cluster: each refuses or warns, and nothing in the API can delete or replace them.
import type { KubeObject } from '../../../api/object.ts'
import { parseJson } from '../../../base/json.ts'
import { validatingAdmissionPolicies } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { type Answer, type ProofRequest, request, strategicPatch, succeeded } from '../../request.ts'
import { shippedAttacks } from './shipped-policies.ts'

const group = '/apis/admissionregistration.k8s.io/v1'
const fixedPath = '/bulkhead/v1/policies'
const execPolicy = 'exempt-pod-exec.policies.bulkhead.dev'

/** `exempt` is labelled `privileged`; no account in it has a right to pods. */
export async function shippedPolicies(
  context: ProofContext,
  namespace: ProofNamespace,
  exempt: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  const attacks = shippedAttacks(namespace.name)
  await inParallel(attacks, async ({ policy, action, name, bad, twin }) => {
    if (action === 'Deny') {
      await attempts.refused(name, transport, bad, { names: `ValidatingAdmissionPolicy '${policy}'` }, signal)
      await attempts.accepted(`twin of ${name}`, transport, twin, signal)
    } else {
      warned(context, `warning of ${name}`, policy, bad, await request(transport, bad, signal), true)
      warned(context, `no warning of the twin of ${name}`, policy, twin, await request(transport, twin, signal), false)
    }
  })
  await exemptExec(context, exempt, signal)
  const shipped = [...new Set([...attacks.map(attack => attack.policy), execPolicy])]
  const listed = await fixedPolicies(context, signal)
  const missing = shipped.filter(policy => !listed.has(policy))
  attempts.record({
    ...{ name: 'the API lists the policies that it cannot change', sent: `GET ${fixedPath}`, expected: shipped.join(', ') },
    ...{ answered: missing.length === 0 ? 'these' : `without ${missing.join(', ')}`, held: missing.length === 0 },
  })
  // Those from files too.
  await inParallel([...new Set([...shipped, ...listed])], policy => undeletable(context, policy, signal))
  await unreplaceable(context, namespace, signal)
}

function warned({ attempts }: ProofContext, name: string, policy: string, question: ProofRequest, answer: Answer, wanted: boolean): void {
  const warns = (answer.headers['warning'] ?? '').includes(policy)
  attempts.record({
    name,
    sent: `${question.method} ${question.path}`,
    expected: wanted ? `a warning by ${policy}` : 'success without its warning',
    answered: `answered ${answer.status} ${warns ? 'with' : 'without'} it`,
    held: succeeded(answer) && warns === wanted,
  })
}

/** As a user with rights in the namespace alone, by impersonation: no credential for it exists. */
async function exemptExec({ attempts, transport }: ProofContext, exempt: ProofNamespace, signal: AbortSignal): Promise<void> {
  const subresources = ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers']
  await exempt.grantUser('bulkhead-prove-exec', [{ verbs: ['*'], apiGroups: [''], resources: subresources }], signal)
  const headers = { 'impersonate-user': 'bulkhead-prove-exec' }
  const names = `ValidatingAdmissionPolicy '${execPolicy}'`
  for (const subresource of ['exec', 'attach']) {
    const path = exempt.core(`pods/none/${subresource}?command=id&stdout=true`)
    await attempts.refused(`${subresource} in an exempt namespace`, transport, { method: 'POST', path, headers }, { names }, signal)
    // With the right in the whole cluster, the pod is looked up.
    await attempts.refused(`twin of ${subresource} in an exempt namespace`, transport, { method: 'POST', path }, { status: 404 }, signal)
  }
  await exempt.account('p1', signal)
  await attempts.accepted(
    'pod in an exempt namespace',
    transport,
    { method: 'POST', path: exempt.core('pods'), body: podObject('p1', harmlessSpec({ serviceAccountName: 'p1' })) },
    signal,
  )
  const path = exempt.core('pods/p1/ephemeralcontainers?dryRun=All')
  const body = { spec: { ephemeralContainers: [{ name: 'e', image: 'example.invalid/e:1' }] } }
  const patch = { method: 'PATCH', path, body, contentType: strategicPatch } as const
  await attempts.refused('ephemeral container in an exempt namespace', transport, { ...patch, headers }, { names }, signal)
  await attempts.accepted('twin of ephemeral container in an exempt namespace', transport, patch, signal)
}

/** Names of policies that are no objects of the API. */
async function fixedPolicies({ transport }: ProofContext, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const answer = await request(transport, { method: 'GET', path: fixedPath }, signal)
  const { items } = succeeded(answer) ? (parseJson(answer.text) as { readonly items: readonly KubeObject[] }) : { items: [] }
  return new Set(items.filter(({ kind = '' }) => kind.endsWith('Policy')).map(({ metadata }) => metadata.name ?? ''))
}

/** There is no such object; one of the same name that an administrator made would be another policy. */
async function undeletable({ attempts, transport }: ProofContext, policy: string, signal: AbortSignal): Promise<void> {
  for (const plural of ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']) {
    const path = `${group}/${plural}/${policy}`
    if (succeeded(await request(transport, { method: 'GET', path }, signal))) continue
    const question = { method: 'DELETE', path: `${path}?dryRun=All` } as const
    await attempts.refused(`delete ${policy} of ${plural}`, transport, question, { status: 404 }, signal)
  }
}

/** An object of the same name in the API is another policy, and takes nothing from the shipped one. */
async function unreplaceable(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const [attack] = shippedAttacks(namespace.name)
  if (attack === undefined) return
  const resourceRules = [{ apiGroups: ['rbac.authorization.k8s.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['roles'] }]
  const matchConstraints = { resourceRules, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } } }
  const spec = { matchConstraints, validations: [{ expression: 'true' }] }
  const own = Object.assign({ metadata: { name: attack.policy } }, { spec })
  await using cluster = new ClusterObjects(context, namespace)
  await cluster.create(validatingAdmissionPolicies, own, signal)
  const names = `ValidatingAdmissionPolicy '${attack.policy}'`
  await context.attempts.refused(`${attack.name} beside a policy of that name`, context.transport, attack.bad, { names }, signal)
}
