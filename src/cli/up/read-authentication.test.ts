import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultIssuer } from '../../access/tokens/issue-token.ts'
import { authenticationOf } from './read-authentication.ts'

const folder = mkdtempSync(join(tmpdir(), 'authentication-'))
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const configured = (url: string) => `apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: '${url}', audiences: [kubernetes]}
  claimMappings: {username: {claim: sub, prefix: ''}}
`

test('authenticationOf() reads the file if one is set', async () => {
  assert.equal(await authenticationOf({ authenticationConfigFile: undefined }), undefined)
  const read = await authenticationOf({ authenticationConfigFile: file('good.yaml', configured('https://issuer.example')) })
  assert.equal(read?.state.settings.jwt[0]?.issuer.url, 'https://issuer.example')
})

const refused: readonly { name: string; path: string; why: RegExp }[] = [
  {
    name: 'that is missing',
    path: join(folder, 'absent'),
    why: /^Cannot read the authentication configuration ".*absent": it does not exist$/,
  },
  { name: 'that is a folder', path: folder, why: /it is a folder$/ },
  { name: 'that is large', path: file('big.yaml', `# ${'x'.repeat(1024 * 1024)}`), why: /it has 1048578 bytes, the limit is 1048576$/ },
  {
    name: "of the cluster's own issuer",
    path: file('own.yaml', configured(defaultIssuer)),
    why: /URL must not overlap with disallowed issuers/,
  },
  {
    name: 'that opens more than health checks to anonymous users',
    path: file('anonymous.yaml', `${configured('https://issuer.example')}anonymous: {enabled: true, conditions: [{path: /version}]}\n`),
    why: /anonymous\.conditions\[0\]\.path: Forbidden: at most \/livez, \/readyz, \/healthz and what is below them answer without credentials/,
  },
]
for (const { name, path, why } of refused) {
  test(`authenticationOf() refuses a file ${name}`, async () => {
    await assert.rejects(authenticationOf({ authenticationConfigFile: path }), { name: 'UserError', message: why })
  })
}
