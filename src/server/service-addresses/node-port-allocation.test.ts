import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Service } from '../../api/types/core-v1.ts'
import { DryPorts, keepNodePorts, type Ledger, NodePortAllocation } from './node-port-allocation.ts'

const ledger = (dryPorts?: DryPorts): Ledger => ({ taken: [], left: [], given: [], dryPorts })

/** Ports of different numbers that count how often any of them is looked at. */
function counted(count: number) {
  const looks = { port: 0, name: 0 }
  const ports = Array.from({ length: count }, (_, index) => ({
    get name() {
      looks.name += 1
      return `p${index}`
    },
    get port() {
      looks.port += 1
      return index + 1
    },
  }))
  const service: Service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { type: 'NodePort', ports } }
  return { service, looks }
}

describe('a Service with thousands of ports takes linear time', () => {
  for (const [name, dryPorts] of [
    ['a creation', undefined],
    ['a dry run', new DryPorts()],
  ] as const) {
    test(name, () => {
      const { service, looks } = counted(2000)
      new NodePortAllocation().giveNew(service, ledger(dryPorts))
      assert.equal(new Set(service.spec.ports?.map(({ nodePort }) => nodePort)).size, 2000)
      assert.ok(looks.port <= 10 * 2000, `${looks.port} looks`)
    })
  }

  test('an update without the allocated ports', () => {
    const before = counted(2000)
    new NodePortAllocation().giveNew(before.service, ledger())
    const { service } = counted(2000)
    before.looks.name = 0
    keepNodePorts(service, before.service)
    assert.deepEqual(
      service.spec.ports?.map(({ nodePort }) => nodePort),
      before.service.spec.ports?.map(({ nodePort }) => nodePort),
    )
    assert.ok(before.looks.name <= 10 * 2000, `${before.looks.name} looks`)
  })
})
