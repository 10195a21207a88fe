import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherMounts, otherTables, runningNodes } from './leftovers.ts'
import { nodeDirectory } from './node-directory.ts'

test('otherTables() finds the tables of other nodes and no other tables', () => {
  const listing = [
    'table ip bulkhead_00000001',
    'table inet bulkhead_00000001_policy',
    'table ip bulkhead_00000002',
    'table inet bulkhead_00000002_policy',
    'table inet bulkhead_00000003_policy',
    'table ip nat',
    'table inet bulkhead_test_policy',
    'table ip bulkhead_00000004_mine',
    '',
  ].join('\n')
  const expected = [
    ['00000002', ['ip bulkhead_00000002', 'inet bulkhead_00000002_policy']],
    ['00000003', ['inet bulkhead_00000003_policy']],
  ]
  assert.deepEqual([...otherTables(listing, '00000001')], expected)
})

test('otherMounts() finds the folders of nodes with network namespaces of pods, and none of other programs', () => {
  const own = nodeDirectory('/data/own/node')
  const other = nodeDirectory('/data/other/node')
  const namespace = (state: string) => `${state}/io.containerd.grpc.v1.cri/netns/cni-20394722-eeb9`
  const points = [
    '/',
    namespace(own.containerdState),
    namespace(other.containerdState),
    namespace('/run/bulkhead-0000000a'),
    namespace('/run/containerd'),
    '/run/netns/cni-20394722-eeb9',
    '/data/third/node/containerd/state/io.containerd.grpc.v1.cri/sandboxes/1/shm',
  ]
  assert.deepEqual(
    [...otherMounts(points, own.id)],
    [
      [other.id, [other.containerdState, other.pods, other.volumeMounts, other.csi, other.containerdRoot]],
      ['0000000a', ['/run/bulkhead-0000000a']],
    ],
  )
})

test('runningNodes() reads nodes from the command lines of containerd and its shims', () => {
  const { id, containerdConfig, containerdSocket } = nodeDirectory('/data/a/node')
  const shim = (socket: string) => ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'c', '-address', socket]
  const long = nodeDirectory(`/data/${'x'.repeat(100)}/node`)
  const of = (...commands: string[][]) => [...runningNodes(commands.map((command, pid) => ({ pid, command })))]
  assert.deepEqual(of(['containerd', '--config', containerdConfig]), [[id, '/data/a/node']])
  assert.deepEqual(of(shim(containerdSocket)), [[id, '/data/a/node']])
  assert.deepEqual(of(shim(long.containerdSocket)), [[long.id, '']])
  assert.deepEqual(of(['containerd', '--config', long.containerdConfig], shim(long.containerdSocket)), [[long.id, long.root]])
  assert.deepEqual(of(['/usr/bin/containerd'], shim('/run/containerd/containerd.sock'), ['vi', 'containerd/config.toml']), [])
})
