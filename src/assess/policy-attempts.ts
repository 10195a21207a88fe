// Attempts to bypass an admission policy that forbids one value in one namespace: each way to write that value is tried.

import type { ProofContext } from './proof.ts'
import type { ProofNamespace } from './proof-namespace.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch, succeeded } from './request.ts'

const group = '/apis/admissionregistration.k8s.io/v1'
const forbidden = 'bulkhead-prove-forbidden'
const maxReplicas = 1
const cleanUpMs = 30_000

const rule = (apiGroup: string, resources: string[]) => ({
  ...{ apiGroups: [apiGroup], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'] },
  resources,
})

function policyFor(namespace: string) {
  const metadata = { name: namespace }
  const within = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
  return {
    policy: {
      metadata,
      spec: {
        matchConstraints: { resourceRules: [rule('', ['configmaps']), rule('apps', ['deployments', 'deployments/scale'])], ...within },
        validations: [
          { expression: `!has(object.data) || object.data.all(key, object.data[key] != '${forbidden}')` },
          { expression: `object.kind == 'ConfigMap' || object.spec.replicas <= ${maxReplicas}` },
        ],
      },
    },
    binding: { metadata, spec: { policyName: namespace, validationActions: ['Deny'] } },
  }
}

/** Returns the successful attempts as sentences. The namespace must have a Deployment `victim`. The policy is always removed again. */
export async function passPolicy(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<readonly string[]> {
  const { transport } = context
  const { policy, binding } = policyFor(namespace.name)
  const found: string[] = []
  const want = async (question: ProofRequest): Promise<void> => {
    const answer = await request(transport, question, signal)
    if (!succeeded(answer)) throw new Error(`${question.method} ${question.path}: ${answer.status} ${answer.message}`)
  }
  try {
    await want({ method: 'POST', path: namespace.core('configmaps'), body: { metadata: { name: 'victim' }, data: { a: 'b' } } })
    await want({ method: 'POST', path: `${group}/validatingadmissionpolicies`, body: policy })
    await want({ method: 'POST', path: `${group}/validatingadmissionpolicybindings`, body: binding })
    for (const { name, ...question } of policyAttempts(namespace)) {
      const answer = await request(transport, question, signal)
      if (succeeded(answer)) found.push(`${name} against a policy that forbids it was answered ${answer.status}`)
      else if (!answer.message.includes('ValidatingAdmissionPolicy'))
        found.push(`${name} was refused for another reason: ${answer.message}`)
    }
    const { text } = await request(transport, { method: 'GET', path: namespace.core('configmaps') }, signal)
    if (text.includes(forbidden)) found.push('a ConfigMap exists that a policy forbids')
    return found
  } finally {
    // Also after the time limit of the proof.
    for (const plural of ['validatingadmissionpolicybindings', 'validatingadmissionpolicies']) {
      await request(transport, { method: 'DELETE', path: `${group}/${plural}/${namespace.name}` }, AbortSignal.timeout(cleanUpMs))
    }
  }
}

export function policyAttempts(namespace: ProofNamespace): readonly (ProofRequest & { readonly name: string })[] {
  const path = namespace.core('configmaps')
  const victim = `${path}/victim`
  const data = { a: forbidden }
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
  const deployment = `${namespace.group('apps/v1', 'deployments')}/victim`
  const scaled = { spec: { replicas: maxReplicas + 1 } }
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'victim', namespace: namespace.name }, ...scaled }
  return [
    { name: 'create', method: 'POST', path, body: object('bad') },
    { name: 'create by dry run', method: 'POST', path: `${path}?dryRun=All`, body: object('bad') },
    { name: 'create with a generated name', method: 'POST', path, body: { ...object('bad'), metadata: { generateName: 'bad-' } } },
    { name: 'update', method: 'PUT', path: victim, body: object('victim') },
    {
      name: 'JSON patch',
      method: 'PATCH',
      path: victim,
      body: [{ op: 'replace', path: '/data/a', value: forbidden }],
      contentType: jsonPatch,
    },
    { name: 'merge patch', method: 'PATCH', path: victim, body: { data }, contentType: mergePatch },
    { name: 'strategic merge patch', method: 'PATCH', path: victim, body: { data }, contentType: strategicPatch },
    {
      name: 'server-side apply',
      method: 'PATCH',
      path: `${path}/bad?fieldManager=bulkhead-prove`,
      body: object('bad'),
      contentType: applyPatch,
    },
    {
      name: 'server-side apply by force',
      method: 'PATCH',
      path: `${victim}?fieldManager=bulkhead-prove&force=true`,
      body: object('victim'),
      contentType: applyPatch,
    },
    { name: 'patch of a Deployment', method: 'PATCH', path: deployment, body: scaled, contentType: mergePatch },
    { name: 'patch of a scale', method: 'PATCH', path: `${deployment}/scale`, body: scaled, contentType: mergePatch },
    { name: 'update of a scale', method: 'PUT', path: `${deployment}/scale`, body: scale },
  ]
}
