import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxMirrors, mirroredRegistries, parseMirrorEndpoint, registryName } from '../../registry-mirrors.ts'
import type { RegistryMirrorSpec } from '../../types/supply-v1.ts'
import { registryMirror } from './registry-mirror.ts'
import { publicKey } from './supply.fixture.ts'

const endpoint = 'mirror.example.com:5000/hub'
const rows: readonly [name: string, spec: Partial<RegistryMirrorSpec>, fields: string[]][] = [
  ['takes a mirror', {}, []],
  ['takes an authority, tags and an end', { mirrors: [{ endpoint, authorities: publicKey, resolvesTags: true }], only: true }, []],
  ["takes the cluster's registry alone", { mirrors: [], pullThrough: { namespace: 'hub' } }, []],
  ['refuses a path in the registry', { registry: 'docker.io/library' }, ['spec.registry']],
  ['refuses capitals', { registry: 'Docker.io' }, ['spec.registry']],
  ['refuses no registry', { registry: '' }, ['spec.registry']],
  ['refuses no mirror', { mirrors: [] }, ['spec.mirrors']],
  ['refuses an end without a mirror', { mirrors: [], only: true, pullThrough: { namespace: 'hub' } }, ['spec.mirrors']],
  ['refuses a scheme', { mirrors: [{ endpoint: 'http://mirror.example.com' }] }, ['spec.mirrors[0].endpoint']],
  ['refuses a password in the address', { mirrors: [{ endpoint: 'user:pass@mirror.example.com' }] }, ['spec.mirrors[0].endpoint']],
  ['refuses a path that leads out', { mirrors: [{ endpoint: 'mirror.example.com/../a' }] }, ['spec.mirrors[0].endpoint']],
  ['refuses a quote', { mirrors: [{ endpoint: 'mirror.example.com/a"b' }] }, ['spec.mirrors[0].endpoint']],
  ['refuses a port that is none', { mirrors: [{ endpoint: 'mirror.example.com:65536' }] }, ['spec.mirrors[0].endpoint']],
  ['refuses a text that is no authority', { mirrors: [{ endpoint, authorities: 'x' }] }, ['spec.mirrors[0].authorities']],
  ['refuses too many', { mirrors: Array.from({ length: maxMirrors + 1 }, () => ({ endpoint })) }, ['spec.mirrors']],
  ['refuses a name that is no namespace', { pullThrough: { namespace: 'a/b' } }, ['spec.pullThrough.namespace']],
]
for (const [name, spec, expected] of rows)
  test(`registryMirror ${name}`, () => {
    const object = { metadata: { name: 'm' }, spec: { registry: 'docker.io', mirrors: [{ endpoint }], ...spec } }
    const errors = registryMirror.validate?.(object) ?? []
    assert.deepEqual(
      errors.map(({ field }) => field),
      expected,
    )
  })

test('parseMirrorEndpoint() splits host and path', () => {
  assert.deepEqual(parseMirrorEndpoint('Mirror.example.com:5000/a/b-c'), { host: 'mirror.example.com:5000', path: 'a/b-c' })
  assert.deepEqual(parseMirrorEndpoint('[2001:db8::1]:5000'), { host: '[2001:db8::1]:5000', path: '' })
  for (const text of ['', '/', 'a/', 'a//b', 'a b', 'a?b', 'a#b', '[x]', `a/${'b'.repeat(200)}`])
    assert.equal(parseMirrorEndpoint(text), undefined, text)
})

test('mirroredRegistries() adds up the objects of one registry by their names, and knows the names of Docker Hub', () => {
  const of = (name: string, spec: RegistryMirrorSpec) => ({ metadata: { name }, spec })
  const found = mirroredRegistries([
    of('b', { registry: 'docker.io', mirrors: [{ endpoint: 'second.example.com' }], only: true }),
    of('a', { registry: 'index.docker.io', mirrors: [{ endpoint: 'first.example.com' }], pullThrough: { namespace: 'hub' } }),
  ])
  assert.deepEqual(found.get(registryName('registry-1.docker.io')), {
    mirrors: [
      { host: 'first.example.com', path: '', resolvesTags: false },
      { host: 'second.example.com', path: '', resolvesTags: false },
    ],
    only: true,
    pullThrough: 'hub',
  })
})
