import { resourceQuotas } from '../../client/resources.ts'
import { pathOf } from '../attacks/admission/dangerous-pods.ts'
import { mutateByPolicy, mutateByWebhook } from '../attacks/admission/mutations.ts'
import { bringDangerousPods } from '../attacks/admission/try-dangerous-pods.ts'
import { forbidByPolicy } from '../attacks/admission/try-forbidden-value.ts'
import { tryPolicyFeatures } from '../attacks/admission/try-policy-features.ts'
import { shippedPolicies } from '../attacks/admission/try-shipped-policies.ts'
import { WebhookBackend } from '../attacks/admission/webhook-backend.ts'
import { failClosed, forbidByWebhook } from '../attacks/admission/webhooks.ts'
import { isLocal } from '../loopback-server.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject, workloadForms } from '../proof-pods.ts'
import { type ProofRequest, request, succeeded } from '../request.ts'

export const admission: Proof = {
  id: 'P1',
  title: 'restrict what is deployed',
  why: 'Admission that covers only create can be bypassed by an update, a patch, a subresource or a template',
  attack:
    'Try to create a privileged pod with every verb, patch type, subresource and workload template; bypass a policy and a webhook with every kind of write; break, impersonate and silence webhooks; turn checked objects into bad ones by mutation; break each policy that comes with the cluster, and try to delete it',
  expected:
    'Each attempt is refused by its rule or leaves the object unchanged, and its twin passes; at the end no such object exists; shipped policies stay',
  whenRed: 'See which plug-ins and shipped policies were switched off (`bulkhead status`), and delete what was stored',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'P1', signal)
    await using exempt = await ProofNamespace.create(context, 'P1', signal, { 'pod-security.kubernetes.io/enforce': 'privileged' })
    await prepare(context, namespace, signal)
    await bringDangerousPods(context, namespace, signal)
    await forbidByPolicy(context, namespace, signal)
    await tryPolicyFeatures(context, namespace, signal)
    await shippedPolicies(context, namespace, exempt, signal)
    // No more CPU for new pods: what a webhook adds must be counted.
    await context.client.create(
      resourceQuotas,
      namespace.name,
      { metadata: { name: 'p1' }, spec: { hard: { 'requests.cpu': '0' } } },
      signal,
    )
    const mutates = await mutateByPolicy(context, namespace, signal)
    const local = isLocal(context.endpoint.server)
    if (local) await attackWebhooks(context, namespace, signal)
    const { all } = context.attempts
    return outcomeOf(
      [],
      `${all.length} attempts, and afterwards no forbidden object exists; policies that change objects ${mutates ? 'were tried' : 'are off'}; webhooks ${local ? 'fail closed' : 'were not tried, because the API server is on another machine'}`,
    )
  },
}

async function attackWebhooks(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await using backend = await WebhookBackend.open(context.clock.now())
  await failClosed(context, namespace, backend, signal)
  await forbidByWebhook(context, namespace, backend, signal)
  await mutateByWebhook(context, namespace, backend, signal)
}

/** The targets of the attacks must exist, or the attacks would fail for the wrong reason. */
async function prepare({ transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const create = async (question: Omit<ProofRequest, 'method'>): Promise<void> => {
    const answer = await request(transport, { method: 'POST', ...question }, signal)
    if (!succeeded(answer)) throw new Error(`POST ${question.path}: ${answer.status} ${answer.message}`)
  }
  await namespace.account('prover', signal)
  await create({ path: namespace.core('pods'), body: podObject('victim', harmlessSpec({ serviceAccountName: 'prover' })) })
  for (const { groupVersion, plural, object } of workloadForms)
    await create({ path: pathOf(namespace, groupVersion, plural), body: object('victim', harmlessSpec()) })
  await create({ path: namespace.core('configmaps'), body: { metadata: { name: 'victim' }, data: { a: 'b' } } })
}
