// Requests whose records must say who did what: by an administrator, a stranger, as somebody else, with and without success.
import { writeJson } from '../../../base/write-json.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { dangerousSpec, podObject } from '../../proof-pods.ts'
import { jsonPatch, mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'

export type Caller = 'administrator' | 'stranger'

export interface RecordedRequest extends ProofRequest {
  readonly name: string
  readonly caller: Caller
  /** How it must be answered. */
  readonly status: number
  /** Fields that its record must have beside caller, URI, status code and stage. */
  readonly recorded: Readonly<Record<string, unknown>>
}

/** In an order in which each finds what it needs. `round` keeps the names of the rounds apart. */
export function recordedRequests(namespace: ProofNamespace, round: number): RecordedRequest[] {
  const path = namespace.core('configmaps')
  const name = `o11-${round}`
  const one = `${path}/${name}`
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { o11: `${round}` } } }
  const collection = { resource: 'configmaps', namespace: namespace.name, apiVersion: 'v1' }
  const ref = { objectRef: { ...collection, name } }
  const caller = 'administrator'
  const patch = { caller, status: 200, method: 'PATCH', path: one, recorded: { verb: 'patch', ...ref } } as const
  const roles = namespace.group('rbac.authorization.k8s.io/v1', 'roles')
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules: [] }
  const lease = { ...object, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
  const stranger = `system:serviceaccount:${namespace.name}:stranger`
  return [
    { name: 'create', caller, status: 201, method: 'POST', path, body: object, recorded: { verb: 'create', ...ref } },
    {
      name: 'create of what exists',
      caller,
      status: 409,
      method: 'POST',
      path,
      body: object,
      recorded: { verb: 'create', objectRef: collection },
    },
    {
      name: 'update',
      caller,
      status: 200,
      method: 'PUT',
      path: one,
      body: { ...object, data: { key: 'value' } },
      recorded: { verb: 'update', ...ref },
    },
    { name: 'merge patch', ...patch, body: { data: { key: 'other' } }, contentType: mergePatch },
    { name: 'strategic merge patch', ...patch, body: { data: { key: 'third' } }, contentType: strategicPatch },
    { name: 'JSON patch', ...patch, body: [{ op: 'replace', path: '/data/key', value: 'last' }], contentType: jsonPatch },
    {
      ...{ name: 'create by dry run', caller, status: 201, method: 'POST', path: `${path}?dryRun=All` },
      ...{ body: { ...object, metadata: { name: `${name}-dry` } }, recorded: { verb: 'create' } },
    },
    {
      name: 'create of an invalid object',
      caller,
      status: 422,
      method: 'POST',
      path,
      body: { ...object, data: { 'not/valid': 'x' } },
      recorded: { verb: 'create' },
    },
    { name: 'create of another kind', caller, status: 400, method: 'POST', path, body: lease, recorded: { verb: 'create' } },
    {
      ...{ name: 'create in a group', caller, status: 201, method: 'POST', path: roles, body: role },
      recorded: {
        verb: 'create',
        objectRef: { resource: 'roles', namespace: namespace.name, name, apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' },
      },
    },
    { name: 'update of what does not exist', caller, status: 404, method: 'DELETE', path: `${path}/none`, recorded: { verb: 'delete' } },
    {
      ...{ name: 'token', caller, status: 201, method: 'POST', path: namespace.core('serviceaccounts/stranger/token') },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } },
      recorded: {
        verb: 'create',
        objectRef: { resource: 'serviceaccounts', namespace: namespace.name, name: 'stranger', subresource: 'token', apiVersion: 'v1' },
      },
    },
    {
      ...{ name: 'eviction of a pod that does not exist', caller, status: 404, method: 'POST', path: namespace.core('pods/none/eviction') },
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'none' } },
      recorded: {
        verb: 'create',
        objectRef: { resource: 'pods', namespace: namespace.name, name: 'none', subresource: 'eviction', apiVersion: 'v1' },
      },
    },
    { name: 'delete', caller, status: 200, method: 'DELETE', path: one, recorded: { verb: 'delete', ...ref } },
    {
      ...{ name: 'delete of a collection', caller, status: 200, method: 'DELETE', path: `${path}?labelSelector=o11%3D${round}` },
      recorded: { verb: 'deletecollection', objectRef: collection },
    },
    {
      ...{ name: 'create that admission refuses', caller, status: 403, method: 'POST', path: namespace.core('pods') },
      // Uses an existing account, because the default one of the namespace may not exist yet.
      body: podObject('o11', { ...dangerousSpec(), serviceAccountName: 'stranger' }),
      recorded: { verb: 'create', responseStatus: { reason: 'Forbidden' } },
    },
    {
      ...{ name: 'create by an unauthorized user', caller: 'stranger', status: 403, method: 'POST', path, body: object },
      recorded: { verb: 'create', objectRef: collection, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
    },
    {
      ...{ name: 'create as another user, with a UID, a group and an extra', caller, status: 403, method: 'POST', path, body: object },
      headers: {
        ...{ 'impersonate-user': 'bulkhead-prove-ann', 'impersonate-uid': 'bulkhead-prove-uid' },
        ...{ 'impersonate-group': 'bulkhead-prove-group', 'impersonate-extra-scope': 'one' },
      },
      recorded: {
        verb: 'create',
        impersonatedUser: {
          ...{ username: 'bulkhead-prove-ann', uid: 'bulkhead-prove-uid' },
          groups: ['bulkhead-prove-group', 'system:authenticated'],
          extra: { scope: ['one'] },
        },
      },
    },
    {
      ...{ name: 'create as a ServiceAccount', caller, status: 403, method: 'POST', path, body: object },
      headers: { 'impersonate-user': stranger },
      recorded: { verb: 'create', impersonatedUser: { username: stranger } },
    },
    {
      ...{ name: 'impersonation that is refused', caller: 'stranger', status: 403, method: 'POST', path, body: object },
      ...{ headers: { 'impersonate-user': 'bulkhead-prove-ann' }, recorded: { verb: 'create' } },
    },
  ]
}

/** Where a record differs from what it must say; a list of the record may not have more elements. */
export function differences(expected: unknown, actual: unknown, at = ''): string[] {
  if (typeof expected !== 'object' || expected === null)
    return expected === actual ? [] : [`${at} is ${writeJson(actual) ?? 'absent'}, expected ${writeJson(expected)}`]
  const fields =
    typeof actual === 'object' && actual !== null ? new Map<string, unknown>(Object.entries(actual)) : new Map<string, unknown>()
  const extra =
    Array.isArray(expected) && fields.size > expected.length ? [`${at} has ${fields.size} elements, expected ${expected.length}`] : []
  return [
    ...extra,
    ...Object.entries(expected).flatMap(([key, value]) => differences(value, fields.get(key), at === '' ? key : `${at}.${key}`)),
  ]
}
