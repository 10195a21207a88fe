import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageReference } from '../image-reference.ts'
import type { Secret } from '../types/core-v1.ts'
import { credentialsFor } from './pull-credentials.ts'

const secretOf = (auths: object): Secret => ({
  metadata: { name: 'pull', namespace: 'default' },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
})
const bob = { auth: Buffer.from('bob:pass:word').toString('base64') }
const credentials = (image: string, secret: Secret) => {
  const parsed = parseImageReference(image)
  assert.ok(parsed)
  return credentialsFor(parsed, [secret])
}
const names = (image: string, auths: object) => credentials(image, secretOf(auths)).map(({ username }) => username)

test("credentialsFor() passes credentials only for the image's host, as a URL with its port", () => {
  const [found] = credentials('127.0.0.1:5443/team/app:1', secretOf({ '127.0.0.1:5443': bob }))
  assert.equal(found?.serverAddress, 'https://127.0.0.1:5443')
  assert.equal(found?.username, 'bob')
  assert.equal(found?.password, 'pass:word')
  const [hub] = credentials('busybox', secretOf({ 'https://index.docker.io/v1/': bob }))
  assert.equal(hub?.serverAddress, '')
})

test('credentialsFor() takes the most specific match first and nothing of another host', () => {
  const named = (username: string) => ({ username, password: 'x' })
  const auths = {
    'registry.example': named('host'),
    'https://registry.example/team': named('team'),
    '*.example': named('any'),
    'registry.example.evil': named('evil'),
  }
  assert.deepEqual(names('registry.example/team/app', auths), ['team', 'host', 'any'])
  assert.deepEqual(names('registry.example/teams/app', auths), ['host', 'any'])
  assert.deepEqual(names('other.test/app', auths), [])
})

test('credentialsFor() skips an unreadable Secret', () => {
  const broken: Secret = { metadata: { name: 'b' }, data: { '.dockerconfigjson': Buffer.from('{').toString('base64') } }
  assert.deepEqual(credentials('registry.example/app', broken), [])
})

test('credentialsFor() matches host, wildcard and path, the most specific first', () => {
  const auths = {
    'https://registry.example/v2/': { username: 'host' },
    'registry.example/team': { auth: Buffer.from('team:pw:x').toString('base64') },
    '*.example.com': { username: 'wild' },
    'https://index.docker.io/v1/': { username: 'hub' },
  }
  assert.deepEqual(names('registry.example/team/app:1', auths), ['team', 'host'])
  assert.deepEqual(names('registry.example/teamwork/app:1', auths), ['host'])
  assert.deepEqual(names('a.example.com/x:1', auths), ['wild'])
  assert.deepEqual(names('a.b.example.com/x:1', auths), [])
  assert.deepEqual(names('busybox', auths), ['hub'])
})

test('credentialsFor() skips a Secret that is not JSON', () => {
  assert.deepEqual(credentials('x', { metadata: {}, data: { '.dockerconfigjson': 'bm90IGpzb24=' } }), [])
})
