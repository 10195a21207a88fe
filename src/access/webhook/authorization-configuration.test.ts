import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { UserError } from '../../base/user-error.ts'
import { maxAuthorizers, readAuthorizationConfiguration } from './authorization-configuration.ts'

const endpoint: WebhookEndpoint = { url: 'https://authz.example', authorities: undefined, serverName: undefined, identity: {} }
const readKubeconfig = (path: string): WebhookEndpoint => {
  if (path !== '/hook.kubeconfig') throw new UserError('Cannot read the kubeconfig file')
  return endpoint
}
const read = (text: string) => readAuthorizationConfiguration(text, 'f.yaml', readKubeconfig)

const hook = (more: object = {}) => ({
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'Deny',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/hook.kubeconfig' },
  ...more,
})
const own = [
  { type: 'Node', name: 'node' },
  { type: 'RBAC', name: 'rbac' },
]
const file = (authorizers: unknown, more: object = {}) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers, ...more })
const withHook = (more: object, name = 'hook') => file([{ type: 'Webhook', name, webhook: hook(more) }, ...own])
const condition = (expression: string) => ({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression }] })

test('readAuthorizationConfiguration() reads authorizers in order, with default times', () => {
  const [first, ...rest] = read(withHook(condition("request.resourceAttributes.namespace == 'prod'")))
  assert.deepEqual(rest, own)
  assert.deepEqual(first, {
    type: 'Webhook',
    name: 'hook',
    webhook: {
      endpoint,
      ...{ timeoutMs: 3000, authorizedMs: 300_000, unauthorizedMs: 30_000, version: 'v1', failsClosed: true },
      conditions: ["request.resourceAttributes.namespace == 'prod'"],
    },
  })
  for (const version of ['v1alpha1', 'v1beta1']) assert.equal(read(file(own).replace('k8s.io/v1', `k8s.io/${version}`)).length, 2)
})

