import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PodStatus } from '../../types/core-v1.ts'
import { validateNew, validateSubresource } from './new-object.fixture.ts'
import { pod } from './pod.ts'

const stored = validateNew(pod, {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'd' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}).object

describe('the addresses in the status of a pod', () => {
  const pair = (type: string, first: string, second: string) => `[]core.${type}{core.${type}{IP:"${first}"}, core.${type}{IP:"${second}"}}`
  const tooMany = 'may specify no more than one IP for each IP family'
  const addresses = (...texts: string[]) => texts.map(ip => ({ ip }))
  const rows: readonly { name: string; status: PodStatus; errors: readonly string[] }[] = [
    { name: 'are one of each family', status: { podIPs: addresses('10.0.0.1', 'fd00::1') }, errors: [] },
    {
      name: 'of a pod: families are reported first',
      status: { podIPs: addresses('10.0.0.1', '10.0.0.1') },
      errors: [
        `status.podIPs: Invalid value: ${pair('PodIP', '10.0.0.1', '10.0.0.1')}: ${tooMany}`,
        'status.podIPs[1]: Duplicate value: core.PodIP{IP:"10.0.0.1"}',
      ],
    },
    {
      name: 'of its node: repetition is reported first',
      status: { hostIP: '10.0.0.1', hostIPs: addresses('10.0.0.1', '10.0.0.1') },
      errors: [
        'status.hostIPs[1]: Duplicate value: core.HostIP{IP:"10.0.0.1"}',
        `status.hostIPs: Invalid value: ${pair('HostIP', '10.0.0.1', '10.0.0.1')}: ${tooMany}`,
      ],
    },
    {
      name: 'have no family where they cannot be read',
      status: { podIPs: addresses('10.0.0.1', 'x') },
      errors: [
        'status.podIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x',
        `status.podIPs: Invalid value: ${pair('PodIP', '10.0.0.1', 'x')}: ${tooMany}`,
      ],
    },
  ]
  for (const { name, status, errors } of rows) {
    test(name, () => {
      const validated = validateSubresource(pod, 'status', stored, changed => Object.assign(changed.status ?? {}, status))
      assert.deepEqual(validated.errors, errors)
    })
  }
})
