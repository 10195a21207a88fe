// Lists the sockets on which a process and its children listen, from /proc (proc(5)).
import { readdir, readFile, readlink } from 'node:fs/promises'
import { codeOf } from '../base/user-error.ts'

export interface ListeningSocket {
  readonly pid: number
  /** The program name of the process, as `ps` shows it. */
  readonly program: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly loopback: boolean
}

/** TCP_LISTEN, and for UDP the state of a socket without a peer (include/net/tcp_states.h). */
const listening = { tcp: '0A', udp: '07' } as const
const tables = [
  ['tcp', 'tcp'],
  ['tcp', 'tcp6'],
  ['udp', 'udp'],
  ['udp', 'udp6'],
] as const

/** The process and all its descendants; [] if it has ended. */
export async function processTree(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>()
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readIfThere(`/proc/${entry}/stat`)
    // `pid (name) state parent …`; the name may contain anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  for (const waiting = [pid]; ; ) {
    const next = waiting.pop()
    if (next === undefined) return found
    found.push(next)
    waiting.push(...(children.get(next) ?? []))
  }
}

/** [] if the process has ended. Rejects with EACCES if it belongs to another user and we are not root. */
export async function listeningSockets(pid: number): Promise<ListeningSocket[]> {
  const inodes = await socketInodes(pid)
  const program = (await readIfThere(`/proc/${pid}/comm`)).trim()
  const found: ListeningSocket[] = []
  for (const [protocol, table] of tables) {
    // The table shows the network namespace of the process.
    const text = await readIfThere(`/proc/${pid}/net/${table}`)
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state !== listening[protocol] || !inodes.has(inode)) continue
      const [hexAddress = '', hexPort = ''] = local.split(':')
      const address = parseAddress(hexAddress)
      const port = Number.parseInt(hexPort, 16)
      found.push({ pid, program, protocol, address, port, loopback: isLoopback(address) })
    }
  }
  return found
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const inodes = new Set<string>()
  for (const name of await openFiles(pid)) {
    try {
      const match = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${name}`))
      if (match?.[1] !== undefined) inodes.add(match[1])
    } catch (err) {
      // The file was closed meanwhile.
      if (codeOf(err) !== 'ENOENT') throw err
    }
  }
  return inodes
}

/** Descriptors of the process; [] if it has ended. */
async function openFiles(pid: number): Promise<string[]> {
  try {
    return await readdir(`/proc/${pid}/fd`)
  } catch (err) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(err))) return []
    throw err
  }
}

/** 32-bit words in the byte order of the machine, which is little-endian on all supported ones. */
export function parseAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32()
  if (bytes.length === 4) return bytes.join('.')
  const isMapped = bytes.subarray(0, 10).every(byte => byte === 0) && bytes.readUInt16BE(10) === 0xffff
  if (isMapped) return bytes.subarray(12).join('.')
  if (bytes.every(byte => byte === 0)) return '::'
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return groups.join(':').replace(/^(0:){7}1$/, '::1')
}

export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    // ENOENT and ESRCH: the process ended while it was read.
    if (['ENOENT', 'ESRCH'].includes(codeOf(err))) return ''
    throw err
  }
}

/** The words of the command of a process, each with a zero byte at its end; '' if it has ended. */
export const commandLine = (pid: number): Promise<string> => readIfThere(`/proc/${pid}/cmdline`)
