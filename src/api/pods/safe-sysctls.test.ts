import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sysctlName } from './safe-sysctls.ts'

for (const [name, want] of [
  ['kernel.shm_rmid_forced', 'kernel.shm_rmid_forced'],
  ['kernel/shm_rmid_forced', 'kernel.shm_rmid_forced'],
  ['net.ipv4.conf.eth0/1.forwarding', 'net.ipv4.conf.eth0/1.forwarding'],
  ['net/ipv4/conf/eth0.1/forwarding', 'net.ipv4.conf.eth0/1.forwarding'],
  ['abi', 'abi'],
] as const) {
  test(`sysctlName() of ${name}`, () => assert.equal(sysctlName(name), want))
}
