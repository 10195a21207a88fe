import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { podOf } from '../pod/fixture.ts'
import { parseResolvConf, podResolver, resolvConf } from './dns-config.ts'

const node = parseResolvConf('# comment\nnameserver 192.0.2.53\nsearch corp.example .\noptions timeout:1\n')
const cluster = { servers: ['10.96.0.10'], domain: 'cluster.local' }
const searches = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example']

const rows: [string, Partial<PodSpec>, object][] = [
  ['ClusterFirst', {}, { servers: ['10.96.0.10'], searches, options: ['ndots:5'] }],
  ['ClusterFirst on the host network', { hostNetwork: true }, node],
  [
    'ClusterFirstWithHostNet',
    { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    { servers: ['10.96.0.10'], searches, options: ['ndots:5'] },
  ],
  ['Default', { dnsPolicy: 'Default' }, node],
  [
    'None with dnsConfig',
    {
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['9.9.9.9'], searches: ['x'], options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }] },
    },
    { servers: ['9.9.9.9'], searches: ['x'], options: ['ndots:1', 'edns0'] },
  ],
  [
    'dnsConfig overrides an option',
    { dnsConfig: { options: [{ name: 'ndots', value: '2' }] } },
    { servers: ['10.96.0.10'], searches, options: ['ndots:2'] },
  ],
]
for (const [name, spec, want] of rows) test(`podResolver(): ${name}`, () => assert.deepEqual(podResolver(podOf(spec), node, cluster), want))

test('resolvConf() writes what parseResolvConf() reads, and omits empty lists', () => {
  const text = 'search a.example b.example\nnameserver 192.0.2.53\nnameserver 192.0.2.54\noptions ndots:5 edns0\n'
  assert.equal(resolvConf(parseResolvConf(text)), text)
  assert.equal(resolvConf({ servers: [], searches: [], options: [] }), '')
})
