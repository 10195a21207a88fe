// A policy in the API that forbids a value in one namespace, and each way to write that value.

import { validatingAdmissionPolicies } from '../../../client/resources.ts'
import type { Refusal } from '../../attempt-log.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { request } from '../../request.ts'
import { policyBindings, within } from './admission-resources.ts'
import { allowedValueWrites, forbiddenValue, forbiddenValueRules, forbiddenValueWrites, maxReplicas } from './forbidden-value.ts'

/** The namespace must have a ConfigMap and a Deployment `victim`. */
export async function forbidByPolicy(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const metadata = { name: namespace.name }
  const policy = {
    metadata,
    spec: {
      matchConstraints: { resourceRules: forbiddenValueRules, namespaceSelector: within(namespace) },
      validations: [
        { expression: `!has(object.data) || object.data.all(key, object.data[key] != '${forbiddenValue}')` },
        { expression: `object.kind == 'ConfigMap' || object.spec.replicas <= ${maxReplicas}` },
      ],
    },
  }
  await using cluster = new ClusterObjects(context, namespace)
  await cluster.create(validatingAdmissionPolicies, policy, signal)
  await cluster.create(
    policyBindings,
    Object.assign({ metadata }, { spec: { policyName: namespace.name, validationActions: ['Deny'] } }),
    signal,
  )
  const refusal = { status: 422, names: `ValidatingAdmissionPolicy '${namespace.name}'` }
  await writeForbidden(context, namespace, 'a policy', refusal, signal)
}

export async function writeForbidden(
  { attempts, transport }: ProofContext,
  namespace: ProofNamespace,
  by: string,
  refusal: Refusal,
  signal: AbortSignal,
): Promise<void> {
  await inParallel(forbiddenValueWrites(namespace), ({ name, ...question }) =>
    attempts.refused(`${name} of a value that ${by} forbids`, transport, question, refusal, signal),
  )
  await inParallel(allowedValueWrites(namespace), ({ name, ...question }) =>
    attempts.accepted(`${name} of a value that ${by} allows`, transport, question, signal),
  )
  const { text } = await request(transport, { method: 'GET', path: namespace.core('configmaps') }, signal)
  const stored = text.includes(forbiddenValue)
  attempts.record({
    name: `no object has the value that ${by} forbids`,
    sent: `GET ${namespace.core('configmaps')}`,
    ...{ expected: 'no such object', answered: stored ? 'a ConfigMap with it' : 'no such object', held: !stored },
  })
}
