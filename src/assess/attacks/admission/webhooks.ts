// Webhooks that cannot be asked, or answer badly: all fail closed. A webhook that forbids a value, and each way to write that value.

import { writeJson } from '../../../base/write-json.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { mergePatch } from '../../request.ts'
import { validatingWebhooks, within } from './admission-resources.ts'
import { forbiddenValue, forbiddenValueRules, maxReplicas } from './forbidden-value.ts'
import { writeForbidden } from './try-forbidden-value.ts'
import type { Respond, WebhookBackend } from './webhook-backend.ts'

const label = 'bulkhead-prove/hook'
const domain = 'prove.bulkhead.dev'

interface BadHook {
  readonly name: string
  readonly address: keyof WebhookBackend['addresses']
  readonly respond: Respond
}

const allow = { allowed: true }
const ended =
  (act: (response: Parameters<Respond>[1]) => void): Respond =>
  (_request, response) => {
    act(response)
    return undefined
  }

/** Each would allow the request, were it believed. */
const badHooks: readonly BadHook[] = [
  { name: 'closed', address: 'closed', respond: () => allow },
  { name: 'other-authority', address: 'otherAuthority', respond: () => allow },
  { name: 'other-name', address: 'otherName', respond: () => allow },
  { name: 'clear-text', address: 'clearText', respond: () => allow },
  {
    name: 'redirect',
    address: 'good',
    respond: (_request, response) => {
      response.statusCode = 307
      response.setHeader('location', '/good')
      return allow
    },
  },
  {
    name: 'error',
    address: 'good',
    respond: (_request, response) => {
      response.statusCode = 500
      return allow
    },
  },
  { name: 'no-json', address: 'good', respond: ended(response => response.end('allowed')) },
  { name: 'empty', address: 'good', respond: ended(response => response.end()) },
  { name: 'hangs-up', address: 'good', respond: ended(response => response.destroy()) },
  { name: 'other-uid', address: 'good', respond: () => ({ ...allow, uid: 'other' }) },
  {
    name: 'other-kind',
    address: 'good',
    respond: ({ uid }, response) => {
      response.end(writeJson({ apiVersion: 'v1', kind: 'Status', response: { uid, ...allow } }))
      return undefined
    },
  },
  { name: 'allowed-as-text', address: 'good', respond: () => ({ allowed: 'true' }) },
  { name: 'silent', address: 'good', respond: () => undefined },
]

