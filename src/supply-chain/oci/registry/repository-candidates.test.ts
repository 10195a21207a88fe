import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mirroredRegistries } from '../../../api/registry-mirrors.ts'
import { repositoryCandidates } from './repository-candidates.ts'

const mirror = { host: 'mirror.example.com', path: 'hub', resolvesTags: false }
const itself = { host: 'docker.io', repository: 'library/nginx', resolvesTags: true, origin: true }
const none = () => undefined

test('repositoryCandidates() ends with the registry itself, which needs no mirror', () => {
  assert.deepEqual(repositoryCandidates('docker.io', 'library/nginx', undefined, none), [itself])
  const found = repositoryCandidates('docker.io', 'library/nginx', { mirrors: [mirror], only: false }, none)
  assert.deepEqual(found, [{ host: mirror.host, repository: 'hub/library/nginx', resolvesTags: false, origin: false }, itself])
})

test('repositoryCandidates() leaves out a registry that must not be contacted', () => {
  const found = repositoryCandidates('docker.io', 'library/nginx', { mirrors: [mirror], only: true }, none)
  assert.deepEqual(found, [{ host: mirror.host, repository: 'hub/library/nginx', resolvesTags: true, origin: false }])
  const [rules] = mirroredRegistries([
    { metadata: { name: 'm' }, spec: { registry: 'docker.io', mirrors: [{ endpoint: 'x' }], only: true } },
  ]).values()
  assert.deepEqual(
    repositoryCandidates('docker.io', 'a', rules, none).map(({ host }) => host),
    ['x'],
  )
})

test('repositoryCandidates() gives a mirror its own credentials, and the registry none of them', () => {
  const credentials = { username: 'u', password: 'p' }
  const [first, last] = repositoryCandidates('docker.io', 'a', { mirrors: [mirror], only: false }, () => credentials)
  assert.deepEqual(first?.credentials, credentials)
  assert.equal(last?.credentials, undefined)
})
