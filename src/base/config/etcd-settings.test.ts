import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etcdConfigOf } from './etcd-settings.ts'

const files = { etcdCa: 'ca', etcdCert: 'cert', etcdKey: 'key' }

test('etcdConfigOf() reads a list of members, and none for the store in the data directory', () => {
  assert.equal(etcdConfigOf({}), undefined)
  assert.equal(etcdConfigOf({ store: 'sqlite' }), undefined)
  assert.deepEqual(etcdConfigOf({ store: 'etcd', etcdServers: 'https://a:2379, https://[::1]:2379/', ...files }), {
    servers: ['https://a:2379', 'https://[::1]:2379'],
    ...{ ca: 'ca', cert: 'cert', key: 'key' },
  })
})

for (const [title, settings, message] of [
  ['settings of etcd without it', { etcdServers: 'https://a:2379' }, /need --store etcd/],
  ['no members', { store: 'etcd', ...files }, /needs --etcd-servers with 1 to 9 addresses/],
  ['too many members', { store: 'etcd', etcdServers: Array.from({ length: 10 }, () => 'https://a'), ...files }, /1 to 9 addresses/],
  ['no TLS', { store: 'etcd', etcdServers: 'http://a:2379', ...files }, /got "http:\/\/a:2379"/],
  ['a password', { store: 'etcd', etcdServers: 'https://u:p@a:2379', ...files }, /must be addresses such as/],
  ['a path', { store: 'etcd', etcdServers: 'https://a:2379/v3', ...files }, /must be addresses such as/],
  ['no client certificate', { store: 'etcd', etcdServers: 'https://a:2379', etcdCa: 'ca' }, /mutual TLS only/],
] as const)
  test(`etcdConfigOf() refuses ${title}`, () => {
    assert.throws(() => etcdConfigOf(settings), message)
  })
