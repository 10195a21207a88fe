import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceNetwork } from './service-network.ts'

const pods = { name: 'the pods', cidr: '10.244.0.0/16' }

test('serviceNetwork() reserves the same addresses for the cluster as upstream', () => {
  const of = (cidr: string) => Object.values(serviceNetwork(cidr, [pods, { name: 'eth0', cidr: 'fd00::2/64' }]))
  assert.deepEqual(of('10.96.0.0/16'), ['10.96.0.0/16', '10.96.0.1', '10.96.0.10'])
  assert.deepEqual(of('10.0.0.0/24'), ['10.0.0.0/24', '10.0.0.1', '10.0.0.10'])
  assert.deepEqual(of('192.168.255.240/28'), ['192.168.255.240/28', '192.168.255.241', '192.168.255.250'])
})

test('serviceNetwork() refuses an invalid range, and one that overlaps another network', () => {
  for (const cidr of ['', '10.96.0.0', '10.96.0.1/16', '10.0.0.0/8', '10.96.0.0/29', '10.96.0.0/x', 'fd00::/112', '300.0.0.0/16'])
    assert.throws(
      () => serviceNetwork(cidr, []),
      /^UserError: serviceClusterIpRange must be an IPv4 network of \/12 to \/28, .*, got ".*"/,
      cidr,
    )
  const lan = { name: 'eth0', cidr: '10.0.0.7/24' }
  for (const cidr of ['10.0.0.0/16', '10.0.0.0/28', '10.0.0.0/24'])
    assert.throws(() => serviceNetwork(cidr, [pods, lan]), /overlaps the network of eth0 \(10\.0\.0\.7\/24\): choose another range/, cidr)
  assert.throws(() => serviceNetwork('10.240.0.0/12', [pods]), /overlaps the network of the pods/)
  assert.doesNotThrow(() => serviceNetwork('10.0.1.0/24', [pods, lan]))
})