const prefix = 'Cannot use the authorization configuration "f.yaml": '
const at = 'authorizers[0]'
const rows: readonly (readonly [name: string, text: string, why: string])[] = [
  [
    'what is another kind',
    'kind: Policy\napiVersion: audit.k8s.io/v1\n',
    'it must be an AuthorizationConfiguration of apiserver.config.k8s.io/v1',
  ],
  ['a duplicate key', 'kind: a\nkind: b\n', 'yaml: unmarshal errors:\n  line 2: key "kind" already set in map'],
  ['an unknown field', file(own, { authorizer: [] }), 'unknown field "authorizer"'],
  ['an unknown field of a webhook', withHook({ insecure: true }), `${at}.webhook: unknown field "insecure"`],
  ['fields that came after v1.33', withHook({ cacheAuthorizedRequests: false }), `${at}.webhook: unknown field "cacheAuthorizedRequests"`],
  ['no authorizers', file([]), 'authorizers: Required value: at least one authorization mode must be defined'],
  [
    'a file without what nodes need',
    file([own[1]]),
    "authorizers: Required value: the cluster's own parts need an authorizer of type Node",
  ],
  [
    'a file without what controllers need',
    file([own[0]]),
    "authorizers: Required value: the cluster's own parts need an authorizer of type RBAC",
  ],
  ['no type', file([{ name: 'x' }, ...own]), `${at}.type: Required value`],
  [
    'an invalid type',
    file([{ type: 'constructor', name: 'x' }, ...own]),
    `${at}.type: Unsupported value: "constructor": supported values: "Node", "RBAC", "Webhook"`,
  ],
  [
    'AlwaysAllow',
    file([{ type: 'AlwaysAllow', name: 'x' }, ...own]),
    `${at}.type: Invalid value: "AlwaysAllow": is not offered: who may do everything is in the group system:masters`,
  ],
  [
    'ABAC',
    file([{ type: 'ABAC', name: 'x' }, ...own]),
    `${at}.type: Invalid value: "ABAC": is not offered: there is no ABAC: rights are objects of RBAC`,
  ],
  [
    'AlwaysDeny',
    file([{ type: 'AlwaysDeny', name: 'x' }, ...own]),
    `${at}.type: Invalid value: "AlwaysDeny": is not offered: a request that no authorizer allows is denied anyway`,
  ],
  ['a type twice', file([...own, { type: 'RBAC', name: 'more' }]), 'authorizers[2].type: Duplicate value: "RBAC"'],
  ['a name twice', file([own[0], { type: 'RBAC', name: 'node' }]), 'authorizers[1].name: Duplicate value: "node"'],
  ['no name', file([{ type: 'Node' }, own[1]]), `${at}.name: Required value`],
  [
    'a webhook without settings',
    file([{ type: 'Webhook', name: 'x' }, ...own]),
    `${at}.webhook: Required value: required when type=Webhook`,
  ],
  [
    'invalid settings of a webhook',
    file([{ ...own[0], webhook: hook() }, own[1]]),
    `${at}.webhook: Invalid value: "non-null": may only be specified when type=Webhook`,
  ],
  ['no timeout', withHook({ timeout: undefined }), `${at}.timeout: Required value`],
  ['a long timeout', withHook({ timeout: '31s' }), `${at}.timeout: Invalid value: "31s": must be > 0s and <= 30s`],
  ['an invalid timeout', withHook({ timeout: '3 s' }), `${at}.timeout: time: unknown unit " s" in duration "3 s"`],
  ['a time to live below zero', withHook({ authorizedTTL: '-1s' }), `${at}.authorizedTTL: Invalid value: "-1s": must be > 0s`],
  ['a time of refusals below zero', withHook({ unauthorizedTTL: '-1s' }), `${at}.unauthorizedTTL: Invalid value: "-1s": must be > 0s`],
  ['no version', withHook({ subjectAccessReviewVersion: '' }), `${at}.subjectAccessReviewVersion: Required value`],
  [
    'an unknown version',
    withHook({ subjectAccessReviewVersion: 'v2' }),
    `${at}.subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1"`,
  ],
  [
    'a failure policy of its own',
    withHook({ failurePolicy: 'Allow' }),
    `${at}.failurePolicy: Unsupported value: "Allow": supported values: "NoOpinion", "Deny"`,
  ],
  ['no way to the webhook', withHook({ connectionInfo: undefined }), `${at}.connectionInfo.type: Required value`],
  [
    'the account of a pod',
    withHook({ connectionInfo: { type: 'InClusterConfig' } }),
    `${at}.connectionInfo.type: Invalid value: "InClusterConfig": the API server does not run in a pod and has no account to use: name a kubeconfig file`,
  ],
  [
    'a relative path',
    withHook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'hook' } }),
    `${at}.connectionInfo.kubeConfigFile: Invalid value: "hook": must be an absolute path`,
  ],
  [
    'a kubeconfig that cannot be used',
    withHook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/x' } }),
    `${at}.connectionInfo.kubeConfigFile: Invalid value: "/x": Cannot read the kubeconfig file`,
  ],
  [
    'conditions of no version',
    withHook({ matchConditions: [{ expression: 'true' }] }),
    `${at}.matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified`,
  ],
  [
    'a condition that is no truth',
    withHook(condition('request.user')),
    `${at}.matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string`,
  ],
  ['an empty condition', withHook(condition(' ')), `${at}.matchConditions[0].expression: Required value`],
  [
    'more conditions than there may be',
    withHook({ ...condition('true'), matchConditions: Array.from({ length: 65 }, (_, i) => ({ expression: `${i} == 0` })) }),
    `${at}.matchConditions: Too many: 65: must have at most 64 items`,
  ],
  [
    'more authorizers than are read',
    file(Array.from({ length: maxAuthorizers + 1 }, () => ({}))),
    `it has ${maxAuthorizers + 1} authorizers, at most ${maxAuthorizers} are read`,
  ],
  [
    'all that is wrong at once',
    withHook({ timeout: undefined, failurePolicy: undefined }),
    `${at}.timeout: Required value; ${at}.failurePolicy: Required value`,
  ],
]
for (const [name, text, why] of rows) {
  test(`readAuthorizationConfiguration() refuses ${name}`, () =>
    assert.throws(
      () => read(text),
      (err: Error) => {
        assert.ok(err instanceof UserError)
        assert.equal(err.message, prefix + why)
        return true
      },
    ))
}

test('readAuthorizationConfiguration() rejects a condition over a field that no review has', () => {
  assert.throws(
    () => read(withHook(condition('request.object.x == 1'))),
    /expression: Invalid value: .*compilation failed: .*undefined field 'object'/s,
  )
})
