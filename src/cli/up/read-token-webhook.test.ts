import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createConfig, parseSettings } from '../../base/config/config.ts'
import { tokenWebhookOf } from './read-token-webhook.ts'

const folder = mkdtempSync(join(tmpdir(), 'token-webhook-'))
after(() => rmSync(folder, { recursive: true }))
function kubeconfig(name: string, server: string): string {
  const path = join(folder, name)
  const users = [{ name: 'u', user: { token: 'secret' } }]
  const context = { 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] }
  writeFileSync(path, JSON.stringify({ ...context, clusters: [{ name: 'k', cluster: { server } }], users }))
  return path
}
const machine = { root: false, home: '/home/u', hostName: 'edge', stateHome: undefined }
const read = (settings: Readonly<Record<string, unknown>>) => tokenWebhookOf(createConfig(machine, parseSettings('flags', settings)))
const good = kubeconfig('good', 'https://tokens.example')

test('tokenWebhookOf() reads the address and the settings of the webhook', async () => {
  assert.equal(await read({ authenticationTokenWebhookVersion: 'v1beta1' }), undefined)
  const { endpoint, ...rest } = (await read({ authenticationTokenWebhookConfigFile: good })) ?? assert.fail('none')
  assert.deepEqual([endpoint.url, endpoint.identity], ['https://tokens.example', { authorization: 'Bearer secret' }])
  assert.deepEqual(rest, { version: 'v1', cacheMs: 120_000 })
  const given = { authenticationTokenWebhookVersion: 'v1beta1', authenticationTokenWebhookCacheTtl: '1m30s' }
  const { version, cacheMs } = (await read({ authenticationTokenWebhookConfigFile: good, ...given })) ?? assert.fail('none')
  assert.deepEqual([version, cacheMs], ['v1beta1', 90_000])
})

const rows: readonly (readonly [name: string, settings: Readonly<Record<string, unknown>>, why: RegExp])[] = [
  [
    'plain HTTP',
    { authenticationTokenWebhookConfigFile: kubeconfig('http', 'http://a.example') },
    /^UserError: Cannot use the token webhook ".*http": the kubeconfig file must name an https URL/,
  ],
  [
    'a missing file',
    { authenticationTokenWebhookConfigFile: join(folder, 'absent') },
    /Cannot read the kubeconfig file: it does not exist/,
  ],
]
for (const [name, settings, why] of rows) test(`tokenWebhookOf() refuses ${name}`, () => assert.rejects(() => read(settings), why))

test('parseSettings() refuses an unknown version and an invalid duration', () => {
  assert.throws(() => parseSettings('flags', { authenticationTokenWebhookVersion: 'v2' }), /must be v1 or v1beta1/)
  for (const ttl of ['-1s', '2', 'soon', ''])
    assert.throws(() => parseSettings('flags', { authenticationTokenWebhookCacheTtl: ttl }), /must be a duration/)
})
