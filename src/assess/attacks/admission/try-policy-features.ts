// Creates a policy for each feature in a namespace of the proof, and sends what it must refuse.
import { configMaps, validatingAdmissionPolicies } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { policyBindings, within } from './admission-resources.ts'
import {
  defaultBinding,
  defaultRule,
  defaultSpec,
  featureLabel,
  type PolicyFeature,
  parameterLabel,
  parameters,
  policyFeatures,
  slugOf,
  storedFeatures,
} from './policy-features.ts'

export async function tryPolicyFeatures(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  const objects = [
    ...Object.entries(parameters).map(([name, value]) => ({ metadata: { name, labels: { [parameterLabel]: 'yes' } }, data: { value } })),
    ...storedFeatures.map(name => ({
      ...{ metadata: { name: slugOf({ name }), labels: { [featureLabel]: slugOf({ name }) } }, data: { a: 'kept' } },
    })),
  ]
  await inParallel(objects, object => client.create(configMaps, namespace.name, object, signal))
  const features = policyFeatures(namespace)
  await using cluster = new ClusterObjects(context, namespace)
  await inParallel(features, feature => establish(cluster, namespace, feature, signal))
  await inParallel(features, async ({ name, bad, twin, names = '' }) => {
    await attempts.accepted(`twin of a policy ${name}`, transport, twin, signal)
    const refusal = { status: 422, names: `ValidatingAdmissionPolicy '${namespace.name}-${slugOf({ name })}'` }
    const { message } = await attempts.refused(`policy ${name}`, transport, bad, refusal, signal)
    if (!message.includes(names)) {
      const sent = `${bad.method} ${bad.path}`
      attempts.record({ name: `reason of a policy ${name}`, sent, expected: `"${names}"`, answered: `answered ${message}`, held: false })
    }
  })
}

async function establish(cluster: ClusterObjects, namespace: ProofNamespace, feature: PolicyFeature, signal: AbortSignal): Promise<void> {
  const { spec = {}, rule = defaultRule, match = {}, bindings = [{}] } = feature
  const slug = slugOf(feature)
  const name = `${namespace.name}-${slug}`
  const matchConstraints = {
    resourceRules: [rule],
    namespaceSelector: within(namespace),
    objectSelector: { matchLabels: { [featureLabel]: slug } },
    ...match,
  }
  await cluster.create(validatingAdmissionPolicies, { metadata: { name }, spec: { matchConstraints, ...defaultSpec, ...spec } }, signal)
  for (const [index, fields] of bindings.entries()) {
    const binding = { metadata: { name: `${name}-${index}` }, spec: { policyName: name, ...defaultBinding, ...fields } }
    await cluster.create(policyBindings, binding, signal)
  }
}
