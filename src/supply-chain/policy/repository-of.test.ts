import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from './repository-of.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('repositoryOf() fills in the registry and drops tag and digest', () => {
  assert.equal(repositoryOf('nginx'), 'docker.io/library/nginx')
  assert.equal(repositoryOf(`team/app:1@${digest}`), 'docker.io/team/app')
  assert.equal(repositoryOf('registry.example.com:5000/shop/app:1.2'), 'registry.example.com:5000/shop/app')
  assert.equal(repositoryOf(`localhost/app@${digest}`), 'localhost/app')
  assert.equal(repositoryOf('No Image'), undefined)
})
