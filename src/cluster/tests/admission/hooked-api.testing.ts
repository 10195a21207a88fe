// An API server with a webhook server, for tests of admission webhooks.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { admin, SecuredApi } from '../secured-api.testing.ts'
import { type Respond, TestWebhook } from '../webhook.testing.ts'

export const group = '/apis/admissionregistration.k8s.io/v1'
export const inDefault = '/api/v1/namespaces/default'
export const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }
export const configMap = (name: string, data: object = {}) => ({ metadata: { name }, data })
export const kinds = { validating: 'validatingwebhookconfigurations', mutating: 'mutatingwebhookconfigurations' } as const

/** Closed after the tests of the calling file. */
export async function hookedApi() {
  const api = await SecuredApi.open()
  const hook = await TestWebhook.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  after(async () => {
    await hook[Symbol.asyncDispose]()
    await api[Symbol.asyncDispose]()
  })
  return {
    api,
    hook,
    /** A webhook for ConfigMaps of the namespace `default`. */
    base: (name: string, more: object = {}) => ({
      name: `${name}.example.com`,
      clientConfig: hook.clientConfig(`/${name}`),
      rules: [rule],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
      ...more,
    }),
    /** With webhooks of one configuration during `run`, which gets the calls of that time. */
    async withHooks(
      kind: keyof typeof kinds,
      webhooks: readonly object[],
      respond: Respond,
      run: (sent: TestWebhook['sent']) => Promise<void>,
    ): Promise<void> {
      hook.sent.length = 0
      hook.respond = respond
      await api.create(`${group}/${kinds[kind]}`, { metadata: { name: 'hooks' }, webhooks })
      try {
        await run(hook.sent)
      } finally {
        assert.equal((await api.request(admin, 'DELETE', `${group}/${kinds[kind]}/hooks`)).status, 200)
      }
    },
    write: (name: string, data: object = {}, query = '') =>
      api.request(admin, 'POST', `${inDefault}/configmaps${query}`, configMap(name, data)),
    remove: (name: string) => api.request(admin, 'DELETE', `${inDefault}/configmaps/${name}`),
    auditOf: (name: string) => api.events.findLast(({ objectRef }) => objectRef?.name === name)?.annotations ?? {},
  }
}