export async function failClosed(
  context: ProofContext,
  namespace: ProofNamespace,
  backend: WebhookBackend,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  const hook = (name: string, address: keyof WebhookBackend['addresses'], more: object = {}) => {
    const { url, caBundle } = backend.addresses[address]
    return {
      name: `${name}.${domain}`,
      clientConfig: { url: `${url}/${name}`, caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
      ...{ sideEffects: 'None', admissionReviewVersions: ['v1'], timeoutSeconds: 1, namespaceSelector: within(namespace) },
      ...{ objectSelector: { matchLabels: { [label]: name } }, ...more },
    }
  }
  for (const { name, respond } of badHooks) backend.answer(`/${name}`, respond)
  backend.answer('/good', () => allow)
  backend.answer('/refuses', () => ({ allowed: false, status: { message: 'never' } }))
  backend.answer('/says-nothing', () => ({}))
  const webhooks = [
    ...badHooks.map(({ name, address }) => hook(name, address)),
    ...['good', 'refuses', 'says-nothing'].map(name => hook(name, 'good', { timeoutSeconds: 10 })),
    hook('ignored', 'closed', { failurePolicy: 'Ignore' }),
  ]
  await using cluster = new ClusterObjects(context, namespace)
  await cluster.create(validatingWebhooks, Object.assign({ metadata: { name: namespace.name } }, { webhooks }), signal)
  const create = (name: string) => ({
    ...{ method: 'POST' as const, path: namespace.core('configmaps?dryRun=All') },
    body: { metadata: { name, labels: { [label]: name } } },
  })
  await inParallel(badHooks, ({ name }) => {
    const refusal = { status: 500, names: `failed calling webhook "${name}.${domain}"` }
    return attempts.refused(`webhook that cannot be believed: ${name}`, transport, create(name), refusal, signal)
  })
  for (const name of ['refuses', 'says-nothing']) {
    const refusal = { status: 400, names: `admission webhook "${name}.${domain}" denied the request` }
    await attempts.refused(`webhook that ${name}`, transport, create(name), refusal, signal)
  }
  // Requests of the cluster itself do not wait for a webhook that is known to be dead. Those of others go on failing.
  for (let time = 2; time <= 6; time++) {
    const refusal = { status: 500, names: `failed calling webhook "closed.${domain}"` }
    await attempts.refused(`webhook that cannot be believed: closed, time ${time}`, transport, create('closed'), refusal, signal)
  }
  await attempts.accepted('webhook that allows', transport, create('good'), signal)
  await attempts.accepted('webhook that may fail', transport, create('ignored'), signal)
}

/** The namespace must have a ConfigMap and a Deployment `victim`. */
export async function forbidByWebhook(
  context: ProofContext,
  namespace: ProofNamespace,
  backend: WebhookBackend,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  backend.answer('/forbids', ({ object }) => ({ allowed: !isForbidden(object) }))
  // The former object is what a rule about changes compares.
  backend.answer('/former', ({ oldObject }) => ({ allowed: oldObject !== null }))
  backend.answer('/denies', () => ({ allowed: false, status: { message: 'never' } }))
  const { url, caBundle } = backend.addresses.good
  const hook = (name: string, rules: readonly object[]) => ({
    ...{ name: `${name}.${domain}`, clientConfig: { url: `${url}/${name}`, caBundle }, rules, namespaceSelector: within(namespace) },
    ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
  })
  const rule = (operation: string, resource: string) => ({
    ...{ apiGroups: [resource === 'pods/eviction' ? '*' : ''], apiVersions: ['*'] },
    ...{ operations: [operation], resources: [resource] },
  })
  const denied = [
    rule('DELETE', 'configmaps'),
    rule('CONNECT', 'pods/exec'),
    rule('CONNECT', 'pods/attach'),
    rule('CREATE', 'pods/binding'),
  ]
  const former = { ...hook('former', [rule('UPDATE', 'configmaps')]), objectSelector: { matchLabels: { [label]: 'former' } } }
  const webhooks = [hook('forbids', forbiddenValueRules), hook('denies', denied), former]
  await using cluster = new ClusterObjects(context, namespace)
  await cluster.create(validatingWebhooks, Object.assign({ metadata: { name: namespace.name } }, { webhooks }), signal)
  const refusal = { status: 400, names: `admission webhook "forbids.${domain}" denied the request` }
  await writeForbidden(context, namespace, 'a webhook', refusal, signal)
  const change = { method: 'PATCH', path: namespace.core('configmaps/victim?dryRun=All'), contentType: mergePatch } as const
  const body = { metadata: { labels: { [label]: 'former' } } }
  await attempts.accepted('a change that a webhook allows by the former object', transport, { ...change, body }, signal)
  const names = `admission webhook "denies.${domain}" denied the request`
  const binding = { metadata: { name: 'victim' }, target: { kind: 'Node', name: 'bulkhead-prove-none' } }
  const attacks = [
    { name: 'delete', method: 'DELETE', path: namespace.core('configmaps/victim') },
    { name: 'delete by dry run', method: 'DELETE', path: namespace.core('configmaps/victim?dryRun=All') },
    { name: 'delete of the collection', method: 'DELETE', path: namespace.core('configmaps?fieldSelector=metadata.name%3Dvictim') },
    { name: 'exec', method: 'POST', path: namespace.core('pods/victim/exec?command=id&stdout=true') },
    { name: 'attach', method: 'POST', path: namespace.core('pods/victim/attach?stdout=true') },
    { name: 'binding', method: 'POST', path: namespace.core('pods/victim/binding?dryRun=All'), body: binding },
  ] as const
  for (const { name, ...question } of attacks)
    await attempts.refused(`${name} that a webhook denies`, transport, question, { status: 400, names }, signal)
}

function isForbidden(object: Readonly<Record<string, unknown>> | null): boolean {
  const text = writeJson(object)
  const replicas = /"replicas":(\d+)/.exec(text)?.[1] ?? '0'
  return text.includes(forbiddenValue) || Number(replicas) > maxReplicas
}
