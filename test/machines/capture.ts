// Every frame on a wire, as tcpdump writes it, and what of it another party could read.

import { until } from '../cluster.ts'
import type { Machine } from './machine.ts'
import { readCapture } from './machine.ts'

/** The format of pcap: a file header, then a header with the length at this offset before each frame. */
const fileHeader = 24
const frameHeader = 16
const lengthAt = 8
const ethernet = 14
const typeIpv4 = 0x0800

export interface Seen {
  readonly frames: number
  /** Of WireGuard. */
  readonly encrypted: number
  /** Packets whose header shows an address of a pod. */
  readonly podPackets: readonly string[]
  readonly bytes: Buffer
}

export class Capture {
  readonly #path: string
  readonly #ended: Promise<unknown>
  readonly #stop: () => void

  private constructor(path: string, stop: () => void, ended: Promise<unknown>) {
    this.#path = path
    this.#stop = stop
    this.#ended = ended
  }

  /** Every frame in both directions, from now on. */
  static async start(machine: Machine, path: string): Promise<Capture> {
    // As root: tcpdump would give up its rights, and the folder is not open to others.
    const child = machine.spawn('tcpdump', ['-i', machine.wire, '-w', path, '-U', '-s', '0', '-B', '16384', '-Z', 'root'])
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const ended = new Promise(resolve => child.once('close', resolve))
    await until('tcpdump listens', () => said.includes('listening on'))
    return new Capture(path, () => child.kill('SIGINT'), ended)
  }

  async end(port: number): Promise<Seen> {
    this.#stop()
    await this.#ended
    return readFrames(readCapture(this.#path), port)
  }
}

/** `port` is that of WireGuard. Pure. */
export function readFrames(bytes: Buffer, port: number): Seen {
  const podPackets: string[] = []
  let [frames, encrypted] = [0, 0]
  for (let at = fileHeader; at + frameHeader <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + lengthAt)
    const frame = bytes.subarray(at + frameHeader, at + frameHeader + length)
    at += frameHeader + length
    frames++
    if (frame.length < ethernet + 20 || frame.readUInt16BE(12) !== typeIpv4) continue
    const packet = frame.subarray(ethernet)
    const [from, to] = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')]
    if ([from, to].some(address => address.startsWith('10.244.'))) podPackets.push(`${from} > ${to}`)
    const payload = ((packet[0] ?? 0) & 0x0f) * 4
    const isUdp = packet[9] === 17 && packet.length >= payload + 4
    if (isUdp && packet.readUInt16BE(payload) === port && packet.readUInt16BE(payload + 2) === port) encrypted++
  }
  return { frames, encrypted, podPackets, bytes }
}
