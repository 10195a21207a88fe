import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceConfig, linkDevice, missingWireGuard } from './link-device.ts'
import { renderLinkRules } from './link-rules.ts'

test('the name of the interface fits the kernel, and has the id of the node', () => {
  assert.ok(linkDevice('0123abcd').length <= 15)
  assert.match(linkDevice('0123abcd'), /0123abcd$/)
})

test('missingWireGuard() names the packages unless there is wg, and a module or wireguard-go', () => {
  const rows: readonly [readonly string[], boolean][] = [
    [[], true],
    [['/usr/bin/wg'], true],
    [['/usr/bin/wireguard-go'], true],
    [['/usr/bin/wg', '/usr/bin/wireguard-go'], false],
    [['/usr/bin/wg', '/sys/module/wireguard'], false],
  ]
  for (const [paths, isMissing] of rows) {
    const why = missingWireGuard(path => paths.includes(path))
    assert.equal(why !== undefined, isMissing, paths.join())
    if (why !== undefined) assert.match(why, /apt-get install wireguard-go wireguard-tools/)
  }
})

test('deviceConfig() accepts from each peer only its own range', () => {
  const peer = { node: 'n2', publicKey: 'KEY', endpoint: '192.0.2.2:1', podCidr: '10.244.1.0/24' }
  assert.equal(
    deviceConfig({ privateKey: 'P', publicKey: 'Q' }, 51871, [peer]),
    '[Interface]\nPrivateKey = P\nListenPort = 51871\n\n[Peer]\nPublicKey = KEY\nEndpoint = 192.0.2.2:1\nAllowedIPs = 10.244.1.0/24\n',
  )
})

test('renderLinkRules() drops what would leave in clear, and forged sources on every interface', () => {
  const text = renderLinkRules({ table: 't', device: 'd', clusterPods: '10.244.0.0/16', localPods: '10.244.1.0/24' })
  assert.match(text, /ip daddr 10\.244\.0\.0\/16 ip daddr != 10\.244\.1\.0\/24 oifname != \{ "lo", "d" \} counter name unencrypted drop/)
  assert.match(text, /iifname != \{ "lo", "d" \} ip saddr 10\.244\.0\.0\/16 ip saddr != 10\.244\.1\.0\/24 counter name spoofed drop/)
  assert.match(text, /iifname "d" ip saddr 10\.244\.1\.0\/24 counter name spoofed drop/)
})
