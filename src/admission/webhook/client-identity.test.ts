import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityFor, readEndpoint, readIdentities, withFileContents } from './client-identity.ts'

const named = (...names: string[]) => readIdentities({ users: names.map(name => ({ name, user: { token: name } })) }, 'f')
const rows: readonly [string, string[], string, string, string | undefined][] = [
  ['the name', ['a.b.svc', '*'], 'a.b.svc', '443', 'a.b.svc'],
  ['no name of another port', ['a.b.svc'], 'a.b.svc', '8443', undefined],
  ['the name with its port', ['a.b.svc:8443', '*'], 'a.b.svc', '8443', 'a.b.svc:8443'],
  ['the longest end', ['*.svc', '*.b.svc', '*'], 'a.b.svc', '443', '*.b.svc'],
  ['everybody', ['*.svc', '*'], 'example.com', '443', '*'],
  ['nobody', ['*.svc'], 'example.com', '443', undefined],
]
for (const [what, names, host, port, expected] of rows) {
  test(`identityFor() finds ${what}`, () => {
    assert.equal(identityFor(named(...names), host, port)?.authorization, expected === undefined ? undefined : `Bearer ${expected}`)
  })
}

const endpoint = (cluster: object, user: object = {}) => ({
  ...{ 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] },
  ...{ clusters: [{ name: 'k', cluster: { server: 'https://a.example/x', ...cluster } }], users: [{ name: 'u', user }] },
})
const bad: readonly [string, object, RegExp][] = [
  ['plain HTTP', endpoint({ server: 'http://a' }), /must name an https URL as server, got "http:\/\/a"/],
  ['no verification', endpoint({ 'insecure-skip-tls-verify': true }), /the server is always verified/],
  ['half of a certificate', endpoint({}, { 'client-certificate-data': Buffer.from('-----BEGIN X').toString('base64') }), /belong together/],
  ['an invalid authority', endpoint({ 'certificate-authority-data': 'AAAA' }), /has a certificate-authority that is not PEM/],
  ['a program', endpoint({}, { exec: {} }), /has exec, which is not supported/],
  ['no context', { clusters: [] }, /current-context/],
  ['an unknown cluster', { ...endpoint({}), clusters: [] }, /has no cluster "k"/],
]
for (const [what, file, message] of bad) {
  test(`readEndpoint() rejects ${what}`, () => {
    assert.throws(() => readEndpoint(file, 'f'), message)
  })
}

test('readEndpoint() reads URL and identity of the current context', () => {
  assert.deepEqual(readEndpoint(endpoint({ 'tls-server-name': 's' }, { username: 'u', password: 'p' }), 'f'), {
    ...{ url: 'https://a.example/x', authorities: undefined, serverName: 's' },
    identity: { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
  })
})

test('withFileContents() puts files in the place of their names', () => {
  const given = endpoint({ 'certificate-authority': 'ca' }, { 'client-certificate': 'cert', 'client-key': 'key', tokenFile: 'token' })
  const read = (path: string) => (path === 'token' ? 'secret\n' : `-----BEGIN ${path}`)
  const { authorities, identity } = readEndpoint(withFileContents(given, read), 'f')
  assert.equal(authorities, '-----BEGIN ca')
  assert.deepEqual(identity, { certificate: '-----BEGIN cert', key: '-----BEGIN key', authorization: 'Bearer secret' })
})
