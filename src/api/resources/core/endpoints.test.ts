import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EndpointSubset, Endpoints } from '../../types/core-v1.ts'
import { endpoints } from './endpoints.ts'
import { row, validateNew } from './new-object.fixture.ts'

const of = (...subsets: EndpointSubset[]): Endpoints => ({ metadata: { name: 'a', namespace: 'b' }, subsets })
const addresses = ['10.0.0.1', '10.0.0.2'].map(ip => ({ ip }))

describe('Endpoints', () => {
  const rows: readonly (readonly [name: string, subset: EndpointSubset, fields: readonly string[]])[] = [
    ['accepts addresses with a port', { addresses, ports: [{ port: 80 }] }, []],
    ['needs addresses', { ports: [{ port: 80 }] }, ['subsets[0]']],
    ['needs valid ones', { addresses: [{ ip: 'x' }] }, ['subsets[0].addresses[0].ip', 'subsets[0].addresses[0].ip']],
    ['refuses the node itself', { notReadyAddresses: [{ ip: '127.0.0.1' }] }, ['subsets[0].notReadyAddresses[0].ip']],
    ['names several ports', { addresses, ports: [{ port: 1 }, { port: 2, name: 'b' }] }, ['subsets[0].ports[0].name']],
    ['knows protocols', { addresses, ports: [{ port: 1, protocol: 'X' }] }, ['subsets[0].ports[0].protocol']],
  ]
  for (const [name, subset, fields] of rows) test(name, () => assert.deepEqual(validateNew(endpoints, of(subset)).fields, fields))

  test('shows three of its addresses', () => {
    assert.equal(row(endpoints, of())['Endpoints'], '<none>')
    assert.equal(row(endpoints, of({ addresses }))['Endpoints'], '10.0.0.1,10.0.0.2')
    const many = of({ addresses, ports: [{ port: 80 }, { port: 81, name: 'b' }] })
    assert.equal(row(endpoints, many)['Endpoints'], '10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...')
    assert.equal(row(endpoints, of({ addresses: [{ ip: '2001:db8::1' }], ports: [{ port: 80 }] }))['Endpoints'], '[2001:db8::1]:80')
  })
})
