import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePeers, readFrames } from './wire.ts'

/** A frame of Ethernet with an IPv4 header of 20 bytes. */
function frame(from: string, to: string, protocol: number, port: number): Buffer {
  const bytes = Buffer.alloc(14 + 20 + 8)
  bytes.writeUInt16BE(0x0800, 12)
  bytes[14] = 0x45
  bytes[23] = protocol
  Buffer.from(from.split('.').map(Number)).copy(bytes, 26)
  Buffer.from(to.split('.').map(Number)).copy(bytes, 30)
  bytes.writeUInt16BE(port, 36)
  return bytes
}

function pcap(...frames: readonly Buffer[]): Buffer {
  const parts = frames.flatMap(each => {
    const head = Buffer.alloc(16)
    head.writeUInt32LE(each.length, 8)
    return [head, each]
  })
  return Buffer.concat([Buffer.alloc(24), ...parts])
}

test('readFrames() tells packets of WireGuard from those that show an address of a pod', () => {
  const isPod = (address: string) => address.startsWith('10.244.')
  const bytes = pcap(
    frame('192.0.2.1', '192.0.2.2', 17, 51871),
    frame('10.244.0.2', '10.244.1.3', 6, 80),
    frame('192.0.2.1', '192.0.2.2', 6, 443),
  )
  assert.deepEqual(readFrames(bytes, isPod, new Set([51871])), { count: 3, encrypted: 1, readable: ['10.244.0.2 > 10.244.1.3'] })
  assert.deepEqual(readFrames(bytes.subarray(0, 30), isPod, new Set()), { count: 0, encrypted: 0, readable: [] })
})

test('parsePeers() reads the lines of peers, and not those of interfaces or of other networks', () => {
  const dump =
    'bhwg1\tprivate\tpublic\t51871\toff\nbhwg1\tkey\t(none)\t192.0.2.2:51871\t10.244.1.0/24,10.244.2.0/24\t0\t0\t0\toff\nbhwg2\tother\t(none)\t192.0.2.3:51871\t10.244.3.0/24\t0\t0\t0\toff\n'
  assert.deepEqual(parsePeers(dump, new Set(['lo', 'bhwg1'])), [
    { publicKey: 'key', endpoint: '192.0.2.2:51871', allowed: ['10.244.1.0/24', '10.244.2.0/24'] },
  ])
})
