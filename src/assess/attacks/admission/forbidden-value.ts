// Each way to write a value that a policy or a webhook forbids in one namespace.
import type { ProofNamespace } from '../../proof-namespace.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'

/** Forbidden in the data of ConfigMaps. */
export const forbiddenValue = 'bulkhead-prove-forbidden'
/** Above it, replicas are forbidden. */
export const maxReplicas = 1

export type NamedRequest = ProofRequest & { readonly name: string }

const rule = (apiGroup: string, resources: string[]) => ({
  ...{ apiGroups: [apiGroup], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'] },
  resources,
})
/** What a policy or webhook must cover. */
export const forbiddenValueRules = [rule('', ['configmaps']), rule('apps', ['deployments', 'deployments/scale'])]

/** The namespace must have a ConfigMap and a Deployment `victim`. */
export function forbiddenValueWrites(namespace: ProofNamespace): readonly NamedRequest[] {
  const path = namespace.core('configmaps')
  const victim = `${path}/victim`
  const data = { a: forbiddenValue }
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
  const deployment = `${namespace.group('apps/v1', 'deployments')}/victim`
  const scaled = { spec: { replicas: maxReplicas + 1 } }
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'victim', namespace: namespace.name }, ...scaled }
  const fieldManager = 'fieldManager=bulkhead-prove'
  return [
    { name: 'create', method: 'POST', path, body: object('bad') },
    { name: 'create by dry run', method: 'POST', path: `${path}?dryRun=All`, body: object('bad') },
    { name: 'create with a generated name', method: 'POST', path, body: { ...object('bad'), metadata: { generateName: 'bad-' } } },
    { name: 'update', method: 'PUT', path: victim, body: object('victim') },
    { name: 'update by dry run', method: 'PUT', path: `${victim}?dryRun=All`, body: object('victim') },
    { name: 'patch by dry run', method: 'PATCH', path: `${victim}?dryRun=All`, body: { data }, contentType: mergePatch },
    {
      name: 'JSON patch',
      method: 'PATCH',
      path: victim,
      body: [{ op: 'replace', path: '/data/a', value: forbiddenValue }],
      contentType: jsonPatch,
    },
    { name: 'merge patch', method: 'PATCH', path: victim, body: { data }, contentType: mergePatch },
    { name: 'strategic merge patch', method: 'PATCH', path: victim, body: { data }, contentType: strategicPatch },
    { name: 'server-side apply', method: 'PATCH', path: `${path}/bad?${fieldManager}`, body: object('bad'), contentType: applyPatch },
    {
      name: 'server-side apply by force',
      method: 'PATCH',
      path: `${victim}?${fieldManager}&force=true`,
      body: object('victim'),
      contentType: applyPatch,
    },
    { name: 'patch of a Deployment', method: 'PATCH', path: deployment, body: scaled, contentType: mergePatch },
    { name: 'patch of a scale', method: 'PATCH', path: `${deployment}/scale`, body: scaled, contentType: mergePatch },
    { name: 'update of a scale', method: 'PUT', path: `${deployment}/scale`, body: scale },
  ]
}

/** The same with values that nothing forbids. */
export function allowedValueWrites(namespace: ProofNamespace): readonly NamedRequest[] {
  const path = namespace.core('configmaps')
  const data = { a: 'allowed' }
  const scaled = { spec: { replicas: maxReplicas } }
  const deployment = `${namespace.group('apps/v1', 'deployments')}/victim`
  return [
    { name: 'create', method: 'POST', path: `${path}?dryRun=All`, body: { metadata: { name: 'good' }, data } },
    { name: 'merge patch', method: 'PATCH', path: `${path}/victim?dryRun=All`, body: { data }, contentType: mergePatch },
    { name: 'patch of a scale', method: 'PATCH', path: `${deployment}/scale?dryRun=All`, body: scaled, contentType: mergePatch },
  ]
}
