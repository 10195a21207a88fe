import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registryHosting } from '../../cluster/bootstrap/registry-hosting.ts'
import { joinedRegistry } from './cluster-settings.ts'

test('joinedRegistry() reaches the registry of the first machine by an address of it, whatever name an image has', () => {
  const hosts = ['192.0.2.1:5443', '127.0.0.1:5443', 'first.example.com:5443', 'localhost:5443']
  assert.deepEqual(joinedRegistry(registryHosting({ hosts, authority: 'PEM' })), { hosts, authority: 'PEM', reachedAt: '192.0.2.1:5443' })
  const loopbackFirst = ['localhost:5443', '[::1]:5443', 'first.example.com:5443']
  assert.equal(joinedRegistry(registryHosting({ hosts: loopbackFirst, authority: 'PEM' }))?.hosts[0], 'first.example.com:5443')
})

test('joinedRegistry() knows none without an authority, or without an address that it reaches', () => {
  assert.equal(joinedRegistry(registryHosting({ hosts: ['192.0.2.1:5443'] })), undefined)
  assert.equal(joinedRegistry(registryHosting({ hosts: ['127.0.0.1:5443'], authority: 'PEM' })), undefined)
  assert.equal(joinedRegistry({ metadata: {}, data: { 'ca.crt': 'PEM', hosts: 'a b\n../x\n"y"' } }), undefined)
})
