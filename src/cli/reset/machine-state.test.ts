import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { apiAddressIn, foreignDisks, serviceRoutes, tablesOf } from './machine-state.ts'
import { isPart } from './part-processes.ts'

test('tablesOf() finds every table of this node and none of others', () => {
  const listing = [
    'table ip bulkhead_0123abcd',
    'table inet bulkhead_0123abcd_policy',
    'table ip bulkhead_0123abcd_api',
    'table ip bulkhead_ffffffff',
    'table ip filter',
  ].join('\n')
  assert.deepEqual(tablesOf(listing, '0123abcd'), ['ip bulkhead_0123abcd', 'inet bulkhead_0123abcd_policy', 'ip bulkhead_0123abcd_api'])
})

test('apiAddressIn() reads the address for pods from its rules', () => {
  assert.deepEqual(apiAddressIn('table ip bulkhead_0123abcd_api {\n chain input {\n  ip daddr != 10.254.3.4 accept\n }\n}'), ['10.254.3.4'])
  assert.deepEqual(apiAddressIn(''), [])
})

test('serviceRoutes() finds ranges with a source, not the routes of the kernel', () => {
  const listing = [
    { dst: '10.96.0.0/16', dev: 'lo', prefsrc: '10.96.0.10' },
    { dst: '127.0.0.0/8', dev: 'lo' },
    { dst: '192.0.2.7', prefsrc: '192.0.2.7' },
  ]
  assert.deepEqual(serviceRoutes(JSON.stringify(listing)), [{ range: '10.96.0.0/16', source: '10.96.0.10' }])
  assert.deepEqual(serviceRoutes(''), [])
})

test('foreignDisks() finds a disk that was mounted in the data directory, not what a node mounts for pods', () => {
  const line = (root: string, point: string, type: string, source: string) =>
    `36 35 8:1 ${root} ${point} rw shared:1 - ${type} ${source} rw`
  const info = [
    line('/', '/d', 'ext4', '/dev/sda1'),
    line('/', '/d/node/containerd/root', 'ext4', '/dev/sdb1'),
    line('/', '/d/node/pods/uid/volumes/data', 'ext4', '/dev/mapper/x'),
    line('/d/node/x', '/d/node/pods/uid/sub', 'ext4', '/dev/sda1'),
    line('/', '/d/node/containerd/state/x/rootfs', 'overlay', 'overlay'),
    line('/', '/other', 'ext4', '/dev/sdc1'),
  ].join('\n')
  assert.deepEqual(foreignDisks(info, '/d', nodeDirectory('/d/node')), ['/d/node/containerd/root (/dev/sdb1)'])
})

test('isPart() finds processes with a home folder in the data directory, not those of containerd', () => {
  const environment = (home: string) => `PATH=/bin\0HOME=${home}\0`
  assert.ok(isPart(environment('/d/signer'), ['/opt/node', 'cli.js'], '/d'))
  assert.ok(!isPart(environment('/d2/signer'), ['/opt/node', 'cli.js'], '/d'))
  assert.ok(!isPart(environment('/d/node'), ['containerd', '--config', '/d/node/containerd/config.toml'], '/d'))
  assert.ok(!isPart('', ['/opt/node'], '/d'))
})
