import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '../../api/types/core-v1.ts'
import { parseImageReference } from './image-reference.ts'
import { credentialsFor } from './pull-credentials.ts'

const digest = `sha256:${'a'.repeat(64)}`
const rows: [string, string | undefined, boolean?][] = [
  ['busybox', 'docker.io/library/busybox:latest', true],
  ['team/app:1', 'docker.io/team/app:1', false],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', true],
  ['registry.example/app', 'registry.example/app:latest', true],
  ['localhost/app:latest', 'localhost/app:latest', true],
  ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1', false],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, false],
  [`r.example/a:1@${digest}`, `r.example/a:1@${digest}`, false],
  ['Upper/Case', undefined],
  ['', undefined],
  ['a b', undefined],
  ['-o', undefined],
  ['x:', undefined],
  ['$(touch x)', undefined],
  [`x@sha256:short`, undefined],
]
for (const [text, full, latest] of rows) {
  test(`parseImageReference(): ${JSON.stringify(text)}`, () => {
    const reference = parseImageReference(text)
    assert.equal(reference?.full, full)
    if (full !== undefined) assert.equal(reference?.latest, latest)
  })
}

const secretOf = (auths: object): Secret => ({
  metadata: {},
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
})
const userFor = (image: string, auths: object) => {
  const reference = parseImageReference(image)
  assert.ok(reference)
  return credentialsFor(reference, [secretOf(auths)]).map(({ username }) => username)
}

test('credentialsFor() matches host, wildcard and path, the most specific first', () => {
  const auths = {
    'https://registry.example/v2/': { username: 'host' },
    'registry.example/team': { auth: Buffer.from('team:pw:x').toString('base64') },
    '*.example.com': { username: 'wild' },
    'https://index.docker.io/v1/': { username: 'hub' },
  }
  assert.deepEqual(userFor('registry.example/team/app:1', auths), ['team', 'host'])
  assert.deepEqual(userFor('registry.example/teamwork/app:1', auths), ['host'])
  assert.deepEqual(userFor('a.example.com/x:1', auths), ['wild'])
  assert.deepEqual(userFor('a.b.example.com/x:1', auths), [])
  assert.deepEqual(userFor('busybox', auths), ['hub'])
})

test('credentialsFor() skips a Secret that is not JSON', () => {
  const reference = parseImageReference('x')
  assert.ok(reference)
  assert.deepEqual(credentialsFor(reference, [{ metadata: {}, data: { '.dockerconfigjson': 'bm90IGpzb24=' } }]), [])
})
